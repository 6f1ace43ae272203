// The panels beside the canvas, one line each, in the order of their tabs.

import type { ComponentType } from "preact";
import type { Store } from "../state";
import { Datasets } from "./datasets";
import { Item } from "./item";
import { Relations } from "./relations";
import { Stats } from "./stats";
import { Table } from "./table";

export interface Panel {
  readonly tab: string; // as in the address
  readonly title: string;
  readonly Panel: ComponentType<{ readonly store: Store }>;
  readonly wide?: boolean; // wants half of the window
}

export const PANELS: readonly Panel[] = [
  { tab: "DATASETS", title: "Datasets", Panel: Datasets },
  { tab: "STATS", title: "Stats", Panel: Stats },
  { tab: "ITEM", title: "Item", Panel: Item },
  { tab: "RELATIONS", title: "Relations", Panel: Relations, wide: true },
  { tab: "TABLE", title: "Table", Panel: Table, wide: true },
];

/** The panel of a tab; Stats where there is no such tab. */
export function panelOf(tab: string): Panel {
  return PANELS.find((panel) => panel.tab === tab) ?? PANELS[1];
}
