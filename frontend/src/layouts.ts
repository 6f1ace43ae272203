// Layouts: which image lies in which cell of the plane. All of them place every image of the selection exactly once.

import { bins, BARS, groupedRows, GROUPS, NO_BAR, numberText, valuesOf, type Bins } from "./columns";
import type { Axis, Column, Dataset, Heading, Layout } from "./model";

/** The room that a layout is seen in, in device pixels, and what a heading needs of it. */
export interface Room {
  readonly width: number;
  readonly height: number;
  readonly heading: number;
}

const NOBODY = -1;

function plane(width: number, height: number): Int32Array {
  return new Int32Array(width * height).fill(NOBODY);
}

/** Reading order, as wide and as high as the room. */
export function grid(rows: Uint32Array, room: Room): Layout {
  const width = columnsFor(room, (columns) => Math.ceil(rows.length / columns), rows.length);
  const height = Math.ceil(rows.length / width);
  const cells = plane(width, height);
  cells.set(rows);
  return { width, height, cells, headings: [] };
}

/** The fewest columns, that is, the largest images, with which all lines fit into the room. */
function columnsFor(room: Room, linesFor: (columns: number) => number, most: number): number {
  let [least, enough] = [1, Math.max(1, most)];
  while (least < enough) {
    const tried = (least + enough) >> 1;
    if ((linesFor(tried) * room.width) / tried <= room.height) enough = tried;
    else least = tried + 1;
  }
  return least;
}

