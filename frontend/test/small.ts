// A small data set for tests: 3 by 5 pixels, two splits, columns of every kind.

import { assemble } from "../src/data";
import type { ColumnEntry, Dataset, DType, Manifest } from "../src/model";

const N = 12;
export const INK = [0, 3, 5, 5, 7, 1, 2, 9, 15, 4, 4, 0];
export const CENTROID = [-256, 300, 512, 513, 600, 700, 800, 900, 1000, 1100, 1200, -256];
export const NATS = [NaN, NaN, NaN, NaN, NaN, NaN, NaN, 81.5, 79.25, 90, 100.125, 70];

function entry(name: string, dtype: DType, offset: number, more: Partial<ColumnEntry> = {}): ColumnEntry {
  return { name, title: name, kind: "integer", dtype, offset, length: N, min: 0, max: 0, unit: "", doc: "", scale: 1, ...more };
}

export function manifest(): Manifest {
  return {
    schema: 1,
    onebit: "0",
    name: "small",
    version: "1.0.0",
    n: N,
    height: 3,
    width: 5,
    row_bytes: 2,
    bit_order: "big",
    splits: [
      { name: "train", start: 0, stop: 7, sha256: "aa" },
      { name: "test", start: 7, stop: N, sha256: "bb" },
    ],
    pixels: { url: "pixels.bin", bytes: N * 2, sha256: "" },
    features: { url: "features.bin", bytes: 132, sha256: "" },
    columns: [
      entry("split", "uint8", 0, { kind: "category", categories: ["train", "test"] }),
      entry("ink", "uint16", 12),
      entry("centroid_x", "int16", 36, { kind: "real", scale: 1 / 256 }),
      entry("nats_model", "float32", 60, { kind: "nats" }),
      entry("colour", "uint8", 108, { kind: "category", categories: ["a,b", "c;~d", "!e:/@"] }),
      entry("index", "uint8", 120),
    ],
  };
}

export function small(): Dataset {
  const made = manifest();
  const features = new ArrayBuffer(132);
  const split = (row: number) => (row < 7 ? 0 : 1);
  for (let row = 0; row < N; row++) {
    new Uint8Array(features, 0, N)[row] = split(row);
    new Uint16Array(features, 12, N)[row] = INK[row];
    new Int16Array(features, 36, N)[row] = CENTROID[row];
    new Float32Array(features, 60, N)[row] = NATS[row];
    new Uint8Array(features, 108, N)[row] = row % 3;
    new Uint8Array(features, 120, N)[row] = row - 7 * split(row);
  }
  const pixels = Uint8Array.from({ length: N * 2 }, (_, at) => (at * 37 + 11) & (at % 2 === 1 ? 0xfe : 0xff));
  return assemble(made, pixels, features);
}

/** Whether a pixel is ink, the slow way. */
export function isInk(data: Dataset, row: number, x: number, y: number): boolean {
  const bits = [...data.pixels.subarray(row * 2, row * 2 + 2)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits[y * 5 + x] === "1";
}
