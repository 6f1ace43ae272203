import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cellOf, cellWords, relationsOf, strongestFirst } from "../src/relations";
import { INK, small } from "./small";

const data = small();

test("the rule of Know Your Data", () => {
  // E = 100 * 200 / 1000 = 20, sd = sqrt(20 * 0.9 * 0.8) = 3.7947..., so chance is 12.5624 to 27.4376.
  const low = 20 - 1.96 * Math.sqrt(20 * 0.9 * 0.8);
  const high = 20 + 1.96 * Math.sqrt(20 * 0.9 * 0.8);
  assert.deepEqual(cellOf(20, 100, 200, 1000), { observed: 20, expected: 20, factor: 1 });
  assert.equal(cellOf(13, 100, 200, 1000).factor, 1);
  assert.equal(cellOf(27, 100, 200, 1000).factor, 1);
  assert.equal(cellOf(55, 100, 200, 1000).factor, 55 / high);
  assert.equal(cellOf(5, 100, 200, 1000).factor, 5 / low);
  assert.equal(cellOf(0, 100, 200, 1000).factor, 0);
  assert.equal(cellOf(0, 0, 0, 0).factor, 1);
  assert.equal(cellWords(cellOf(0, 100, 200, 1000)), "0 images, expected 20, none at all");
  assert.equal(cellWords(cellOf(55, 100, 200, 1000)), "55 images, expected 20, 2.00x more");
  assert.equal(cellWords(cellOf(5, 100, 200, 1000)), "5 images, expected 20, 2.51x less");
});

test("counts are those of the rows that pass and have both values", () => {
  const mask = Uint8Array.from(INK, (ink) => (ink > 0 ? 1 : 0));
  const found = relationsOf(data.columns.get("colour")!, data.columns.get("split")!, mask);
  const expected = [0, 1, 2].map((colour) => [0, 1].map((split) => INK.filter((ink, row) => ink > 0 && row % 3 === colour && Number(row >= 7) === split).length));
  assert.deepEqual(found.cells.map((row) => row.map(({ observed }) => observed)), expected);
  assert.equal(found.total, 10);
  assert.equal(relationsOf(data.columns.get("nats_model")!, data.columns.get("split")!, mask).total, 4);
});

test("a stronger effect is never reported than the end of the interval gives", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(1000), fc.nat(1000), (observed, rowCount, columnCount) => {
      const { factor, expected } = cellOf(Math.min(observed, rowCount, columnCount), rowCount, columnCount, 1000);
      if (factor > 1) assert.ok(factor <= observed / expected);
      if (factor < 1) assert.ok(Math.min(observed, rowCount, columnCount) / expected <= factor);
    }),
  );
});

test("the strongest row comes first", () => {
  const cells = [[1, 1], [1, 0.5], [4, 1], [0, 1]].map((row) => row.map((factor) => ({ observed: 1, expected: 1, factor })));
  const found = { cells, downCounts: Uint32Array.of(9, 9, 9, 9) } as never;
  assert.deepEqual(strongestFirst(found), [3, 2, 1, 0]);
});