/** A part of the rows that has a heading. */
interface Part {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Where one group ends and the next begins, of rows whose groups lie together. */
function partsOf(rows: Uint32Array, groups: Bins): Part[] {
  const parts: Part[] = [];
  for (let from = 0, to = 0; from < rows.length; from = to) {
    const bar = groups.index[rows[from]];
    while (to < rows.length && groups.index[rows[to]] === bar) to++;
    parts.push({ text: bar === NO_BAR ? "no value" : groups.labels[bar], from, to });
  }
  return parts;
}

/** One group below the other, each under its heading. */
export function groupedGrid(selected: Uint32Array, column: Column, room: Room): Layout {
  const rows = groupedRows(selected, bins(column, GROUPS));
  const parts = partsOf(rows, bins(column, GROUPS));
  const heading = Math.min(room.heading, room.height / (2 * parts.length)); // at least half of the room is for images
  const above = (columns: number) => Math.max(1, Math.ceil((heading * columns) / room.width));
  const linesFor = (columns: number) => parts.reduce((sum, { from, to }) => sum + Math.ceil((to - from) / columns) + above(columns), 0);
  const width = columnsFor(room, linesFor, rows.length);
  const height = Math.max(1, linesFor(width));
  const cells = plane(width, height);
  const headings: Heading[] = [];
  let line = 0;
  for (const { text, from, to } of parts) {
    line += above(width);
    headings.push({ text: `${column.entry.title}: ${text}`, count: to - from, x: 0, y: line, width });
    cells.set(rows.subarray(from, to), line * width);
    line += Math.ceil((to - from) / width);
  }
  return { width, height, cells, headings };
}

/** One stack of images for each bar of a column: its histogram, made of the images themselves. */
export function columns(rows: Uint32Array, column: Column, room: Room): Layout {
  const bars = bins(column, BARS);
  const counts = new Uint32Array(NO_BAR + 1);
  for (const row of rows) counts[bars.index[row]]++;
  const without = counts[NO_BAR] > 0;
  const stacks = Math.max(1, bars.count + (without ? 2 : 0)); // those without a value stand apart, after a gap
  const tallest = Math.max(1, ...counts);
  const gap = (wide: number) => (wide >= 3 ? Math.max(1, Math.round(wide / 12)) : 0);
  let wide = 1;
  const scale = (tried: number) => Math.min(room.width / (stacks * (tried + gap(tried))), room.height / Math.ceil(tallest / tried));
  for (let tried = 2; tried <= tallest; tried++) {
    if (scale(tried) >= scale(wide)) wide = tried;
    else if (tried > 4 * wide) break;
  }
  const [step, height] = [wide + gap(wide), Math.ceil(tallest / wide)];
  const width = stacks * step;
  const cells = plane(width, height);
  const placed = new Uint32Array(NO_BAR + 1);
  for (const row of rows) {
    const bar = bars.index[row];
    const at = placed[bar]++;
    const left = (bar === NO_BAR ? stacks - 1 : bar) * step;
    cells[(height - 1 - Math.floor(at / wide)) * width + left + (at % wide)] = row;
  }
  const shown = bars.ranges.map((range, bar) => ({ at: bar * step + wide / 2, text: column.entry.categories?.[range.low] ?? shortLabel(range, bars, bar) }));
  const ticks = without ? [...shown, { at: (stacks - 1) * step + wide / 2, text: "no value" }] : shown;
  return { width, height, cells, headings: [], axes: { x: { title: titleOf(column), ticks } } };
}

function shortLabel(range: { readonly low: number; readonly high: number }, bars: Bins, bar: number): string {
  return numberText(range.low === -Infinity ? (bars.count > 1 && bar === 0 ? 2 * bars.ranges[0].high - bars.ranges[1].high : range.high) : range.low);
}

function titleOf({ entry }: Column): string {
  return entry.unit === "" ? entry.title : `${entry.title} (${entry.unit})`;
}

/** The values of some rows, NaN for none, and from where to where they go. */
interface Extent {
  readonly values: Float32Array;
  readonly low: number;
  readonly high: number;
  readonly without: boolean; // some have no value
}

function extentOf(rows: Uint32Array, column: Column): Extent {
  const all = valuesOf(column);
  const values = new Float32Array(rows.length);
  let [low, high, without] = [Infinity, -Infinity, false];
  for (let at = 0; at < rows.length; at++) {
    const value = all[rows[at]];
    values[at] = value;
    if (value < low) low = value;
    if (value > high) high = value;
    if (value !== value) without = true;
  }
  return low > high ? { values, low: 0, high: 0, without } : { values, low, high, without };
}

/** Along an axis of so many cells, the cell of low values and that of high ones; rows without a value lie in a margin before. */
function endsOf({ without }: Extent, cells: number): { readonly margin: number; readonly first: number; readonly last: number } {
  const margin = Math.floor(cells / 25); // so that the lowest and the highest are seen from all sides
  return { margin, first: without ? 4 * margin : margin, last: cells - 1 - margin };
}

/** The cells of the values along an axis. */
function placesIn(extent: Extent, cells: number): Int32Array {
  const { values, low, high } = extent;
  const { margin, first, last } = endsOf(extent, cells);
  const perValue = high > low ? (last - first) / (high - low) : 0;
  const start = high > low ? first + 0.5 : (first + last) >> 1; // half a cell more: to round
  const places = new Int32Array(values.length);
  for (let at = 0; at < values.length; at++) {
    const value = values[at];
    places[at] = value === value ? start + (value - low) * perValue : margin;
  }
  return places;
}

function ticksIn(extent: Extent, column: Column, cells: number): Axis["ticks"] {
  const { low, high, without } = extent;
  const shown = tickValues(low, high, column);
  const places = placesIn({ ...extent, values: Float32Array.from(shown) }, cells);
  const ticks = shown.map((value, at) => ({ at: places[at] + 0.5, text: column.entry.categories?.[value] ?? numberText(value) }));
  return without ? [{ at: endsOf(extent, cells).margin + 0.5, text: "no value" }, ...ticks] : ticks;
}

/** About eight round numbers from low to high. */
function tickValues(low: number, high: number, { entry }: Column): number[] {
  if (low === high) return [low];
  const least = (high - low) / 8;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = Math.max([1, 2, 5, 10].map((times) => times * power).find((one) => one >= least) ?? 10 * power, entry.kind === "integer" || entry.categories !== undefined ? 1 : 0);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}

/**
 * In each line of the plane the nearest free cell to the left and to the right, by union-find. The lists are large, and used
 * again by the next one.
 */
class FreeCells {
  private static left = new Int32Array(0);
  private static right = new Int32Array(0);

  // Each line has a cell more at both ends, which is always free: that none is left.
  constructor(private readonly width: number, height: number) {
    const size = (width + 2) * height;
    if (FreeCells.left.length < size) [FreeCells.left, FreeCells.right] = [new Int32Array(size), new Int32Array(size)];
    const { left, right } = FreeCells;
    for (let at = 0; at < size; at++) left[at] = right[at] = at;
  }

  private static find(links: Int32Array, from: number): number {
    let at = from;
    while (links[at] !== at) at = links[at] = links[links[at]];
    return at;
  }

  /** How far the nearest free cell of a line is from x; beyond `most` where there is none. Negative: to the left. */
  nearest(x: number, y: number, most: number): number {
    const start = y * (this.width + 2);
    const at = start + x + 1;
    const { left, right } = FreeCells;
    if (left[at] === at) return 0;
    const before = FreeCells.find(left, at);
    const after = FreeCells.find(right, at);
    const toLeft = before === start ? most + 1 : at - before;
    const toRight = after === start + this.width + 1 ? most + 1 : after - at;
    return toRight <= toLeft ? toRight : -toLeft;
  }

