import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bins, groupedRows, NO_BAR, numberText, sortedRows, valueOf } from "../src/columns";
import type { Column, ColumnEntry } from "../src/model";

function column(stored: Column["stored"], scale = 1): Column {
  return { stored, entry: { name: "c", scale } as ColumnEntry };
}

const floats = fc.array(fc.oneof(fc.float({ noDefaultInfinity: true }), fc.constantFrom(NaN, 0, -0, 1, 1e30, -1e-30)), { maxLength: 60 }).map((all) => column(Float32Array.from(all)));
const whole = fc.oneof(
  fc.array(fc.integer({ min: -300, max: 3000 }), { maxLength: 60 }).map((all) => column(Int16Array.from(all))),
  fc.array(fc.integer({ min: -900, max: 7000 }), { maxLength: 60 }).map((all) => column(Int16Array.from(all), 1 / 256)),
  fc.array(fc.nat(2 ** 32 - 1), { maxLength: 60 }).map((all) => column(Uint32Array.from(all))),
);

test("every value is in the bar whose range has it, and in no other", () => {
  fc.assert(
    fc.property(fc.oneof(floats, whole), fc.constantFrom(2, 8, 12, 64), (of, most) => {
      const { index, ranges, count, labels } = bins(of, most);
      assert.ok(count <= most && ranges.length === count && labels.length === count);
      for (let row = 0; row < of.stored.length; row++) {
        const value = valueOf(of, row);
        const inside = ranges.flatMap(({ low, high, open }, bar) => (value >= low && (open ? value < high : value <= high) ? [bar] : []));
        assert.deepEqual(inside, Number.isNaN(value) ? [] : [index[row]]);
        if (Number.isNaN(value)) assert.equal(index[row], NO_BAR);
      }
    }),
  );
});

test("few integers have a bar each; many share bars of a round width", () => {
  assert.deepEqual(bins(column(Uint8Array.of(2, 0, 1))).labels, ["0", "1", "2"]);
  const ink = bins(column(Uint16Array.from({ length: 290 }, (_, at) => at + 17)));
  assert.deepEqual(ink.ranges[0], { low: 17, high: 19 });
  assert.deepEqual(ink.ranges[1], { low: 20, high: 24 });
  assert.equal(ink.count, 59);
});

test("rows are in the order of their values, equal ones in their own, those without a value last", () => {
  fc.assert(
    fc.property(fc.oneof(floats, whole), fc.boolean(), (of, descending) => {
      const rows = Array.from(of.stored, (_, row) => row);
      const rank = (row: number) => (descending ? -of.stored[row] : of.stored[row]);
      const valued = rows.filter((row) => !Number.isNaN(of.stored[row])).sort((one, other) => (rank(one) === rank(other) ? one - other : rank(one) - rank(other)));
      const expected = [...valued, ...rows.filter((row) => Number.isNaN(of.stored[row]))];
      assert.deepEqual([...sortedRows(of, descending)], expected);
    }),
  );
});

test("groups keep the order inside", () => {
  const groups = bins(column(Float32Array.of(2, 1, NaN, 2, 1)), 12);
  assert.deepEqual([...groupedRows(Uint32Array.of(4, 3, 2, 1, 0), groups)], [4, 1, 3, 0, 2]);
});

test("numbers are short", () => {
  assert.deepEqual([1234567, 0.1 + 0.2, -2.5, NaN].map(numberText), ["1,234,567", "0.3", "-2.5", "–"]);
});
