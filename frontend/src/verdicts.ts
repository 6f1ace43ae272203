// What audits and comparisons found, in words: the same as `onebit audit` says (see onebit/auditing/findings.py).

import type { PermutationTest } from "./drift";
import type { Audit, Comparison } from "./neighbours/audit";

export interface Verdict {
  readonly good: boolean; // nothing is wrong
  readonly title: string;
  readonly text: string;
}

const SIGNIFICANT = 0.01;
const whole = (number: number) => number.toLocaleString("en");
export const counted = (number: number, what: string) => `${whole(number)} ${what}${number === 1 ? "" : "s"}`;

/** The probability of `count` events or more where `expected` (above 0) are, summed up from its largest terms on. */
export function poissonTail(count: number, expected: number): number {
  let logTerm = -expected; // e to the power of -1000 is no number any more
  for (let number = 1; number <= count; number++) logTerm += Math.log(expected / number);
  let sum = 0;
  for (let number = count; ; logTerm += Math.log(expected / ++number)) {
    const term = Math.exp(logTerm);
    sum += term;
    if (number > expected && term <= 1e-17 * sum) return Math.min(sum, 1);
  }
}

/** Whether more images have a close neighbour than the reference has among its own. */
export function closeness(each: Comparison, own: Comparison, threshold: NonNullable<Audit["threshold"]>, close: number): Verdict {
  const expected = (Math.max(threshold.images_at_or_below[own.query], 1) / own.images) * each.images;
  const text =
    `${whole(close)} of ${whole(each.images)} images have an image of ${each.to} within ${counted(threshold.distance, "pixel")}; of as many images of ` +
    `${own.to} itself, each left out in turn, ${expected.toFixed(0)} have (medians: ${each.quantiles["0.5"]} pixels, ${own.quantiles["0.5"]} among ${own.to}'s own). ` +
    `The closest pair differs in ${counted(each.quantiles["0"], "pixel")}.`;
  const bad = poissonTail(close, expected) < SIGNIFICANT && close > 2 * expected;
  return { good: !bad, title: bad ? `Images of ${each.query} are suspiciously close to ${each.to}` : `No sign that images of ${each.query} are in ${each.to}`, text };
}

/** The verdicts on a data set's splits. `splitOf` names the split and place of a row. */
export function auditVerdicts(made: Audit, images: number, splits: number, splitOf: (row: number) => { readonly split: string; readonly index: number }): Verdict[] {
  const found: Verdict[] = [];
  const across = made.duplicates.filter((rows) => new Set(rows.map((row) => splitOf(row).split)).size > 1);
  if (across.length > 0) {
    const named = across.slice(0, 3).map((rows) => rows.map((row) => `${splitOf(row).split}/${splitOf(row).index}`).join(" = "));
    found.push({ good: false, title: `${counted(across.length, "image")} in more than one split`, text: `Bit for bit the same: ${named.join("; ")}${across.length > 3 ? " and others" : ""}.` });
  } else if (splits > 1) {
    found.push({ good: true, title: "No image is in two splits", text: `All ${whole(images)} images were compared bit for bit.` });
  }
  const own = made.nearest.at(-1);
  if (own !== undefined && made.threshold !== null) {
    for (const each of made.nearest.slice(0, -1)) found.push(closeness(each, own, made.threshold, made.threshold.images_at_or_below[each.query]));
  }
  return found;
}

export interface Drift {
  readonly names: readonly [string, string];
  readonly pixels: number;
  readonly different: number; // pixels, at the false discovery rate
  readonly rate: number;
  readonly numbers: readonly { readonly title: string; readonly statistic: number; readonly adjusted: number }[];
  readonly energy: number;
  readonly test: PermutationTest | null; // null: not yet
}

export function driftVerdict({ names, pixels, different, rate, numbers, energy, test }: Drift): Verdict {
  const unlike = numbers.filter(({ adjusted }) => adjusted <= SIGNIFICANT).sort((one, other) => other.statistic - one.statistic);
  const most = unlike.slice(0, 3).map(({ title, statistic }) => `${title.toLowerCase()}, KS ${statistic.toFixed(3)}`);
  const text =
    `${different} of ${pixels} pixels have another share of ink (false discovery rate ${(100 * rate).toFixed(0)}%); ${unlike.length} of ${numbers.length} numbers of an image are ` +
    `distributed differently${most.length > 0 ? ` (most of all ${most.join("; ")})` : ""}. The energy distance of the two is ${energy.toFixed(3)} pixels` +
    (test === null ? "." : `, p = ${test.p.toFixed(3)} by ${test.permutations} permutations.`);
  const pair = `${names[0]} and ${names[1]}`;
  const bad = test === null ? different > 0 || unlike.length > 0 : test.p <= SIGNIFICANT;
  const title = bad ? `${pair} are not draws from one distribution` : `${pair} look like draws from one distribution`;
  return { good: !bad, title: title.slice(0, 1).toUpperCase() + title.slice(1), text };
}

/** What the nearest images of samples say of a model: did it memorise? */
export function memorisation(samples: Comparison, baseline: Comparison, limit: number): Verdict {
  const below = ({ histogram }: Comparison) => histogram.slice(0, limit + 1).reduce((one, other) => one + other, 0);
  const [close, usual] = [below(samples), below(baseline)];
  const expected = (Math.max(usual, 1) / baseline.images) * samples.images;
  const copies = samples.histogram[0] ?? 0;
  const text =
    `${whole(close)} of ${whole(samples.images)} samples lie within ${counted(limit, "pixel")} of an image of ${samples.to}; of as many images of ${baseline.query} ` +
    `${expected.toFixed(expected < 10 ? 1 : 0)} do. Medians: ${samples.quantiles["0.5"]} and ${baseline.quantiles["0.5"]} pixels.` + (copies > 0 ? ` ${counted(copies, "sample")} ${copies === 1 ? "is" : "are"} an exact copy.` : "");
  const bad = poissonTail(close, expected) < SIGNIFICANT && close > 2 * expected;
  if (bad) return { good: false, title: `The model copies images of ${samples.to}`, text };
  const far = samples.quantiles["0.5"] > 1.25 * baseline.quantiles["0.5"];
  return { good: true, title: far ? "No copies, but the samples are further from the data than the data are" : `No sign that the model copies images of ${samples.to}`, text };
}
