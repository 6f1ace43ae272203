// How sources become one file: shared by the build and the tests.

import * as esbuild from "esbuild";

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

export const common = {
  bundle: true,
  minify: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".wasm": "binary" },
  plugins: [workers],
  logLevel: "warning",
};

export { esbuild };
