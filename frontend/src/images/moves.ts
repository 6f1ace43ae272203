// Where keys lead to in a layout.

import type { Layout } from "../model";

export type Direction = "left" | "right" | "up" | "down";

/** The next cell with an image in reading order, forwards (1) or backwards (-1); the same one where there is none. */
function along({ cells }: Layout, from: number, step: 1 | -1): number {
  for (let cell = from + step; cell >= 0 && cell < cells.length; cell += step) if (cells[cell] >= 0) return cell;
  return from;
}

/** The nearest cell with an image in the lines above (-1) or below (1); steps to the side count twice. */
function across({ cells, width, height }: Layout, from: number, step: 1 | -1): number {
  const [x, y] = [from % width, Math.floor(from / width)];
  let [best, found] = [Infinity, from];
  for (let away = 1; away < best; away++) {
    const line = y + step * away;
    if (line < 0 || line >= height) break;
    for (let aside = 0; aside < width && away + 2 * aside < best; aside++) {
      for (const at of [x + aside, x - aside]) {
        if (at >= 0 && at < width && cells[line * width + at] >= 0 && away + 2 * aside < best) [best, found] = [away + 2 * aside, line * width + at];
      }
    }
  }
  return found;
}

export function step(layout: Layout, from: number, direction: Direction): number {
  if (direction === "left" || direction === "right") return along(layout, from, direction === "right" ? 1 : -1);
  return across(layout, from, direction === "down" ? 1 : -1);
}

/** Several lines up or down at once, as far as there are images. */
export function leap(layout: Layout, from: number, lines: number): number {
  let cell = from;
  const [down, y] = [lines > 0, Math.floor(from / layout.width)];
  for (let next = cell; Math.abs(Math.floor(cell / layout.width) - y) < Math.abs(lines); cell = next) {
    next = step(layout, cell, down ? "down" : "up");
    if (next === cell) break;
  }
  return cell;
}

/** The first (or last) cell with an image in the line of a cell, or of all. */
export function end({ cells, width }: Layout, from: number, last: boolean, ofAll: boolean): number {
  const start = ofAll ? 0 : from - (from % width);
  const part = cells.subarray(start, ofAll ? cells.length : start + width);
  return start + (last ? part.findLastIndex((row) => row >= 0) : part.findIndex((row) => row >= 0));
}
