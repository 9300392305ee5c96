import { fileURLToPath } from "node:url";
import type { Plugin, Rolldown } from "vite";
import routes from "../routes.json" with { type: "json" };

const FEATURES = fileURLToPath(new URL("../src/features/", import.meta.url));
const MAIN = fileURLToPath(new URL("../src/app/main.tsx", import.meta.url));

/**
 * Writes `preloads.json`, the scripts of each page of routes.json beside those of the app. The server names them in the page,
 * so that they load together with the app and not after it.
 */
export function preloads(): Plugin {
  return {
    name: "guildhall:preloads",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
      const scriptsOf = (module: string) => {
        const chunk = chunks.find(({ moduleIds }) => moduleIds.includes(module));
        if (!chunk) this.error(`${module} is in no chunk.`);
        return withImports(chunk, bundle);
      };
      const app = scriptsOf(MAIN);
      const pages = routes.map(({ page }) => {
        const own = scriptsOf(`${FEATURES}${page}.tsx`).filter((script) => !app.includes(script));
        return [page, own.map((script) => `/${script}`)];
      });
      this.emitFile({
        type: "asset",
        fileName: "preloads.json",
        source: JSON.stringify(Object.fromEntries(pages)),
      });
    },
  };
}

/** The names of a chunk and of all that it imports statically. */
function withImports(chunk: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle) {
  const names = new Set([chunk.fileName]);
  for (const name of names) {
    const file = bundle[name];
    if (file?.type === "chunk") for (const imported of file.imports) names.add(imported);
  }
  return [...names];
}
