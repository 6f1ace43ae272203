// The frame of the page: header, filters, panel, canvas, status.

import { Canvas } from "./canvas";
import { PANELS } from "./panels";
import type { Store } from "./state";

export interface FrameProps {
  readonly store: Store;
  readonly reopen: (dataset: string) => void;
}

export function Frame({ store }: FrameProps) {
  const panel = PANELS.find(({ tab }) => tab === store.tab.value) ?? PANELS[0];
  return (
    <main>
      {panel !== undefined && <panel.Panel store={store} />}
      <Canvas store={store} />
    </main>
  );
}
