import { existsSync } from "node:fs";

// Starts and draws faster than Chromium with its headless mode.
const HEADLESS_SHELL = "/usr/bin/chromium-headless-shell";

/** The system's Chromium, which contacts no other host. `CHROMIUM` names another one. */
export const CHROMIUM = {
  executablePath: process.env.CHROMIUM ?? (existsSync(HEADLESS_SHELL) ? HEADLESS_SHELL : "/usr/bin/chromium"),
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};
