// Counts by bar, and the numbers that sum up a column.

import { bins, NO_BAR, valuesOf, type Bins, type Range } from "./columns";
import { setFilter, type Store } from "./state";
import type { Filter } from "./filters";
import type { Column } from "./model";

/** Rows of each bar, of those that the mask has. */
export function countsOf({ index, count }: Bins, mask: Uint8Array): Uint32Array {
  const counts = new Uint32Array(NO_BAR + 1);
  for (let row = 0; row < index.length; row++) counts[index[row]] += mask[row];
  return counts.slice(0, count);
}

/** Rows of each bar, of all. */
export function totalsOf({ index, count }: Bins): Uint32Array {
  const counts = new Uint32Array(NO_BAR + 1);
  for (let row = 0; row < index.length; row++) counts[index[row]]++;
  return counts.slice(0, count);
}

/** Rows that pass all filters but those on a column itself: n numbers, 1 where one does. */
export function othersMask(store: Store, column: string): Uint8Array {
  const { subjects, refusals, refuser } = store.crossing.value;
  const own = subjects.indexOf(column);
  if (own < 0) return store.selection.value.mask;
  const mask = new Uint8Array(refusals.length);
  for (let row = 0; row < mask.length; row++) mask[row] = Number(refusals[row] === 0 || (refusals[row] === 1 && refuser[row] === own));
  return mask;
}

const gaps = new WeakMap<Column, boolean>();

/** Whether some rows have no value. */
function hasGaps(column: Column): boolean {
  let found = gaps.get(column);
  if (found === undefined) gaps.set(column, (found = valuesOf(column).some((value) => value !== value)));
  return found;
}

export interface Moments {
  readonly count: number; // rows with a value
  readonly mean: number;
  readonly deviation: number; // of the population
}

/**
 * Count, mean and standard deviation of a column over the rows that the mask has and that have a value. Every chart asks for
 * them after every filter: there is no branch in the loop, which a mask of a random kind would make slow.
 */
export function momentsOf(column: Column, mask: Uint8Array): Moments {
  if (hasGaps(column)) return summaryOf(column, mask);
  const values = valuesOf(column);
  const origin = column.entry.min; // sums of what is left are small: nothing is lost in the squares
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let row = 0; row < mask.length; row++) {
    const above = mask[row] * (values[row] - origin);
    count += mask[row];
    sum += above;
    squares += above * above;
  }
  const mean = sum / count;
  return { count, mean: origin + mean, deviation: Math.sqrt(Math.max(squares / count - mean * mean, 0)) };
}

export interface Summary {
  readonly count: number; // rows with a value
  readonly mean: number;
  readonly deviation: number; // of the population
  readonly min: number;
  readonly max: number;
}

/** The numbers of a column over the rows that the mask has and that have a value. */
export function summaryOf(column: Column, mask: Uint8Array): Summary {
  const values = valuesOf(column);
  let [count, sum, squares, min, max] = [0, 0, 0, Infinity, -Infinity];
  const origin = column.entry.min; // sums of what is left are small: nothing is lost in the squares
  for (let row = 0; row < mask.length; row++) {
    const value = values[row];
    if (mask[row] === 0 || value !== value) continue;
    const above = value - origin;
    count++;
    sum += above;
    squares += above * above;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const mean = sum / count;
  return { count, mean: origin + mean, deviation: Math.sqrt(Math.max(squares / count - mean * mean, 0)), min, max };
}

/** Share of the rows with a value whose value is smaller, equal ones counting half; NaN for a row without one. */
export function percentile(column: Column, row: number): number {
  const own = column.stored[row];
  let [below, equal, all] = [0, 0, 0];
  for (const value of column.stored) {
    if (value !== value) continue;
    all++;
    if (value < own) below++;
    else if (value === own) equal++;
  }
  return own !== own ? NaN : (below + equal / 2) / all;
}

/** The filter that lets pass what is in the bars from `first` to `last`. */
export function barsFilter(column: Column, first: number, last: number, most?: number): Filter {
  const { ranges } = bins(column, most);
  const [low, high] = [ranges[first].low, ranges[last].high];
  const { name, categories } = column.entry;
  if (categories !== undefined) return { kind: "name", column: name, names: categories.slice(low, high + 1), negated: false };
  const range: Range = ranges[last].open ? { low, high, open: true } : { low, high };
  return { kind: "range", column: name, ranges: [range], negated: false };
}

/** Filters by bars: as well as what already passes where `more` says so. */
export function filterByBars(store: Store, column: Column, first: number, last: number, more = false): void {
  const added = barsFilter(column, first, last);
  const own = store.filters.value.find((one) => one.kind === added.kind && "column" in one && one.column === column.entry.name && !one.negated);
  if (!more || own === undefined) return setFilter(store, added);
  if (own.kind === "name" && added.kind === "name") setFilter(store, { ...own, names: [...new Set([...own.names, ...added.names])] });
  if (own.kind === "range" && added.kind === "range") setFilter(store, { ...own, ranges: [...own.ranges, ...added.ranges] });
}
