// Images from files that a person drops: .npy, .npz and PNG grids. Files come from anywhere: sizes are checked before memory
// is taken, nothing in them is run, and Python objects in them are refused unread.

import { crc } from "./selection_files";

export interface Samples {
  readonly name: string;
  readonly count: number;
  readonly images: Uint8Array; // packed rows, as the data set's
  readonly notes: readonly string[]; // what was done to make them images of zeros and ones
}

/** The file cannot be taken; the message says why and what could be. */
export class SamplesError extends Error {}

const LARGEST = 512 << 20; // bytes of a file, or of what comes out of it
const MOST = 1_000_000; // images
const ACCEPTED = "Drop an .npy or .npz array of shape (n, H, W), (n, H, W, 1) or (n, H*W), or a PNG grid.";

/** A floating-point number of 16 bits: sign, 5 bits of exponent, 10 of mantissa (not every browser has Float16Array). */
function half(bits: number): number {
  const [sign, exponent, mantissa] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

const DTYPES: Readonly<Record<string, (buffer: ArrayBuffer, bigEndian: boolean) => ArrayLike<number>>> = {
  b1: (buffer) => new Uint8Array(buffer),
  u1: (buffer) => new Uint8Array(buffer),
  i1: (buffer) => new Int8Array(buffer),
  u2: (buffer, big) => new Uint16Array(ordered(buffer, 2, big)),
  i2: (buffer, big) => new Int16Array(ordered(buffer, 2, big)),
  u4: (buffer, big) => new Uint32Array(ordered(buffer, 4, big)),
  i4: (buffer, big) => new Int32Array(ordered(buffer, 4, big)),
  f2: (buffer, big) => Float32Array.from(new Uint16Array(ordered(buffer, 2, big)), half),
  f4: (buffer, big) => new Float32Array(ordered(buffer, 4, big)),
  f8: (buffer, big) => new Float64Array(ordered(buffer, 8, big)),
  i8: (buffer, big) => Float64Array.from(new BigInt64Array(ordered(buffer, 8, big)), Number),
  u8: (buffer, big) => Float64Array.from(new BigUint64Array(ordered(buffer, 8, big)), Number),
};

/** Bytes of numbers in the order of this machine, which is little-endian in every browser. */
function ordered(buffer: ArrayBuffer, size: number, bigEndian: boolean): ArrayBuffer {
  if (!bigEndian) return buffer;
  const bytes = new Uint8Array(buffer.slice(0));
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes.buffer;
}

interface Numbers {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** An .npy file (formats 1 to 3). */
export function readNpy(bytes: Uint8Array): Numbers {
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (bytes.length < 12 || magic.some((byte, at) => bytes[at] !== byte)) throw new SamplesError(`It is no .npy file. ${ACCEPTED}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = bytes[6] > 1;
  const start = long ? 12 : 10;
  const length = long ? view.getUint32(8, true) : view.getUint16(8, true);
  if (length > 65536 || start + length > bytes.length) throw new SamplesError("The .npy file is cut short in its header.");
  const header = new TextDecoder().decode(bytes.subarray(start, start + length));
  const descr = /'descr':\s*'([<>|=])([a-zA-Z]\d+)'/.exec(header);
  if (descr === null || !Object.hasOwn(DTYPES, descr[2])) {
    const type = /'descr':\s*(.{1,40}?),\s*'/.exec(header)?.[1] ?? "unknown";
    const pickled = /'\|?O\d?'/.test(type) ? " Python objects are not read: they can run programs." : "";
    throw new SamplesError(`The array has the type ${type}; allowed are booleans, integers, and floats of 16, 32 or 64 bits.${pickled}`);
  }
  if (/'fortran_order':\s*True/.test(header)) throw new SamplesError("The array is in Fortran order. Save numpy.ascontiguousarray(array) instead.");
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(header)?.[1] ?? "").split(",").map((part) => part.trim()).filter((part) => part !== "").map(Number);
  const count = shape.reduce((one, other) => one * other, 1);
  if (shape.length === 0 || !shape.every((each) => Number.isSafeInteger(each) && each >= 0) || !Number.isSafeInteger(count)) throw new SamplesError(`The array's shape cannot be read. ${ACCEPTED}`);
  const size = Number(descr[2].slice(1));
  const body = start + length;
  if (count * size > LARGEST) throw new SamplesError(`The array has ${(count * size).toLocaleString("en")} bytes; at most ${LARGEST.toLocaleString("en")} are read.`);
  if (bytes.length - body < count * size) throw new SamplesError("The .npy file is cut short: it has less numbers than its header says.");
  return { shape, values: DTYPES[descr[2]](bytes.slice(body, body + count * size).buffer, descr[1] === ">") };
}

/** The bytes that a deflated part of an archive holds, never more than it says. */
async function inflated(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const made = new Uint8Array(size);
  let at = 0;
  try {
    for await (const part of stream as unknown as AsyncIterable<Uint8Array>) {
      if (at + part.length > size) throw new SamplesError("The archive holds more than it says.");
      made.set(part, at);
      at += part.length;
    }
  } catch (error) {
    throw error instanceof SamplesError ? error : new SamplesError("The archive is damaged: what is packed in it cannot be unpacked.");
  }
  if (at !== size) throw new SamplesError("The archive is cut short.");
  return made;
}

/** The first array of images in an .npz archive. */
export async function readNpz(bytes: Uint8Array): Promise<Numbers> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && end > bytes.length - 22 - 65536 && view.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0 || view.getUint32(end, true) !== 0x06054b50) throw new SamplesError("The .npz archive is cut short: its table of contents is missing.");
  let at = view.getUint32(end + 16, true);
  const found: string[] = [];
  let unpacked = 0; // bytes, of all arrays before the first one of images too
  for (let entry = 0; entry < Math.min(view.getUint16(end + 10, true), 1000); entry++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) throw new SamplesError("The .npz archive is damaged.");
    const [method, packed, size] = [view.getUint16(at + 10, true), view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
    const [nameLength, extra, comment, place] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true), view.getUint16(at + 32, true), view.getUint32(at + 42, true)];
    const [name, directory] = [new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength)), at];
    at += 46 + nameLength + extra + comment;
    if (!name.endsWith(".npy")) continue;
    unpacked += size;
    if (unpacked > LARGEST) throw new SamplesError(`The archive has ${unpacked.toLocaleString("en")} bytes up to ${name}; at most ${LARGEST.toLocaleString("en")} are read. Save the images alone.`);
    if (place + 30 > bytes.length || view.getUint32(place, true) !== 0x04034b50) throw new SamplesError("The .npz archive is damaged.");
    const start = place + 30 + view.getUint16(place + 26, true) + view.getUint16(place + 28, true);
    if (start + packed > bytes.length || (method !== 0 && method !== 8)) throw new SamplesError(`${name} in the archive cannot be unpacked.`);
    const body = bytes.subarray(start, start + packed);
    const content = method === 0 ? body.slice() : await inflated(body, size);
    if (crc(content) !== view.getUint32(directory + 16, true)) throw new SamplesError(`${name} in the archive is damaged: its check-sum is another. Save it again.`);
    const array = readNpy(content);
    found.push(`${name} ${JSON.stringify(array.shape)}`);
    if (array.shape.length >= 2) return array;
  }
  throw new SamplesError(`The archive has no array of images${found.length > 0 ? `, only ${found.slice(0, 5).join(", ")}` : ""}. ${ACCEPTED}`);
}

