import { defineConfig } from "playwright/test";
import { CHROMIUM } from "./tests/chromium.ts";

/** Flows through the whole site: `GUILDHALL_URL` names a demo, or the dev server in front of one. */
export default defineConfig({
  testDir: "tests/flows",
  outputDir: "../target/flows",
  // The flows share one demo, and a vote closes only once.
  workers: 1,
  retries: 0,
  // Two cores may be busy with builds.
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env.GUILDHALL_URL ?? "http://127.0.0.1:8080",
    launchOptions: CHROMIUM,
    screenshot: "only-on-failure",
    trace: "off",
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
  },
});
