// The state of the page as signals: what is filtered, sorted, grouped, shown and chosen. One store for each data set that
// is opened; everything computed follows by itself.

import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { bins, groupedRows, GROUPS, sortedRows } from "./columns";
import { rowAt, whereabouts, type Config } from "./data";
import { crossing, filterText, parseFilter, passing, subject, type Crossing, type Filter } from "./filters";
import { differenceColumn, differenceName, differenceText, parseDifference, type Difference } from "./differences";
import { afterFrame } from "./frames";
import type { Column, Dataset, Selection, View } from "./model";
import { DEFAULT, type Link } from "./permalink";

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

export type LayoutName = "grid" | "columns" | "scatter" | "map";
export const LAYOUTS: readonly LayoutName[] = ["grid", "columns", "scatter", "map"];

/** What the filters let pass, and how they act together. */
export interface Filtered {
  readonly selection: Selection;
  readonly crossing: Crossing;
}

export interface Store {
  readonly config: Config;
  readonly data: Dataset; // with the columns of differences; who reads its columns hears of new ones

  // What the address keeps.
  readonly tab: Signal<string>; // upper case; an unknown one shows the first panel
  readonly differences: Signal<readonly Difference[]>;
  readonly filters: Signal<readonly Filter[]>;
  readonly sort: Signal<Sort | null>; // null: the data's own order
  readonly group: Signal<string | null>; // a column, by its bins(column, GROUPS)
  readonly colour: Signal<string | null>; // a column, by its bins(column, COLOURS)
  readonly layout: Signal<LayoutName>;
  readonly x: Signal<string>; // column along x, of the columns and scatter layouts
  readonly y: Signal<string>; // column along y, of the scatter layout
  readonly view: Signal<View | null>; // null: all of the layout fits
  readonly item: Signal<number | null>; // row of the image that the Item panel shows
  readonly invert: Signal<boolean>; // ink light, paper dark; no matter of the theme
  readonly panels: Signal<Readonly<Record<string, string>>>; // what panels keep, see permalink.PANEL_KEYS

  // What it does not keep.
  readonly active: Signal<number | null>; // row under the keyboard's cell
  readonly chosen: Signal<Uint8Array>; // n numbers, 1 where a row is chosen (clicked, lassoed); never changed in place
  readonly busy: Signal<boolean>; // a pointer is dragging: the address waits

  readonly selection: ReadonlySignal<Selection>; // what passes all filters: grouped, then sorted
  readonly crossing: ReadonlySignal<Crossing>;
  readonly drawn: ReadonlySignal<Filtered>; // both a moment later, when the images are drawn: what panels sum up
  readonly drawing: ReadonlySignal<boolean>; // `drawn` is not yet what it will be
  readonly milliseconds: ReadonlySignal<number>; // that the last selection took
  readonly chosenCount: ReadonlySignal<number>;
  readonly link: ReadonlySignal<Link>;
}

/** The rows of a selection in order, from the mask. */
function ordered(mask: Uint8Array, order: Uint32Array | null): Uint32Array {
  const rows = new Uint32Array(mask.length);
  let count = 0;
  if (order === null) for (let row = 0; row < mask.length; row++) rows[count] = row, (count += mask[row]);
  else for (const row of order) rows[count] = row, (count += mask[row]);
  return rows.slice(0, count);
}

/** Remembers the last few results by a text. */
function remembered<Value>(most: number): (key: string, make: () => Value) => Value {
  const kept = new Map<string, Value>();
  return (key, make) => {
    const value = kept.has(key) ? kept.get(key)! : make();
    kept.delete(key);
    kept.set(key, value);
    if (kept.size > most) kept.delete(kept.keys().next().value!);
    return value;
  };
}

function viewOf(view: Link["view"]): View | null {
  return view === null ? null : { x: view[0], y: view[1], scale: view[2] };
}

/** The first of the wanted columns that there is, or the first of all. */
function columnNamed(data: Dataset, ...wanted: (string | null)[]): string {
  return wanted.find((name) => name !== null && data.columns.has(name)) ?? data.columns.keys().next().value ?? "";
}

