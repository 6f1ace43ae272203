// The panels beside the canvas, one line each, in the order of their tabs.

import type { ComponentType } from "preact";
import type { Store } from "../state";

export interface Panel {
  readonly tab: string; // as in the address
  readonly title: string;
  readonly Panel: ComponentType<{ readonly store: Store }>;
  readonly wide?: boolean; // wants half of the window
}

export const PANELS: readonly Panel[] = [];
