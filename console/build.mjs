// Bundles the console into the directory given as the first argument ("dist" without one).
// The file names are fixed: build.rs lists them and the server serves them, gzipped, under /graphiql/.
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const outdir = process.argv[2] ?? "dist";

// Drops the stylesheets that Monaco's modules import, because graphiql's stylesheet contains them.
const withoutMonacoStyles = {
  name: "without-monaco-styles",
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]monaco-editor[\\/].*\.css$/ }, () => ({ contents: "", loader: "css" }));
  },
};

const { outputFiles } = await build({
  outdir,
  entryPoints: {
    console: "src/main.jsx",
    "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
    "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
    "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
  },
  bundle: true,
  minify: true,
  // One plain script for each entry, so that there are no chunks with hashed names and workers need no modules.
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".graphql": "text" },
  plugins: [withoutMonacoStyles],
  logLevel: "warning",
  write: false,
});
await mkdir(outdir, { recursive: true });
for (const { path, contents } of outputFiles) {
  await writeFile(join(outdir, `${basename(path)}.gz`), gzipSync(contents, { level: 9 }));
}
await copyFile("index.html", join(outdir, "index.html"));
