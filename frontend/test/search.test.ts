import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { distancesWithShifts, searchAmong, shifted, smallest, type Search } from "../src/neighbours/search";

const images = (rowBytes: number, most = 40) => fc.array(fc.uint8Array({ minLength: rowBytes, maxLength: rowBytes }), { minLength: 1, maxLength: most });
const joined = (all: Uint8Array[]) => Uint8Array.from(all.flatMap((one) => [...one]));

function plain(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((sum, byte, at) => sum + (byte ^ other[at]).toString(2).replaceAll("0", "").length, 0);
}

async function both(pixels: Uint8Array, rowBytes: number): Promise<Search[]> {
  const made = [await searchAmong(pixels, rowBytes), await searchAmong(pixels, rowBytes, "javascript")];
  assert.deepEqual(made.map(({ engine }) => engine), ["wasm", "javascript"]);
  return made;
}

for (const rowBytes of [1, 8, 16, 17, 98]) {
  test(`distances and nearest images of ${rowBytes} bytes are those of a plain search`, async () => {
    const cases = fc.tuple(images(rowBytes), images(rowBytes, 6), fc.nat());
    await fc.assert(
      fc.asyncProperty(cases, async ([corpus, queries, seed]) => {
        const [from, to] = [seed % corpus.length, corpus.length];
        const without = Int32Array.from(queries, (_, at) => ((seed + at) % 3 === 0 ? -1 : (seed + at) % corpus.length));
        for (const search of await both(joined(corpus), rowBytes)) {
          for (const query of queries) assert.deepEqual([...search.distances(query)], corpus.map((image) => plain(image, query)));
          const found = search.nearest(joined(queries), from, to, without);
          queries.forEach((query, at) => {
            const rows = corpus.map((_, row) => row).filter((row) => row >= from && row !== without[at]);
            const distances = rows.map((row) => plain(corpus[row], query));
            const least = Math.min(0xffff, ...distances);
            assert.equal(found.distance[at], least);
            if (rows.length > 0) assert.equal(found.row[at], rows[distances.indexOf(least)]);
          });
        }
      }),
      { numRuns: 25 },
    );
  });
}

test("blocks and batches leave no image out", async () => {
  const n = 5000;
  const pixels = Uint8Array.from({ length: 2 * n }, (_, at) => (at * 2654435761) >>> 24);
  const queries = pixels.slice(0, 2 * 1500);
  const without = Int32Array.from({ length: 1500 }, (_, at) => at);
  const [one, other] = (await both(pixels, 2)).map((search) => search.nearest(queries, 0, n, without));
  assert.deepEqual(one, other);
});

test("the nearest of all, as a sort finds them", () => {
  const distances = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 60 });
  fc.assert(
    fc.property(distances, fc.nat({ max: 70 }), fc.nat(), (all, count, seed) => {
      const allowed = Uint8Array.from(all, (_, row) => ((row * 7 + seed) % 3 === 0 ? 0 : 1));
      const rows = all.map((_, row) => row).filter((row) => allowed[row] === 1);
      rows.sort((a, b) => all[a] - all[b] || a - b);
      const found = smallest(Uint16Array.from(all), count, allowed);
      assert.deepEqual([...found.rows], rows.slice(0, count));
      assert.deepEqual([...found.distances], rows.slice(0, count).map((row) => all[row]));
    }),
  );
});

test("an image moves, and what leaves is lost", () => {
  const image = Uint8Array.of(0b1000_0000, 0b0000_0001); // 4 by 4: left top and right bottom
  assert.deepEqual([...shifted(image, 4, 4, 1, 2)], [0b0000_0000, 0b0100_0000]);
  assert.deepEqual([...shifted(image, 4, 4, -3, -3)], [0b1000_0000, 0b0000_0000]);
  assert.deepEqual([...shifted(image, 4, 4, 0, 0)], [...image]);
});

test("with moves allowed, a moved image is no distance away", async () => {
  const image = Uint8Array.of(0b0000_0110, 0b0110_0000); // 4 by 4: a square in the middle
  for (const search of await both(joined([shifted(image, 4, 4, 1, -1), Uint8Array.of(255, 255)]), 2)) {
    assert.deepEqual([...distancesWithShifts(search, image, 4, 4, 1)], [0, 12]);
    assert.ok(search.distances(image)[0] > 0);
  }
});
