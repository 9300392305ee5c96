import { playwright } from "@vitest/browser-playwright";
import { defineConfig, mergeConfig } from "vitest/config";
import { CHROMIUM } from "./tests/chromium.ts";
import viteConfig from "./vite.config.ts";

/** `*.test.ts` runs in Node.js, `*.test.tsx` in Chromium. */
export default mergeConfig(
  viteConfig,
  defineConfig({
    test: {
      projects: [
        { extends: true, test: { name: "node", environment: "node", include: ["{src,tests}/**/*.test.ts"] } },
        {
          extends: true,
          // Found before the tests, because finding them later loads the page again.
          optimizeDeps: {
            include: ["react-dom/client", "react-aria-components", "axe-core", "vitest-browser-react"],
          },
          test: {
            name: "chromium",
            include: ["src/**/*.test.tsx"],
            setupFiles: ["tests/setup.ts"],
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: playwright({ launchOptions: CHROMIUM }),
              instances: [{ browser: "chromium" }],
            },
          },
        },
      ],
    },
  }),
);
