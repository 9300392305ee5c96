import { defineConfig } from "playwright/test";
import { CHROMIUM } from "../chromium.ts";

export default defineConfig({
  testDir: ".",
  outputDir: "../../../target/client",
  // Each worker has a server of its own. Most tests wait most of the time.
  workers: 4,
  fullyParallel: true,
  timeout: 60_000,
  use: {
    launchOptions: {
      ...CHROMIUM,
      args: [
        ...CHROMIUM.args,
        "--host-resolver-rules=MAP guild.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
      ],
    },
  },
});
