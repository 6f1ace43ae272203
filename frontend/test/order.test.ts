import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { movingMean } from "../src/panels/order";

test("means of windows, and the band that a shuffled order would stay in", () => {
  const values = Float64Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  const found = movingMean(values, 4)!;
  assert.deepEqual(found.points, [[2, 1.5], [3, 2.5], [4, 3.5], [5, 4.5], [6, 5.5]]);
  assert.equal(found.mean, 3.5);
  assert.ok(Math.abs(found.band - (3 * Math.sqrt(5.25)) / 2) < 1e-12);
});

test("without a number there is no mean, and no verdict", () => {
  assert.equal(movingMean(Float64Array.of(NaN, NaN), 50), null);
  assert.equal(movingMean(new Float64Array(0), 50), null);
});

test("a window has as many values wherever some are missing", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constant(NaN)), { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (numbers, window) => {
      const known = numbers.map((value, at) => [value, at]).filter(([value]) => value === value);
      const found = movingMean(Float64Array.from(numbers), window, 1000);
      if (known.length === 0) return assert.equal(found, null);
      const size = Math.min(window, known.length);
      const expected = known.slice(0, known.length - size + 1).map((_, from) => {
        const some = known.slice(from, from + size);
        return [(some[0][1] + some.at(-1)![1] + 1) / 2, some.reduce((sum, [value]) => sum + value, 0) / size];
      });
      assert.equal(found!.points.length, expected.length);
      for (const [at, [place, mean]] of expected.entries()) {
        assert.equal(found!.points[at][0], place);
        assert.ok(Math.abs(found!.points[at][1] - mean) < 1e-9);
      }
    }),
  );
});
