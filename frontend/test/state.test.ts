import assert from "node:assert/strict";
import { test } from "node:test";
import { chosenRows, exportedRows, keepChosen } from "../src/choosing";
import { decode, encode } from "../src/permalink";
import { splitsShown, toggleSplit } from "../src/splits";
import { applyLink, choose, chooseRange, createStore, filtersOfConfig, setFilter, toggleChosen } from "../src/state";
import { barsFilter, countsOf, filterByBars, momentsOf, othersMask, percentile, summaryOf, totalsOf } from "../src/statistics";
import { bins } from "../src/columns";
import { stepItem } from "../src/moving";
import { INK, small } from "./small";

const config = { datasets: [{ name: "small", version: "1.0.0", inline: true }], current: "small", leaderboard: null };
const store = (fragment = "") => createStore(config, small(), decode(fragment));

test("a link opens as it was, apart from what the data set does not have", () => {
  const text = "tab=TABLE&dataset=small&v=1&filter=ink:3..5,!split:test&sort=-ink&group=split&color=ink&layout=scatter&x=ink&y=centroid_x&view=1,2,3&item=test/2&ink=inverted&down=ink";
  assert.equal(encode(store(text).link.value), text);
  const odd = store("tab=TABLE&filter=other:1,ink:3,ink:x&sort=-none&group=none&layout=ball&x=none&item=test/99&down=none");
  assert.equal(encode(odd.link.value), "tab=TABLE&dataset=small&v=1&filter=ink:3&down=none");
});

test("the selection is what passes, grouped, then sorted", () => {
  const made = store("filter=ink:3..&sort=-ink&group=split");
  assert.deepEqual([...made.selection.value.rows], [4, 2, 3, 1, 8, 7, 9, 10]);
  assert.deepEqual([...made.selection.value.mask], INK.map((ink) => Number(ink >= 3)));
  made.sort.value = null;
  made.group.value = null;
  assert.deepEqual([...made.selection.value.rows], [1, 2, 3, 4, 7, 8, 9, 10]);
});

test("a histogram looks past the filters on its own column", () => {
  const made = store("filter=ink:3..5,split:train");
  const ink = bins(made.data.columns.get("ink")!);
  assert.equal(totalsOf(ink).reduce((sum, count) => sum + count, 0), 12);
  assert.deepEqual([...countsOf(ink, othersMask(made.drawn.value, "ink"))].flatMap((count, bar) => Array(count).fill(bar)), [0, 1, 2, 3, 5, 5, 7]);
  assert.deepEqual([...countsOf(ink, made.selection.value.mask)].flatMap((count, bar) => Array(count).fill(bar)), [3, 5, 5]);
  assert.equal(othersMask(made.drawn.value, "centroid_x"), made.selection.value.mask);
});

test("bars filter: alone, or as well", () => {
  const made = store();
  const ink = made.data.columns.get("ink")!;
  filterByBars(made, ink, 3, 5);
  filterByBars(made, ink, 9, 9, true);
  assert.deepEqual(made.link.value.filters, ["ink:3..5;9"]);
  filterByBars(made, ink, 0, 0);
  assert.deepEqual(made.link.value.filters, ["ink:0"]);
  assert.deepEqual(barsFilter(made.data.columns.get("colour")!, 1, 2), { kind: "name", column: "colour", names: ["c;~d", "!e:/@"], negated: false });
});

test("the numbers of a column", () => {
  const { data } = store();
  const nats = data.columns.get("nats_model")!;
  const { count, mean, deviation, min, max } = summaryOf(nats, new Uint8Array(12).fill(1));
  assert.deepEqual([count, mean, min, max], [5, 84.175, 70, 100.125]);
  const squares = [81.5, 79.25, 90, 100.125, 70].map((value) => (value - 84.175) ** 2);
  assert.ok(Math.abs(deviation - Math.sqrt(squares.reduce((sum, square) => sum + square) / 5)) < 1e-9);
  assert.equal(percentile(nats, 8), 1.5 / 5);
  assert.ok(Number.isNaN(percentile(nats, 0)));
});

test("moments are those of the summary, with and without gaps", () => {
  const { data } = store();
  for (const column of data.columns.values()) {
    for (const mask of [new Uint8Array(12).fill(1), Uint8Array.from({ length: 12 }, (_, row) => row % 2)]) {
      const [{ count, mean, deviation }, whole] = [momentsOf(column, mask, countsOf(bins(column), mask).reduce((sum, bar) => sum + bar, 0)), summaryOf(column, mask)];
      assert.equal(count, whole.count);
      for (const [one, other] of [[mean, whole.mean], [deviation, whole.deviation]]) assert.ok(Math.abs(one - other) < 1e-9 || (one !== one && other !== other));
    }
  }
});

test("splits: with, without, only", () => {
  const made = store();
  toggleSplit(made, "test");
  assert.deepEqual(made.link.value.filters, ["split:train"]);
  toggleSplit(made, "train"); // the last one: all again
  assert.deepEqual(made.link.value.filters, []);
  toggleSplit(made, "test", true);
  assert.deepEqual([...splitsShown(made)], ["test"]);
});

test("choosing: one, a range, only these", () => {
  const made = store("sort=-ink");
  toggleChosen(made, 8);
  chooseRange(made, 8, 4);
  assert.deepEqual([...chosenRows(made)], [8, 7, 4]);
  assert.deepEqual([...exportedRows(made)], [8, 7, 4]);
  keepChosen(made);
  assert.deepEqual([...made.selection.value.rows, made.chosenCount.value], [8, 7, 4, 0]);
  assert.deepEqual(made.link.value.filters, ["rows:train/4;test/0..1"]);
  choose(made, [1]); // hidden by the filter, and still chosen
  assert.deepEqual([...chosenRows(made)], [1]);
});

test("next and previous go around the selection", () => {
  const made = store("filter=ink:3..5&sort=ink");
  stepItem(made, 1);
  assert.equal(made.item.value, 1);
  stepItem(made, -1);
  assert.equal(made.item.value, 3);
  stepItem(made, 1);
  assert.equal(made.item.value, 1);
});

test("rows that Python chose are a filter", () => {
  const { data } = store();
  const opened = createStore({ ...config, rows: [[1, 3], [8, 9], [11, 99]] }, data);
  opened.filters.value = filtersOfConfig(opened.config, data);
  assert.deepEqual(opened.link.value.filters, ["rows:train/1..2;test/1"]);
});

test("Back takes everything back", () => {
  const made = store();
  const before = made.link.value;
  setFilter(made, { kind: "pixel", x: 1, y: 1, ink: true });
  made.tab.value = "TABLE";
  applyLink(made, before);
  assert.deepEqual(made.link.value, before);
});
