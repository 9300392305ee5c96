import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { head } from "./scripts/head.ts";
import { withoutMonacoStyles } from "./scripts/monaco.ts";

const server = process.env.GUILDHALL_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), head(), withoutMonacoStyles()],
  build: {
    target: "es2022",
    // Two pages: the app and the GraphiQL console.
    rolldownOptions: {
      input: ["index.html", "graphiql.html"],
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
  server: {
    port: 5173,
    proxy: {
      // `changeOrigin` stays off, because the server compares `Origin` with `Host`.
      "/graphql": { target: server, changeOrigin: false, ws: true },
    },
  },
});
