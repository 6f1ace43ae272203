// A line drawn by hand around images. What it encloses an odd number of times is inside, wherever it begins.

import type { Layout } from "../model";
import type { Place } from "../zooming";

export type Point = readonly [number, number]; // CSS pixels of the canvas

/** Where a line along x at `y` crosses the outline, ascending. */
function crossings(outline: readonly Point[], y: number): number[] {
  const found: number[] = [];
  for (let at = 0, before = outline.length - 1; at < outline.length; before = at++) {
    const [[x1, y1], [x2, y2]] = [outline[before], outline[at]];
    if (y1 > y !== y2 > y) found.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
  }
  return found.sort((one, other) => one - other);
}

/** The images whose middle is inside the outline, line by line. */
export function rowsInLasso({ cells, width, height }: Layout, { k, x, y }: Place, outline: readonly Point[]): number[] {
  const rows: number[] = [];
  const ys = outline.map((point) => point[1]);
  const [top, bottom] = [ys.reduce((one, other) => Math.min(one, other), Infinity), ys.reduce((one, other) => Math.max(one, other), -Infinity)];
  const last = Math.min(height - 1, Math.floor((bottom - y) / k));
  for (let line = Math.max(0, Math.floor((top - y) / k)); line <= last; line++) {
    const across = crossings(outline, y + k * (line + 0.5));
    for (let pair = 0; pair < across.length; pair += 2) {
      const first = Math.max(0, Math.floor((across[pair] - x) / k - 0.5));
      for (let column = first; column < width && x + k * (column + 0.5) < across[pair + 1]; column++) {
        const row = cells[line * width + column];
        if (row >= 0 && x + k * (column + 0.5) >= across[pair]) rows.push(row);
      }
    }
  }
  return rows;
}

/** The outline as the path of an SVG. */
export function outlinePath(outline: readonly Point[]): string {
  return outline.length === 0 ? "" : `M${outline.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
}
