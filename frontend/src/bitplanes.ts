// The images turned about: for every pixel, which of the images have ink there. Counting over any selection is then an AND and
// a count of bits, fast enough to happen while a pointer moves.

import type { Dataset } from "./model";

/** One bit a row, 32 rows to a number: row r is bit r % 32 of number r >> 5. */
export type RowBits = Uint32Array;

export interface Planes {
  readonly count: number; // pixels
  readonly words: number; // numbers to a plane
  readonly bits: Uint32Array; // count * words
}

/** Turns 32 rows of 32 bits about their diagonal: bit c of number r becomes bit r of number c. (Hacker's Delight, 7-3.) */
function transpose(block: Uint32Array): void {
  for (let [width, mask] = [16, 0x0000ffff]; width > 0; width >>= 1, mask ^= mask << width) {
    for (let at = 0; at < 32; at = (at + width + 1) & ~width) {
      const swapped = ((block[at] >>> width) ^ block[at + width]) & mask;
      block[at] ^= swapped << width;
      block[at + width] ^= swapped;
    }
  }
}

/** The planes of all images. */
export function planesOf({ pixels, manifest }: Dataset): Planes {
  const { n, width, height, row_bytes: bytes } = manifest;
  const count = width * height;
  const words = (n + 31) >> 5;
  const bits = new Uint32Array(count * words);
  const block = new Uint32Array(32);
  const four = (at: number, left: number) => {
    let word = 0;
    for (let byte = 0; byte < 4; byte++) word = (word << 8) | (byte < left ? pixels[at + byte] : 0);
    return word;
  };
  for (let word = 0; word < words; word++) {
    for (let byte = 0; byte < bytes; byte += 4) {
      for (let row = 0; row < 32; row++) {
        const number = 32 * word + row;
        block[row] = number < n ? four(number * bytes + byte, bytes - byte) : 0;
      }
      transpose(block);
      for (let bit = 0; bit < 32; bit++) {
        const pixel = 8 * byte + bit;
        if (pixel < count) bits[pixel * words + word] = block[31 - bit]; // the leftmost pixel is the highest bit
      }
    }
  }
  return { count, words, bits };
}

/** A mask of one number a row as one bit a row. */
export function rowBits(mask: Uint8Array): RowBits {
  const made = new Uint32Array((mask.length + 31) >> 5);
  for (let row = 0; row < mask.length; row++) made[row >> 5] |= mask[row] << (row & 31);
  return made;
}

function ones(word: number): number {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  return Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export function countRows(rows: RowBits): number {
  let sum = 0;
  for (const word of rows) sum += ones(word);
  return sum;
}

/** For every pixel, how many of the rows have ink there. */
export function inkCounts({ count, words, bits }: Planes, rows: RowBits): Uint32Array {
  const counts = new Uint32Array(count);
  const whole = words & ~1;
  for (let pixel = 0; pixel < count; pixel++) {
    const start = pixel * words;
    let sum = 0;
    for (let word = 0; word < whole; word += 2) {
      // Two numbers at a time: their counts by nibbles have room to be added before the last steps.
      let one = bits[start + word] & rows[word];
      let other = bits[start + word + 1] & rows[word + 1];
      one -= (one >>> 1) & 0x55555555;
      other -= (other >>> 1) & 0x55555555;
      one = (one & 0x33333333) + ((one >>> 2) & 0x33333333) + (other & 0x33333333) + ((other >>> 2) & 0x33333333);
      sum += Math.imul((one & 0x0f0f0f0f) + ((one >>> 4) & 0x0f0f0f0f), 0x01010101) >>> 24;
    }
    if (whole < words) sum += ones(bits[start + whole] & rows[whole]);
    counts[pixel] = sum;
  }
  return counts;
}

/** Those of the rows that have ink at a pixel or, with `ink` false, are blank there. */
export function rowsWith({ words, bits }: Planes, rows: RowBits, pixel: number, ink = true): RowBits {
  const made = new Uint32Array(words);
  for (let word = 0; word < words; word++) made[word] = rows[word] & (ink ? bits[pixel * words + word] : ~bits[pixel * words + word]);
  return made;
}

/** The entropy of a pixel that is ink with probability p, in bits. */
export function entropy(p: number): number {
  return p <= 0 || p >= 1 ? 0 : -(p * Math.log2(p) + (1 - p) * Math.log2(1 - p));
}

/** The variance of a pixel that is ink with probability p. */
export function variance(p: number): number {
  return p * (1 - p);
}
