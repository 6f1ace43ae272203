// Small data sets for tests.

import type { Column, ColumnEntry, Dataset, Numbers } from "../src/model";

export interface Sizes {
  readonly n: number;
  readonly height: number;
  readonly width: number;
}

/** A data set of random images, the same for the same seed, with the columns given. */
export function dataset({ n, height, width }: Sizes, seed = 1, columns: readonly Column[] = []): Dataset {
  const rowBytes = Math.ceil((height * width) / 8);
  const pixels = new Uint8Array(n * rowBytes);
  let state = seed >>> 0 || 1;
  for (let row = 0; row < n; row++) {
    for (let bit = 0; bit < height * width; bit++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      if (state >>> 30 === 0) pixels[row * rowBytes + (bit >> 3)] |= 0x80 >> (bit & 7);
    }
  }
  const file = { url: "", bytes: 0, sha256: "" };
  const half = n >> 1;
  const splits = [{ name: "train", start: 0, stop: half, sha256: "" }, { name: "test", start: half, stop: n, sha256: "" }];
  const manifest = { schema: 1, onebit: "0", name: "made", version: "1.0.0", n, height, width, row_bytes: rowBytes, bit_order: "big", splits, pixels: file, features: file, columns: columns.map(({ entry }) => entry) } as const;
  return { manifest, pixels, columns: new Map(columns.map((column) => [column.entry.name, column])) };
}

export function column(name: string, stored: Numbers, more: Partial<ColumnEntry> = {}): Column {
  const dtype = stored.constructor.name.replace("Array", "").toLowerCase() as ColumnEntry["dtype"];
  const entry = { name, title: name, kind: "integer", dtype, offset: 0, length: stored.length, min: 0, max: 0, unit: "", doc: "", scale: 1, ...more } as ColumnEntry;
  return { entry, stored };
}

export function inkOf({ pixels, manifest }: Dataset, row: number, x: number, y: number): number {
  const bit = y * manifest.width + x;
  return (pixels[row * manifest.row_bytes + (bit >> 3)] >> (7 - (bit & 7))) & 1;
}
