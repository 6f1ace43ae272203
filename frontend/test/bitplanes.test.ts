import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { countRows, entropy, inkCounts, planesOf, rowBits, rowsWith, variance } from "../src/bitplanes";
import { dataset, inkOf } from "./made";

const sizes = fc.record({ n: fc.integer({ min: 1, max: 140 }), height: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 1, max: 9 }) });

function counted(data: ReturnType<typeof dataset>, passes: (row: number) => boolean): number[] {
  const { n, height, width } = data.manifest;
  const counts = new Array<number>(height * width).fill(0);
  for (let row = 0; row < n; row++) {
    if (passes(row)) for (let pixel = 0; pixel < counts.length; pixel++) counts[pixel] += inkOf(data, row, pixel % width, Math.floor(pixel / width));
  }
  return counts;
}

test("counts of any selection are those of counting one by one", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.func(fc.boolean()), (size, seed, chosen) => {
      const data = dataset(size, seed);
      const mask = Uint8Array.from({ length: size.n }, (_, row) => Number(chosen(row)));
      const rows = rowBits(mask);
      assert.equal(countRows(rows), mask.reduce((sum, one) => sum + one, 0));
      assert.deepEqual([...inkCounts(planesOf(data), rows)], counted(data, (row) => mask[row] === 1));
    }),
  );
});

test("rows with a pixel inked or blank, and counts among them", () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), fc.boolean(), (size, seed, at, ink) => {
      const data = dataset(size, seed);
      const pixel = at % (size.height * size.width);
      const planes = planesOf(data);
      const rows = rowsWith(planes, rowBits(new Uint8Array(size.n).fill(1)), pixel, ink);
      const passes = (row: number) => (inkOf(data, row, pixel % size.width, Math.floor(pixel / size.width)) === 1) === ink;
      assert.deepEqual([...inkCounts(planes, rows)], counted(data, passes));
      assert.equal(countRows(rows), Array.from({ length: size.n }, (_, row) => row).filter(passes).length);
    }),
  );
});

test("entropy in bits and variance of a pixel", () => {
  assert.deepEqual([0, 0.5, 1].map(entropy), [0, 1, 0]);
  assert.ok(Math.abs(entropy(0.25) - (2 - 0.75 * Math.log2(3))) < 1e-15);
  assert.equal(variance(0.25), 0.1875);
});
