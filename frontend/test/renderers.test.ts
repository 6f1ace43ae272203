import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Colours, Dataset, Layout, View } from "../src/model";
import { forced, isHardware } from "../src/renderers/choice";
import { painterOf } from "../src/renderers/cpu";
import { pyramid, squareOf } from "../src/renderers/pyramid";
import { shadesOf } from "../src/renderers/sampling";
import { dataset, inkOf } from "./made";

const GREYS: Colours = { outside: [1, 2, 3], styles: [{ paper: [0, 0, 0], ink: [255, 255, 255] }] };

/** The picture by the definition: four samples a pixel, each the share of ink in the block that it falls on. */
function naive(data: Dataset, layout: Layout, width: number, height: number, view: View): number[][] {
  const { bits, left, top } = squareOf(data.manifest);
  let block = 1;
  while (block < bits && (view.scale < 4 || bits / (2 * view.scale) > block)) block *= 2;
  if (view.scale < 4) block = Math.max(block, 2);
  const square = (row: number, x: number, y: number) =>
    x >= left && y >= top && x < left + data.manifest.width && y < top + data.manifest.height ? inkOf(data, row, x - left, y - top) : 0;
  const shade = (row: number, x: number, y: number) => {
    const [x0, y0] = [Math.floor(x / block) * block, Math.floor(y / block) * block];
    let [ink, area] = [0, 0];
    for (let v = y0; v < Math.min(y0 + block, bits); v++) for (let u = x0; u < Math.min(x0 + block, bits); u++) (ink += square(row, u, v)), area++;
    return Math.floor((255 * ink) / area + 0.5);
  };
  const [originX, originY] = [Math.round(view.x * view.scale), Math.round(view.y * view.scale)];
  const at = (origin: number, sample: number) => (origin + (sample + 0.5) / 2) / view.scale;
  const cellAt = (x: number, y: number) => (x < 0 || y < 0 || x >= layout.width || y >= layout.height ? -1 : layout.cells[Math.floor(y) * layout.width + Math.floor(x)]);
  const shades = shadesOf(GREYS.styles, view.scale);
  return Array.from({ length: width * height }, (_, pixel) => {
    const [px, py] = [pixel % width, Math.floor(pixel / width)];
    const [x, y] = [at(originX, 2 * px), at(originY, 2 * py)];
    const line = view.scale >= 40 && (Math.floor(at(originX, 2 * px - 2)) !== Math.floor(x) || Math.floor(at(originY, 2 * py - 2)) !== Math.floor(y));
    if (cellAt(x, y) < 0 || line) return [...GREYS.outside];
    let sum = 0;
    for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
      const [u, v] = [at(originX, 2 * px + dx), at(originY, 2 * py + dy)];
      const row = cellAt(u, v);
      const bit = (place: number) => Math.min(Math.floor((place - Math.floor(place)) * bits), bits - 1);
      if (row >= 0) sum += shade(row, bit(u), bit(v));
    }
    return new Array<number>(3).fill(shades[4 * Math.floor((sum + 2) / 4)]);
  });
}

function painted(data: Dataset, layout: Layout, width: number, height: number, view: View, colours = GREYS): number[][] {
  const painter = painterOf(data);
  painter.setLayout(layout);
  const out = new Uint32Array(width * height);
  painter.paint(out, width, height, view, colours);
  const bytes = new Uint8Array(out.buffer);
  return Array.from(out, (_, pixel) => [...bytes.subarray(4 * pixel, 4 * pixel + 3)]);
}

test("pictures are what their definition says, at every size", () => {
  const image = fc.record({ n: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 12 }), width: fc.integer({ min: 1, max: 12 }) });
  const place = fc.double({ min: -2, max: 5, noNaN: true });
  const scale = fc.oneof(fc.double({ min: 0.5, max: 20, noNaN: true }), fc.double({ min: 20, max: 90, noNaN: true }));
  fc.assert(
    fc.property(image, fc.nat(), place, place, scale, (size, seed, x, y, scale) => {
      const data = dataset(size, seed);
      const cells = Int32Array.from({ length: 12 }, (_, cell) => (cell % 5 === 4 ? -1 : cell % size.n));
      const layout: Layout = { width: 4, height: 3, cells, headings: [] };
      assert.deepEqual(painted(data, layout, 31, 17, { x, y, scale }), naive(data, layout, 31, 17, { x, y, scale }));
    }),
    { numRuns: 150 },
  );
});

test("at one pixel to a bit a picture is the image itself", () => {
  const data = dataset({ n: 2, height: 28, width: 28 });
  const layout: Layout = { width: 2, height: 1, cells: Int32Array.of(1, 0), headings: [] };
  const out = painted(data, layout, 56, 28, { x: 0, y: 0, scale: 28 });
  out.forEach(([red], pixel) => {
    const [x, y] = [pixel % 56, Math.floor(pixel / 56)];
    assert.equal(red, 255 * inkOf(data, x < 28 ? 1 : 0, x % 28, y));
  });
});

test("colours go by row", () => {
  const data = dataset({ n: 2, height: 1, width: 1 });
  data.pixels.set([0x80, 0x00]);
  const colours: Colours = { outside: [9, 9, 9], styles: [{ paper: [1, 1, 1], ink: [200, 0, 0] }, { paper: [2, 2, 2], ink: [0, 200, 0] }], byRow: Uint8Array.of(0, 1) };
  const layout: Layout = { width: 3, height: 1, cells: Int32Array.of(0, 1, -1), headings: [] };
  assert.deepEqual(painted(data, layout, 6, 1, { x: 0, y: 0, scale: 2 }, colours), [[200, 0, 0], [200, 0, 0], [2, 2, 2], [2, 2, 2], [9, 9, 9], [9, 9, 9]]);
});

test("small images are drawn bolder, large ones as they are", () => {
  const at = (scale: number) => [0, 64, 255].map((shade) => shadesOf(GREYS.styles, scale)[4 * shade]);
  assert.deepEqual([at(28), at(500)], [[0, 64, 255], [0, 64, 255]]);
  assert.deepEqual([at(3), at(1)], [[0, 111, 255], [0, 111, 255]]);
});

test("the last level of the pyramid is the share of ink", () => {
  const data = dataset({ n: 3, height: 28, width: 28 });
  const last = pyramid(data).at(-1)!;
  assert.equal(last.side, 1);
  for (let row = 0; row < 3; row++) {
    let ink = 0;
    for (let at = 0; at < 784; at++) ink += inkOf(data, row, at % 28, Math.floor(at / 28));
    assert.equal(last.shades[row], Math.round((255 * ink) / 784));
  }
});

test("WebGL is for graphics cards, unless it is asked for", () => {
  assert.ok(isHardware("ANGLE (NVIDIA, NVIDIA GeForce RTX 3060, OpenGL 4.6)"));
  for (const name of ["", "ANGLE (Google, Vulkan 1.3 (SwiftShader Device (LLVM 10.0.0)))", "llvmpipe (LLVM 15)", "Microsoft Basic Render Driver"]) assert.ok(!isHardware(name));
  assert.deepEqual(["?renderer=cpu", "?renderer=webgl", "?renderer=other", ""].map(forced), ["cpu", "webgl", null, null]);
});
