// Writes NAME.gz and NAME.br beside each file of dist/ that compression makes smaller. The server itself reads the pages
// and preloads.json.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const COMPRESSIBLE = new Set([".css", ".js", ".json", ".svg", ".txt", ".webmanifest"]);
/** Larger files are compressed less, because brotli's best level takes seconds for a megabyte. */
const LARGE = 500_000;
const dist = new URL("../dist/", import.meta.url).pathname;

for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !COMPRESSIBLE.has(extname(entry.name)) || entry.name === "preloads.json") continue;
  const file = join(entry.parentPath, entry.name);
  const content = await readFile(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: content.length > LARGE ? 9 : 11,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  const packed = {
    gz: await promisify(gzip)(content, { level: 9 }),
    br: await promisify(brotliCompress)(content, { params }),
  };
  for (const [extension, bytes] of Object.entries(packed)) {
    if (bytes.length < content.length) await writeFile(`${file}.${extension}`, bytes);
  }
}
