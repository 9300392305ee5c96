import { defineConfig } from "playwright/test";
import { CHROMIUM } from "../chromium.ts";

const port = process.env.PORT ?? "4173";

/** The states of each page, with a stand-in for the API: no server runs but that of the built files. */
export default defineConfig({
  testDir: ".",
  outputDir: "../../../target/states",
  workers: 2,
  retries: 0,
  // Two cores may be busy with builds.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    launchOptions: CHROMIUM,
    screenshot: "only-on-failure",
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
  },
  webServer: {
    cwd: "../..",
    command: `node node_modules/vite/bin/vite.js preview --host 127.0.0.1 --strictPort --port ${port}`,
    url: `http://127.0.0.1:${port}/`,
    reuseExistingServer: false,
    timeout: 180_000,
  },
});
