// The socket of src/client on a connection that is cut, freezes or does not open.

import { expect } from "playwright/test";
import { test as base, signIn, untilStatus } from "./fixtures.js";

/** A page that watches the tally of a live campaign. Each subscription starts with the present tally. */
const test = base.extend({
  page: async ({ server, open, network }, use) => {
    const { createCampaign } = await server.execute(
      "mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { campaign { id entries { id } } } }",
      {
        input: {
          title: `Vote ${network.socketAttempts.length} ${Date.now()}`,
          minRankLevelToVote: 1,
          durationHours: 1,
          picksPerVoter: 1,
          resultsVisibility: "ALWAYS",
          entries: [{ name: "Karazhan" }, { name: "Ulduar" }],
        },
      },
    );
    const { id } = createCampaign.campaign;
    await server.execute("mutation ($id: ID!) { activateCampaign(id: $id) { campaign { id } } }", { id });
    const page = await open();
    await signIn(page);
    await page.evaluate((campaignId) => {
      Object.assign(window, { tallies: 0, refetches: 0, ends: [], states: [] });
      const query = "subscription ($campaignId: ID!) { voteTally(campaignId: $campaignId) { revision } }";
      window.watch = () => {
        if (!window.socket) {
          openSocket();
          socket.onRefetch(() => (refetches += 1));
          socket.onState(() => states.push({ ...socket.getState(), at: Date.now() }));
        }
        return socket.subscribe(
          { query, variables: { campaignId } },
          {
            next({ data }) {
              if (data) tallies += 1;
            },
            error: (error) => ends.push(error),
            complete: () => ends.push("complete"),
          },
        );
      };
    }, id);
    await use(page);
    expect(await page.evaluate(() => ends.filter((end) => end !== "complete"))).toEqual([]);
    await server.execute("mutation ($id: ID!) { closeCampaign(id: $id) { campaign { id } } }", { id });
  },
});

const until = (page, condition, timeout = 30_000) =>
  page.waitForFunction(condition, undefined, { polling: 20, timeout });
const state = (page) => page.evaluate(() => socket.getState());

test("one socket carries all subscriptions, and closes without any", async ({ page, network }) => {
  expect(network.socketAttempts.length).toBe(0);
  await page.evaluate(() => {
    const all = [watch(), watch()];
    window.stop = () => {
      for (const stop of all) stop();
    };
  });
  await until(page, "tallies === 2");
  expect(network.socketAttempts.length).toBe(1);
  await page.evaluate(() => stop());
  await until(page, "socket.getState().status === 'idle'");
  expect(await state(page)).toEqual({ status: "idle", lostSince: undefined, poll: false });
});

test("a socket that is cut opens again, and pages refetch", async ({ page, network }) => {
  await page.evaluate(() => void watch());
  await until(page, "tallies === 1");
  expect(await page.evaluate(() => refetches)).toBe(0);
  network.acceptsSockets = false;
  network.cut();
  await until(page, "socket.getState().lostSince < Date.now() - 3_000");
  network.acceptsSockets = true;
  await until(page, "tallies === 2");
  expect(await state(page)).toEqual({ status: "open", lostSince: undefined, poll: false });
  expect(await page.evaluate(() => refetches)).toBe(1);
});

test("a socket that freezes is replaced within 16 seconds", async ({ page, network }) => {
  await page.evaluate(() => void watch());
  await until(page, "tallies === 1");
  network.freeze();
  const startedAt = Date.now();
  await until(page, "tallies === 2");
  expect(Date.now() - startedAt).toBeLessThan(17_000);
  expect(await page.evaluate(() => refetches)).toBe(1);
});

test("a wake-up notices a frozen socket within 6 seconds", async ({ page, network }) => {
  await page.evaluate(() => void watch());
  await until(page, "tallies === 1");
  network.freeze();
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await until(page, "tallies === 2", 7_000);
});

test("without a socket it advises to poll after three attempts, and tries for ever", async ({
  page,
  network,
}) => {
  network.acceptsSockets = false;
  await page.clock.install();
  await page.evaluate(() => void watch());
  for (let failed = 1; failed <= 3; failed += 1) {
    await expect.poll(() => network.socketAttempts.length).toBe(failed);
    await until(page, `states.filter(({ status }) => status === "connecting").length >= ${2 * failed}`);
    expect((await state(page)).poll).toBe(failed === 3);
    // The delay is half to all of a power of two seconds.
    await page.clock.runFor(1_000 * 2 ** (failed - 1));
  }
  // graphql-ws gives up after five by default. A browser itself delays attempts after more than ten.
  for (let retries = 0; retries < 7; retries += 1) {
    const before = network.socketAttempts.length;
    const attempts = async () => {
      await page.clock.runFor(10_000);
      return network.socketAttempts.length;
    };
    await expect.poll(attempts, { timeout: 15_000 }).toBeGreaterThan(before);
  }
  network.acceptsSockets = true;
  await page.clock.runFor(30_000);
  await until(page, "tallies === 1");
  expect((await state(page)).poll).toBe(false);
  expect(await page.evaluate(() => refetches)).toBe(1);
});

test("a renewal replaces the socket without a gap that shows", async ({ page, network }) => {
  await page.evaluate(() => void watch());
  await until(page, "tallies === 1");
  await page.evaluate(() => {
    session.invalidateToken();
    return session.renew();
  });
  await until(page, "tallies === 2");
  expect(network.socketAttempts.length).toBe(2);
  const [lost, open] = await page.evaluate(() => states.slice(-2));
  expect([lost.status, open.status]).toEqual(["connecting", "open"]);
  expect(open.at - lost.lostSince).toBeLessThan(3_000);
});

test("a renewal that fails keeps subscriptions, however long", async ({ page, network }) => {
  await page.evaluate(() => void watch());
  await until(page, "tallies === 1");
  network.loses = ({ body }) => body.includes("refreshSession");
  await page.evaluate(() => session.invalidateToken());
  network.cut();
  await expect.poll(() => network.renewals.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(5);
  network.loses = () => false;
  await until(page, "tallies === 2");
});

test("signing out completes the subscriptions", async ({ page, open }) => {
  const other = await open();
  await untilStatus(other, "signedIn");
  await page.evaluate(() => void watch());
  await until(page, "tallies === 1");
  await other.evaluate(() => session.signOut());
  await until(page, "ends.length === 1");
  expect(await state(page)).toEqual({ status: "idle", lostSince: undefined, poll: false });
});
