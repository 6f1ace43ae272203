import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bins, type Range } from "../src/columns";
import { crossing, filterText, filterWords, intervalsOf, negation, parseFilter, passing, type Filter } from "../src/filters";
import { dataset, inkOf } from "./made";
import { barsFilter } from "../src/statistics";
import { INK, isInk, NATS, small } from "./small";

const data = small();
const { n } = data.manifest;

const bound = fc.oneof(fc.integer({ min: -20, max: 120 }), fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
const range: fc.Arbitrary<Range> = fc.oneof(
  bound.map((value) => ({ low: value, high: value })),
  fc.tuple(bound, bound).map(([low, high]) => ({ low, high })),
  fc.tuple(bound, bound).map(([low, high]) => ({ low, high, open: true })),
  bound.map((low) => ({ low, high: Infinity })),
  fc.constant({ low: -Infinity, high: Infinity }),
  bound.map((high) => ({ low: -Infinity, high, open: true })),
);
const rows = fc.uniqueArray(fc.nat(n - 1));
const filters: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ kind: fc.constant("range" as const), column: fc.constantFrom("ink", "centroid_x", "nats_model"), ranges: fc.array(range, { minLength: 1, maxLength: 3 }), negated: fc.boolean() }),
  fc.record({ kind: fc.constant("name" as const), column: fc.constant("colour"), names: fc.uniqueArray(fc.constantFrom("a,b", "c;~d", "!e:/@"), { minLength: 1 }), negated: fc.boolean() }),
  fc.record({ kind: fc.constant("pixel" as const), x: fc.nat(4), y: fc.nat(2), ink: fc.boolean() }),
  fc.record({ kind: fc.constant("rows" as const), intervals: rows.map(cut), negated: fc.boolean() }),
);

/** Intervals as they come back from a text: cut where a split ends, unless it is joined again. */
function cut(some: number[]): [number, number][] {
  return intervalsOf(some);
}

test("a filter's text says the same filter", () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const text = filterText(filter, data);
      assert.ok(!text.includes(","), text);
      const read = parseFilter(text, data);
      assert.deepEqual(read, { ...filter });
      assert.deepEqual(passing(read!, data), passing(filter, data));
    }),
  );
});

test("the filter of every bar is a text that lets the bar pass", () => {
  for (const [name, column] of data.columns) {
    for (const most of [64, 16, 8, 2]) {
      const { count, index } = bins(column, most);
      for (let bar = 0; bar < count; bar++) {
        const text = filterText(barsFilter(column, bar, bar, most), data);
        const read = parseFilter(text, data);
        assert.ok(read !== null, `${name}: ${text}`);
        assert.deepEqual([...passing(read, data)], Array.from(index, (one) => Number(one === bar)), text);
      }
    }
  }
});

test("any text is a filter or none", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseFilter(text, data)));
  for (const text of ["ink", "ink:", "ink:a", "ink:1..<", "other:1", "ink@9.0:1", "ink@0.0:2", "rows:test/5", "rows:none/1", "rows:test/3..1", "colour:red", "ink:1:2", "ink:--1"]) {
    assert.equal(parseFilter(text, data), null, text);
  }
});

test("filters let pass what they say", () => {
  const passed = (text: string) => [...passing(parseFilter(text, data)!, data)];
  const by = (wanted: (row: number) => boolean) => Array.from({ length: n }, (_, row) => Number(wanted(row)));
  assert.deepEqual(passed("ink:3..5"), by((row) => INK[row] >= 3 && INK[row] <= 5));
  assert.deepEqual(passed("ink:0;15"), by((row) => INK[row] === 0 || INK[row] === 15));
  assert.deepEqual(passed("!ink:3..<5"), by((row) => !(INK[row] >= 3 && INK[row] < 5)));
  assert.deepEqual(passed("centroid_x:2..2.00390625"), by((row) => row === 2 || row === 3));
  assert.deepEqual(passed("nats_model:..80"), by((row) => NATS[row] <= 80));
  assert.deepEqual(passed("nats_model:.."), by((row) => row >= 7));
  assert.deepEqual(passed("!nats_model:.."), by((row) => row < 7));
  assert.deepEqual(passed("split:test"), by((row) => row >= 7));
  assert.deepEqual(passed("rows:train/5..6;test/0"), by((row) => row >= 5 && row <= 7));
  assert.deepEqual(passed("ink@3.2:1"), by((row) => isInk(data, row, 3, 2)));
});

test("a negated filter lets pass all the others", () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const [one, other] = [passing(filter, data), passing(negation(filter), data)];
      assert.ok(one.every((passed, row) => passed + other[row] === 1));
    }),
  );
});

test("filters act together; the crossing knows which single subject refuses a row", () => {
  fc.assert(
    fc.property(fc.array(filters, { maxLength: 5 }), (some) => {
      const crossed = crossing(some, (filter) => passing(filter, data), n);
      const subjects = new Map<string, Uint8Array>();
      for (const filter of some) {
        const name = filter.kind === "rows" ? "rows" : filter.kind === "pixel" ? `ink@${filter.x}.${filter.y}` : filter.column;
        const before = subjects.get(name) ?? new Uint8Array(n).fill(1);
        subjects.set(name, passing(filter, data).map((one, row) => one & before[row]));
      }
      for (let row = 0; row < n; row++) {
        const refusing = [...subjects].filter(([, mask]) => mask[row] === 0).map(([name]) => name);
        assert.equal(crossed.refusals[row], refusing.length);
        if (refusing.length === 1) assert.equal(crossed.subjects[crossed.refuser[row]], refusing[0]);
      }
    }),
  );
});

test("filters on more than 255 pixels all act", () => {
  const side = 20;
  const many = dataset({ n: 40, height: side, width: side });
  const some = Array.from({ length: side * side }, (_, at): Filter => ({ kind: "pixel", x: at % side, y: Math.floor(at / side), ink: true }));
  const crossed = crossing(some, (filter) => passing(filter, many), 40);
  for (let row = 0; row < 40; row++) assert.equal(crossed.refusals[row], some.filter((one) => one.kind === "pixel" && inkOf(many, row, one.x, one.y) === 0).length);
});

test("filters in words", () => {
  const words = (text: string) => filterWords(parseFilter(text, data)!, data);
  assert.equal(words("ink:80..120"), "ink: 80 to 120");
  assert.equal(words("!nats_model:80..<85"), "nats_model: not 80 to below 85");
  assert.equal(words("ink:..3"), "ink: up to 3");
  assert.equal(words("split:train;test"), "split: train or test");
  assert.equal(words("ink@3.2:0"), "Pixel 3, 2: blank");
  assert.equal(words("rows:test/3"), "test 3");
  assert.equal(words("rows:test/1..3"), "test 1 to 3");
  assert.equal(words("rows:train/1;test/1..3"), "4 chosen images");
});