/** Numbers as packed images of a size; what lies between black and white is cut in the middle, and said. */
export function packedImages(name: string, { shape, values }: Numbers, width: number, height: number): Samples {
  const pixels = width * height;
  const rest = shape.slice(1).filter((each, at, all) => !(each === 1 && (at === all.length - 1 || at === 0) && all.length > 2));
  const fits = shape.length >= 2 && ((rest.length === 2 && rest[0] === height && rest[1] === width) || (rest.length === 1 && rest[0] === pixels));
  if (!fits) throw new SamplesError(`The array has the shape (${shape.join(", ")}); images of this data set are ${height} by ${width}. ${ACCEPTED}`);
  const count = shape[0];
  if (count === 0 || count > MOST) throw new SamplesError(`The file has ${count.toLocaleString("en")} images; 1 to ${MOST.toLocaleString("en")} are taken.`);
  let [low, high, between] = [Infinity, -Infinity, false];
  for (let at = 0; at < count * pixels; at++) {
    const value = values[at];
    if (!(value >= -1e30 && value <= 1e30)) throw new SamplesError("The array has values that are no numbers (NaN or infinite).");
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const top = high > 1 ? Math.max(high, 255) : 1;
  if (low < 0) throw new SamplesError(`The array has values from ${low} to ${high}; allowed are 0 and 1, 0 to 1, or 0 to 255.`);
  if (high > 255) throw new SamplesError(`The array has values up to ${high}; allowed are 0 and 1, 0 to 1, or 0 to 255.`);
  const bytes = Math.ceil(pixels / 8);
  const images = new Uint8Array(count * bytes);
  for (let image = 0; image < count; image++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = values[image * pixels + pixel];
      if (value !== 0 && value !== top) between = true;
      if (value > top / 2) images[image * bytes + (pixel >> 3)] |= 0x80 >> (pixel & 7);
    }
  }
  return { name, count, images, notes: between ? [`Values from ${low} to ${high} were cut at ${top / 2}: the images are no longer what your model drew.`] : [] };
}

/** How a picture is divided: cells, lines of `gap` pixels between them and of `edge` pixels around them. */
interface Division {
  readonly columns: number;
  readonly rows: number;
  readonly gap: number;
  readonly edge: number;
}

/** All ways in which a picture of a size can be a grid of images. */
function divisions(across: number, down: number, width: number, height: number): Division[] {
  const found: Division[] = [];
  for (const gap of [0, 1, 2]) {
    for (const edge of gap === 0 ? [0] : [gap, 0]) {
      const columns = (across - 2 * edge + gap) / (width + gap);
      const rows = (down - 2 * edge + gap) / (height + gap);
      if (Number.isInteger(columns) && Number.isInteger(rows) && columns > 0 && rows > 0) found.push({ columns, rows, gap, edge });
    }
  }
  return found;
}

