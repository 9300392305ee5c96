// The session of src/client in many tabs of a real browser, on a connection that loses responses.

import { expect } from "playwright/test";
import { me, signIn, signInId, status, test, untilStatus } from "./fixtures.js";

const TABS = 10;
const RENEWALS = 8;

test("ten tabs that lose 5 % of responses stay signed in", async ({ open, network }) => {
  const pages = [];
  for (let count = 0; count < TABS; count += 1) pages.push(await open());
  await signIn(pages[0]);
  for (const page of pages) await untilStatus(page, "signedIn");

  let sent = 0;
  network.loses = ({ body }) => {
    if (body.includes("refreshSession")) sent += 1;
    return body.includes("refreshSession") && sent % 20 === 3;
  };
  await Promise.all(
    pages.map((page) =>
      page.evaluate(async (renewals) => {
        for (let count = 0; count < renewals; count += 1) {
          session.accessToken = undefined;
          await session.renew();
        }
      }, RENEWALS),
    ),
  );
  const lost = network.renewals.filter(({ isLost }) => isLost);
  expect(lost.length).toBeGreaterThanOrEqual(4);
  expect(network.renewals.length).toBe(TABS * RENEWALS + lost.length);
  // A token is sent again only at once: after a lost response, or before the new one has reached the storage of a tab.
  const firstSent = new Map();
  for (const { token, at } of network.renewals) {
    if (!firstSent.has(token)) firstSent.set(token, at);
    expect(at - firstSent.get(token)).toBeLessThan(5_000);
  }
  for (const page of pages) expect(await me(page)).toBe("leader");
});

test("signing out reaches all tabs within a second, and the server", async ({ open }) => {
  const pages = [await open(), await open(), await open()];
  await signIn(pages[0]);
  for (const page of pages) await untilStatus(page, "signedIn");
  const token = await pages[0].evaluate(() => session.accessToken);
  const ended = Promise.all(pages.map((page) => untilStatus(page, "signedOut")));
  const startedAt = Date.now();
  const confirmed = pages[1].evaluate(() => session.signOut());
  await ended;
  expect(Date.now() - startedAt).toBeLessThan(1_000);
  expect(await confirmed).toBe(true);
  for (const page of pages)
    expect(await page.evaluate(() => [session.accessToken, localStorage.length])).toEqual([undefined, 0]);
  const refused = await pages[0].evaluate(async (token) => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
    return (await fetch("/graphql", { method: "POST", headers, body: '{"query":"{ me { id } }"}' })).status;
  }, token);
  expect(refused).toBe(401);
});

test("signing out wins over a renewal of another tab", async ({ open }) => {
  const [first, second] = [await open(), await open()];
  await signIn(first);
  await untilStatus(second, "signedIn");
  let release = () => {};
  await second.route("**/graphql", async (route) => {
    await new Promise((resolve) => (release = resolve));
    await route.continue();
  });
  const renewal = second.evaluate(() =>
    session.renew().then(
      () => "renewed",
      ({ reason }) => reason,
    ),
  );
  await expect
    .poll(() => second.evaluate(() => navigator.locks.query().then(({ held }) => held.length)))
    .toBe(1);
  const signedOut = first.evaluate(() => session.signOut());
  await untilStatus(first, "signedOut");
  await expect.poll(() => release.name).not.toBe("release");
  release();
  expect(await renewal).toBe("INVALID_TOKEN");
  expect(await signedOut).toBe(true);
  expect(await first.evaluate(() => localStorage.length)).toBe(0);
  expect(await status(second)).toBe("signedOut");
});

test("a sign-in of another member reaches all tabs", async ({ open }) => {
  const [first, second] = [await open(), await open()];
  await signIn(first, "leader");
  await untilStatus(second, "signedIn");
  expect(await me(second)).toBe("leader");
  const before = await signInId(second);
  await signIn(first, "member");
  await second.waitForFunction((before) => session.getState().signIn !== before, before);
  expect(await me(second)).toBe("member");
});

test("a session that ends elsewhere ends in all tabs", async ({ open, server }) => {
  const [first, second] = [await open(), await open()];
  await signIn(first, "member");
  await untilStatus(second, "signedIn");
  const { members } = await server.execute(
    '{ members(first: 1, filter: { search: "member" }) { nodes { id } } }',
  );
  const { id } = members.nodes[0];
  const setActive = "mutation ($input: UpdateMemberInput!) { updateMember(input: $input) { member { id } } }";
  for (const active of [false, true]) await server.execute(setActive, { input: { id, active } });
  const reason = await first.evaluate(() => {
    session.accessToken = undefined;
    return session.renew().catch(({ reason }) => reason);
  });
  expect(reason).toBe("INVALID_TOKEN");
  for (const page of [first, second, await open()]) await untilStatus(page, "ended");
  await signIn(second, "member");
  await untilStatus(first, "signedIn");
  expect(await me(first)).toBe("member");
});

test("on a shared computer the session is that of one tab", async ({ open, context, network }) => {
  const page = await open();
  await signIn(page, "leader", { sharedComputer: true });
  const stored = () => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(await stored()).toBe("[{},{}]");
  await page.evaluate(() => session.renew());
  expect(await stored()).toBe("[{},{}]");
  await page.reload();
  await page.waitForFunction("window.session");
  expect(await stored()).toBe("[{},{}]");
  expect(await me(page)).toBe("leader");
  expect(await status(await open())).toBe("signedOut");
  const opened = context.waitForEvent("page");
  await page.evaluate(() => void window.open("/"));
  const copy = await opened;
  await copy.waitForFunction("window.session");
  expect(await status(copy)).toBe("signedOut");
  // Back and forward, through another site and with or without the browser's cache of pages.
  await page.goto(`${network.url}/other`);
  await page.goBack();
  await page.waitForFunction("window.session");
  expect(await me(page)).toBe("leader");
  await page.evaluate(() => session.signOut());
  await page.reload();
  await page.waitForFunction("window.session");
  expect(await status(page)).toBe("signedOut");
});

test("without Web Locks each tab signs in alone", async ({ open, network }) => {
  const host = network.url.replace("127.0.0.1", "guild.test");
  const page = await open(host);
  expect(await page.evaluate(() => [isSecureContext, navigator.locks === undefined])).toEqual([false, true]);
  await signIn(page);
  expect(await page.evaluate(() => localStorage.length)).toBe(0);
  expect(await status(await open(host))).toBe("signedOut");
  await page.reload();
  await page.waitForFunction("window.session");
  expect(await me(page)).toBe("leader");
});

test("a server that cannot be reached ends no session", async ({ open, network }) => {
  const page = await open();
  await signIn(page);
  network.loses = () => true;
  const name = await page.evaluate(() => {
    session.accessToken = undefined;
    return session.renew().catch(({ name }) => name);
  });
  expect(name).toBe("LostResponse");
  expect(network.renewals.length).toBe(4);
  network.loses = () => false;
  expect(await me(page)).toBe("leader");
});
