import assert from "node:assert/strict";
import { test } from "node:test";
import { contestOf, differenceColumn, differenceText, natsColumns, parseDifference } from "../src/differences";
import { addDifference, removeDifference } from "../src/panels/differences";
import { decode, encode } from "../src/permalink";
import { createStore } from "../src/state";
import { column, dataset } from "./made";

const config = { datasets: [{ name: "made", version: "1.0.0", inline: true }], current: "made", leaderboard: null };
const nats = (name: string, values: number[], title: string) => column(name, Float32Array.from(values), { kind: "nats", title: `Nats: ${title}`, reference: title });
const A = nats("nats_a", [NaN, 80, 90.5, 70, 60, NaN], "A");
const B = nats("nats_b,2", [NaN, 81, 90, 70, NaN, 50], "B");
const store = (fragment = "") => createStore(config, dataset({ n: 6, height: 2, width: 2 }, 1, [column("ink", Uint8Array.of(0, 1, 2, 3, 4, 5)), A, B]), decode(fragment));

test("a difference is of the images that have both", () => {
  const made = differenceColumn(A, B);
  assert.deepEqual([...made.stored], [NaN, -1, 0.5, 0, NaN, NaN]);
  assert.deepEqual([made.entry.name, made.entry.title, made.entry.min, made.entry.max], ["nats_a-nats_b,2", "A − B", -1, 0.5]);
  assert.deepEqual(contestOf(made), { images: 3, won: 1, mean: -0.5 / 3 });
  assert.deepEqual([differenceColumn(A, nats("none", Array(6).fill(NaN), "none"))].map(({ entry }) => [entry.min, entry.max]), [[0, 0]]);
});

test("a difference is a column like any other, and the address keeps it", () => {
  const made = store();
  assert.deepEqual(natsColumns(made.data.columns), [A, B]);
  addDifference(made, { one: "nats_a", other: "nats_b,2" });
  addDifference(made, { one: "nats_a", other: "nats_b,2" });
  made.filters.value = [{ kind: "range", column: "nats_a-nats_b,2", ranges: [{ low: -Infinity, high: 0, open: true }], negated: false }];
  made.sort.value = { column: "nats_a-nats_b,2", descending: true };
  made.colour.value = made.x.value = "nats_a-nats_b,2";
  made.layout.value = "columns";
  assert.deepEqual([...made.selection.value.rows], [1]);
  const text = "tab=STATS&dataset=made&v=1&difference=nats_a:nats_b~2c2&filter=nats_a-nats_b~2c2:..%3C0&sort=-nats_a-nats_b,2&color=nats_a-nats_b,2&layout=columns&x=nats_a-nats_b,2";
  assert.equal(encode(made.link.value), text);
  const again = store(text);
  assert.equal(encode(again.link.value), text);
  assert.deepEqual([...again.selection.value.rows], [1]);
  again.filters.value = [];
  assert.deepEqual([...again.selection.value.rows], [2, 3, 1, 0, 4, 5]);
  removeDifference(again, { one: "nats_a", other: "nats_b,2" });
  assert.equal(encode(again.link.value), "tab=STATS&dataset=made&v=1&layout=columns&x=nats_a");
  assert.equal(again.data.columns.size, 3);
});

test("what is no difference of two columns of nats counts as absent", () => {
  const { columns } = store().data;
  assert.equal(differenceText(parseDifference("nats_a:nats_b~2c2", columns)!), "nats_a:nats_b~2c2");
  for (const text of ["nats_a:nats_a", "nats_a:ink", "nats_a", "nats_a:nats_b~2c2:nats_a", "", "x:y"]) assert.equal(parseDifference(text, columns), null);
  const odd = store("difference=nats_a:ink,nats_a:nats_b~2c2,nats_a:nats_b~2c2&filter=nats_a-ink:0");
  assert.equal(encode(odd.link.value), "tab=STATS&dataset=made&v=1&difference=nats_a:nats_b~2c2");
});
