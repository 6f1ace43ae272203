import assert from "node:assert/strict";
import { test } from "node:test";
import { isSeen, placeOf, viewOf } from "../src/images/scene";

const [plane, size] = [{ width: 300, height: 234 }, { width: 900, height: 700 }];
const seen = (x: number, y: number, scale: number, ratio = 1) => isSeen(placeOf({ x, y, scale }, ratio), plane, size);

test("a view is what it was made of", () => {
  const place = { k: 12.5, x: -37.5, y: 50 };
  assert.deepEqual(placeOf(viewOf(place, 2), 2), place);
});

test("a view from which nothing of the plane is seen is told from one that shows some", () => {
  for (const [x, y, scale] of [[0, 0, 3], [299.9, 233.9, 50], [-17.9, -13.9, 50], [100, 100, 1120]]) assert.ok(seen(x, y, scale), `${x}`);
  for (const [x, y, scale] of [[300.1, 0, 50], [0, 234.1, 50], [-18.1, 0, 50], [0, -14.1, 50], [0, 0, 1e-300], [1e300, 0, 1e300], [1e9, 1e9, 50]]) assert.ok(!seen(x, y, scale), `${x}`);
});
