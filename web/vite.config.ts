import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { chunks } from "./scripts/chunks.ts";
import { head } from "./scripts/head.ts";
import { withoutMonacoStyles } from "./scripts/monaco.ts";
import { preloads } from "./scripts/preloads.ts";

const server = process.env.GUILDHALL_URL ?? "http://127.0.0.1:8080";

/** The policy under which the server serves the app's pages, without the styles of libraries. */
const policy = [
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:",
  "manifest-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "require-trusted-types-for 'script'; trusted-types guildhall",
].join("; ");

export default defineConfig({
  plugins: [react(), head(), preloads(), withoutMonacoStyles()],
  // Short names: the styles count towards the budget.
  css: { modules: { generateScopedName: "[hash:base64:6]" } },
  build: {
    target: "es2022",
    // These know light-dark(), which would otherwise become longer rules.
    cssTarget: ["chrome123", "edge123", "firefox120", "safari17.5"],
    // Two pages: the app and the GraphiQL console.
    rolldownOptions: {
      input: ["index.html", "graphiql.html"],
      output: { codeSplitting: { groups: chunks } },
      onLog(level, log, handler) {
        // GraphiQL keeps directives for React's compiler.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handler(level, log);
      },
    },
    // The policy allows no data URLs for scripts, styles and fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 5000,
    reportCompressedSize: false,
  },
  worker: { format: "es" },
  // The states of pages are tested on the built files.
  preview: { headers: { "content-security-policy": policy } },
  server: {
    port: 5173,
    proxy: {
      // `changeOrigin` stays off, because the server compares `Origin` with `Host`.
      "/graphql": { target: server, changeOrigin: false, ws: true },
    },
  },
});
