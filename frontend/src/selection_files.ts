// Selections as what people type and open elsewhere: split texts, Python, JSON, .npy, and a PNG of one bit a pixel.

import { bySplit, intervalsOf } from "./filters";
import { whereabouts } from "./data";
import type { Dataset } from "./model";

const LONGEST = 2000; // characters of a split text in the JSON and in Python

/** `test[17:18]+test[40:43]`: exactly these images, in the data's own order. */
export function splitText(rows: Iterable<number>, data: Dataset): string {
  const sizes = new Map(data.manifest.splits.map(({ name, start, stop }) => [name, stop - start]));
  const pieces = bySplit(intervalsOf(rows), data).map(([split, from, to]) =>
    from === 0 && to === sizes.get(split) ? split : `${split}[${from === 0 ? "" : from}:${to === sizes.get(split) ? "" : to}]`,
  );
  return pieces.join("+");
}

/** Positions in their splits, in the order of the rows; splits in the order in which they first come. */
export function indicesOf(rows: Iterable<number>, data: Dataset): Record<string, number[]> {
  const indices = new Map<string, number[]>();
  for (const row of rows) {
    const { split, index } = whereabouts(data, row);
    if (!indices.has(split)) indices.set(split, []);
    indices.get(split)!.push(index);
  }
  return Object.fromEntries(indices);
}

/** One position a line: `test/42`. */
export function linesOf(rows: Iterable<number>, data: Dataset): string {
  const lines: string[] = [];
  for (const row of rows) {
    const { split, index } = whereabouts(data, row);
    lines.push(`${split}/${index}`);
  }
  return lines.join("\n");
}

const quoted = (text: string) => JSON.stringify(text);

/** The selection as onebit.load(select=...) reads it. */
export function selectionJson(rows: Uint32Array, data: Dataset, more: Readonly<Record<string, string>> = {}): string {
  const { name, version, splits } = data.manifest;
  const split = splitText(rows, data);
  const indices = indicesOf(rows, data);
  const sums = splits.filter((one) => Object.hasOwn(indices, one.name)).map((one) => [one.name, one.sha256]);
  const record = {
    onebit_selection: 1,
    dataset: name,
    version,
    split: split.length > 0 && split.length <= LONGEST ? split : null,
    indices,
    sha256: Object.fromEntries(sums),
    ...more,
  };
  return `${JSON.stringify(record)}\n`;
}

/** Python that loads the selection: by its split text where that is short, else from the JSON file. */
export function selectionCode(rows: Uint32Array, data: Dataset, file: string): string {
  const split = splitText(rows, data);
  const { name } = data.manifest;
  const chosen = split.length > 0 && split.length <= LONGEST / 4 ? `split=${quoted(split)}` : `select=${quoted(file)}`;
  return `import onebit\n\nds = onebit.load(${quoted(name)}, ${chosen})\n`;
}

/** Python that gives one image. */
export function itemCode(row: number, data: Dataset): string {
  const { split, index } = whereabouts(data, row);
  return `import onebit\n\nimage = onebit.load(${quoted(data.manifest.name)}, split=${quoted(split)})[${index}]["image"]\n`;
}

/** The images as NumPy's format: uint8 zeros and ones, of shape (images, height, width, 1). */
export function npy(rows: Uint32Array, data: Dataset): Uint8Array<ArrayBuffer> {
  const { height, width, row_bytes: bytes } = data.manifest;
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${rows.length}, ${height}, ${width}, 1), }`;
  const header = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11)}\n`;
  const size = height * width;
  const file = new Uint8Array(10 + header.length + rows.length * size);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  file.set(new TextEncoder().encode(header), 10);
  let at = 10 + header.length;
  for (const row of rows) {
    for (let place = 0; place < size; place++) file[at++] = (data.pixels[row * bytes + (place >> 3)] >> (7 - (place & 7))) & 1;
  }
  return file;
}

let crcTable: Uint32Array | undefined;

/** The check-sum (CRC-32) of a part of a PNG, or of a file in an archive. */
export function crc(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, start) => {
    let value = start;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value >>> 0;
  });
  let value = 0xffffffff;
  for (const byte of bytes) value = crcTable[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

function chunk(kind: string, body: Uint8Array): Uint8Array {
  const made = new Uint8Array(12 + body.length);
  const view = new DataView(made.buffer);
  view.setUint32(0, body.length);
  made.set(new TextEncoder().encode(kind), 4);
  made.set(body, 8);
  view.setUint32(8 + body.length, crc(made.subarray(4, 8 + body.length)));
  return made;
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Bits of a sheet, rows of whole bytes with a zero before each, as PNG's filter 0 has them. */
function sheetBits(rows: Uint32Array, data: Dataset, across: number, gap: number, inverted: boolean): [Uint8Array<ArrayBuffer>, number, number] {
  const { height, width, row_bytes: bytes } = data.manifest;
  const wide = Math.max(across * (width + gap) + gap, 1);
  const high = Math.max(Math.ceil(rows.length / across) * (height + gap) + gap, 1);
  const stride = 1 + Math.ceil(wide / 8);
  const bits = new Uint8Array(high * stride).fill(inverted ? 0 : 255); // 1 is white
  for (let line = 0; line < high; line++) bits[line * stride] = 0;
  for (const [number, row] of rows.entries()) {
    const [left, top] = [gap + (number % across) * (width + gap), gap + Math.floor(number / across) * (height + gap)];
    for (let place = 0; place < height * width; place++) {
      if ((data.pixels[row * bytes + (place >> 3)] & (0x80 >> (place & 7))) === 0) continue;
      const x = left + (place % width);
      bits[(top + Math.floor(place / width)) * stride + 1 + (x >> 3)] ^= 0x80 >> (x & 7);
    }
  }
  return [bits, wide, high];
}

/** A contact sheet of the images, black ink on white or the other way round, one bit a pixel. */
export async function png(rows: Uint32Array, data: Dataset, inverted = false, gap = 2): Promise<Uint8Array<ArrayBuffer>> {
  const across = Math.max(Math.ceil(Math.sqrt(rows.length)), 1);
  const [bits, wide, high] = sheetBits(rows, data, across, gap, inverted);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, wide);
  view.setUint32(4, high);
  header.set([1, 0, 0, 0, 0], 8); // one bit, grey, the only compression and filter method, not interlaced
  const parts = [
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("IDAT", await deflated(bits)),
    chunk("IEND", new Uint8Array(0)),
  ];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) (file.set(part, at), (at += part.length));
  return file;
}
