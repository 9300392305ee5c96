import { defineConfig } from "playwright/test";
import { CHROMIUM } from "./tests/chromium.ts";
import { DATABASES } from "./tests/flows/deployment.ts";
import type { WorkerFixtures } from "./tests/flows/site.ts";

/**
 * Flows through the whole site, on a server for each database. `GUILDHALL_URL` names a running demo instead, or the dev
 * server in front of one; flows that need servers of their own are then left out.
 */
export default defineConfig<object, WorkerFixtures>({
  testDir: "tests/flows",
  outputDir: "../target/flows",
  // Each worker has a site of its own, so that flows of two files never meet.
  workers: process.env.GUILDHALL_URL ? 1 : 2,
  retries: 0,
  // Two cores may be busy with builds.
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  projects: DATABASES.map((database) => ({ name: database, use: { database } })),
  use: {
    launchOptions: CHROMIUM,
    screenshot: "only-on-failure",
    trace: "off",
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
  },
});
