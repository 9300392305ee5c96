// Tests subscriptions: they continue while another tab is selected, and after a cut of the connection.

import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import {
  DESKTOP,
  execute,
  messagesSent,
  newContext,
  openConsole,
  openExample,
  PASSWORD,
  selectTab,
  server,
  signIn,
  step,
  votedCount,
  waitForResponse,
  waitForSignIn,
  waitUntil,
} from "./driver.mjs";

export async function testTabs(browser) {
  await testLeavingTabs(browser);
  await testCutConnection(browser);
}

async function testLeavingTabs(browser) {
  const context = await newContext(browser, { viewport: DESKTOP });
  const page = await openConsole(context);
  const completed = () => context.messages.filter(({ type }) => type === "complete").length;
  await signIn(page, "member", PASSWORD);
  await waitForSignIn(page, "Member");
  await selectTab(page, "WatchTally");
  await execute(page);
  const before = await votedCount(page);
  await openExample(page, "Cast a ballot");
  await execute(page);
  await waitForResponse(page, /"castAt"/);
  await page.getByLabel("Execute query").waitFor();
  // A new tab must not show what another one runs.
  await page.getByLabel("New tab").click();
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2_000)));
  assert.equal(
    await page
      .locator(".result-window .view-line")
      .allTextContents()
      .then((all) => all.join("")),
    "",
  );
  assert.equal(completed(), 0, "the subscription continues");
  await selectTab(page, "WatchTally");
  assert.ok((await votedCount(page)) > before, "results came while another tab was selected");
  await step(page, "a subscription continues in its tab");
  const here = await votedCount(page);
  await waitUntil(page, "results go on", async () => (await votedCount(page)) > here);
  await selectTab(page, "CastBallot");
  await waitForResponse(page, /"castAt"/);
  await selectTab(page, "WatchTally");
  await page.getByLabel("Stop query").click();
  await waitUntil(page, "it stops", () => completed() === 1);
  await selectTab(page, "CastBallot");
  await selectTab(page, "WatchTally");
  await page.getByLabel("Execute query").waitFor();

  await execute(page);
  await messagesSent(page, 2, "subscribe");
  await selectTab(page, "CastBallot");
  const tally = page.getByRole("tab", { name: "WatchTally" }).first();
  await tally.hover();
  await tally.getByLabel("Close Tab").click();
  await waitUntil(page, "closing its tab stops it", () => completed() === 2);
  await context.close();
}

async function testCutConnection(browser) {
  const proxy = await startProxy();
  const context = await newContext(browser, { viewport: DESKTOP, origin: proxy.url });
  const page = await openConsole(context, undefined, proxy.url);
  await selectTab(page, "WatchTally");
  await execute(page);
  const before = await votedCount(page);
  // The editor loads its workers in its own time.
  const hasLoaded = () => page.workers().some((worker) => worker.url().includes("graphql.worker"));
  await waitUntil(page, "the editor has loaded", hasLoaded);
  await page.waitForLoadState("networkidle");
  proxy.cut();
  await page.getByText("The connection is lost").waitFor();
  await step(page, "the connection is lost");
  proxy.restore();
  await waitUntil(page, "results go on", async () => (await votedCount(page)) > before);
  await page.getByText("The connection is lost").waitFor({ state: "detached" });
  await context.close();
  proxy.close();
}

/** A connection to the server that can be cut. */
async function startProxy() {
  const { hostname, port } = new URL(server);
  const sockets = new Set();
  let isCut = false;
  const listener = createServer((near) => {
    if (isCut) return near.destroy();
    const far = connect(port, hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from);
      from.pipe(to);
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const end = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${listener.address().port}/`,
    cut: end,
    restore: () => (isCut = false),
    close() {
      end();
      listener.close();
    },
  };
}
