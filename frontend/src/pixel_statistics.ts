// What the selected images have at each pixel, and what they have elsewhere if one pixel is ink.

import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { countRows, entropy, inkCounts, planesOf, rowBits, rowsWith, variance, type Planes, type RowBits } from "./bitplanes";
import type { Dataset, Selection } from "./model";

export type Statistic = "mean" | "entropy" | "variance";

export const STATISTICS: Readonly<Record<Statistic, { readonly title: string; readonly most: number; readonly unit: string; readonly of: (p: number) => number }>> = {
  mean: { title: "Mean", most: 1, unit: "share of the images with ink", of: (p) => p },
  entropy: { title: "Entropy", most: 1, unit: "bits per pixel", of: entropy },
  variance: { title: "Variance", most: 0.25, unit: "of the pixel", of: variance },
};

/** Ink by pixel, among so many images. */
export interface Counts {
  readonly ink: Uint32Array;
  readonly images: number;
}

export interface PixelStatistics {
  readonly given: Signal<number | null>; // a pixel that is to be ink
  readonly counts: ReadonlySignal<Counts>; // of the selection
  readonly conditional: ReadonlySignal<Counts | null>; // of those of the selection that have ink at the given pixel
}

const made = new WeakMap<Dataset, Planes>();

/** The planes of a data set, made once. */
function planes(data: Dataset): Planes {
  let found = made.get(data);
  if (found === undefined) made.set(data, (found = planesOf(data)));
  return found;
}

/** What some rows have at each pixel. */
export function countsOf(data: Dataset, rows: RowBits): Counts {
  return { ink: inkCounts(planes(data), rows), images: countRows(rows) };
}

export function pixelStatistics(data: Dataset, drawn: ReadonlySignal<{ readonly selection: Selection }>): PixelStatistics {
  const given = signal<number | null>(null);
  const rows = computed(() => rowBits(drawn.value.selection.mask));
  return {
    given,
    counts: computed(() => countsOf(data, rows.value)),
    conditional: computed(() => (given.value === null ? null : countsOf(data, rowsWith(planes(data), rows.value, given.value)))),
  };
}

/** A statistic of every pixel; NaN where there are no images. */
export function shares({ ink, images }: Counts, of: (p: number) => number): Float64Array {
  return Float64Array.from(ink, (count) => (images === 0 ? NaN : of(count / images)));
}
