// Filters: what they say as text in the address, and which rows they let pass.
//
//     ink:80..120          from 80 to 120            nats_chow_liu:80..<85    from 80 to below 85
//     holes:0;2            0 or 2                    split:test;validation    a category by name
//     !ink:80..120         all the others            stroke:..                those that have a value
//     ink@14.20:1          the pixel in column 14, row 20 is ink (0: blank)
//     rows:test/17..42     images 17 to 42 of the split test
//
// The characters that have a meaning here are, in a name, written ~ and two hexadecimal digits.

import type { Range } from "./columns";
import { numberText, valuesOf } from "./columns";
import type { Column, Dataset } from "./model";

interface Negatable {
  readonly negated: boolean;
}
export interface RangeFilter extends Negatable {
  readonly kind: "range";
  readonly column: string;
  readonly ranges: readonly Range[];
}
export interface NameFilter extends Negatable {
  readonly kind: "name";
  readonly column: string;
  readonly names: readonly string[];
}
export interface PixelFilter {
  readonly kind: "pixel";
  readonly x: number;
  readonly y: number;
  readonly ink: boolean;
}
export interface RowFilter extends Negatable {
  readonly kind: "rows";
  readonly intervals: readonly (readonly [number, number])[]; // rows from, to one past the last; ascending, apart
}
export type Filter = RangeFilter | NameFilter | PixelFilter | RowFilter;

export const escaped = (name: string) =>
  name.replace(/[~,:;!@/]/g, (letter) => `~${letter.charCodeAt(0).toString(16).padStart(2, "0")}`);
