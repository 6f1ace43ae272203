// Two columns against each other: how often their values come together, and how often they would by chance. The formulas
// are those of Know Your Data's Relations tab: a cell is as strong as the end of the 95 % interval of the expected count
// that gives the weaker effect.

import { bins, NO_BAR, type Bins } from "./columns";
import type { Column } from "./model";

export interface Cell {
  readonly observed: number;
  readonly expected: number; // by chance: images of the row times images of the column, divided by all
  readonly factor: number; // above 1 more often than by chance, below 1 less often, 1 where chance would do
}

export interface Relations {
  readonly down: Bins;
  readonly across: Bins;
  readonly downCounts: Uint32Array;
  readonly acrossCounts: Uint32Array;
  readonly total: number; // images that have both values
  readonly cells: readonly (readonly Cell[])[]; // by row, then column
}

export const DOWN = 64; // bars down the side, at most
export const ACROSS = 16; // bars along the top, at most

/** The strength of a cell, of `total` images of which `rowCount` are in its row and `columnCount` in its column. */
export function cellOf(observed: number, rowCount: number, columnCount: number, total: number): Cell {
  const expected = total === 0 ? 0 : (rowCount * columnCount) / total;
  const deviation = Math.sqrt(expected * (1 - rowCount / total) * (1 - columnCount / total));
  const [low, high] = [expected - 1.96 * deviation, expected + 1.96 * deviation];
  if (total > 0 && observed > high) return { observed, expected, factor: observed / high };
  if (total > 0 && observed < low) return { observed, expected, factor: observed / low };
  return { observed, expected, factor: 1 };
}

/** Relations of two columns over the rows that the mask has. */
export function relationsOf(one: Column, other: Column, mask: Uint8Array): Relations {
  const [down, across] = [bins(one, DOWN), bins(other, ACROSS)];
  const counts = new Uint32Array(down.count * across.count);
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0 || down.index[row] === NO_BAR || across.index[row] === NO_BAR) continue;
    counts[down.index[row] * across.count + across.index[row]]++;
  }
  const [downCounts, acrossCounts] = [new Uint32Array(down.count), new Uint32Array(across.count)];
  for (const [place, count] of counts.entries()) {
    downCounts[Math.floor(place / across.count)] += count;
    acrossCounts[place % across.count] += count;
  }
  const total = downCounts.reduce((sum, count) => sum + count, 0);
  const cells = Array.from(downCounts, (rowCount, y) =>
    Array.from(acrossCounts, (columnCount, x) => cellOf(counts[y * across.count + x], rowCount, columnCount, total)),
  );
  return { down, across, downCounts, acrossCounts, total, cells };
}

/** How far a cell is from chance, in doublings: 0 is chance, infinite is never where some are expected. */
export function strength(cell: Cell): number {
  return Math.abs(Math.log2(cell.factor));
}

/** Rows by their strongest cell, the strongest first; of equal ones that with the most images first. */
export function strongestFirst({ cells, downCounts }: Relations): number[] {
  const strongest = cells.map((row) => Math.max(0, ...row.map(strength)));
  return [...downCounts.keys()]
    .filter((row) => downCounts[row] > 0)
    .sort((one, other) => (strongest[one] === strongest[other] ? downCounts[other] - downCounts[one] : strongest[other] - strongest[one]));
}

/** A cell in words: "11 images, expected 112, 10.18x less". */
export function cellWords({ observed, expected, factor }: Cell): string {
  const images = `${observed.toLocaleString("en")} image${observed === 1 ? "" : "s"}, expected ${expectedText(expected)}`;
  if (factor === 1) return `${images}, as by chance`;
  if (factor === 0) return `${images}, none at all`;
  return factor > 1 ? `${images}, ${factor.toFixed(2)}x more` : `${images}, ${(1 / factor).toFixed(2)}x less`;
}

export function expectedText(expected: number): string {
  return expected >= 10 ? Math.round(expected).toLocaleString("en") : expected.toFixed(expected >= 1 ? 1 : 2);
}