  take(x: number, y: number): void {
    const at = y * (this.width + 2) + x + 1;
    FreeCells.left[at] = at - 1;
    FreeCells.right[at] = at + 1;
  }
}

/**
 * Puts each row into its cell or, where that is taken, into the nearest one that is free; earlier rows come first. The plane
 * must have at least as many cells as rows.
 */
export function scattered(rows: Uint32Array, xs: Int32Array, ys: Int32Array, width: number, height: number): Int32Array {
  const cells = plane(width, height);
  const free = new FreeCells(width, height);
  const far = width + height;
  for (let at = 0; at < rows.length; at++) {
    const x = xs[at];
    const y = ys[at];
    let best = Infinity;
    let found = 0;
    // Lines ever further below and above, until none of them can have a nearer cell.
    for (let away = 0; away * away < best && away <= far; away = away > 0 ? -away : 1 - away) {
      const line = y + away;
      if (line < 0 || line >= height) continue;
      const aside = free.nearest(x, line, far);
      const distance = aside * aside + away * away;
      if (distance >= best || aside > far || aside < -far) continue;
      best = distance;
      found = line * width + x + aside;
    }
    free.take(found % width, Math.floor(found / width));
    cells[found] = rows[at];
  }
  return cells;
}

/** The same rows, neighbours far apart; the same every time. */
export function mixed(rows: Uint32Array): Uint32Array {
  const n = rows.length;
  let step = Math.max(1, Math.floor(n * 0.618));
  const common = (one: number, other: number): number => (other === 0 ? one : common(other, one % other));
  while (n > 1 && common(step, n) !== 1) step++;
  const made = new Uint32Array(n);
  for (let at = 0, from = 0; at < n; at++) {
    made[at] = rows[from];
    from += step;
    if (from >= n) from -= n;
  }
  return made;
}

const TILES = 24; // along each side of the plane, to see how crowded it is
const [ROOMY, ROOMIEST] = [2.5, 12]; // cells for every image: enough for the most crowded tile, if that is not too many

function roominess(xs: Int32Array, ys: Int32Array): number {
  const counts = new Uint32Array(TILES * TILES);
  for (let at = 0; at < xs.length; at++) counts[ys[at] * TILES + xs[at]]++;
  const most = counts.reduce((one, other) => Math.max(one, other), 0);
  return Math.min(ROOMIEST, Math.max(ROOMY, (most * TILES * TILES) / Math.max(xs.length, 1)));
}

/** Every image at its two values, low values left and below. */
export function scatter(rows: Uint32Array, across: Column, up: Column, room: Room): Layout {
  const [x, y] = [extentOf(rows, across), extentOf(rows, up)];
  const wanted = Math.max(64, rows.length * roominess(placesIn(x, TILES), placesIn(y, TILES)));
  const aspect = Math.max(0.1, Math.min(10, room.width / room.height));
  const width = Math.ceil(Math.sqrt(wanted * aspect));
  const height = Math.ceil(wanted / width);
  const [xs, ys] = [placesIn(x, width), placesIn(y, height)];
  for (let at = 0; at < ys.length; at++) ys[at] = height - 1 - ys[at];
  const cells = scattered(rows, xs, ys, width, height);
  const ticks = ticksIn(y, up, height).map(({ at, text }) => ({ at: height - at, text }));
  return { width, height, cells, headings: [], axes: { x: { title: titleOf(across), ticks: ticksIn(x, across, width) }, y: { title: titleOf(up), ticks } } };
}

export interface Wish {
  readonly layout: string;
  readonly group: string | null;
  readonly x: string;
  readonly y: string;
}

/** The layout that is wished for; a column that the data do not have counts as none. */
export function layoutOf(data: Dataset, rows: Uint32Array, wish: Wish, room: Room): Layout {
  const [x, y, group] = [wish.x, wish.y, wish.group ?? ""].map((name) => data.columns.get(name));
  if (wish.layout === "columns" && x !== undefined) return columns(rows, x, room);
  if (wish.layout === "scatter" && x !== undefined && y !== undefined) return scatter(rows, x, y, room);
  return group === undefined || rows.length === 0 ? grid(rows, room) : groupedGrid(rows, group, room);
}

/** The cell of every row, or -1. */
export function placesOf({ cells }: Layout, n: number): Int32Array {
  const places = new Int32Array(n).fill(NOBODY);
  for (let cell = 0; cell < cells.length; cell++) if (cells[cell] >= 0) places[cells[cell]] = cell;
  return places;
}
