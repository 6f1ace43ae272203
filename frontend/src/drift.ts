// Whether two sets of images look like draws from one distribution. The same tests as `onebit audit` makes: see
// onebit/auditing/drift.py for the methods and their sources.

export interface PixelTests {
  readonly z: Float64Array; // above 0 where the second set has more ink
  readonly p: Float64Array; // two-sided
  readonly adjusted: Float64Array; // the smallest false discovery rate at which the pixel counts as different
}

export const FALSE_DISCOVERY_RATE = 0.05;

/** The two-proportion z-test of each pixel: in how many of the images of both sets it is ink. */
export function pixelTests(first: ArrayLike<number>, nFirst: number, second: ArrayLike<number>, nSecond: number): PixelTests {
  const z = Float64Array.from({ length: first.length }, (_, at) => {
    const pooled = (first[at] + second[at]) / (nFirst + nSecond);
    const variance = pooled * (1 - pooled) * (1 / nFirst + 1 / nSecond);
    return variance > 0 ? (second[at] / nSecond - first[at] / nFirst) / Math.sqrt(variance) : 0;
  });
  const p = z.map((value) => erfc(Math.abs(value) / Math.SQRT2));
  return { z, p, adjusted: adjustedForDiscoveries(p) };
}

/** P-values adjusted for the false discovery rate, after Benjamini & Hochberg (1995). */
export function adjustedForDiscoveries(p: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: p.length }, (_, at) => at).sort((a, b) => p[a] - p[b] || a - b);
  const adjusted = new Float64Array(p.length);
  let least = 1;
  for (let rank = p.length; rank >= 1; rank--) {
    const at = order[rank - 1];
    least = Math.min(least, (p[at] * p.length) / rank);
    adjusted[at] = least;
  }
  return adjusted;
}

/** The complementary error function, to about 1e-15 of its value (series below 2, a continued fraction above). */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let [term, sum] = [x, x];
    for (let k = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && k < 200; k++) {
      term *= (-x * x) / k;
      sum += term / (2 * k + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let k = 120; k >= 1; k--) fraction = k / 2 / (x + fraction);
  return Math.exp(-x * x) / ((x + fraction) * Math.sqrt(Math.PI));
}

export interface NumberTest {
  readonly statistic: number;
  readonly p: number;
}

/** The two-sample Kolmogorov-Smirnov test; NaN is left out. Both samples need a number. */
export function kolmogorovSmirnov(first: ArrayLike<number>, second: ArrayLike<number>): NumberTest {
  const [a, b] = [first, second].map((sample) => Float64Array.from(sample).filter((value) => value === value).sort());
  if (a.length === 0 || b.length === 0) return { statistic: NaN, p: NaN };
  let [i, j, statistic] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i], b[j]);
    while (i < a.length && a[i] === value) i++;
    while (j < b.length && b[j] === value) j++;
    statistic = Math.max(statistic, Math.abs(i / a.length - j / b.length));
  }
  return { statistic, p: kolmogorov(statistic * Math.sqrt((a.length * b.length) / (a.length + b.length))) };
}

/** The probability that Kolmogorov's limit distribution gives to numbers above x. */
export function kolmogorov(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  if (x < 1.18) {
    for (let k = 1; k <= 5; k++) sum += Math.exp((-((2 * k - 1) ** 2) * Math.PI ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let k = 1; k <= 5; k++) sum += (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, 2 * sum);
}

/** The energy distance with the Hamming distance: twice the squared distance of the mean images. In pixels. */
export function energyDistance(first: ArrayLike<number>, nFirst: number, second: ArrayLike<number>, nSecond: number): number {
  let sum = 0;
  for (let at = 0; at < first.length; at++) sum += (first[at] / nFirst - second[at] / nSecond) ** 2;
  return 2 * sum;
}

export interface PermutationTest {
  readonly energy_distance: number;
  readonly p: number;
  readonly permutations: number;
  readonly seed: number;
}

/** Random numbers from 0 to below 1 by a seed (xoshiro128**, Blackman & Vigna 2018), the same everywhere. */
export function randomNumbers(seed: number): () => number {
  const state = new Uint32Array(4);
  let mixed = seed >>> 0;
  for (let at = 0; at < 4; at++) {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let word = mixed;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    state[at] = word ^ (word >>> 16);
  }
  const turned = (word: number, by: number) => (word << by) | (word >>> (32 - by));
  return () => {
    const word = Math.imul(turned(Math.imul(state[1], 5), 7), 9) >>> 0;
    const kept = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= kept;
    state[3] = turned(state[3], 11);
    return word / 2 ** 32;
  };
}

/**
 * Tests the images as a whole. `rows` are those of both sets, the second set's last; `counts` gives the ink of each pixel
 * over the rows of a mask. `advance` is told what share is done and may throw to stop.
 */
export async function permutationTest(
  n: number,
  rows: Uint32Array,
  nSecond: number,
  counts: (mask: Uint8Array) => ArrayLike<number>,
  advance: (share: number) => Promise<void>,
  { permutations = 199, seed = 0 } = {},
): Promise<PermutationTest> {
  const mask = new Uint8Array(n);
  for (const row of rows) mask[row] = 1;
  const all = Float64Array.from(counts(mask));
  const random = randomNumbers(seed);
  const nFirst = rows.length - nSecond;
  const distance = (chosen: Uint32Array) => {
    mask.fill(0);
    for (const row of chosen) mask[row] = 1;
    const second = counts(mask);
    return energyDistance(all.map((count, at) => count - second[at]), nFirst, second, nSecond);
  };
  const seen = distance(rows.subarray(nFirst));
  const shuffled = rows.slice();
  let large = 1;
  for (let turn = 0; turn < permutations; turn++) {
    for (let at = 0; at < nSecond; at++) {
      const other = at + Math.floor(random() * (shuffled.length - at));
      [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]];
    }
    if (distance(shuffled.subarray(0, nSecond)) >= seen * (1 - 1e-12)) large++;
    await advance((turn + 1) / permutations);
  }
  return { energy_distance: seen, p: large / (1 + permutations), permutations, seed };
}
