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

/** Keys of a part of the page that has the focus: in words as the list shows them, and what they do. */
export interface PartKeys {
  readonly part: string;
  readonly keys: readonly (readonly [string, string])[];
}

/** All keys that parts of the page have for themselves. Tests press every key, and compare. */
export const PART_KEYS: readonly PartKeys[] = [
  {
    part: "On the images",
    keys: [
      ["Arrows", "To the next image that way"],
      ["Home, End", "To the first, to the last of the line"],
      ["Ctrl + Home, Ctrl + End", "To the first, to the last of all"],
      ["Page Up, Page Down", "A screen up, down"],
      ["Shift + one of these", "Choose all from here to there"],
      ["Enter", "Show the image"],
      ["Space", "Choose it, or no longer"],
      ["+, =", "Larger"],
      ["-", "Smaller"],
      ["0", "All of them"],
    ],
  },
  {
    part: "On a histogram",
    keys: [
      ["Arrows", "To the next bar"],
      ["Home, End", "To the first, to the last"],
      ["Shift + one of these", "Over several bars"],
      ["Enter, Space", "Filter by the bars, or no longer"],
      ["Ctrl + Enter, Ctrl + Space", "These bars as well"],
      ["Delete, Backspace", "Remove its filters"],
    ],
  },
  {
    part: "On the mean image",
    keys: [
      ["Arrows", "To the next pixel"],
      ["Enter, Space", "Must be ink, must be blank, either"],
      ["Escape", "The mean of all again"],
    ],
  },
  {
    part: "On the tabs",
    keys: [
      ["Arrow Left, Arrow Right", "To the next tab that way"],
      ["Home, End", "To the first, to the last"],
    ],
  },
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
