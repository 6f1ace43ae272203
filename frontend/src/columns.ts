// Values of columns: what is stored, what is shown, which bar a value belongs to, and the order by value.

import type { Column, Numbers } from "./model";

/** The number shown for a row; NaN where the row has none. */
export function valueOf(column: Column, row: number): number {
  return column.stored[row] * column.entry.scale;
}

const valuesMade = new WeakMap<Column, Float32Array>();

/**
 * The numbers shown of all rows, NaN where there is none. All columns have them in one type, so that loops over many columns
 * are compiled once and well; numbers of more than 24 bits are rounded (use valueOf for one row).
 */
export function valuesOf(column: Column): Float32Array {
  let made = valuesMade.get(column);
  if (made === undefined) {
    const { scale } = column.entry;
    made = column.stored instanceof Float32Array && scale === 1 ? column.stored : Float32Array.from(column.stored, (value) => value * scale);
    valuesMade.set(column, made);
  }
  return made;
}

/** A number as text, short: integers whole, the others to five digits. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "–";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return String(Number(value.toPrecision(5)));
}

/** The value of a row as text: the name of a category, a number, or a dash. */
export function valueText(column: Column, row: number): string {
  const { categories } = column.entry;
  return categories === undefined ? numberText(valueOf(column, row)) : (categories[column.stored[row]] ?? "–");
}

/** Numbers from `low` to `high`, the latter among them unless the range is open. */
export interface Range {
  readonly low: number;
  readonly high: number;
  readonly open?: boolean;
}

/** The bars of a column. Every row with a value is in exactly one. */
export interface Bins {
  readonly count: number;
  readonly index: Uint8Array; // bar by row, or NO_BAR where a row has no value
  readonly ranges: readonly Range[]; // in values shown; of a category, in its stored numbers
  readonly labels: readonly string[];
}

export const NO_BAR = 255;
export const BARS = 64; // of a histogram, at most
export const GROUPS = 16; // of images, at most
export const COLOURS = 8; // of images, at most

const STEPS = [1, 2, 5, 10];

/** The smallest of 1, 2, 5, 10, 20, 50... (or, of fractions, as well 0.5, 0.2...) that is at least `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const step of STEPS) if (step * power >= least * (1 - 1e-9)) return step * power;
  return 10 * power;
}

function extent(stored: Numbers): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let row = 0; row < stored.length; row++) {
    const value = stored[row];
    if (value < low && value !== -Infinity) low = value;
    if (value > high && value !== Infinity) high = value;
  }
  return [low, high];
}

function integerStep(span: number, most: number, scale: number): number {
  if (span <= most) return 1;
  if (scale === 1) return niceStep(span / most);
  return 2 ** Math.ceil(Math.log2(span / most)); // fixed-point numbers: bars begin at halves, quarters, eighths
}

/** A range in words. */
export function rangeLabel(range: Range, categories?: readonly string[]): string {
  const text = (value: number) => (categories === undefined ? numberText(value) : (categories[value] ?? "–"));
  if (range.low === -Infinity || range.high === Infinity) return range.low > -Infinity ? `from ${text(range.low)}` : range.high < Infinity ? `below ${text(range.high)}` : "any";
  return range.low === range.high ? text(range.low) : `${text(range.low)} to ${range.open ? "below " : ""}${text(range.high)}`;
}

const TAIL = 0.02; // of the rows

/** Where the last of `most` bars of whole numbers begins if those above are few: "0", "1", ... "10", "11 to 40". */
function tailFrom(stored: Numbers, low: number, most: number): number | null {
  const from = low + most - 1;
  let above = 0;
  for (let row = 0; row < stored.length; row++) if (stored[row] > from) above++;
  return above <= TAIL * stored.length ? from : null;
}

