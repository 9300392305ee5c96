import { defineConfig } from "playwright/test";
import states from "../states/playwright.config.ts";

/** How smoothly pages run. It prints figures and asserts none, because they depend on the machine: run it on an idle one. */
export default defineConfig({
  ...states,
  testDir: ".",
  outputDir: "../../../target/speed",
  workers: 1,
  timeout: 180_000,
});
