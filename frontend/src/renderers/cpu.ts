// Draws without a graphics card: a line of samples is summed once and used for all pixels that it is in.

import type { Colours, Dataset, Layout, Renderer, View } from "../model";
import { pyramid, squareOf, type Level } from "./pyramid";
import { BLANK, LINE, OUTSIDE, sample, shadesOf, type Samples } from "./sampling";

const EMPTY: Layout = { width: 0, height: 0, cells: new Int32Array(0), headings: [] };
const NOTHING = -1;

/** Samples along x that lie in one cell: from, to one past the last. */
interface Run {
  readonly cell: number;
  readonly from: number;
  readonly to: number;
}

function runsOf(x: Samples): Run[] {
  const runs: Run[] = [];
  const cellAt = (at: number) => (x.cells[at] === LINE ? x.cells[at + 1] : x.cells[at]);
  for (let from = 0, to = 0; from < x.cells.length; from = to) {
    const cell = cellAt(from);
    while (to < x.cells.length && cellAt(to) === cell) to++;
    if (cell !== OUTSIDE) runs.push({ cell, from, to });
  }
  return runs;
}

/** What stays the same while one picture is drawn. */
interface Picture {
  readonly layout: Layout;
  readonly x: Samples;
  readonly runs: readonly Run[];
  readonly level: Level | null; // null: the bits themselves
}

/** Adds up the samples of one line of blocks, two by two along x. */
function sumBlocks({ layout, x, runs }: Picture, { side, shades }: Level, cellLine: number, place: number, sums: Uint16Array): void {
  const { places } = x;
  for (const { cell, from, to } of runs) {
    const row = layout.cells[cellLine + cell];
    if (row < 0) continue;
    const base = row * side * side + place * side;
    for (let at = from; at < to; at++) sums[at >> 1] += shades[base + places[at]];
  }
}

/** The same for one line of bits. */
function sumBits({ layout, x, runs }: Picture, data: Dataset, cellLine: number, place: number, sums: Uint16Array): void {
  const { pixels, manifest } = data;
  const { places } = x;
  if (place === BLANK) return;
  for (const { cell, from, to } of runs) {
    const row = layout.cells[cellLine + cell];
    if (row < 0) continue;
    const bytes = row * manifest.row_bytes;
    for (let at = from; at < to; at++) {
      if (places[at] === BLANK) continue;
      const bit = place * manifest.width + places[at];
      if (pixels[bytes + (bit >> 3)] & (0x80 >> (bit & 7))) sums[at >> 1] += 255;
    }
  }
}

/** Where the colours of each pixel of a line of cells begin in the table; NOTHING where no image is. */
function beginnings({ layout, x }: Picture, cellLine: number, byRow: Uint8Array | undefined, into: Int32Array): void {
  for (let pixel = 0; pixel < into.length; pixel++) {
    const cell = x.cells[2 * pixel];
    const row = cell < 0 ? NOTHING : layout.cells[cellLine + cell];
    into[pixel] = row < 0 ? NOTHING : byRow === undefined ? 0 : byRow[row] << 8;
  }
}

/** Draws onto a canvas by its two-dimensional context. */
export function cpuRenderer(canvas: HTMLCanvasElement, data: Dataset): Renderer {
  const context = canvas.getContext("2d", { alpha: false });
  if (context === null) throw new Error("This browser gives no canvas to draw on.");
  const painter = painterOf(data);
  let image: ImageData | null = null;
  return {
    name: "cpu",
    setLayout: painter.setLayout,
    draw(view, colours) {
      if (image === null || image.width !== canvas.width || image.height !== canvas.height) {
        image = context.createImageData(Math.max(canvas.width, 1), Math.max(canvas.height, 1));
      }
      painter.paint(new Uint32Array(image.data.buffer), image.width, image.height, view, colours);
      context.putImageData(image, 0, 0);
    },
    dispose: () => (image = null),
  };
}

export interface Painter {
  setLayout(layout: Layout): void;
  /** Fills `out`, one number a pixel: red, green, blue and opacity by rising address. */
  paint(out: Uint32Array, width: number, height: number, view: View, colours: Colours): void;
}

/** The drawing itself, onto numbers. */
export function painterOf(data: Dataset): Painter {
  const square = squareOf(data.manifest);
  const levels = pyramid(data);
  let layout = EMPTY;

  function paint(out: Uint32Array, width: number, height: number, view: View, colours: Colours): void {
    const { x, y, level } = sample(view, width, height, layout, square, data.manifest, levels.length);
    const picture: Picture = { layout, x, runs: runsOf(x), level: level === 0 ? null : levels[level - 1] };
    const table = new Uint32Array(shadesOf(colours.styles, view.scale).buffer);
    const [outside] = new Uint32Array(Uint8Array.of(...colours.outside, 255).buffer);
    // The two sums used last, and where the colours begin in the line of cells used last.
    const sums = [new Uint16Array(width), new Uint16Array(width)];
    const kept = [-1, -1];
    const begins = new Int32Array(width);
    let begun = -1;
    const summed = (at: number, other: number): number => {
      const [cell, place] = [y.cells[at] === LINE ? y.cells[at + 1] : y.cells[at], y.places[at]];
      const key = cell < 0 ? -2 : cell * 65536 + place + 1;
      const found = kept.indexOf(key);
      if (found >= 0) return found;
      const into = other === 0 ? 1 : 0;
      sums[into].fill(0);
      if (cell >= 0) {
        const cellLine = cell * layout.width;
        if (picture.level === null) sumBits(picture, data, cellLine, place, sums[into]);
        else sumBlocks(picture, picture.level, cellLine, place, sums[into]);
      }
      kept[into] = key;
      return into;
    };
    let same = "";
    for (let line = 0; line < height; line++) {
      const start = line * width;
      const cell = y.cells[2 * line];
      if (cell < 0) {
        out.fill(outside, start, start + width);
        same = "";
        continue;
      }
      const upper = summed(2 * line, -1);
      const lower = summed(2 * line + 1, upper);
      const now = `${cell} ${kept[upper]} ${kept[lower]}`;
      if (now === same) {
        out.copyWithin(start, start - width, start);
        continue;
      }
      same = now;
      if (begun !== cell) beginnings(picture, cell * layout.width, colours.byRow, begins);
      begun = cell;
      const [one, two] = [sums[upper], sums[lower]];
      for (let pixel = 0; pixel < width; pixel++) {
        const begin = begins[pixel];
        out[start + pixel] = begin === NOTHING ? outside : table[begin + ((one[pixel] + two[pixel] + 2) >> 2)];
      }
    }
  }
  return { setLayout: (next) => void (layout = next), paint };
}
