import assert from "node:assert/strict";
import { test } from "node:test";
import { planesOf } from "../src/bitplanes";
import { randomNumbers } from "../src/drift";
import type { Dataset, Manifest } from "../src/model";
import { principalComponents } from "../src/projection";

test("the map is along the two directions of the largest variance", async () => {
  const [n, width, height, bytes] = [300, 5, 3, 2];
  const random = randomNumbers(11);
  const values = Array.from({ length: n }, (_, row) => {
    const [one, other] = [row % 2, Number(random() < 0.3)];
    return Array.from({ length: width * height }, (_, pixel) => Number(random() < (pixel < 6 ? 0.1 + 0.8 * one : pixel < 10 ? 0.1 + 0.7 * other : 0.02)));
  });
  const pixels = new Uint8Array(n * bytes);
  values.forEach((image, row) => image.forEach((ink, pixel) => (pixels[row * bytes + (pixel >> 3)] |= ink * (0x80 >> (pixel & 7)))));
  const manifest = { n, width, height, row_bytes: bytes } as Manifest;
  const made = await principalComponents(planesOf({ manifest, pixels, columns: new Map() } as Dataset), pixels, manifest, async () => undefined);
  const again = await principalComponents(planesOf({ manifest, pixels, columns: new Map() } as Dataset), pixels, manifest, async () => undefined);
  assert.deepEqual(made, again);

  const mean = values[0].map((_, pixel) => values.reduce((sum, image) => sum + image[pixel], 0) / n);
  const total = mean.reduce((sum, p) => sum + p * (1 - p), 0);
  const variance = (along: Float32Array) => {
    const middle = along.reduce((one, other) => one + other, 0) / n;
    return along.reduce((sum, value) => sum + (value - middle) ** 2, 0) / n;
  };
  [made.x, made.y].forEach((along, which) => assert.ok(Math.abs(variance(along) / total - made.explained[which]) < 1e-5));
  // No direction has more variance than the first: random ones are tried.
  for (let turn = 0; turn < 200; turn++) {
    const direction = mean.map(() => random() - 0.5);
    const length = Math.hypot(...direction);
    const along = Float32Array.from(values, (image) => image.reduce((sum, ink, pixel) => sum + (ink * direction[pixel]) / length, 0));
    assert.ok(variance(along) <= variance(made.x) + 1e-9);
  }
  const covariance = made.x.reduce((sum, value, row) => sum + value * made.y[row], 0) / n - (made.x.reduce((a, b) => a + b) / n) * (made.y.reduce((a, b) => a + b) / n);
  assert.ok(Math.abs(covariance) < 1e-4);
});
