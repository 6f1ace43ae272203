import assert from "node:assert/strict";
import { test } from "node:test";
import { audit, Cancelled, equalImages, ownRows, roles, thresholdOf, type Comparison } from "../src/neighbours/audit";
import { searchAmong } from "../src/neighbours/search";
import type { Manifest } from "../src/model";

const splits = [
  { name: "train", start: 0, stop: 60, sha256: "" },
  { name: "validation", start: 60, stop: 80, sha256: "" },
  { name: "test", start: 80, stop: 100, sha256: "" },
];
const manifest = { n: 100, row_bytes: 2, splits } as unknown as Manifest;
const pixels = Uint8Array.from({ length: 200 }, (_, at) => Math.imul(at + 1, 2654435761) >>> 24);

const bits = (one: number, other: number) => [0, 1].reduce((sum, at) => sum + (pixels[2 * one + at] ^ pixels[2 * other + at]).toString(2).replaceAll("0", "").length, 0);

test("each image of another split finds its nearest, and those of train without themselves", async () => {
  const made = await audit(await searchAmong(pixels, 2), manifest, pixels, async () => undefined);
  assert.deepEqual(made.nearest.map(({ query, images, left_out }) => [query, images, left_out]), [["validation", 20, false], ["test", 20, false], ["train", 20, true]]);
  for (const { query, histogram, closest, mean, quantiles } of made.nearest) {
    const start = { validation: 60, test: 80, train: 0 }[query]!;
    const rows = Array.from({ length: 20 }, (_, at) => (query === "train" ? at * 3 : start + at));
    const least = rows.map((row) => Math.min(...Array.from({ length: 60 }, (_, other) => (other === row ? 99 : bits(row, other)))));
    assert.deepEqual(histogram, Array.from({ length: Math.max(...least) + 1 }, (_, distance) => least.filter((one) => one === distance).length));
    assert.equal(mean, least.reduce((one, other) => one + other) / 20);
    assert.equal(quantiles["0"], Math.min(...least));
    assert.equal(quantiles["1"], Math.max(...least));
    for (const [one, other, distance] of closest) assert.equal(bits(start + one, other), distance);
  }
  assert.equal(made.pairs, 60 * 60);
});

test("it stops when it is told to", async () => {
  const stop = async (share: number) => {
    if (share > 0.3) throw new Cancelled();
  };
  await assert.rejects(audit(await searchAmong(pixels, 2), manifest, pixels, stop), Cancelled);
});

test("equal images are grouped", () => {
  assert.deepEqual(equalImages(Uint8Array.of(1, 2, 3, 4, 1, 2, 1, 2, 3, 4, 9, 9), 2, 6), [[0, 2, 3], [1, 4]]);
});

test("train is the reference, or the largest split", () => {
  assert.equal(roles(splits).reference.name, "train");
  assert.equal(roles(splits.slice(1)).reference.name, "validation");
  assert.deepEqual([...ownRows(splits[0], [splits[1]])].slice(0, 4), [0, 3, 6, 9]);
  assert.equal(ownRows(splits[0], []).length, 60);
});

test("few images of the reference itself lie at or below the threshold", () => {
  const own = { query: "train", images: 10000, histogram: [0, 0, 4, 6, 1, 0, 90] } as unknown as Comparison;
  const other = { query: "test", images: 100, histogram: [1, 2, 3, 4, 5] } as unknown as Comparison;
  assert.deepEqual(thresholdOf([other, own]), { distance: 3, images_at_or_below: { test: 10, train: 10 } });
  const repeated = { ...own, histogram: [40, 1, 9959] } as unknown as Comparison; // more than a few are there twice
  assert.deepEqual(thresholdOf([other, repeated]), { distance: 0, images_at_or_below: { test: 1, train: 40 } });
});