/** Whether all lines of a division have one colour, as lines have and images that are cut through have not. */
function hasPlainLines(data: Uint8ClampedArray, across: number, down: number, width: number, height: number, { gap, edge }: Division): boolean {
  const isLine = (at: number, size: number) => at < edge || (at - edge) % (size + gap) >= size;
  const colours = new Uint32Array(data.buffer, data.byteOffset, across * down);
  let colour: number | null = null;
  for (let y = 0; y < down; y++) {
    const whole = isLine(y, height);
    for (let x = 0; x < across; x++) {
      if (!whole && !isLine(x, width)) continue;
      const here = colours[y * across + x];
      colour ??= here;
      if (here !== colour) return false;
    }
  }
  return true;
}

/**
 * A picture as a grid of images: cells of the images' size, with or without lines of one or two pixels between and around
 * them. Where the size allows several grids (392 pixels are 14 images of 28, or 13 with lines of 2), lines of one colour
 * decide. `data` is RGBA; dark on light is turned about. Cells without anything at the end are left out.
 */
export function gridOf(name: string, data: Uint8ClampedArray, across: number, down: number, width: number, height: number): Samples {
  const found = divisions(across, down, width, height);
  if (found.length === 0) throw new SamplesError(`The picture has ${across} by ${down} pixels: no whole number of images of ${width} by ${height}, with lines of 0, 1 or 2 pixels between them.`);
  const lined = found.length === 1 ? undefined : found.find((one) => one.gap > 0 && hasPlainLines(data, across, down, width, height, one));
  return cells(name, data, across, width, height, lined ?? found[0]);
}

function cells(name: string, data: Uint8ClampedArray, across: number, width: number, height: number, { columns, rows, gap, edge }: Division): Samples {
  const values = new Float64Array(columns * rows * width * height);
  const opacities = new Float64Array(values.length);
  let [sum, at] = [0, 0];
  for (let cell = 0; cell < columns * rows; cell++) {
    const [left, top] = [edge + (cell % columns) * (width + gap), edge + Math.floor(cell / columns) * (height + gap)];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const pixel = 4 * ((top + y) * across + left + x);
        opacities[at] = data[pixel + 3];
        values[at] = Math.round(255 - (data[pixel + 3] / 255) * (255 - (0.299 * data[pixel] + 0.587 * data[pixel + 1] + 0.114 * data[pixel + 2])));
        sum += values[at++];
      }
    }
  }
  const notes: string[] = [];
  if (sum === 255 * values.length && opacities.some((opacity) => opacity !== opacities[0])) {
    values.set(opacities); // on paper nothing would be seen
    notes.push("White on nothing: what is opaque was taken as ink.");
  } else if (sum / values.length > 127) {
    for (let place = 0; place < values.length; place++) values[place] = 255 - values[place];
    notes.push("Dark on light was taken as ink on paper.");
  }
  const made = packedImages(name, { shape: [columns * rows, width * height], values }, width, height);
  const bytes = made.images.length / made.count;
  let count = made.count;
  while (count > 1 && made.images.subarray((count - 1) * bytes, count * bytes).every((byte) => byte === 0)) count--;
  if (count < made.count) notes.push(`Cells without anything at the end were left out: ${made.count - count}.`);
  return { ...made, count, images: made.images.slice(0, count * bytes), notes: [...notes, ...made.notes] };
}

/** The images of a file; `picture` decodes a PNG. */
export async function readSamples(
  file: { readonly name: string; readonly size: number; arrayBuffer(): Promise<ArrayBuffer> },
  width: number,
  height: number,
  picture: (bytes: Uint8Array) => Promise<{ readonly data: Uint8ClampedArray; readonly width: number; readonly height: number }>,
): Promise<Samples> {
  if (file.size > LARGEST) throw new SamplesError(`The file has ${file.size.toLocaleString("en")} bytes; at most ${LARGEST.toLocaleString("en")} are read.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const begins = (...magic: number[]) => magic.every((byte, at) => bytes[at] === byte);
  if (begins(0x93, 0x4e)) return packedImages(file.name, readNpy(bytes), width, height);
  if (begins(0x50, 0x4b)) return packedImages(file.name, await readNpz(bytes), width, height);
  if (begins(0x89, 0x50, 0x4e, 0x47)) {
    const size = new DataView(bytes.buffer);
    if (bytes.length < 24) throw new SamplesError("The picture is cut short.");
    const [wide, high] = [size.getUint32(16), size.getUint32(20)];
    if (wide * high * 4 > LARGEST) throw new SamplesError(`The picture has ${wide.toLocaleString("en")} by ${high.toLocaleString("en")} pixels; at most ${(LARGEST / 4).toLocaleString("en")} are read.`);
    const { data, width: across, height: down } = await picture(bytes).catch(() => {
      throw new SamplesError(`The picture ${file.name} cannot be decoded: it is damaged, or no PNG. Save it again.`);
    });
    return gridOf(file.name, data, across, down, width, height);
  }
  throw new SamplesError(`${file.name} is none of these. ${ACCEPTED}`);
}
