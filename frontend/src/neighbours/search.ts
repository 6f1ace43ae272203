// Exact search among packed images by Hamming distance: with WebAssembly where there are 128-bit vectors, else in plain
// JavaScript. Both give the same answers, to the row.

import binary from "./hamming.wat";

export const FURTHEST = 0xffff;

/** Images to be searched. Queries and images are `rowBytes` bytes each, eight pixels to a byte. */
export interface Search {
  readonly engine: "wasm" | "javascript";
  /** The distance of every image to the query: pixels that differ. The array is used again by the next call. */
  distances(query: Uint8Array): Uint16Array;
  /**
   * The nearest image of each query, the first of several. `from` and `to` say among which images; `without[i]` is a row
   * that does not count for query i, or -1.
   */
  nearest(queries: Uint8Array, from: number, to: number, without?: Int32Array): Nearest;
}

export interface Nearest {
  readonly distance: Int32Array;
  readonly row: Int32Array;
}

const VECTOR = 16; // bytes
const MOST_VECTORS = 31;
const BLOCK = 2048; // images that stay in a core's cache while many queries pass
const PAGE = 65536;

interface Kernel {
  readonly memory: WebAssembly.Memory;
  distances(query: number, corpus: number, count: number, vectors: number, out: number): void;
  nearest(query: number, queries: number, corpus: number, count: number, vectors: number, first: number, best: number, row: number, without: number): void;
}

/** The kernel, or null where the browser has no vectors or forbids WebAssembly. */
async function kernel(): Promise<Kernel | null> {
  try {
    const { instance } = await WebAssembly.instantiate(binary as BufferSource);
    return instance.exports as unknown as Kernel;
  } catch {
    return null;
  }
}

/** The images of `pixels` made ready. `engine` asks for plain JavaScript where it is "javascript". */
export async function searchAmong(pixels: Uint8Array, rowBytes: number, engine?: "javascript"): Promise<Search> {
  const vectors = Math.ceil(rowBytes / VECTOR);
  const found = engine === "javascript" || vectors > MOST_VECTORS ? null : await kernel();
  return found === null ? plainSearch(pixels, rowBytes) : vectorSearch(found, pixels, rowBytes, vectors);
}

/** Where the parts of the kernel's memory begin. */
function vectorSearch(run: Kernel, pixels: Uint8Array, rowBytes: number, vectors: number): Search {
  const bytes = vectors * VECTOR;
  const n = Math.floor(pixels.length / rowBytes);
  const most = 1024; // queries at once
  const corpus = most * bytes;
  const out = corpus + n * bytes;
  const best = Math.ceil((out + 2 * n) / VECTOR) * VECTOR;
  const [row, without] = [best + 4 * most, best + 8 * most];
  run.memory.grow(Math.ceil((without + 4 * most) / PAGE));
  const memory = run.memory.buffer;
  const store = (at: number, source: Uint8Array, count: number) => {
    const target = new Uint8Array(memory, at, count * bytes);
    target.fill(0);
    for (let image = 0; image < count; image++) target.set(source.subarray(image * rowBytes, (image + 1) * rowBytes), image * bytes);
  };
  store(corpus, pixels, n);
  return {
    engine: "wasm",
    distances(query) {
      store(0, query, 1);
      run.distances(0, corpus, n, vectors, out);
      return new Uint16Array(memory, out, n);
    },
    nearest(queries, from, to, skipped) {
      const count = queries.length / rowBytes;
      const found = { distance: new Int32Array(count), row: new Int32Array(count) };
      for (let first = 0; first < count; first += most) {
        const some = Math.min(most, count - first);
        store(0, queries.subarray(first * rowBytes, (first + some) * rowBytes), some);
        new Int32Array(memory, best, some).fill(FURTHEST);
        const skips = new Int32Array(memory, without, some).fill(-1);
        if (skipped !== undefined) skips.set(skipped.subarray(first, first + some));
        for (let block = from; block < to; block += BLOCK) {
          run.nearest(0, some, corpus + block * bytes, Math.min(BLOCK, to - block), vectors, block, best, row, without);
        }
        found.distance.set(new Int32Array(memory, best, some), first);
        found.row.set(new Int32Array(memory, row, some), first);
      }
      return found;
    },
  };
}

