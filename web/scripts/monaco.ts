import type { Plugin } from "vite";

/** Drops the stylesheets that Monaco's modules import, because GraphiQL's stylesheet contains them. */
export function withoutMonacoStyles(): Plugin {
  return {
    name: "guildhall:without-monaco-styles",
    enforce: "pre",
    load(id) {
      if (/[\\/]monaco-editor[\\/].*\.css$/.test(id)) return "";
    },
  };
}
