// Where a picture is sampled. Each pixel has two by two samples; which cell and which bit or block of an image they fall on
// depends on the column for x and on the line for y alone. These two tables are made here, once for both renderers: all that
// is left to them is to look up and to add whole numbers, and so they agree to the last pixel.

import type { View } from "../model";
import type { Square } from "./pyramid";

export const OUTSIDE = -1; // no cell is there
export const LINE = -2; // instead of the first sample's cell: this pixel is part of the line between two images
export const BLANK = -1; // in the cell, but not in the image

const LINES_FROM = 40; // device pixels of an image from which on there is a line between two

/** Of each sample along one axis, two a pixel: the cell, and the bit or block in it. */
export interface Samples {
  readonly cells: Int32Array;
  readonly places: Int32Array;
}

const FLAT = 4; // device pixels of an image up to which it is one block: finer ones would only make patterns with the pixels

/** The level of the pyramid whose blocks are at least as large as the way from sample to sample; 0 for the bits. */
export function levelFor(scale: number, bits: number, levels: number): number {
  if (scale < FLAT) return levels;
  let level = 0;
  while (level < levels && bits / (2 * scale) > 2 ** level) level++;
  return level;
}

export interface Axis {
  readonly start: number; // of the view, in cells
  readonly scale: number; // device pixels to a cell
  readonly length: number; // pixels
  readonly cells: number; // of the layout
  readonly before: number; // bits of the square before the image
  readonly size: number; // bits of the image
  readonly bits: number; // of the square
  readonly level: number;
}

export function samplesAlong({ start, scale, length, cells, before, size, bits, level }: Axis): Samples {
  const made: Samples = { cells: new Int32Array(2 * length).fill(OUTSIDE), places: new Int32Array(2 * length).fill(BLANK) };
  const origin = Math.round(start * scale); // whole pixels: what moves does not shimmer
  const lines = scale >= LINES_FROM;
  for (let at = 0; at < 2 * length; at++) {
    const place = (origin + (at + 0.5) / 2) / scale;
    const cell = Math.floor(place);
    if (cell < 0 || cell >= cells) continue;
    const bit = Math.min(Math.floor((place - cell) * bits), bits - 1);
    made.cells[at] = lines && at % 2 === 0 && Math.floor((origin + (at - 1.5) / 2) / scale) !== cell ? LINE : cell;
    made.places[at] = level > 0 ? bit >> level : bit >= before && bit < before + size ? bit - before : BLANK;
  }
  return made;
}

export interface Plane {
  readonly width: number; // of the layout, in cells
  readonly height: number;
}

/** The tables for x and y, and the level that they are for. */
export function sample(view: View, across: number, down: number, plane: Plane, square: Square, image: Plane, levels: number): { x: Samples; y: Samples; level: number } {
  const level = levelFor(view.scale, square.bits, levels);
  const common = { scale: view.scale, bits: square.bits, level };
  return {
    level,
    x: samplesAlong({ ...common, start: view.x, length: across, cells: plane.width, before: square.left, size: image.width }),
    y: samplesAlong({ ...common, start: view.y, length: down, cells: plane.height, before: square.top, size: image.height }),
  };
}

const [SMALL, LARGE] = [3.5, 28]; // device pixels to an image
const BOLDEST = 0.6;

/**
 * Colours by style and shade, four bytes each: style * 256 + shade. Small images are drawn bolder than the share of their ink,
 * which is a grey that hardly shows.
 */
export function shadesOf(styles: readonly { paper: readonly number[]; ink: readonly number[] }[], scale: number): Uint8Array {
  const size = Math.log(Math.min(Math.max(scale, SMALL), LARGE) / SMALL) / Math.log(LARGE / SMALL);
  const exponent = BOLDEST + (1 - BOLDEST) * size;
  const shares = Array.from({ length: 256 }, (_, shade) => (shade / 255) ** exponent);
  const table = new Uint8Array(styles.length * 1024);
  styles.forEach(({ paper, ink }, style) => {
    shares.forEach((share, shade) => {
      const at = 4 * (256 * style + shade);
      for (let channel = 0; channel < 3; channel++) table[at + channel] = Math.round(paper[channel] + (ink[channel] - paper[channel]) * share);
      table[at + 3] = 255;
    });
  });
  return table;
}
