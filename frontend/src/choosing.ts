// What can be done with chosen images, and selections that have a name.

import { signal } from "@preact/signals";
import { intervalsOf, parseFilter, filterText } from "./filters";
import { choose, setFilter, type Store } from "./state";
import { remember, remembered } from "./theme";

/** The rows that are chosen, in the order of the selection; chosen rows that the filters refuse come last. */
export function chosenRows(store: Store): Uint32Array {
  const chosen = store.chosen.value;
  const { rows, mask } = store.selection.value;
  const hidden: number[] = [];
  for (let row = 0; row < chosen.length; row++) if (chosen[row] === 1 && mask[row] === 0) hidden.push(row);
  return Uint32Array.from([...rows.filter((row) => chosen[row] === 1), ...hidden]);
}

/** What an export takes: the chosen images, else all that the filters let pass. */
export function exportedRows(store: Store): Uint32Array {
  return store.chosenCount.value > 0 ? chosenRows(store) : store.selection.value.rows;
}

/** Filters by the chosen images, of which none is chosen then. */
export function keepChosen(store: Store): void {
  setFilter(store, { kind: "rows", intervals: intervalsOf(chosenRows(store)), negated: false });
  choose(store, []);
}

/** Chooses all that the filters let pass. */
export function chooseAll(store: Store): void {
  choose(store, store.selection.value.rows);
}

/** Chooses what is not chosen, of what the filters let pass, and the other way round. */
export function chooseOthers(store: Store): void {
  const chosen = store.chosen.value;
  choose(store, store.selection.value.rows.filter((row) => chosen[row] === 0));
}

/** A selection with a name; its rows as the text of a filter, so that it is checked when it comes back. */
export interface Named {
  readonly name: string;
  readonly count: number;
  readonly filter: string;
}

const LARGEST = 200_000; // characters that the browser is asked to keep for one data set
const key = (store: Store) => `onebit-selections-${store.data.manifest.name}-${store.data.manifest.version}`;
const changes = signal(0); // names are kept by the browser; this says that they changed

function isNamed(value: unknown): value is Named {
  const named = value as Partial<Named> | null;
  return typeof named?.name === "string" && typeof named.filter === "string" && typeof named.count === "number";
}

let unkept: readonly Named[] | null = null; // where the browser keeps nothing

export function namedSelections(store: Store): readonly Named[] {
  void changes.value;
  try {
    const read: unknown = JSON.parse(remembered(key(store)) ?? "[]");
    return unkept ?? (Array.isArray(read) ? read.filter(isNamed) : []);
  } catch {
    return [];
  }
}

function keep(store: Store, all: readonly Named[]): void {
  const text = JSON.stringify(all);
  if (text.length <= LARGEST) remember(key(store), text);
  unkept = remembered(key(store)) === text ? null : all;
  changes.value++;
}

/** Gives rows a name; an old selection of that name goes. */
export function nameSelection(store: Store, name: string, rows: Uint32Array): void {
  const filter = filterText({ kind: "rows", intervals: intervalsOf(rows), negated: false }, store.data);
  keep(store, [...namedSelections(store).filter((one) => one.name !== name), { name, count: rows.length, filter }]);
}

export function forgetSelection(store: Store, name: string): void {
  keep(store, namedSelections(store).filter((one) => one.name !== name));
}

/** Filters by a selection that has a name. */
export function showNamed(store: Store, named: Named): void {
  const filter = parseFilter(named.filter, store.data);
  if (filter !== null) setFilter(store, filter);
}
