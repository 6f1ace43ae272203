import assert from "node:assert/strict";
import { test } from "node:test";
import type { Comparison } from "../src/neighbours/audit";
import { movingMean } from "../src/panels/order";
import { stroke } from "../src/panels/draw";
import { auditVerdicts, memorisation, poissonTail } from "../src/verdicts";

const comparison = (query: string, histogram: number[], left_out = false): Comparison => {
  const images = histogram.reduce((sum, count) => sum + count, 0);
  return { query, to: "train", left_out, images, mean: 0, quantiles: { "0": histogram.findIndex((count) => count > 0), "0.5": 4 }, histogram, closest: [] };
};

test("the tail of Poisson's distribution", () => {
  assert.ok(Math.abs(poissonTail(3, 1) - 0.08030139707139416) < 1e-12);
  assert.ok(Math.abs(poissonTail(0, 1) - 1) < 1e-12);
  assert.ok(Math.abs(poissonTail(40, 5) / 8.550023756842979e-23 - 1) < 1e-9);
  assert.ok(Math.abs(poissonTail(1000, 1000) - 0.5042052441802155) < 1e-9); // where the probability of none is no number any more
  assert.ok(poissonTail(3000, 1000) < 1e-100 && poissonTail(1, 1000) > 1 - 1e-9);
});

test("an audit says what is wrong and what is not", () => {
  const own = comparison("train", [0, 0, 5, 0, 0, 95], true);
  const [good, bad] = [comparison("validation", [0, 0, 6, 0, 0, 94]), comparison("test", [10, 20, 5, 0, 65])];
  const threshold = { distance: 2, images_at_or_below: { validation: 6, test: 35, train: 5 } };
  const whose = (row: number) => ({ split: row < 5 ? "train" : "test", index: row % 5 });
  const verdicts = auditVerdicts({ reference: "train", nearest: [good, bad, own], threshold, duplicates: [[1, 2], [3, 9]], pairs: 0 }, 300, 3, whose);
  assert.deepEqual(
    verdicts.map(({ good: fine, title }) => [fine, title]),
    [
      [false, "1 image in more than one split"],
      [true, "No sign that images of validation are in train"],
      [false, "Images of test are suspiciously close to train"],
    ],
  );
  assert.match(verdicts[0].text, /train\/3 = test\/4\./);
  assert.match(verdicts[2].text, /^35 of 100 images have an image of train within 2 pixels; of as many images of train itself, each left out in turn, 5 have/);
});

test("a model that copies is told from one that does not", () => {
  const baseline = comparison("test", [0, 1, 4, 95]);
  assert.equal(memorisation(comparison("samples", [30, 0, 0, 70]), baseline, 2).title, "The model copies images of train");
  assert.match(memorisation(comparison("samples", [30, 0, 0, 70]), baseline, 2).text, /30 samples are an exact copy/);
  assert.ok(memorisation(comparison("samples", [0, 1, 5, 94]), baseline, 2).good);
});

test("a moving mean of shuffled values stays in its band, and one of sorted values does not", () => {
  const sorted = Float64Array.from({ length: 1000 }, (_, at) => at);
  assert.ok(movingMean(sorted, 50)!.outside > 0.7);
  const mixed = sorted.map((_, at) => (at * 617) % 1000);
  assert.equal(movingMean(mixed, 50)!.outside, 0);
});

test("a stroke is ink along its line, and a rubber takes it away", () => {
  const drawn = stroke(new Uint8Array(8), 8, 8, [1.5, 3.5], [6.5, 3.5], 0.6, true);
  assert.deepEqual([...drawn], [0, 0, 0, 0b01111110, 0, 0, 0, 0]);
  assert.deepEqual([...stroke(drawn, 8, 8, [4.5, 0], [4.5, 8], 0.6, false)], [0, 0, 0, 0b01110110, 0, 0, 0, 0]);
});
