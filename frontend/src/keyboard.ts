// Keys: which command a key runs, and where keys are left alone.

import { signal } from "@preact/signals";
import { commandsOf } from "./commands";
import { opened } from "./dialogs/opened";
import type { Store } from "./state";
import { remember, remembered } from "./theme";

const KEY = "onebit-single-keys";

/** Whether keys of a single letter act: those who speak to their computer may not want them to. */
export const singleKeys = signal(remembered(KEY) !== "no");

export function chooseSingleKeys(act: boolean): void {
  singleKeys.value = act;
  remember(KEY, act ? "yes" : "no");
}

/** Keys that parts of the page have for themselves, for the list of keys. */
export const CANVAS_KEYS: readonly (readonly [string, string])[] = [
  ["Arrows", "Images: to the next image that way. Histogram: to the next bar"],
  ["Shift + arrows", "Images: choose a range. Histogram: over several bars"],
  ["Home, End", "To the first, to the last"],
  ["Page Up, Page Down", "Images: a screen up or down"],
  ["+ −", "Images: larger, smaller"],
  ["0", "Images: all of them"],
  ["Enter", "Images: show the image. Histogram: filter by the bars"],
  ["Ctrl + Enter", "Histogram: these bars as well"],
  ["Delete", "Histogram: remove its filters"],
];

const WRITING = "input:not([type='checkbox'], [type='radio']), textarea, select, [contenteditable]";

/** Runs the commands of keys from now on; gives the function that ends it. */
export function listen(store: Store): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      opened.value = opened.value === "palette" ? null : "palette";
      return;
    }
    const elsewhere = event.target instanceof Element && event.target.closest(WRITING) !== null;
    if (opened.value !== null || elsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.length === 1 && !singleKeys.value) return;
    const command = commandsOf(store).find(({ key }) => key !== undefined && key.toLowerCase() === event.key.toLowerCase());
    if (command === undefined || (event.key === "Enter" && event.target !== document.body)) return;
    event.preventDefault();
    command.run();
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}
