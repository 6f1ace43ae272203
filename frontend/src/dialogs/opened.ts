// Which dialog is open.

import { signal } from "@preact/signals";

export type DialogName = "palette" | "keys" | "filter" | "export" | "goto";
export const opened = signal<DialogName | null>(null);
