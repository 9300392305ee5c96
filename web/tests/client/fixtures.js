// A real server, a proxy that fails on demand, and pages with the files of src/client.

import { test as base } from "playwright/test";
import { startProxy } from "./proxy.js";
import { PASSWORD, startServer } from "./server.js";

export const test = base.extend({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern.
    async ({}, use) => {
      const server = await startServer();
      await use(server);
      server.stop();
    },
    { scope: "worker" },
  ],
  network: async ({ server }, use) => {
    const network = await startProxy({ target: server.port, servesClient: true });
    await use(network);
    network.stop();
  },
  open: async ({ context, network }, use) => {
    await use(async (host = network.url) => {
      const page = await context.newPage();
      await page.goto(`${host}/`);
      await page.waitForFunction("window.session");
      return page;
    });
  },
});

export const signIn = (page, name = "leader", options = {}) =>
  page.evaluate(
    ([name, password, options]) => session.signIn(name, password, options),
    [name, PASSWORD, options],
  );
export const status = (page) => page.evaluate(() => session.getState().status);
export const signInId = (page) => page.evaluate(() => session.getState().signIn);
export const untilStatus = (page, status) =>
  page.waitForFunction((status) => session.getState().status === status, status, { polling: 20 });
export const me = (page) =>
  page.evaluate(() => query("{ me { discordUsername } }").then(({ data }) => data.me?.discordUsername));