/** The page in the catalog of the data set that is open; null where there is none. */
export function pageOf({ config, data }: Store): string | null {
  return config.datasets.find(({ name }) => name === data.manifest.name)?.page ?? null;
}

/** Filters on rows that the page was opened with, see Config.rows. */
export function filtersOfConfig(config: Config, data: Dataset): Filter[] {
  if (config.rows === undefined || config.current !== data.manifest.name) return [];
  const inside = config.rows.filter(([from, to]) => from >= 0 && from < to && to <= data.manifest.n);
  return [{ kind: "rows", intervals: inside, negated: false }];
}

/** The data with a column more for every difference, each made once. */
function withDifferences(data: Dataset, differences: ReadonlySignal<readonly Difference[]>): Dataset {
  const made = new Map<string, Column>();
  const columns = computed(() => {
    const all = new Map(data.columns);
    for (const difference of differences.value) {
      const name = differenceName(difference);
      const column = made.get(name) ?? differenceColumn(data.columns.get(difference.one)!, data.columns.get(difference.other)!);
      made.set(name, column);
      if (!data.columns.has(name)) all.set(name, column);
    }
    return all;
  });
  return {
    ...data,
    get columns() {
      return columns.value;
    },
  };
}

export function createStore(config: Config, given: Dataset, link: Link = DEFAULT): Store {
  const { n } = given.manifest;
  const differences = signal<readonly Difference[]>([]);
  const data = withDifferences(given, differences);
  const state = {
    tab: signal("STATS"),
    differences,
    filters: signal<readonly Filter[]>([]),
    sort: signal<Sort | null>(null),
    group: signal<string | null>(null),
    colour: signal<string | null>(null),
    layout: signal<LayoutName>("grid"),
    x: signal(""),
    y: signal(""),
    view: signal<View | null>(null),
    item: signal<number | null>(null),
    invert: signal(false),
    panels: signal<Readonly<Record<string, string>>>({}),
    active: signal<number | null>(null),
    chosen: signal(new Uint8Array(n)),
    busy: signal(false),
  };
  const masks = remembered<Uint8Array>(24);
  const orders = remembered<Uint32Array>(6);
  const pass = (filter: Filter) => masks(filterText(filter, data), () => passing(filter, data));
  const crossed = computed(() => crossing(state.filters.value, pass, n));
  const milliseconds = signal(0);
  const selection = computed((): Selection => {
    const { refusals } = crossed.value;
    const mask = new Uint8Array(n);
    for (let row = 0; row < n; row++) mask[row] = Number(refusals[row] === 0);
    const { sort, group } = { sort: state.sort.value, group: state.group.value };
    const order = sort === null ? null : orders(`${sort.descending}${sort.column}`, () => sortedRows(data.columns.get(sort.column)!, sort.descending));
    const rows = ordered(mask, order);
    return { rows: group === null ? rows : groupedRows(rows, bins(data.columns.get(group)!, GROUPS)), mask };
  });
  effect(() => {
    const began = performance.now();
    void selection.value;
    milliseconds.value = performance.now() - began;
  });
  const drawn = signal<Filtered>({ selection: selection.peek(), crossing: crossed.peek() });
  const drawing = signal(false);
  let callOff: () => void = () => undefined;
  effect(() => {
    const next = { selection: selection.value, crossing: crossed.value };
    callOff(); // panels need not sum up what has been filtered further
    if (next.selection === drawn.peek().selection) return;
    drawing.value = true;
    callOff = afterFrame(() => batch(() => ((drawn.value = next), (drawing.value = false))));
  });
  const store: Store = {
    config,
    data,
    ...state,
    selection,
    crossing: crossed,
    drawn,
    drawing,
    milliseconds,
    chosenCount: computed(() => state.chosen.value.reduce((sum, one) => sum + one, 0)),
    link: computed(() => linkOf(store)),
  };
  applyLink(store, link);
  return store;
}

