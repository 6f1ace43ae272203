import assert from "node:assert/strict";
import { test } from "node:test";
import { adjustedForDiscoveries, energyDistance, erfc, kolmogorov, kolmogorovSmirnov, permutationTest, pixelTests, randomNumbers } from "../src/drift";

const near = (found: number, wanted: number, part = 1e-9) => assert.ok(Math.abs(found - wanted) <= part * Math.abs(wanted) + 1e-300, `${found} for ${wanted}`);

// Numbers from SciPy: special.erfc, special.kolmogorov, stats.false_discovery_control, stats.chi2_contingency.
test("the complementary error function", () => {
  const known = [[0, 1], [0.1, 0.8875370839817152], [0.5, 0.4795001221869535], [1, 0.15729920705028513], [1.999, 0.0046984433486294865],
    [2, 0.004677734981047266], [3, 2.209049699858544e-5], [5, 1.5374597944280349e-12], [10, 2.088487583762545e-45], [-1, 1.8427007929497148]];
  for (const [x, wanted] of known) near(erfc(x), wanted);
});

test("Kolmogorov's distribution", () => {
  for (const [x, wanted] of [[0.5, 0.9639452436648751], [1, 0.26999967167735456], [1.5, 0.022217962616525127], [3, 3.0459959489425258e-8]]) near(kolmogorov(x), wanted, 1e-7);
  assert.equal(kolmogorov(0), 1);
});

test("false discoveries are those of Benjamini and Hochberg", () => {
  const found = adjustedForDiscoveries([0.01, 0.02, 0.03, 0.5]);
  [0.04, 0.04, 0.04, 0.5].forEach((wanted, at) => near(found[at], wanted));
  assert.deepEqual([...adjustedForDiscoveries([0.9, 0.95])], [0.95, 0.95]);
});

test("Kolmogorov and Smirnov's statistic counts ties once", () => {
  assert.equal(kolmogorovSmirnov([1, 1, 2], [1, 2, 2]).statistic, 1 / 3);
  assert.equal(kolmogorovSmirnov([1, NaN], [2]).statistic, 1);
  assert.ok(Number.isNaN(kolmogorovSmirnov([], [1]).p));
});

test("pixels are tested against the pooled share", () => {
  const { z, p, adjusted } = pixelTests([30, 0, 10], 100, [60, 0, 200], 200);
  near(z[2], 16.035674514745462);
  assert.equal(z[0], 0);
  assert.deepEqual([p[0], p[1]], [1, 1]);
  assert.ok(adjusted[2] < 1e-40);
});

test("the energy distance is twice the squared distance of the means", () => {
  assert.equal(energyDistance([1, 0], 2, [0, 4], 4), 2 * (0.25 + 1));
});

test("a permutation test finds what differs and not what does not", async () => {
  const random = randomNumbers(3);
  const images = Array.from({ length: 400 }, (_, row) => Array.from({ length: 8 }, () => Number(random() < (row < 250 ? 0.3 : 0.5))));
  const counts = (mask: Uint8Array) => images[0].map((_, pixel) => images.reduce((sum, image, row) => sum + mask[row] * image[pixel], 0));
  const rows = Uint32Array.from({ length: 400 }, (_, at) => at);
  const steps: number[] = [];
  const differing = await permutationTest(400, rows, 150, counts, async (share) => void steps.push(share), { permutations: 49 });
  assert.equal(differing.p, 1 / 50);
  assert.deepEqual([steps.length, steps.at(-1)], [49, 1]);
  const alike = await permutationTest(400, rows.subarray(0, 250), 100, counts, async () => undefined, { permutations: 49 });
  assert.ok(alike.p > 0.02);
});

test("random numbers are even and follow the seed", () => {
  const numbers = Array.from({ length: 20000 }, randomNumbers(1));
  const counts = Array<number>(10).fill(0);
  for (const one of numbers) counts[Math.floor(one * 10)]++;
  assert.ok(counts.every((count) => Math.abs(count - 2000) < 200), String(counts));
  assert.notEqual(randomNumbers(1)(), randomNumbers(2)());
});
