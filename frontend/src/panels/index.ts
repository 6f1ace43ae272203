// The panels beside the canvas, one line each, in the order of their tabs.

import type { ComponentType } from "preact";
import type { Store } from "../state";
import { Audit } from "./audit";
import { Compare } from "./compare";
import { Datasets } from "./datasets";
import { Draw } from "./draw";
import { Item } from "./item";
import { Order } from "./order";
import { Relations } from "./relations";
import { Samples } from "./samples";
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
  { tab: "COMPARE", title: "Compare", Panel: Compare },
  { tab: "AUDIT", title: "Audit", Panel: Audit },
  { tab: "DRAW", title: "Draw", Panel: Draw },
  { tab: "SAMPLES", title: "Samples", Panel: Samples },
  { tab: "ORDER", title: "Order", Panel: Order },
  { tab: "TABLE", title: "Table", Panel: Table, wide: true },
];

/** The panel of a tab; Stats where there is no such tab. */
export function panelOf(tab: string): Panel {
  return PANELS.find((panel) => panel.tab === tab) ?? PANELS[1];
}
