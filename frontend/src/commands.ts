// Everything that can be done, with its key: the palette and the list of keys are made from this.

import { addressOf } from "./address";
import { chooseAll, chooseOthers, chosenRows, exportedRows, keepChosen } from "./choosing";
import { copy } from "./copying";
import { opened, type DialogName } from "./dialogs/opened";
import { stepTab } from "./frame/tabs";
import { stepItem } from "./moving";
import { PANELS } from "./panels";
import { itemCode, splitText } from "./selection_files";
import { toggleSplit } from "./splits";
import { choose, LAYOUTS, showItem, toggleChosen, type Store } from "./state";
import { chooseTheme, otherTheme } from "./theme";

export interface Command {
  readonly title: string;
  readonly key?: string;
  readonly run: () => void;
}

const dialog = (name: DialogName) => () => void (opened.value = name);

/** The image that a command is about: that of the keyboard's cell, else that of the Item panel. */
const current = (store: Store) => store.active.value ?? store.item.value;

/** The next of some values after the present one. */
function following<Value>(values: readonly Value[], present: Value): Value {
  return values[(values.indexOf(present) + 1) % values.length];
}

function focusOn(id: string): void {
  document.getElementById(id)?.focus();
}

/** Shows an image, and what is nearest to it. */
function showNeighbours(store: Store, row: number): void {
  showItem(store, row);
  setTimeout(() => {
    const place = document.querySelector<HTMLElement>(".neighbours"); // once the panel is there
    place?.scrollIntoView({ block: "start" });
    place?.focus({ preventScroll: true });
  });
}

function imageCommands(store: Store): Command[] {
  const withImage = (act: (row: number) => void) => () => {
    const row = current(store);
    if (row !== null) act(row);
  };
  return [
    { title: "Show the image", key: "Enter", run: withImage((row) => showItem(store, row)) },
    { title: "Nearest images of the image", key: "n", run: withImage((row) => showNeighbours(store, row)) },
    { title: "Choose the image, or no longer", key: "x", run: withImage((row) => toggleChosen(store, row)) },
    { title: "Next image", key: "j", run: () => stepItem(store, 1) },
    { title: "Previous image", key: "k", run: () => stepItem(store, -1) },
    { title: "Go to an image by its position", key: "/", run: dialog("goto") },
    { title: "Copy Python for the image", run: withImage((row) => void copy(itemCode(row, store.data), "the Python code")) },
  ];
}

function selectionCommands(store: Store): Command[] {
  return [
    { title: "Add a filter", key: "f", run: dialog("filter") },
    { title: "Remove all filters", run: () => void (store.filters.value = []) },
    { title: "Export the chosen images or the selection", key: "e", run: dialog("export") },
    { title: "Copy the split text", run: () => void copy(splitText(exportedRows(store), store.data), "the split text") },
    { title: "Choose all that the filters let pass", key: "a", run: () => chooseAll(store) },
    { title: "Choose the others", run: () => chooseOthers(store) },
    { title: "Choose none", key: "Escape", run: () => choose(store, []) },
    { title: "Show only the chosen images", run: () => void (chosenRows(store).length > 0 && keepChosen(store)) },
    ...store.data.manifest.splits.flatMap(({ name }): Command[] => [
      { title: `Split ${name}: with or without`, run: () => toggleSplit(store, name) },
      { title: `Split ${name} only`, run: () => toggleSplit(store, name, true) },
    ]),
  ];
}

function viewCommands(store: Store): Command[] {
  return [
    { title: "Next layout", key: "l", run: () => void (store.layout.value = following(LAYOUTS, store.layout.value)) },
    { title: "Sort by…", key: "s", run: () => focusOn("sort") },
    { title: "Group by…", key: "g", run: () => focusOn("group") },
    { title: "Colour by…", key: "c", run: () => focusOn("colour") },
    { title: "See all images of the layout", run: () => void (store.view.value = null) },
    { title: "Invert the ink", key: "i", run: () => void (store.invert.value = !store.invert.value) },
    { title: "Dark or light page", key: "d", run: otherTheme },
    { title: "Dark or light as the system has it", run: () => chooseTheme("system") },
    ...[...store.data.columns.values()].flatMap(({ entry }): Command[] => [
      { title: `Sort by ${entry.title}`, run: () => void (store.sort.value = { column: entry.name, descending: false }) },
      { title: `Sort by ${entry.title}, largest first`, run: () => void (store.sort.value = { column: entry.name, descending: true }) },
      { title: `Group by ${entry.title}`, run: () => void (store.group.value = entry.name) },
      { title: `Colour by ${entry.title}`, run: () => void (store.colour.value = entry.name) },
    ]),
  ];
}

/** All commands. */
export function commandsOf(store: Store): Command[] {
  return [
    ...imageCommands(store),
    ...selectionCommands(store),
    { title: "Next tab", key: "]", run: () => stepTab(store, 1) },
    { title: "Previous tab", key: "[", run: () => stepTab(store, -1) },
    ...PANELS.map(({ tab, title }): Command => ({ title: `Open ${title}`, run: () => void (store.tab.value = tab) })),
    ...viewCommands(store),
    { title: "Copy the link to this view", run: () => void copy(addressOf(store), "the link") },
    { title: "All commands", key: "Ctrl-K", run: dialog("palette") },
    { title: "Keys", key: "?", run: dialog("keys") },
  ];
}