function binsOf(column: Column, most: number): Bins {
  const { stored, entry } = column;
  const [low, high] = extent(stored);
  const single = !(stored instanceof Float32Array) && entry.scale === 1 && most <= GROUPS && high - low >= most;
  const tail = single ? tailFrom(stored, low, most) : null;
  if (tail !== null) {
    const index = Uint8Array.from(stored, (value) => Math.min(value - low, most - 1));
    const ranges = Array.from({ length: most }, (_, bar): Range => ({ low: low + bar, high: bar === most - 1 ? high : low + bar }));
    return { count: most, index, ranges, labels: ranges.map((range) => rangeLabel(range, entry.categories)) };
  }
  const index = new Uint8Array(stored.length).fill(NO_BAR);
  if (low > high) return { count: 0, index, ranges: [], labels: [] };
  const whole = !(stored instanceof Float32Array);
  let step = whole ? integerStep(high - low + 1, most, entry.scale) : niceStep((high - low || 1) / most);
  const counted = () => Math.floor(high / step) - Math.floor(low / step) + 1;
  while (counted() > most) step = entry.scale === 1 ? niceStep(step * 1.01) : step * 2;
  const [first, count] = [Math.floor(low / step), counted()];
  for (let row = 0; row < stored.length; row++) {
    const value = stored[row];
    if (value === value) index[row] = Math.min(Math.max(Math.floor(value / step) - first, 0), count - 1);
  }
  const ranges = Array.from({ length: count }, (_, bar): Range => {
    const [from, to] = [(first + bar) * step, (first + bar + 1) * step];
    if (!whole && bar === count - 1) return { low: bar === 0 ? -Infinity : from, high: Infinity };
    if (!whole) return { low: bar === 0 ? -Infinity : from, high: to, open: true };
    return { low: Math.max(from, low) * entry.scale, high: Math.min(to - 1, high) * entry.scale };
  });
  return { count, index, ranges, labels: ranges.map((range) => rangeLabel(range, entry.categories)) };
}

const binsMade = new WeakMap<Column, Map<number, Bins>>();

/** The bars of a column, at most `most` (2 to 254). They are made once. */
export function bins(column: Column, most = BARS): Bins {
  let made = binsMade.get(column);
  if (made === undefined) binsMade.set(column, (made = new Map()));
  let found = made.get(most);
  if (found === undefined) made.set(most, (found = binsOf(column, most)));
  return found;
}

/** Numbers whose order as unsigned integers is that of the values; rows without a value come last. */
function orderedKeys(stored: Numbers, descending: boolean): Uint32Array {
  const keys = new Uint32Array(stored.length);
  if (stored instanceof Float32Array) {
    const positive = Float32Array.from(stored, (value) => (value === 0 ? 0 : value)); // -0 equals 0
    const bits = new Uint32Array(positive.buffer);
    for (let row = 0; row < keys.length; row++) {
      const key = bits[row] & 0x80000000 ? ~bits[row] >>> 0 : (bits[row] | 0x80000000) >>> 0;
      keys[row] = stored[row] !== stored[row] ? 0xffffffff : descending ? ~key >>> 0 : key;
    }
    return keys;
  }
  for (let row = 0; row < keys.length; row++) {
    const key = (stored[row] + (stored instanceof Uint32Array ? 0 : 0x80000000)) >>> 0;
    keys[row] = descending ? ~key >>> 0 : key;
  }
  return keys;
}

/** Stable order of the rows by their keys, sixteen bits at a time. */
function radixSorted(keys: Uint32Array): Uint32Array {
  let rows = Uint32Array.from(keys, (_, row) => row);
  for (const shift of [0, 16]) {
    const starts = new Uint32Array(65537);
    for (const key of keys) starts[((key >>> shift) & 0xffff) + 1]++;
    if (starts.some((count) => count === keys.length)) continue; // all alike
    for (let digit = 0; digit < 65536; digit++) starts[digit + 1] += starts[digit];
    const next = new Uint32Array(rows.length);
    for (const row of rows) next[starts[(keys[row] >>> shift) & 0xffff]++] = row;
    rows = next;
  }
  return rows;
}

/** The rows by value, equal ones in the data's own order, rows without a value last. */
export function sortedRows(column: Column, descending: boolean): Uint32Array {
  return radixSorted(orderedKeys(column.stored, descending));
}

/** `rows` with those of each group together, groups in the order of their bars, rows without a value last. */
export function groupedRows(rows: Uint32Array, groups: Bins): Uint32Array {
  const starts = new Uint32Array(NO_BAR + 2);
  for (const row of rows) starts[groups.index[row] + 1]++;
  for (let bar = 0; bar <= NO_BAR; bar++) starts[bar + 1] += starts[bar];
  const grouped = new Uint32Array(rows.length);
  for (const row of rows) grouped[starts[groups.index[row]]++] = row;
  return grouped;
}
