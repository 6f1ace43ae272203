import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import type { Dataset } from "../src/model";
import { gridOf, packedImages, readNpy, readNpz, readSamples, SamplesError } from "../src/samples";
import { npy } from "../src/selection_files";

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
    const middle = [...two(packed ? 8 : 0), ...four(0), ...four(0), ...four(body.length), ...four(content.length), ...two(letters.length), ...two(0)];
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

const wrong: [string, Uint8Array, RegExp][] = [
  ["text", new TextEncoder().encode("hello, world"), /is none of these\. Drop an \.npy/],
  ["objects", array("|O", "(1,)", new Uint8Array(8)), /Python objects are not read: they can run programs/],
  ["a shape of its own", array("|u1", "(1, 3, 3)", new Uint8Array(9)), /shape \(1, 3, 3\); images of this data set are 2 by 2/],
  ["cut short", array("|u1", "(9, 2, 2)", new Uint8Array(9)), /cut short/],
  ["huge", array("<f8", "(999999999, 2, 2)", new Uint8Array(9)), /bytes; at most/],
  ["negative", array("|i1", "(1, 4)", Uint8Array.of(255, 0, 0, 0)), /allowed are 0 and 1, 0 to 1, or 0 to 255/],
  ["nan", array("<f4", "(1, 4)", new Uint8Array(new Float32Array([NaN, 0, 0, 0]).buffer)), /no numbers/],
  ["too bright", array("<u2", "(1, 4)", new Uint8Array(new Uint16Array([700, 0, 0, 0]).buffer)), /values up to 700/],
  ["in Fortran order", header("{'descr': '|u1', 'fortran_order': True, 'shape': (1, 2, 2), }", new Uint8Array(4)), /ascontiguousarray/],
  ["empty", array("|u1", "(0, 2, 2)", new Uint8Array(0)), /0 images/],
  ["an archive without images", zip([["a.npy", array("|u1", "(1,)", Uint8Array.of(1)), true]]), /no array of images, only a\.npy \[1\]/],
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

test("a picture that is no grid says so", () => {
  assert.throws(() => gridOf("a.png", new Uint8ClampedArray(4 * 35), 7, 5, 4, 4), /7 by 5 pixels: no whole number of images of 4 by 4/);
});
