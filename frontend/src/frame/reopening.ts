// How another data set is opened: main.tsx puts the way here.

import { signal } from "@preact/signals";

export const reopen = signal<(dataset: string) => void>(() => undefined);
