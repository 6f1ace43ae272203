// The leak audit in the browser: the same comparison as `onebit audit` makes, with the same numbers. See docs/audit.md.

import type { Manifest, SplitEntry } from "../model";
import type { Nearest, Search } from "./search";

const GALLERY = 24; // pairs that are kept of each comparison
const THRESHOLD_SHARE = 0.001; // of the reference's own images, left out in turn, have a neighbour at or below the threshold;
const THRESHOLD_IMAGES = 5; // or so many, where that is more
const QUANTILES = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1];
const STRETCH = 128; // queries between two looks at whether to go on

export interface Comparison {
  readonly query: string; // the split, or the name of what was compared
  readonly to: string;
  readonly left_out: boolean; // each image of the query itself
  readonly images: number;
  readonly mean: number;
  readonly quantiles: Readonly<Record<string, number>>;
  readonly histogram: readonly number[]; // images by distance
  readonly closest: readonly (readonly [number, number, number])[]; // position in the query, in the reference, distance
}

export interface Audit {
  readonly reference: string;
  readonly nearest: readonly Comparison[]; // other splits, then the reference itself
  readonly threshold: { readonly distance: number; readonly images_at_or_below: Readonly<Record<string, number>> } | null;
  readonly duplicates: readonly (readonly number[])[]; // groups of rows that hold one and the same image
  readonly pairs: number; // that were compared
}

/** The split that others are compared with: train, or the largest; and the others. */
export function roles(splits: readonly SplitEntry[]): { readonly reference: SplitEntry; readonly others: readonly SplitEntry[] } {
  const size = ({ start, stop }: SplitEntry) => stop - start;
  const reference = splits.find(({ name }) => name === "train") ?? splits.reduce((one, other) => (size(other) > size(one) ? other : one));
  return { reference, others: splits.filter((split) => split !== reference && size(split) > 0) };
}

/** What distances say, as `onebit audit` writes it. */
export function comparison(query: string, to: string, left_out: boolean, positions: ArrayLike<number>, found: Nearest, first: number): Comparison {
  const n = positions.length;
  const most = found.distance.reduce((one, other) => Math.max(one, other), 0);
  const histogram = Array<number>(most + 1).fill(0);
  let sum = 0;
  for (const distance of found.distance) {
    histogram[distance]++;
    sum += distance;
  }
  const order = Uint32Array.from({ length: n }, (_, at) => at).sort((a, b) => found.distance[a] - found.distance[b] || a - b);
  const closest: [number, number, number][] = [];
  const seen = new Set<string>();
  for (const at of order) {
    const [one, other] = [positions[at], found.row[at] - first];
    const pair = left_out ? `${Math.min(one, other)} ${Math.max(one, other)}` : `${one} ${other}`;
    if (!seen.has(pair)) closest.push([one, other, found.distance[at]]); // each other's nearest are one pair
    seen.add(pair);
    if (closest.length === GALLERY) break;
  }
  const quantile = (share: number) => found.distance[order[Math.max(0, Math.ceil(share * n) - 1)]];
  return { query, to, left_out, images: n, mean: sum / n, quantiles: Object.fromEntries(QUANTILES.map((share) => [String(share), quantile(share)])), histogram, closest };
}

/** The distance at or below which few images of the last comparison have a neighbour (at least 0), and how many of each have one. */
export function thresholdOf(nearest: readonly Comparison[]): Audit["threshold"] {
  const own = nearest.at(-1);
  if (own === undefined) return null;
  const most = Math.max(THRESHOLD_SHARE * own.images, THRESHOLD_IMAGES);
  let [next, sum] = [0, 0];
  for (; next < own.histogram.length && sum + own.histogram[next] <= most; next++) sum += own.histogram[next];
  const distance = Math.max(next - 1, 0);
  const below = ({ histogram }: Comparison) => histogram.slice(0, distance + 1).reduce((one, other) => one + other, 0);
  return { distance, images_at_or_below: Object.fromEntries(nearest.map((each) => [each.query, below(each)])) };
}

/** Rows that hold one and the same image, in the order of their first rows. */
export function equalImages(pixels: Uint8Array, rowBytes: number, n: number): number[][] {
  const byHash = new Map<number, number[][]>();
  for (let row = 0; row < n; row++) {
    let hash = 0x811c9dc5;
    for (let at = row * rowBytes; at < (row + 1) * rowBytes; at++) hash = Math.imul(hash ^ pixels[at], 0x01000193);
    const groups = byHash.get(hash);
    if (groups === undefined) byHash.set(hash, [[row]]);
    else {
      const same = groups.find(([first]) => equal(pixels, first * rowBytes, row * rowBytes, rowBytes));
      if (same === undefined) groups.push([row]);
      else same.push(row);
    }
  }
  const found = [...byHash.values()].flat().filter((rows) => rows.length > 1);
  return found.sort((one, other) => one[0] - other[0]);
}

function equal(pixels: Uint8Array, one: number, other: number, length: number): boolean {
  for (let at = 0; at < length; at++) if (pixels[one + at] !== pixels[other + at]) return false;
  return true;
}

/** Which images of the reference are left out in turn: as many as the largest other split has, at even steps. */
export function ownRows(reference: SplitEntry, others: readonly SplitEntry[]): Int32Array {
  const size = reference.stop - reference.start;
  const wanted = Math.min(size, Math.max(...others.map(({ start, stop }) => stop - start), others.length === 0 ? size : 0));
  return Int32Array.from({ length: wanted }, (_, at) => Math.floor((at * size) / wanted));
}

/** Thrown where somebody wants no more of it. */
export class Cancelled extends Error {}

/**
 * Goes through the whole audit. `advance` is told what share is done and waited for, so that a worker hears of a wish to
 * stop; it throws `Cancelled` then.
 */
export async function audit(search: Search, manifest: Manifest, pixels: Uint8Array, advance: (share: number) => Promise<void>): Promise<Audit> {
  const { row_bytes: bytes } = manifest;
  const { reference, others } = roles(manifest.splits);
  const own = ownRows(reference, others);
  const total = others.reduce((sum, { start, stop }) => sum + stop - start, own.length);
  let done = 0;
  const searched = async (rows: (at: number) => number, count: number, without: boolean): Promise<Nearest> => {
    const found = { distance: new Int32Array(count), row: new Int32Array(count) };
    for (let first = 0; first < count; first += STRETCH) {
      const some = Math.min(STRETCH, count - first);
      const queries = new Uint8Array(some * bytes);
      const skip = new Int32Array(some).fill(-1);
      for (let at = 0; at < some; at++) {
        const row = rows(first + at);
        queries.set(pixels.subarray(row * bytes, (row + 1) * bytes), at * bytes);
        if (without) skip[at] = row;
      }
      const near = search.nearest(queries, reference.start, reference.stop, skip);
      found.distance.set(near.distance, first);
      found.row.set(near.row, first);
      done += some;
      await advance(done / total);
    }
    return found;
  };
  const nearest: Comparison[] = [];
  for (const { name, start, stop } of others) {
    const found = await searched((at) => start + at, stop - start, false);
    nearest.push(comparison(name, reference.name, false, Int32Array.from({ length: stop - start }, (_, at) => at), found, reference.start));
  }
  if (reference.stop - reference.start > 1) {
    const found = await searched((at) => reference.start + own[at], own.length, true);
    nearest.push(comparison(reference.name, reference.name, true, own, found, reference.start));
  }
  return {
    reference: reference.name,
    nearest,
    threshold: thresholdOf(nearest),
    duplicates: equalImages(pixels, bytes, manifest.n),
    pairs: total * (reference.stop - reference.start),
  };
}