/** What the address says of the state. */
function linkOf(store: Store): Link {
  const { data } = store;
  const [item, view, layout] = [store.item.value, store.view.value, store.layout.value];
  return {
    tab: store.tab.value,
    dataset: data.manifest.name,
    differences: store.differences.value.map(differenceText),
    filters: store.filters.value.map((filter) => filterText(filter, data)),
    sort: store.sort.value,
    group: store.group.value,
    color: store.colour.value,
    layout: layout === "grid" ? null : layout,
    x: layout === "grid" || layout === "map" ? null : store.x.value,
    y: layout === "scatter" ? store.y.value : null,
    view: view === null ? null : [view.x, view.y, view.scale],
    item: item === null ? null : whereabouts(data, item),
    invert: store.invert.value,
    panels: store.panels.value,
  };
}

/** Takes over what an address says; what does not fit the data counts as absent. */
export function applyLink(store: Store, link: Link): void {
  const { data } = store;
  const column = (name: string | null) => (name !== null && data.columns.has(name) ? name : null);
  batch(() => {
    store.tab.value = link.tab;
    const differences = link.differences.map((text) => parseDifference(text, data.columns)).filter((one) => one !== null);
    store.differences.value = differences.filter((one, at) => differences.findIndex((other) => differenceName(other) === differenceName(one)) === at);
    store.filters.value = link.filters.map((text) => parseFilter(text, data)).filter((one) => one !== null);
    store.sort.value = link.sort !== null && column(link.sort.column) !== null ? link.sort : null;
    store.group.value = column(link.group);
    store.colour.value = column(link.color);
    store.layout.value = LAYOUTS.find((name) => name === link.layout) ?? "grid";
    store.x.value = columnNamed(data, link.x, "ink");
    store.y.value = columnNamed(data, link.y, "stroke", "ink");
    store.view.value = viewOf(link.view);
    store.item.value = link.item === null ? null : rowAt(data, link.item.split, link.item.index);
    store.invert.value = link.invert;
    store.panels.value = link.panels;
  });
}

// Changes that several parts make.

/** Replaces all filters on the subject of `filter` by it. */
export function setFilter(store: Store, filter: Filter): void {
  const about = subject(filter);
  const kept = store.filters.value.filter((one) => subject(one) !== about);
  store.filters.value = [...kept, filter];
}

/** Takes away all filters on a subject: a column, `rows`, or `ink@x.y`. */
export function removeFilters(store: Store, about: string): void {
  store.filters.value = store.filters.value.filter((one) => subject(one) !== about);
}

/** Chooses rows: these alone, these as well, or all but these. */
export function choose(store: Store, rows: Iterable<number>, how: "replace" | "add" | "remove" = "replace"): void {
  const chosen = how === "replace" ? new Uint8Array(store.data.manifest.n) : store.chosen.value.slice();
  for (const row of rows) chosen[row] = how === "remove" ? 0 : 1;
  store.chosen.value = chosen;
}

/** Chooses a row, or no longer. */
export function toggleChosen(store: Store, row: number): void {
  choose(store, [row], store.chosen.value[row] === 1 ? "remove" : "add");
}

/** Chooses all from one row to another, as they lie in the selection. */
export function chooseRange(store: Store, from: number, to: number): void {
  const { rows } = store.selection.value;
  const [one, other] = [rows.indexOf(from), rows.indexOf(to)];
  if (one < 0 || other < 0) return toggleChosen(store, to);
  choose(store, rows.subarray(Math.min(one, other), Math.max(one, other) + 1), "add");
}

/** Shows an image in the Item panel. */
export function showItem(store: Store, row: number): void {
  batch(() => {
    store.item.value = row;
    store.active.value = row;
    store.tab.value = "ITEM";
  });
}

/** Keeps what a panel wants in the address; null takes it out. */
export function setPanel(store: Store, key: string, value: string | null): void {
  const { [key]: _, ...others } = store.panels.value;
  store.panels.value = value === null ? others : { ...others, [key]: value };
}
