import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { outlinePath, rowsInLasso, type Point } from "../src/images/lasso";
import { grid, scatter } from "../src/layouts";
import type { Layout } from "../src/model";
import { column } from "./made";

const room = { width: 640, height: 400, heading: 20 };
const N = 900;
const rows = Uint32Array.from({ length: N }, (_, at) => at);
const x = column("x", Uint16Array.from(rows, (row) => (row * 7919) % 211));
const y = column("y", Float32Array.from(rows, (row) => Math.sin(row) * (row % 37)), { kind: "real" });
const layouts: Layout[] = [grid(rows, room), scatter(rows, x, y, room)];

/** Whether a point is inside, by a ray to the right and every edge (Franklin's PNPOLY). */
function inside([px, py]: Point, outline: readonly Point[]): boolean {
  let found = false;
  for (let at = 0; at < outline.length; at++) {
    const [[x1, y1], [x2, y2]] = [outline[(at + outline.length - 1) % outline.length], outline[at]];
    if (y1 > py !== y2 > py && px < x1 + ((py - y1) / (y2 - y1)) * (x2 - x1)) found = !found;
  }
  return found;
}

test("a line holds the images whose middles are inside, one by one", () => {
  const points = fc.array(fc.tuple(fc.double({ min: -100, max: 800, noNaN: true }), fc.double({ min: -100, max: 600, noNaN: true })), { maxLength: 24 });
  const places = fc.record({ k: fc.double({ min: 0.5, max: 60, noNaN: true }), x: fc.double({ min: -300, max: 300, noNaN: true }), y: fc.double({ min: -300, max: 300, noNaN: true }) });
  fc.assert(
    fc.property(fc.constantFrom(...layouts), places, points, (layout, place, outline) => {
      const wanted: number[] = [];
      for (const [cell, row] of layout.cells.entries()) {
        const middle: Point = [place.x + place.k * ((cell % layout.width) + 0.5), place.y + place.k * (Math.floor(cell / layout.width) + 0.5)];
        if (row >= 0 && inside(middle, outline)) wanted.push(row);
      }
      assert.deepEqual(rowsInLasso(layout, place, outline), wanted);
    }),
    { numRuns: 300 },
  );
});

test("a line around everything holds everything, one that crosses itself not its twice enclosed part", () => {
  const place = { k: 10, x: 0, y: 0 };
  const [layout] = layouts;
  const around: Point[] = [[-1, -1], [9999, -1], [9999, 9999], [-1, 9999]];
  assert.equal(rowsInLasso(layout, place, around).length, N);
  assert.equal(rowsInLasso(layout, place, [...around, ...around]).length, 0);
  assert.deepEqual(rowsInLasso(layout, place, [[1, 1], [5, 5]]), []);
  assert.equal(outlinePath([[1, 2], [3.25, 4]]), "M1.0 2.0L3.3 4.0Z");
});
