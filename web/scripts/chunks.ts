import { fileURLToPath } from "node:url";

const APP = fileURLToPath(new URL("../src/app/main.tsx", import.meta.url));
let needed: Set<string> | undefined;

/** What the bundler knows of the modules. */
interface Modules {
  getModuleInfo(id: string): { importedIds: readonly string[] } | null;
}

/** Whether a script has to be there before the app starts. */
function isNeeded(id: string, modules: Modules) {
  if (!needed) {
    needed = new Set([APP]);
    for (const known of needed) {
      for (const imported of modules.getModuleInfo(known)?.importedIds ?? []) needed.add(imported);
    }
  }
  return needed.has(id) && !/node_modules\/graphql\//.test(id);
}

const isStyle = (id: string) => /src\/(app|ui|features)\/.*\.css$/.test(id);

/**
 * The chunks, the first that fits. Left to itself, the bundler makes a dozen of what every page needs, and each is a
 * request before the first one shows.
 */
export const chunks = [
  // The console needs it too.
  {
    name: "shared",
    test: /node_modules\/(react|react-dom|scheduler|graphql-ws)\/|src\/client\/|preload-helper/,
  },
  // The styles of all pages, too: they compress better together, and one request is faster than three.
  { name: (id: string, modules: Modules) => (isStyle(id) || isNeeded(id, modules) ? "app" : null) },
  // What several pages share.
  { name: "parts", test: /src\/(app|ui)\//, minShareCount: 4 },
];
