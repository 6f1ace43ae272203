// The map of the images: their first two principal components, exact and the same every time.

import { countRows, inkCounts, rowsWith, type Planes } from "./bitplanes";
import type { Manifest } from "./model";
import type { Projection } from "./neighbours/messages";

const TURNS = 300; // of the power iteration, at most
const STILL = 1e-10;

/** The covariance of the pixels: counts of common ink over all images. */
async function covariance(planes: Planes, n: number, advance: (share: number) => Promise<void>): Promise<Float64Array> {
  const { count, words } = planes;
  const all = new Uint32Array(words).fill(0xffffffff);
  if (n % 32 !== 0) all[words - 1] = 2 ** (n % 32) - 1;
  const means = Float64Array.from(inkCounts(planes, all), (ink) => ink / n);
  const made = new Float64Array(count * count);
  for (let pixel = 0; pixel < count; pixel++) {
    const rows = rowsWith(planes, all, pixel);
    if (countRows(rows) > 0) {
      const common = inkCounts(planes, rows);
      for (let other = 0; other < count; other++) made[pixel * count + other] = common[other] / n - means[pixel] * means[other];
    }
    if (pixel % 8 === 0) await advance((0.9 * pixel) / count);
  }
  return made;
}

/** The two strongest directions by subspace iteration; signs are fixed, so that the map does not flip. */
function directions(matrix: Float64Array, count: number): { readonly vectors: Float64Array[]; readonly values: number[] } {
  let vectors: Float64Array[] = [0, 1].map((which) => Float64Array.from({ length: count }, (_, at) => 1 + ((at * (which + 3)) % 17) / 17 - which * (at % 2)));
  let values = [0, 0];
  for (let turn = 0; turn < TURNS; turn++) {
    const next = vectors.map((vector) => product(matrix, vector, count));
    next[0] = scaled(next[0]);
    const along = dot(next[0], next[1]);
    next[1] = scaled(next[1].map((value, at) => value - along * next[0][at]));
    const now = next.map((vector) => dot(vector, product(matrix, vector, count)));
    const moved = Math.max(...now.map((value, at) => Math.abs(value - values[at]) / (value || 1)));
    [vectors, values] = [next, now];
    if (moved < STILL) break;
  }
  return { vectors: vectors.map((vector) => (vector.reduce((one, other) => (Math.abs(other) > Math.abs(one) ? other : one), 0) < 0 ? vector.map((value) => -value) : vector)), values };
}

function product(matrix: Float64Array, vector: Float64Array, count: number): Float64Array {
  const made = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    let sum = 0;
    for (let at = 0; at < count; at++) sum += matrix[row * count + at] * vector[at];
    made[row] = sum;
  }
  return made;
}

const dot = (one: Float64Array, other: Float64Array) => one.reduce((sum, value, at) => sum + value * other[at], 0);
const scaled = (vector: Float64Array) => {
  const length = Math.sqrt(dot(vector, vector)) || 1;
  return vector.map((value) => value / length);
};

export async function principalComponents(planes: Planes, pixels: Uint8Array, { n, row_bytes: bytes }: Manifest, advance: (share: number) => Promise<void>): Promise<Projection> {
  const { count } = planes;
  const matrix = await covariance(planes, n, advance);
  const { vectors, values } = directions(matrix, count);
  let total = 0;
  for (let pixel = 0; pixel < count; pixel++) total += matrix[pixel * count + pixel];
  // A byte's eight pixels add one of 256 sums.
  const sums = vectors.map((vector) =>
    Float64Array.from({ length: bytes * 256 }, (_, at) => {
      let sum = 0;
      for (let bit = 0; bit < 8; bit++) if ((at >> (7 - bit)) & 1) sum += vector[8 * (at >> 8) + bit] ?? 0;
      return sum;
    }),
  );
  const [x, y] = sums.map((table) => {
    const along = new Float32Array(n);
    for (let row = 0; row < n; row++) {
      let sum = 0;
      for (let byte = 0; byte < bytes; byte++) sum += table[byte * 256 + pixels[row * bytes + byte]];
      along[row] = sum;
    }
    return along;
  });
  await advance(1);
  return { x, y, explained: [values[0] / (total || 1), values[1] / (total || 1)] };
}
