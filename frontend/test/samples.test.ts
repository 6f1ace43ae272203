import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import type { Dataset } from "../src/model";
import { gridOf, packedImages, readNpy, readNpz, readSamples, SamplesError } from "../src/samples";
import { crc as crc32, npy } from "../src/selection_files";

function header(text: string, body: Uint8Array): Uint8Array {
  const padded = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11)}\n`;
  return Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, padded.length & 255, padded.length >> 8, ...new TextEncoder().encode(padded), ...body);
}
const array = (descr: string, shape: string, body: Uint8Array) => header(`{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`, body);

function zip(entries: [string, Uint8Array, boolean][]): Uint8Array {
  const [parts, table]: [number[], number[]] = [[], []];
  const two = (n: number) => [n & 255, n >> 8];
  const four = (n: number) => [...two(n & 65535), ...two(n >>> 16)];
  for (const [name, content, packed] of entries) {
    const body = packed ? deflateRawSync(content) : content;
    const letters = [...new TextEncoder().encode(name)];
    const middle = [...two(packed ? 8 : 0), ...four(0), ...four(crc32(content)), ...four(body.length), ...four(content.length), ...two(letters.length), ...two(0)];
    table.push(...four(0x02014b50), ...two(20), ...two(20), ...two(0), ...middle, ...two(0), ...two(0), ...two(0), ...four(0), ...four(parts.length), ...letters);
    parts.push(...four(0x04034b50), ...two(20), ...two(0), ...middle, ...letters, ...body);
  }
  return Uint8Array.from([...parts, ...table, ...four(0x06054b50), ...two(0), ...two(0), ...two(entries.length), ...two(entries.length), ...four(table.length), ...four(parts.length), ...two(0)]);
}

const noPicture = async () => assert.fail("no picture was given");
const file = (name: string, bytes: Uint8Array) => ({ name, size: bytes.length, arrayBuffer: async () => bytes.slice().buffer as ArrayBuffer });

test("what is exported can be dropped", async () => {
  const data = { pixels: Uint8Array.of(0b10100000, 0b01010000), manifest: { height: 2, width: 2, row_bytes: 1, n: 2 } } as unknown as Dataset;
  const made = await readSamples(file("a.npy", npy(Uint32Array.of(1, 0), data)), 2, 2, noPicture);
  assert.deepEqual([made.count, [...made.images], made.notes], [2, [0b01010000, 0b10100000], []]);
});

test("numbers of every type", () => {
  const floats = new Uint8Array(new Float32Array([0, 1, 1, 0]).buffer);
  assert.deepEqual([...packedImages("f", readNpy(array("<f4", "(1, 2, 2)", floats)), 2, 2).images], [0b01100000]);
  const big = new Uint8Array([0, 0, 0, 255, 0, 255, 0, 0]);
  assert.deepEqual([...packedImages("u", readNpy(array(">u2", "(1, 4)", big)), 2, 2).images], [0b01100000]);
  const halves = new Uint8Array(Uint16Array.of(0x0000, 0x3c00, 0x3800, 0x3801).buffer); // 0, 1, 0.5 and a little more
  assert.deepEqual([...packedImages("h", readNpy(array("<f2", "(1, 2, 2)", halves)), 2, 2).images], [0b01010000]);
  const more = new Uint8Array(Uint16Array.of(0xc000, 0x7bff, 0x0001, 0x8001, 0x7c00, 0xfc00, 0x7e00).buffer);
  assert.deepEqual([...Array.from(readNpy(array("<f2", "(7,)", more)).values)], [-2, 65504, 2 ** -24, -(2 ** -24), Infinity, -Infinity, NaN]);
  const longs = new Uint8Array(new BigInt64Array([0n, 1n, 1n, 0n]).buffer);
  assert.deepEqual([...packedImages("i", readNpy(array("<i8", "(1, 2, 2, 1)", longs)), 2, 2).images], [0b01100000]);
  assert.deepEqual([...packedImages("b", readNpy(array("|b1", "(1, 1, 2, 2)", Uint8Array.of(0, 1, 1, 0))), 2, 2).images], [0b01100000]);
});

test("shades are cut in the middle, which is said", () => {
  const made = packedImages("grey", { shape: [1, 4], values: [0, 0.4, 0.6, 1] }, 2, 2);
  assert.deepEqual([...made.images], [0b00110000]);
  assert.match(made.notes[0], /Values from 0 to 1 were cut at 0\.5/);
});

test("archives, packed and not, give their first array of images", async () => {
  const images = array("|u1", "(1, 2, 2)", Uint8Array.of(1, 0, 0, 1));
  const labels = array("|u1", "(1,)", Uint8Array.of(7));
  for (const packed of [true, false]) {
    const made = await readSamples(file("a.npz", zip([["labels.npy", labels, packed], ["x.npy", images, packed]])), 2, 2, noPicture);
    assert.deepEqual([...made.images], [0b10010000]);
  }
});

/** The archive, with what is packed in its first entry spoilt. */
function damaged(archive: Uint8Array): Uint8Array {
  const start = 30 + archive[26];
  return archive.map((byte, at) => (at >= start && at < start + 8 ? 255 : byte));
}

const wrong: [string, Uint8Array, RegExp][] = [
  ["text", new TextEncoder().encode("hello, world"), /is none of these\. Drop an \.npy/],
  ["objects", array("|O", "(1,)", new Uint8Array(8)), /Python objects are not read: they can run programs/],
  ["a shape of its own", array("|u1", "(1, 3, 3)", new Uint8Array(9)), /shape \(1, 3, 3\); images of this data set are 2 by 2/],
  ["cut short", array("|u1", "(9, 2, 2)", new Uint8Array(9)), /cut short/],
  ["huge", array("<f8", "(999999999, 2, 2)", new Uint8Array(9)), /bytes; at most/],
  ["negative", array("|i1", "(1, 4)", Uint8Array.of(255, 0, 0, 0)), /allowed are 0 and 1, 0 to 1, or 0 to 255/],
  ["nan", array("<f4", "(1, 4)", new Uint8Array(new Float32Array([NaN, 0, 0, 0]).buffer)), /no numbers/],
  ["too bright", array("<u2", "(1, 4)", new Uint8Array(new Uint16Array([700, 0, 0, 0]).buffer)), /values up to 700/],
  ["complex", array("<c8", "(1, 4)", new Uint8Array(32)), /the type '<c8'; allowed are booleans, integers, and floats of 16, 32 or 64 bits/],
  ["in Fortran order", header("{'descr': '|u1', 'fortran_order': True, 'shape': (1, 2, 2), }", new Uint8Array(4)), /ascontiguousarray/],
  ["empty", array("|u1", "(0, 2, 2)", new Uint8Array(0)), /0 images/],
  ["an archive without images", zip([["a.npy", array("|u1", "(1,)", Uint8Array.of(1)), true]]), /no array of images, only a\.npy \[1\]/],
  ["a damaged archive", damaged(zip([["a.npy", array("|u1", "(1, 2, 2)", new Uint8Array(4)), true]])), /damaged: what is packed in it cannot be unpacked/],
  ["an archive with other contents than it was made of", zip([["a.npy", array("|u1", "(1, 2, 2)", new Uint8Array(4)), false]]).map((byte, at) => (at === 30 + 5 + 128 ? 1 : byte)), /a\.npy in the archive is damaged: its check-sum is another/],
  ["half an archive", zip([["a.npy", array("|u1", "(1, 2, 2)", new Uint8Array(4)), true]]).subarray(0, 60), /cut short/],
];
for (const [what, bytes, message] of wrong) {
  test(`refused: ${what}`, async () => {
    await assert.rejects(readSamples(file("x", bytes), 2, 2, noPicture), (error) => error instanceof SamplesError && message.test(error.message));
  });
}

test("an archive that unpacks to more than it says is refused", async () => {
  const bomb = zip([["a.npy", new Uint8Array(100000), true]]);
  const size = new DataView(bomb.buffer);
  const place = bomb.length - 22 - 46 - 5;
  size.setUint32(place + 24, 100, true);
  await assert.rejects(readNpz(bomb), /more than it says/);
});

test("an archive of many arrays is not unpacked for ever", async () => {
  const vector = array("|u1", "(1,)", Uint8Array.of(1));
  const many = zip(Array.from({ length: 8 }, (_, at): [string, Uint8Array, boolean] => [`${at}.npy`, vector, false]));
  const view = new DataView(many.buffer);
  for (let at = 0; at < many.length - 4; at++) if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 100 << 20, true); // what each says it holds
  await assert.rejects(readNpz(many), /The archive has 629,145,600 bytes up to 5\.npy; at most 536,870,912 are read/);
});

test("no file, whatever is in it, does worse than be refused", async () => {
  const start = fc.constantFrom([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0], [0x50, 0x4b, 3, 4], [0x89, 0x50, 0x4e, 0x47], []);
  await fc.assert(
    fc.asyncProperty(start, fc.uint8Array({ maxLength: 300 }), async (first, rest) => {
      try {
        await readSamples(file("x", Uint8Array.from([...first, ...rest])), 2, 2, async () => ({ data: new Uint8ClampedArray(16), width: 2, height: 2 }));
      } catch (error) {
        assert.ok(error instanceof SamplesError, String(error));
      }
    }),
  );
});

for (const [gap, edge] of [[0, 0], [1, 0], [2, 2]]) {
  test(`a grid with lines of ${gap} and an edge of ${edge}`, () => {
    const [columns, rows, side] = [3, 2, 4];
    const [across, down] = [columns * side + (columns - 1) * gap + 2 * edge, rows * side + (rows - 1) * gap + 2 * edge];
    for (const [paper, ink] of [[0, 255], [255, 0]]) {
      const data = new Uint8ClampedArray(across * down * 4).fill(paper);
      for (let at = 3; at < data.length; at += 4) data[at] = 255;
      for (let cell = 0; cell < 5; cell++) {
        const pixel = 4 * ((edge + Math.floor(cell / columns) * (side + gap) + 1) * across + edge + (cell % columns) * (side + gap) + cell % 4);
        data.fill(ink, pixel, pixel + 3);
      }
      const made = gridOf("grid.png", data, across, down, side, side);
      assert.equal(made.count, 5); // the last cell is empty
      for (let cell = 0; cell < 5; cell++) assert.deepEqual([made.images[2 * cell], made.images[2 * cell + 1]], [0x80 >> (4 + (cell % 4)), 0]);
    }
  });
}

/** A picture of 1-bit images, lines of `gap` between and around them, as `contact_sheet` and torchvision make it. */
function sheet(images: readonly (readonly number[])[], columns: number, side: number, gap: number, ink = 255): [Uint8ClampedArray, number, number] {
  const [across, down] = [columns * (side + gap) + gap, Math.ceil(images.length / columns) * (side + gap) + gap];
  const data = new Uint8ClampedArray(across * down * 4);
  for (let at = 3; at < data.length; at += 4) data[at] = 255;
  for (const [cell, image] of images.entries()) {
    const [left, top] = [gap + (cell % columns) * (side + gap), gap + Math.floor(cell / columns) * (side + gap)];
    for (const [place, bit] of image.entries()) {
      const pixel = 4 * ((top + Math.floor(place / side)) * across + left + (place % side));
      data.fill(bit * ink, pixel, pixel + 3);
    }
  }
  return [data, across, down];
}

const noise = (count: number, side: number) => Array.from({ length: count }, (_, one) => Array.from({ length: side * side }, (_, at) => Number((one * 31 + at * 17 + ((at * at) % 13)) % 5 < 2)));

test("where two grids fit, lines of one colour decide", () => {
  const side = 28;
  for (const [columns, gap] of [[13, 2], [14, 0], [27, 1], [28, 0]] as const) { // 392 and 784 pixels
    const images = noise(columns * columns, side);
    const [data, across, down] = sheet(images, columns, side, gap);
    assert.ok(across === 392 || across === 784);
    const made = gridOf("grid.png", data, across, down, side, side);
    assert.equal(made.count, columns * columns);
    for (const one of [0, 5, images.length - 1]) {
      const bits = Array.from({ length: side * side }, (_, place) => (made.images[98 * one + (place >> 3)] >> (7 - (place & 7))) & 1);
      assert.deepEqual(bits, images[one]);
    }
  }
});

test("a picture of zeros and ones, hardly to be seen, is taken as it is; empty cells at the end are said", () => {
  const images = [...noise(5, 4), new Array<number>(16).fill(0)];
  const [data, across, down] = sheet(images, 3, 4, 0, 1);
  const made = gridOf("dark.png", data, across, down, 4, 4);
  assert.deepEqual([made.count, made.notes], [5, ["Cells without anything at the end were left out: 1."]]);
  assert.equal(made.images.length, 10);
});

test("white ink on nothing is ink", () => {
  const images = noise(4, 4);
  const [data, across, down] = sheet(images, 2, 4, 0);
  const [expected, bare] = [gridOf("a.png", data, across, down, 4, 4), data.slice()];
  for (let at = 0; at < bare.length; at += 4) bare.set([255, 255, 255, data[at]], at);
  const made = gridOf("a.png", bare, across, down, 4, 4);
  assert.deepEqual(made.images, expected.images);
  assert.deepEqual(made.notes, ["White on nothing: what is opaque was taken as ink."]);
});

test("a PNG that ends early, is too large or cannot be decoded says so", async () => {
  const start = (wide: number) => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, wide >> 24, (wide >> 16) & 255, (wide >> 8) & 255, wide & 255, 0, 1, 0, 0);
  const read = (bytes: Uint8Array) => readSamples(file("a.png", bytes), 2, 2, () => Promise.reject(new Error("InvalidStateError")));
  await assert.rejects(read(start(2).subarray(0, 20)), /The picture is cut short/);
  await assert.rejects(read(start(1 << 20)), /1,048,576 by 65,536 pixels; at most 134,217,728 are read/);
  await assert.rejects(read(start(2)), (error) => error instanceof SamplesError && /a\.png cannot be decoded/.test(error.message));
});

test("a picture that is no grid says so", () => {
  assert.throws(() => gridOf("a.png", new Uint8ClampedArray(4 * 35), 7, 5, 4, 4), /7 by 5 pixels: no whole number of images of 4 by 4/);
});
