// Compares dist/ with budgets.json, in KiB of gzip. Fails if a part is over its budget.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const root = new URL("..", import.meta.url).pathname;
const assets = join(root, "dist/assets");
const budgets = JSON.parse(await readFile(join(root, "budgets.json"), "utf8"));
const files = await readdir(assets);
const gzipped = async (file) => gzipSync(await readFile(join(assets, file)), { level: 9 }).length;
const KIB = 1024;

/** The scripts that a chunk imports statically, itself included. */
async function closure(chunk, all = new Set()) {
  if (all.has(chunk)) return all;
  all.add(chunk);
  const text = await readFile(join(assets, chunk), "utf8");
  for (const [, name] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) await closure(name, all);
  return all;
}

async function sum(names) {
  let total = 0;
  for (const name of names) total += await gzipped(name);
  return total / KIB;
}

const html = await readFile(join(root, "dist/index.html"), "utf8");
const entries = [...html.matchAll(/<script type="module"[^>]*src="\/assets\/([^"]+)"/g)].map(
  ([, name]) => name,
);
if (entries.length === 0) throw new Error("dist/index.html has no script: run `npm run build` first.");
const first = new Set();
for (const name of entries) await closure(name, first);
const consoleFiles = new Set([
  ...(await closure(
    /src="\/assets\/([^"]+)"/.exec(await readFile(join(root, "dist/graphiql.html"), "utf8"))?.[1],
  )),
]);

const rows = [];
const report = (what, size, budget) => rows.push({ what, size, budget });

// The page of `/` is part of the first load.
const home = files.find((name) => /^HomePage-.*\.js$/.test(name));
const firstPage = new Set([...first, ...(home ? await closure(home) : [])]);
report("script of the first page", await sum(firstPage), budgets.firstPage);
for (const name of files.filter((file) => /Page-.*\.js$/.test(file)).sort()) {
  const label = name.replace(/-[\w-]{8}\.js$/, "");
  if (consoleFiles.has(name) || firstPage.has(name)) continue;
  const further = [...(await closure(name))].filter((file) => !first.has(file));
  const budget = budgets.officerPages.includes(label) ? budgets.officerPage : budgets.furtherPage;
  report(`script of ${label}`, await sum(further), budget);
}
const isOfConsole = (name) => /graphiql|console|monaco|editor|worker/i.test(name);
report(
  "styles",
  await sum(files.filter((name) => name.endsWith(".css") && !isOfConsole(name))),
  budgets.styles,
);
const manifest = JSON.parse(await readFile(join(root, "src/gql/persisted-documents.json"), "utf8"));
const texts = Object.values(manifest).join("\n");
report("documents", gzipSync(texts, { level: 9 }).length / KIB, budgets.documents);
let fonts = 0;
for (const name of files) if (name.endsWith(".woff2")) fonts += (await stat(join(assets, name))).size / KIB;
report("fonts", fonts, budgets.fonts);
let packed = 0;
for (const name of files) {
  if (/\.(gz|br)$/.test(name)) continue;
  packed += (await stat(join(assets, files.includes(`${name}.gz`) ? `${name}.gz` : name))).size / KIB;
}
report("all assets with the console", packed, budgets.all);

let failed = false;
for (const { what, size, budget } of rows) {
  const isOver = size > budget;
  failed ||= isOver;
  console.log(
    `${isOver ? "OVER  " : "      "}${what.padEnd(40)} ${size.toFixed(1).padStart(8)} of ${budget} KiB`,
  );
}
process.exit(failed ? 1 : 0);
