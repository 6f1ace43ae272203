// The place of all images.

import type { Store } from "./state";

export function Canvas({ store }: { readonly store: Store }) {
  return <div class="canvas">{store.selection.value.rows.length} images</div>;
}
