// How sources become one file: shared by the build and the tests.

import { readFile } from "node:fs/promises";
import * as esbuild from "esbuild";
import wabt from "wabt";

// `import source from "worker:./name.ts"` gives the bundled text of a worker. It is started from a Blob, so that one page
// holds everything and works from a disk.
const workers = {
  name: "workers",
  setup(build) {
    build.onResolve({ filter: /^worker:/ }, (args) => ({
      path: new URL(args.path.slice("worker:".length), `file://${args.resolveDir}/`).pathname,
      namespace: "worker",
    }));
    build.onLoad({ filter: /.*/, namespace: "worker" }, async (args) => {
      const made = await esbuild.build({ ...common, entryPoints: [args.path], write: false, format: "iife", metafile: true });
      const watchFiles = Object.keys(made.metafile.inputs);
      return { contents: made.outputFiles[0].text, loader: "text", watchFiles };
    });
  },
};

// `import bytes from "./name.wat"` gives a WebAssembly module, assembled from its text.
const assembly = {
  name: "assembly",
  setup(build) {
    build.onLoad({ filter: /\.wat$/ }, async (args) => {
      const module = (await wabt()).parseWat(args.path, await readFile(args.path), { simd: true });
      const { buffer } = module.toBinary({});
      module.destroy();
      return { contents: buffer, loader: "binary", watchFiles: [args.path] };
    });
  },
};

export const common = {
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  plugins: [workers, assembly],
  logLevel: "warning",
};

export { esbuild };
