import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { groupedRows, bins, GROUPS } from "../src/columns";
import { columns, grid, groupedGrid, layoutOf, placesOf, scatter, scattered } from "../src/layouts";
import type { Layout } from "../src/model";
import { column, dataset } from "./made";

const room = { width: 900, height: 600, heading: 20 };
const rooms = fc.record({ width: fc.integer({ min: 1, max: 3000 }), height: fc.integer({ min: 1, max: 2000 }), heading: fc.integer({ min: 1, max: 40 }) });

function holdsOnce(layout: Layout, rows: Uint32Array): void {
  assert.equal(layout.cells.length, layout.width * layout.height);
  assert.deepEqual([...layout.cells].filter((row) => row >= 0).sort((one, other) => one - other), [...rows].sort((one, other) => one - other));
}

const selections = fc.integer({ min: 0, max: 300 }).chain((n) =>
  fc.record({
    rows: fc.shuffledSubarray(Array.from({ length: n }, (_, row) => row)).map((rows) => Uint32Array.from(rows)),
    whole: fc.array(fc.nat(500), { minLength: n, maxLength: n }).map((values) => column("whole", Uint16Array.from(values))),
    real: fc.array(fc.oneof(fc.constant(NaN), fc.float({ min: -100, max: 100, noNaN: true })), { minLength: n, maxLength: n }).map((values) => column("real", Float32Array.from(values), { kind: "real" })),
    kinds: fc.array(fc.nat(2), { minLength: n, maxLength: n }).map((values) => column("kind", Uint8Array.from(values), { kind: "category", categories: ["a", "b", "c"] })),
  }),
);

test("every layout holds every image of the selection exactly once", () => {
  fc.assert(
    fc.property(selections, rooms, ({ rows, whole, real, kinds }, room) => {
      holdsOnce(grid(rows, room), rows);
      for (const one of [whole, real, kinds]) {
        if (rows.length > 0) holdsOnce(groupedGrid(groupedRows(rows, bins(one, GROUPS)), one, room), rows);
        holdsOnce(columns(rows, one, room), rows);
        holdsOnce(scatter(rows, one, whole, room), rows);
        holdsOnce(scatter(rows, kinds, one, room), rows);
      }
    }),
    { numRuns: 60 },
  );
});

test("a grid reads from left to right and fills the room", () => {
  const rows = Uint32Array.from({ length: 70000 }, (_, row) => 69999 - row);
  const made = grid(rows, room);
  assert.deepEqual(made.cells.subarray(0, 70000), Int32Array.from(rows));
  const scale = room.width / made.width;
  assert.ok(made.height * scale <= room.height);
  assert.ok(Math.ceil(70000 / (made.width - 1)) * (room.width / (made.width - 1)) > room.height, "one column fewer would not fit");
});

test("groups lie one below the other, each under its heading, and fit the room", () => {
  const kinds = column("kind", Uint8Array.from({ length: 5000 }, (_, row) => row % 3), { title: "Kind", kind: "category", categories: ["a", "b", "c"] });
  const rows = groupedRows(Uint32Array.from({ length: 5000 }, (_, row) => row), bins(kinds, GROUPS));
  const made = groupedGrid(rows, kinds, room);
  assert.deepEqual(made.headings.map(({ text, count }) => [text, count]), [["Kind: a", 1667], ["Kind: b", 1667], ["Kind: c", 1666]]);
  const scale = room.width / made.width;
  assert.ok(made.height * scale <= room.height);
  for (const [at, { y }] of made.headings.entries()) {
    assert.equal(made.cells[y * made.width] % 3, at);
    const above = Math.ceil(room.heading / scale);
    for (let line = y - above; line < y; line++) assert.ok(made.cells.subarray(line * made.width, (line + 1) * made.width).every((row) => row === -1));
  }
});

test("stacks of images are as high as the bars of the histogram", () => {
  const whole = column("whole", Uint8Array.from([0, 0, 0, 1, 3, 3]));
  const made = columns(Uint32Array.from([5, 4, 3, 2, 1, 0]), whole, { width: 4, height: 3, heading: 0 });
  assert.deepEqual([made.width, made.height], [4, 3]);
  assert.deepEqual([...made.cells], [0, -1, -1, -1, 1, -1, -1, 4, 2, 3, -1, 5]);
  assert.deepEqual(made.axes!.x.ticks, [0, 1, 2, 3].map((bar) => ({ at: bar + 0.5, text: String(bar) })));
});

test("what shares a place in a cloud lies around it, the first in the middle", () => {
  const zeros = new Int32Array(9).fill(2);
  const cells = scattered(Uint32Array.from({ length: 9 }, (_, row) => row), zeros, zeros, 5, 5);
  assert.equal(cells[12], 0);
  for (let row = 0; row < 9; row++) {
    const at = cells.indexOf(row);
    assert.ok(Math.abs((at % 5) - 2) <= 1 && Math.abs(Math.floor(at / 5) - 2) <= 1);
  }
});

test("a cloud keeps the order of the values, low ones left and below", () => {
  const x = column("x", Uint16Array.from([0, 500, 1000]));
  const y = column("y", Float32Array.from([2, 1, 0]), { kind: "real" });
  const made = scatter(Uint32Array.of(0, 1, 2), x, y, room);
  const places = placesOf(made, 3);
  const across = [...places].map((place) => place % made.width);
  const down = [...places].map((place) => Math.floor(place / made.width));
  assert.ok(across[0] < across[1] && across[1] < across[2]);
  assert.ok(down[0] < down[1] && down[1] < down[2]);
  assert.equal(made.axes!.x.ticks[0].text, "0");
  assert.equal(made.axes!.y!.ticks.at(-1)!.text, "2");
});

test("a layout that the data cannot have is a grid", () => {
  const data = dataset({ n: 6, height: 2, width: 2 });
  const made = layoutOf(data, Uint32Array.of(1, 2), { layout: "columns", group: "none", x: "none", y: "none" }, room);
  assert.deepEqual([...made.cells].filter((row) => row >= 0), [1, 2]);
  assert.equal(layoutOf(data, new Uint32Array(0), { layout: "grid", group: null, x: "", y: "" }, room).cells.every((row) => row === -1), true);
});
