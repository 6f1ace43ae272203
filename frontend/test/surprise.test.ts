import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { surpriseOf } from "../src/surprise";

test("nats of pixels, blank ones below 0", () => {
  const found = surpriseOf({ ink: Uint32Array.of(0, 1, 3, 3), images: 3 }, Uint8Array.of(0b01100000));
  const expected = [Math.log(3.5 / 4), -Math.log(1.5 / 4), -Math.log(3.5 / 4), Math.log(0.5 / 4)];
  found.forEach((value, at) => assert.ok(Math.abs(value - expected[at]) < 1e-12));
});

test("both values of a pixel together have the probability 1", () => {
  fc.assert(
    fc.property(fc.nat(50000), fc.nat(50000), (one, other) => {
      const counts = { ink: Uint32Array.of(Math.min(one, other)), images: Math.max(one, other) };
      const [ink, blank] = [0x80, 0].map((byte) => surpriseOf(counts, Uint8Array.of(byte))[0]);
      assert.ok(ink > 0 && blank < 0 && Math.abs(Math.exp(-ink) + Math.exp(blank) - 1) < 1e-12);
    }),
  );
});
