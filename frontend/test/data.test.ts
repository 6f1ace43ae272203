import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DataError, readConfig, readManifest, rowAt, whereabouts } from "../src/data";
import { manifest, small } from "./small";

const wrong = (change: (made: any) => void, message: RegExp) => {
  const made = structuredClone(manifest());
  change(made);
  assert.throws(() => readManifest(JSON.stringify(made)), (error) => error instanceof DataError && message.test(error.message));
};

test("a manifest is read as it is", () => {
  assert.deepEqual(readManifest(JSON.stringify(manifest())), manifest());
});

test("a manifest that cannot be right is refused, with the reason", () => {
  wrong((made) => (made.schema = 2), /has schema 2; this page reads schema 1/);
  wrong((made) => (made.row_bytes = 3), /Rows of 3 bytes do not hold 3 by 5 bits/);
  wrong((made) => (made.pixels.bytes = 5), /The pixels have 5 bytes; 12 rows of 2 need 24/);
  wrong((made) => (made.splits[1].start = 8), /The split test does not follow/);
  wrong((made) => (made.splits[1].stop = 11), /The splits have 11 rows; the data set has 12/);
  wrong((made) => (made.columns[0].dtype = "float64"), /unknown type float64/);
  wrong((made) => (made.columns[0].dtype = "constructor"), /unknown type constructor/);
  wrong((made) => (made.columns[1].offset = 13), /The column ink is not inside its file/);
  wrong((made) => (made.columns[1].offset = 128), /The column ink is not inside its file/);
  wrong((made) => (made.columns[1].length = 11), /has 11 rows/);
  wrong((made) => (made.columns[1].scale = 0), /has no scale/);
  wrong((made) => (made.columns[0].categories = [1]), /are not names by number/);
  wrong((made) => (made.columns[1].name = "split"), /Two columns have one name/);
  wrong((made) => (made.features.bytes = 1e12), /has no files/);
});

test("any change of a manifest is read or refused, nothing else", () => {
  const paths = fc.constantFrom("n", "splits", "columns", "pixels", "features", "name", "height", "bit_order");
  fc.assert(
    fc.property(paths, fc.jsonValue(), (key, value) => {
      try {
        readManifest(JSON.stringify({ ...manifest(), [key]: value }));
      } catch (error) {
        assert.ok(error instanceof DataError, String(error));
      }
    }),
  );
});

test("the configuration names data sets, and links that are links", () => {
  const one = { name: "a", version: "1", manifest: "a/manifest.json" };
  const config = readConfig(JSON.stringify({ datasets: [{ ...one, page: "javascript:alert(1)" }, { ...one, name: "b", page: "../b.html" }], current: "a", leaderboard: "../leaderboard.html" }));
  assert.deepEqual([...config.datasets.map(({ page }) => page), config.leaderboard], [null, "../b.html", "../leaderboard.html"]);
  assert.throws(() => readConfig('{"datasets": []}'), DataError);
  assert.throws(() => readConfig('{"datasets": [{"name": "a", "version": "1"}]}'), /does not say where the manifest of a is/);
});

test("rows and their places", () => {
  const data = small();
  assert.deepEqual(whereabouts(data, 9), { split: "test", index: 2 });
  assert.equal(rowAt(data, "test", 2), 9);
  assert.deepEqual([rowAt(data, "test", 5), rowAt(data, "none", 0), rowAt(data, "train", -1)], [null, null, null]);
});
