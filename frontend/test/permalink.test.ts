import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decode, DEFAULT, encode, isWritten, PANEL_KEYS, type Link } from "../src/permalink";

const wellFormed = fc.string({ unit: "grapheme", minLength: 1 });
const filterText = wellFormed.filter((text) => !text.includes(","));
const column = wellFormed;
const record = <T,>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
const number = fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => Number(value.toPrecision(9)) + 0);
const orNull = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: null });

const links: fc.Arbitrary<Link> = record({
  tab: fc.stringMatching(/^[A-Z]{1,20}$/),
  dataset: orNull(wellFormed),
  differences: fc.array(filterText),
  filters: fc.array(filterText),
  sort: orNull(record({ column, descending: fc.boolean() })),
  group: orNull(column),
  color: orNull(column),
  layout: orNull(fc.constantFrom("columns", "scatter")),
  x: orNull(column),
  y: orNull(column),
  view: orNull(fc.tuple(number, number, number.filter((scale) => scale > 0))),
  item: orNull(record({ split: wellFormed, index: fc.nat(999_999_999) })),
  invert: fc.boolean(),
  panels: fc.dictionary(fc.constantFrom(...PANEL_KEYS), wellFormed).map((kept) => ({ ...kept })),
});

test("a link gives back the state that it was made of", () => {
  fc.assert(fc.property(links, (link) => assert.deepEqual(decode(`#${encode(link)}`), link)));
});

test("a link that a page wrote is known from one that a person typed", () => {
  fc.assert(fc.property(links, (link) => isWritten(`#${encode(link)}`)));
  for (const typed of ["", "#", "#tab=STATS&dataset=binarized_mnist", "#filter=ink:v=1", "#view=1"]) assert.equal(isWritten(typed), false, typed);
});

test("any text is a link, and reading it twice changes nothing", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.array(fc.constantFrom("tab", "filter", "=", "&", "%", "%2", "ink:", "..", ",", "-", "item", "/")).map((parts) => parts.join(""))), (text) => {
      const link = decode(text);
      assert.deepEqual(decode(encode(link)), link);
    }),
  );
});

test("the keys of Know Your Data are kept", () => {
  const link = decode("#tab=STATS&dataset=binarized_mnist");
  assert.deepEqual(link, { ...DEFAULT, tab: "STATS", dataset: "binarized_mnist" });
  assert.equal(encode(link), "tab=STATS&dataset=binarized_mnist&v=1");
});

test("a whole link reads well", () => {
  const text = "tab=ITEM&dataset=d&v=1&filter=ink:80..120,!split:test,ink@3.4:1&sort=-ink&group=holes&color=split&layout=scatter&x=ink&y=holes&view=1.5,-2,3&item=test/42&ink=inverted&down=ink";
  assert.equal(encode(decode(text)), text);
});

test("unknown keys and values without sense count as absent", () => {
  const text = "tab=st<b>&other=1&sort=-&view=1,2&item=test&item=a/1&layout=&filter=,,&%=1&x=%zz&ink=maybe";
  assert.deepEqual(decode(text), DEFAULT);
});

test("what came through a mail program is read as well", () => {
  assert.deepEqual(decode("filter=ink%3A80..120%2Csplit%3Atest").filters, ["ink:80..120", "split:test"]);
});
