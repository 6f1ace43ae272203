// Writes the bundle that the Python package serves: explorer.js and explorer.css, each whole or not at all.
// `npm run build -- --out DIR` writes elsewhere.

import { mkdir, rename, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { common, esbuild } from "./bundling.mjs";

const LARGEST = 150_000; // bytes after gzip, libraries included

const named = process.argv.indexOf("--out");
const out = named > 0 ? process.argv[named + 1] : new URL("../src/onebit/explorer/bundle", import.meta.url).pathname;
const made = await esbuild.build({
  ...common,
  absWorkingDir: new URL(".", import.meta.url).pathname,
  entryPoints: { explorer: "src/main.tsx" },
  outdir: out,
  format: "iife",
  write: false,
});
const packed = made.outputFiles.reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0);
if (packed > LARGEST) {
  throw new Error(`The bundle has ${packed} bytes after gzip; at most ${LARGEST} are allowed.`);
}
await mkdir(out, { recursive: true });
for (const file of made.outputFiles) {
  await writeFile(`${file.path}.part`, file.contents);
  await rename(`${file.path}.part`, file.path);
}
const sizes = made.outputFiles.map((file) => `${file.path.split("/").pop()} ${file.contents.length}`);
console.log(`${sizes.join(", ")} bytes; ${packed} after gzip (at most ${LARGEST})`);