function words(bytes: Uint8Array, rowBytes: number): [Uint32Array, number] {
  const each = Math.ceil(rowBytes / 4);
  const n = Math.floor(bytes.length / rowBytes);
  const made = new Uint8Array(n * each * 4);
  for (let image = 0; image < n; image++) made.set(bytes.subarray(image * rowBytes, (image + 1) * rowBytes), image * each * 4);
  return [new Uint32Array(made.buffer), each];
}

function plainSearch(pixels: Uint8Array, rowBytes: number): Search {
  const [corpus, each] = words(pixels, rowBytes);
  const n = corpus.length / each;
  const out = new Uint16Array(n);
  const distance = (query: Uint32Array, from: number, image: number) => {
    let sum = 0;
    for (let word = 0, at = image * each; word < each; word++, at++) {
      let differing = corpus[at] ^ query[from + word];
      differing -= (differing >>> 1) & 0x55555555;
      differing = (differing & 0x33333333) + ((differing >>> 2) & 0x33333333);
      sum += Math.imul((differing + (differing >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    return sum;
  };
  return {
    engine: "javascript",
    distances(query) {
      const [wanted] = words(query, rowBytes);
      for (let image = 0; image < n; image++) out[image] = distance(wanted, 0, image);
      return out;
    },
    nearest(queries, from, to, without) {
      const [wanted] = words(queries, rowBytes);
      const count = wanted.length / each;
      const found = { distance: new Int32Array(count).fill(FURTHEST), row: new Int32Array(count) };
      for (let query = 0; query < count; query++) {
        for (let image = from; image < to; image++) {
          if (without !== undefined && without[query] === image) continue;
          const one = distance(wanted, query * each, image);
          if (one < found.distance[query]) {
            found.distance[query] = one;
            found.row[query] = image;
          }
        }
      }
      return found;
    },
  };
}

/** The rows with the smallest distances, nearest first; of equal ones the first. `allowed` says which rows may be among them. */
export function smallest(distances: Uint16Array, count: number, allowed?: Uint8Array): { rows: Uint32Array; distances: Uint16Array } {
  const histogram = new Uint32Array(FURTHEST + 1);
  let total = 0;
  for (let row = 0; row < distances.length; row++) {
    if (allowed === undefined || allowed[row] === 1) {
      histogram[distances[row]]++;
      total++;
    }
  }
  const wanted = Math.min(count, total);
  const starts = new Uint32Array(FURTHEST + 2);
  let limit = 0;
  for (; limit <= FURTHEST && starts[limit] < wanted; limit++) starts[limit + 1] = starts[limit] + histogram[limit];
  const rows = new Uint32Array(wanted);
  for (let row = 0; row < distances.length; row++) {
    if (distances[row] < limit && (allowed === undefined || allowed[row] === 1)) {
      const place = starts[distances[row]]++;
      if (place < wanted) rows[place] = row;
    }
  }
  return { rows, distances: Uint16Array.from(rows, (row) => distances[row]) };
}

/** An image moved by whole pixels; what comes in from outside is blank. */
export function shifted(image: Uint8Array, width: number, height: number, right: number, down: number): Uint8Array {
  const made = new Uint8Array(image.length);
  for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
    for (let x = Math.max(0, right); x < Math.min(width, width + right); x++) {
      const [from, to] = [(y - down) * width + x - right, y * width + x];
      if ((image[from >> 3] >> (7 - (from & 7))) & 1) made[to >> 3] |= 0x80 >> (to & 7);
    }
  }
  return made;
}

/** The distance of every image to the query or to the best of its moves by up to `most` pixels in both directions. */
export function distancesWithShifts(search: Search, query: Uint8Array, width: number, height: number, most: number): Uint16Array {
  const best = search.distances(query).slice();
  for (let down = -most; down <= most; down++) {
    for (let right = -most; right <= most; right++) {
      if (right === 0 && down === 0) continue;
      const found = search.distances(shifted(query, width, height, right, down));
      for (let row = 0; row < best.length; row++) if (found[row] < best[row]) best[row] = found[row];
    }
  }
  return best;
}
