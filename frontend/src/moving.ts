// Going from image to image, from tab to tab.

import { batch } from "@preact/signals";
import type { Store } from "./state";

/** Shows the next (1) or previous (-1) image of the selection, around its end. */
export function stepItem(store: Store, by: number): void {
  const { rows } = store.selection.value;
  if (rows.length === 0) return;
  const at = store.item.value === null ? -1 : rows.indexOf(store.item.value);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : (at + by + rows.length) % rows.length;
  batch(() => {
    store.item.value = rows[next];
    store.active.value = rows[next];
  });
}
