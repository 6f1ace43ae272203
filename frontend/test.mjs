// Bundles each test/NAME.test.ts(x) and runs them with Node's test runner. `npm test -- NAME` runs those whose name has NAME.

import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { common, esbuild } from "./bundling.mjs";

const here = new URL(".", import.meta.url).pathname;
const wanted = process.argv.slice(2);
const names = (await readdir(join(here, "test"))).filter(
  (name) => /\.test\.tsx?$/.test(name) && (wanted.length === 0 || wanted.some((part) => name.includes(part))),
);
if (names.length === 0) {
  throw new Error(`No test has a name with ${wanted.join(" or ")}.`);
}
const room = await mkdtemp(join(tmpdir(), "onebit-explorer-"));
try {
  await esbuild.build({
    ...common,
    minify: false,
    sourcemap: "inline",
    platform: "node",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    absWorkingDir: here,
    entryPoints: names.map((name) => join("test", name)),
    outdir: room,
  });
  const built = (await readdir(room)).filter((name) => name.endsWith(".test.mjs")).map((name) => join(room, name));
  const ran = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...built], { stdio: "inherit", cwd: here });
  process.exitCode = ran.status ?? 1;
} finally {
  await rm(room, { recursive: true, force: true });
}