export const unescaped = (text: string) => text.replace(/~([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));

function rangeText({ low, high, open }: Range): string {
  if (low === high && !open) return String(low);
  return `${low === -Infinity ? "" : low}..${open && high !== Infinity ? "<" : ""}${high === Infinity ? "" : high}`;
}

const NUMBER = "-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?";
const RANGE = new RegExp(`^(${NUMBER})?\\.\\.(<?)(${NUMBER})?$`);
const SINGLE = new RegExp(`^${NUMBER}$`);

function parseRange(text: string): Range | null {
  if (SINGLE.test(text)) return { low: Number(text), high: Number(text) };
  const found = RANGE.exec(text);
  if (found === null || (found[2] !== "" && found[3] === undefined)) return null;
  const low = found[1] === undefined ? -Infinity : Number(found[1]);
  const high = found[3] === undefined ? Infinity : Number(found[3]);
  return found[2] === "" ? { low, high } : { low, high, open: true };
}

/** Rows as intervals, ascending and as few as possible. */
export function intervalsOf(rows: Iterable<number>): [number, number][] {
  const intervals: [number, number][] = [];
  for (const row of Uint32Array.from(rows).sort()) {
    const last = intervals.at(-1);
    if (last !== undefined && row <= last[1]) last[1] = Math.max(last[1], row + 1);
    else intervals.push([row, row + 1]);
  }
  return intervals;
}

/** Intervals of rows cut where a split ends: split, first, one past the last position in it. */
export function bySplit(intervals: RowFilter["intervals"], data: Dataset): [string, number, number][] {
  const pieces: [string, number, number][] = [];
  for (const [from, to] of intervals) {
    for (const { name, start, stop } of data.manifest.splits) {
      const [first, end] = [Math.max(from, start), Math.min(to, stop)];
      if (first < end) pieces.push([name, first - start, end - start]);
    }
  }
  return pieces;
}

function parseRows(alternatives: readonly string[], data: Dataset): [number, number][] | null {
  const intervals: [number, number][] = [];
  for (const text of alternatives) {
    if (text === "") continue; // of nothing
    const slash = text.lastIndexOf("/");
    const split = data.manifest.splits.find(({ name }) => name === unescaped(text.slice(0, slash)));
    const found = /^(\d+)(?:\.\.(\d+))?$/.exec(text.slice(slash + 1));
    if (split === undefined || found === null) return null;
    const [from, to] = [split.start + Number(found[1]), split.start + Number(found[2] ?? found[1]) + 1];
    if (from >= to || to > split.stop) return null;
    intervals.push([from, to]);
  }
  intervals.sort((one, other) => one[0] - other[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of intervals) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

export function filterText(filter: Filter, data: Dataset): string {
  if (filter.kind === "pixel") return `ink@${filter.x}.${filter.y}:${filter.ink ? 1 : 0}`;
  const sign = filter.negated ? "!" : "";
  if (filter.kind === "range") return `${sign}${escaped(filter.column)}:${filter.ranges.map(rangeText).join(";")}`;
  if (filter.kind === "name") return `${sign}${escaped(filter.column)}:${filter.names.map(escaped).join(";")}`;
  const pieces = bySplit(filter.intervals, data).map(
    ([split, from, to]) => `${escaped(split)}/${to - from === 1 ? from : `${from}..${to - 1}`}`,
  );
  return `${sign}rows:${pieces.join(";")}`;
}

/** The filter that a text says, or null where it says none for this data set. */
export function parseFilter(text: string, data: Dataset): Filter | null {
  const negated = text.startsWith("!");
  const [head, ...rest] = text.slice(negated ? 1 : 0).split(":");
  if (rest.length !== 1) return null;
  const alternatives = rest[0].split(";");
  const pixel = /^ink@(\d+)\.(\d+)$/.exec(head);
  if (pixel !== null) {
    const [x, y] = [Number(pixel[1]), Number(pixel[2])];
    const inside = x < data.manifest.width && y < data.manifest.height;
    if (!inside || !/^[01]$/.test(rest[0])) return null;
    return { kind: "pixel", x, y, ink: (rest[0] === "1") !== negated };
  }
  if (head === "rows") {
    const intervals = parseRows(alternatives, data);
    return intervals === null ? null : { kind: "rows", intervals, negated };
  }
  const column = data.columns.get(unescaped(head));
  if (column === undefined) return null;
  if (column.entry.categories !== undefined) {
    const names = alternatives.map(unescaped).filter((name) => column.entry.categories!.includes(name));
    return names.length === 0 ? null : { kind: "name", column: column.entry.name, names, negated };
  }
  const ranges = alternatives.map(parseRange);
  if (ranges.some((range) => range === null)) return null;
  return { kind: "range", column: column.entry.name, ranges: ranges as Range[], negated };
}

/** The same filter the other way round. */
export function negation(filter: Filter): Filter {
  return filter.kind === "pixel" ? { ...filter, ink: !filter.ink } : { ...filter, negated: !filter.negated };
}

/** What the filter is about: filters on one thing are those that a histogram of it looks past. */
export function subject(filter: Filter): string {
  if (filter.kind === "rows") return "rows";
  return filter.kind === "pixel" ? `ink@${filter.x}.${filter.y}` : filter.column;
}

function rangeWords({ low, high, open }: Range): string {
  if (low === -Infinity && high === Infinity) return "any value";
  if (low === -Infinity) return `${open ? "below" : "up to"} ${numberText(high)}`;
  if (high === Infinity) return `from ${numberText(low)}`;
  if (low === high) return numberText(low);
  return `${numberText(low)} to ${open ? "below " : ""}${numberText(high)}`;
}

/** The filter in words, for people. */
export function filterWords(filter: Filter, data: Dataset): string {
  if (filter.kind === "pixel") return `Pixel ${filter.x}, ${filter.y}: ${filter.ink ? "ink" : "blank"}`;
  const not = filter.negated ? "not " : "";
  if (filter.kind === "rows") {
    const count = filter.intervals.reduce((sum, [from, to]) => sum + to - from, 0);
    const pieces = bySplit(filter.intervals, data);
    const [split, from, to] = pieces[0] ?? ["", 0, 0];
    if (pieces.length === 1) return `${not}${split} ${to - from === 1 ? from : `${from} to ${to - 1}`}`;
    return `${not}${count.toLocaleString("en")} chosen image${count === 1 ? "" : "s"}`;
  }
  const words = filter.kind === "range" ? filter.ranges.map(rangeWords) : filter.names;
  return `${data.columns.get(filter.column)?.entry.title ?? filter.column}: ${not}${words.join(" or ")}`;
}

function passRanges(column: Column, ranges: readonly Range[], passed: Uint8Array): void {
  const { stored } = column;
  const values = stored instanceof Uint32Array || stored instanceof Int32Array ? Float64Array.from(stored, (value) => value * column.entry.scale) : valuesOf(column);
  for (const { low, high, open } of ranges) {
    for (let row = 0; row < passed.length; row++) {
      const value = values[row];
      if (value >= low && (open ? value < high : value <= high)) passed[row] = 1;
    }
  }
}

function passNames(column: Column, names: readonly string[], passed: Uint8Array): void {
  const wanted = column.entry.categories!.map((name) => names.includes(name));
  for (let row = 0; row < passed.length; row++) if (wanted[column.stored[row]]) passed[row] = 1;
}

function passPixel(data: Dataset, { x, y, ink }: PixelFilter, passed: Uint8Array): void {
  const { width, row_bytes: bytes } = data.manifest;
  const place = y * width + x;
  const [at, bit] = [place >> 3, 0x80 >> (place & 7)];
  for (let row = 0; row < passed.length; row++) {
    if (((data.pixels[row * bytes + at] & bit) !== 0) === ink) passed[row] = 1;
  }
}

/** n numbers, 1 where the filter lets the row pass. A negated filter passes all that the filter does not. */
export function passing(filter: Filter, data: Dataset): Uint8Array {
  const passed = new Uint8Array(data.manifest.n);
  if (filter.kind === "pixel") passPixel(data, filter, passed);
  else if (filter.kind === "rows") for (const [from, to] of filter.intervals) passed.fill(1, from, to);
  else if (filter.kind === "name") passNames(data.columns.get(filter.column)!, filter.names, passed);
  else passRanges(data.columns.get(filter.column)!, filter.ranges, passed);
  if (filter.kind !== "pixel" && filter.negated) for (let row = 0; row < passed.length; row++) passed[row] ^= 1;
  return passed;
}

/** How the filters act together: how many subjects refuse a row, and which one where it is a single one. */
export interface Crossing {
  readonly subjects: readonly string[];
  readonly refusals: Uint16Array; // subjects that refuse the row
  readonly refuser: Uint16Array; // index of the last subject that refuses it
}

export function crossing(filters: readonly Filter[], pass: (filter: Filter) => Uint8Array, n: number): Crossing {
  const subjects = [...new Set(filters.map(subject))]; // every pixel can be one
  const [refusals, refuser] = [new Uint16Array(n), new Uint16Array(n)];
  for (const [number, name] of subjects.entries()) {
    const [first, ...others] = filters.filter((filter) => subject(filter) === name).map(pass);
    const passed = others.length === 0 ? first : first.slice();
    for (const other of others) for (let row = 0; row < n; row++) passed[row] &= other[row];
    for (let row = 0; row < n; row++) {
      if (passed[row] === 1) continue;
      refusals[row]++;
      refuser[row] = number;
    }
  }
  return { subjects, refusals, refuser };
}
