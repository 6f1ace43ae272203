// Every image at half its size, at a quarter and so on, to one single block: what images look like that are drawn small.

import type { Dataset } from "../model";

/** One size of all images. The image lies in the middle of a square of `bits`, which has `side` by `side` blocks. */
export interface Level {
  readonly side: number;
  readonly block: number; // bits along the side of a block
  readonly shades: Uint8Array; // n * side * side: 255 where a block is all ink, 0 where it has none
}

/** The square that an image lies in, in bits, and where in it the image begins. */
export interface Square {
  readonly bits: number;
  readonly left: number;
  readonly top: number;
}

export function squareOf({ width, height }: { readonly width: number; readonly height: number }): Square {
  const bits = Math.max(width, height);
  return { bits, left: (bits - width) >> 1, top: (bits - height) >> 1 };
}

interface Stage {
  readonly level: Level;
  readonly sums: Uint16Array; // ink in each block of one image
  readonly block: Uint16Array; // in which block the bits (or the blocks of the stage before) lie
  readonly weights: Float64Array; // shade by ink, of each block: those at the edge are smaller
}

function stagesOf({ n, width, height }: Dataset["manifest"]): Stage[] {
  const { bits, left, top } = squareOf({ width, height });
  const stages: Stage[] = [];
  let before = Uint16Array.from({ length: width * height }, (_, at) => (top + Math.floor(at / width)) * bits + left + (at % width));
  for (let [side, size, wide] = [(bits + 1) >> 1, 2, bits]; ; [wide, side, size] = [side, (side + 1) >> 1, size * 2]) {
    const inside = (at: number) => Math.min(size, bits - at * size);
    const weights = Float64Array.from({ length: side * side }, (_, at) => 255 / (inside(at % side) * inside(Math.floor(at / side))));
    const block = before.map((at) => (Math.floor(at / wide) >> 1) * side + ((at % wide) >> 1));
    stages.push({ level: { side, block: size, shades: new Uint8Array(n * side * side) }, sums: new Uint16Array(side * side), block, weights });
    if (side === 1) return stages;
    before = Uint16Array.from({ length: side * side }, (_, at) => at);
  }
}

const made = new WeakMap<Dataset, readonly Level[]>();

/** All sizes below the images' own, from half to one block, made once. An image of one pixel has one too. */
export function pyramid(data: Dataset): readonly Level[] {
  let found = made.get(data);
  if (found === undefined) made.set(data, (found = levelsOf(data)));
  return found;
}

function levelsOf(data: Dataset): readonly Level[] {
  const { pixels, manifest } = data;
  const { n, row_bytes: bytes } = manifest;
  const stages = stagesOf(manifest);
  const { sums: first, block } = stages[0];
  for (let row = 0; row < n; row++) {
    first.fill(0);
    for (let byte = 0; byte < bytes; byte++) {
      // Most of an image is blank: only its ink is gone through.
      for (let left = pixels[row * bytes + byte] << 24; left !== 0; ) {
        const bit = Math.clz32(left);
        first[block[8 * byte + bit]]++;
        left &= ~(0x80000000 >>> bit);
      }
    }
    for (let stage = 0; stage < stages.length; stage++) {
      const { sums, block, level, weights } = stages[stage];
      if (stage > 0) {
        const finer = stages[stage - 1].sums;
        sums.fill(0);
        for (let at = 0; at < finer.length; at++) sums[block[at]] += finer[at];
      }
      const start = row * sums.length;
      for (let at = 0; at < sums.length; at++) level.shades[start + at] = sums[at] * weights[at] + 0.5;
    }
  }
  return stages.map(({ level }) => level);
}
