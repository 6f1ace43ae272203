// Counts by bar, and the numbers that sum up a column.

import { bins, NO_BAR, valuesOf, type Bins, type Range } from "./columns";
import { setFilter, type Filtered, type Store } from "./state";
import type { Filter } from "./filters";
import type { Column } from "./model";

/** The rows of a mask or, where those are fewer, the rows that it leaves out; ascending. */
interface Fewer {
  readonly rows: Uint32Array;
  readonly left: boolean; // left out
}

const fewerMade = new WeakMap<Uint8Array, Fewer>();

function fewer(mask: Uint8Array): Fewer {
  let found = fewerMade.get(mask);
  if (found === undefined) fewerMade.set(mask, (found = fewerOf(mask)));
  return found;
}

function fewerOf(mask: Uint8Array): Fewer {
  let inside = 0;
  for (let row = 0; row < mask.length; row++) inside += mask[row];
  const left = 2 * inside > mask.length;
  const rows = new Uint32Array(mask.length + 1); // a place more: each row is written, and kept by going on
  let count = 0;
  for (let row = 0; row < mask.length; row++) {
    rows[count] = row;
    count += mask[row] ^ Number(left);
  }
  return { rows: rows.slice(0, count), left };
}

const totalsMade = new WeakMap<Bins, Uint32Array>();

/** Rows of each bar, of all. Made once, and not to be changed. */
export function totalsOf(of: Bins): Uint32Array {
  let made = totalsMade.get(of);
  if (made === undefined) totalsMade.set(of, (made = counted(of, Uint32Array.from(of.index, (_, row) => row))));
  return made;
}

function counted({ index, count }: Bins, rows: Uint32Array): Uint32Array {
  const counts = new Uint32Array(NO_BAR + 1);
  for (let at = 0; at < rows.length; at++) counts[index[rows[at]]]++;
  return counts.slice(0, count);
}

/** Rows of each bar, of those that the mask has. */
export function countsOf(of: Bins, mask: Uint8Array): Uint32Array {
  const { rows, left } = fewer(mask);
  const counts = counted(of, rows);
  if (left) {
    const totals = totalsOf(of);
    for (let bar = 0; bar < counts.length; bar++) counts[bar] = totals[bar] - counts[bar];
  }
  return counts;
}

/** Rows that pass all filters but those on a column itself: n numbers, 1 where one does. */
export function othersMask({ selection, crossing }: Filtered, column: string): Uint8Array {
  const { subjects, refusals, refuser } = crossing;
  const own = subjects.indexOf(column);
  if (own < 0) return selection.mask;
  const mask = new Uint8Array(refusals.length);
  for (let row = 0; row < mask.length; row++) mask[row] = Number(refusals[row] === 0 || (refusals[row] === 1 && refuser[row] === own));
  return mask;
}

/** A column's numbers above its least one, 0 where a row has none: sums of them lose nothing, and need no branch. */
interface Heights {
  readonly of: Float32Array;
  readonly total: Sums; // of all rows
}

interface Sums {
  readonly sum: number;
  readonly squares: number;
}

const heightsMade = new WeakMap<Column, Heights>();

function heights(column: Column): Heights {
  let made = heightsMade.get(column);
  if (made === undefined) {
    const { min } = column.entry;
    const of = valuesOf(column).map((value) => (value === value ? value - min : 0));
    heightsMade.set(column, (made = { of, total: sums(of, Uint32Array.from(of, (_, row) => row)) }));
  }
  return made;
}

function sums(of: Float32Array, rows: Uint32Array): Sums {
  let [sum, squares] = [0, 0];
  for (let at = 0; at < rows.length; at++) {
    const above = of[rows[at]];
    sum += above;
    squares += above * above;
  }
  return { sum, squares };
}

export interface Moments {
  readonly count: number; // rows with a value
  readonly mean: number;
  readonly deviation: number; // of the population
}

/**
 * Mean and standard deviation of a column over the rows that the mask has and that have a value, which are `count`. Every chart
 * asks for them after every filter: no more than half of the rows are gone through.
 */
export function momentsOf(column: Column, mask: Uint8Array, count: number): Moments {
  const { rows, left } = fewer(mask);
  const { of, total } = heights(column);
  const own = sums(of, rows);
  const { sum, squares } = left ? { sum: total.sum - own.sum, squares: total.squares - own.squares } : own;
  const mean = sum / count;
  return { count, mean: column.entry.min + mean, deviation: Math.sqrt(Math.max(squares / count - mean * mean, 0)) };
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
