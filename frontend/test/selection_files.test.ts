import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync, crc32 } from "node:zlib";
import { indicesOf, itemCode, linesOf, npy, png, selectionCode, selectionJson, splitText } from "../src/selection_files";
import { isInk, small } from "./small";

const data = small();
const rows = Uint32Array.of(9, 3, 8, 2, 11);

test("as a split text, in the data's own order", () => {
  assert.equal(splitText(rows, data), "train[2:4]+test[1:3]+test[4:]");
  assert.equal(splitText(Array.from({ length: 12 }, (_, row) => row), data), "train+test");
  assert.equal(splitText([0, 7], data), "train[:1]+test[:1]");
  assert.equal(splitText([], data), "");
});

test("as positions, in the order of the rows", () => {
  assert.deepEqual(indicesOf(rows, data), { test: [2, 1, 4], train: [3, 2] });
  assert.equal(linesOf(rows, data), "test/2\ntrain/3\ntest/1\ntrain/2\ntest/4");
});

test("as JSON", () => {
  assert.deepEqual(JSON.parse(selectionJson(rows, data, { permalink: "#tab=STATS" })), {
    onebit_selection: 1,
    dataset: "small",
    version: "1.0.0",
    split: "train[2:4]+test[1:3]+test[4:]",
    indices: { test: [2, 1, 4], train: [3, 2] },
    sha256: { train: "aa", test: "bb" },
    permalink: "#tab=STATS",
  });
  const nothing = JSON.parse(selectionJson(new Uint32Array(0), data));
  assert.deepEqual([nothing.split, nothing.indices, nothing.sha256], [null, {}, {}]);
});

test("as Python", () => {
  assert.equal(selectionCode(rows, data, "slice.json"), 'import onebit\n\nds = onebit.load("small", split="train[2:4]+test[1:3]+test[4:]")\n');
  assert.equal(selectionCode(new Uint32Array(0), data, "slice.json"), 'import onebit\n\nds = onebit.load("small", select="slice.json")\n');
  assert.equal(itemCode(9, data), 'import onebit\n\nimage = onebit.load("small", split="test")[2]["image"]\n');
});

test("as .npy", () => {
  const file = npy(rows, data);
  const text = Buffer.from(file).toString("latin1");
  const length = file[8] + 256 * file[9];
  assert.ok(text.startsWith("\x93NUMPY\x01\x00") && (10 + length) % 64 === 0 && text[9 + length] === "\n");
  assert.ok(text.includes("{'descr': '|u1', 'fortran_order': False, 'shape': (5, 3, 5, 1), }"));
  const values = [...file.subarray(10 + length)];
  const expected = [...rows].flatMap((row) => Array.from({ length: 15 }, (_, place) => Number(isInk(data, row, place % 5, Math.floor(place / 5)))));
  assert.deepEqual(values, expected);
});

/** Width, height and pixels (1 is white) of a PNG of one bit, read by another way. */
function readPng(file: Uint8Array): { width: number; height: number; white: (x: number, y: number) => boolean } {
  const bytes = Buffer.from(file);
  assert.equal(bytes.subarray(0, 8).toString("latin1"), "\x89PNG\r\n\x1a\n");
  const parts = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; at += 12 + bytes.readUInt32BE(at)) {
    const length = bytes.readUInt32BE(at);
    assert.equal(bytes.readUInt32BE(at + 8 + length), crc32(bytes.subarray(at + 4, at + 8 + length)));
    parts.set(bytes.toString("latin1", at + 4, at + 8), bytes.subarray(at + 8, at + 8 + length));
  }
  assert.deepEqual([...parts.keys()], ["IHDR", "IDAT", "IEND"]);
  const [header, bits] = [parts.get("IHDR")!, inflateSync(parts.get("IDAT")!)];
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  assert.deepEqual([...header.subarray(8)], [1, 0, 0, 0, 0]);
  const stride = 1 + Math.ceil(width / 8);
  assert.equal(bits.length, height * stride);
  return { width, height, white: (x, y) => (bits[y * stride + 1 + (x >> 3)] & (0x80 >> (x & 7))) !== 0 };
}

for (const inverted of [false, true]) {
  test(`as a PNG of one bit a pixel${inverted ? ", inverted" : ""}`, async () => {
    const { width, height, white } = readPng(await png(rows, data, inverted));
    assert.deepEqual([width, height], [2 + 3 * 7, 2 + 2 * 5]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [column, line, inX, inY] = [Math.floor((x - 2) / 7), Math.floor((y - 2) / 5), (x - 2) % 7, (y - 2) % 5];
        const row = rows[line * 3 + column];
        const ink = x >= 2 && y >= 2 && inX < 5 && inY < 3 && row !== undefined && isInk(data, row, inX, inY);
        assert.equal(white(x, y), ink === inverted, `${x}, ${y}`);
      }
    }
  });
}
