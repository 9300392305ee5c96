// Tests the console: node console.mjs URL SCREENSHOTS

import assert from "node:assert/strict";
import {
  DESKTOP,
  execute,
  expectAccessible,
  fillEditor,
  messagesSent,
  newContext,
  openConsole,
  openExample,
  PASSWORD,
  request,
  run,
  selectTab,
  server,
  signIn,
  step,
  violations,
  votedCount,
  waitForEditors,
  waitForResponse,
  waitForSignIn,
  waitUntil,
} from "./driver.mjs";
import { testExamples } from "./examples.mjs";
import { testTabs } from "./tabs.mjs";

const PHONE = { width: 390, height: 844 };

await run("console", async (browser) => {
  await testDesktop(browser);
  await testRenewal(browser);
  await testWebAppSession(browser);
  await testPhone(browser);
  await testThemes(browser);
  await testTabs(browser);
  await testExamples(browser);
  assert.deepEqual(violations, []);
});

async function testDesktop(browser) {
  const context = await newContext(browser, { viewport: DESKTOP });
  const page = await openConsole(context);
  await step(page, "the page opens");

  await page.getByLabel("Show Documentation Explorer").click();
  await page.getByRole("link", { name: "Query", exact: true }).click();
  await page.locator(".graphiql-plugin").getByRole("link", { name: "members", exact: true }).waitFor();
  await step(page, "the docs are there");
  await page.getByLabel("Hide Documentation Explorer").click();

  await execute(page);
  await waitForResponse(page, /"totalCount": \d+/);
  await step(page, "the first example runs");

  const wrong = await request(
    `mutation { login(input: { discordUsername: "officer", password: "wrong" }) { accessToken } }`,
  );
  await page.getByLabel("Show Examples").click();
  await openExample(page, "Read the audit log");
  await execute(page);
  await waitForResponse(page, /"UNAUTHENTICATED"/);

  await signIn(page, "officer", "wrong");
  await page.getByRole("alert").filter({ hasText: wrong.errors[0].message }).waitFor();
  await step(page, "a wrong password shows the server's message");
  await signIn(page, "officer", PASSWORD);
  await waitForSignIn(page, "Officer");
  await openExample(page, "Create a vote");
  await execute(page);
  await waitForResponse(page, /"status": "DRAFT"/);
  await step(page, "an officer creates a vote");
  await selectTab(page, "AuditLog");
  await execute(page);
  await waitForResponse(page, /"auditLog": \{[\s\S]*"campaign.create"/);
  await step(page, "an officer reads the audit log");
  await page.locator(".account-button").click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await step(page, "the panel shows the member");
  await page.keyboard.press("Escape");

  await selectTab(page, "WatchTally");
  await execute(page);
  const [init] = await messagesSent(page, 1, "connection_init");
  assert.match(init.payload.authorization, /^Bearer \S+$/, "the socket opens with the token");
  const before = await votedCount(page);
  await waitUntil(page, `more than ${before} have voted`, async () => (await votedCount(page)) > before);
  await step(page, "a tally changes");
  await page.getByLabel("Stop query").click();

  await selectTab(page, "OpenVotes");
  await fillEditor(page, "Headers", JSON.stringify({ authorization: "Bearer of one's own" }));
  await execute(page);
  await waitForResponse(page, /"INVALID_TOKEN"/);
  await step(page, "explicit headers take precedence");
  await fillEditor(page, "Headers", "{}");

  const token = context.tokens.at(-1);
  const stored = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]),
  );
  assert.ok(
    !stored.includes(token) && !stored.includes("efreshToken"),
    "an open page keeps tokens only in memory",
  );

  await page.reload();
  await waitForEditors(page);
  await waitForSignIn(page, "Officer");
  await selectTab(page, "AuditLog");
  await execute(page);
  await waitForResponse(page, /"auditLog": \{[\s\S]*"campaign.create"/);
  await step(page, "a reload keeps the session");

  // A duplicated tab starts with a copy of the original's sessionStorage.
  const copied = context.waitForEvent("page");
  await page.evaluate(() => void window.open("/graphiql"));
  const copy = await copied;
  await waitForEditors(copy);
  await copy.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await copy.close();

  await page.locator(".account-button").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in", exact: true }).first().waitFor();
  await execute(page);
  await waitForResponse(page, /"UNAUTHENTICATED"/);
  await step(page, "signed out");
  const after = await request("{ guild { slug } }", token);
  assert.equal(
    after.errors?.[0].extensions.reason,
    "INVALID_TOKEN",
    "signing out ends the session on the server",
  );
  await page.reload();
  await waitForEditors(page);
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await context.close();
}

/** The console renews its token before it expires, and its subscriptions continue. */
async function testRenewal(browser) {
  const context = await newContext(browser, { viewport: DESKTOP });
  const page = await openConsole(context, (page) => page.clock.install());
  await signIn(page, "officer", PASSWORD);
  await waitForSignIn(page, "Officer");
  await openExample(page, "Watch all votes");
  await execute(page);
  await messagesSent(page, 1, "subscribe");
  await page.clock.fastForward("14:30");
  await messagesSent(page, 2, "subscribe");
  const [, init] = await messagesSent(page, 2, "connection_init");
  await openExample(page, "Read the audit log");
  await execute(page);
  await waitForResponse(page, /"auditLog": \{[\s\S]*"campaign.create"/);
  assert.equal(context.renewals, 1);
  const current = context.tokens.at(-1);
  assert.equal(
    init.payload.authorization,
    `Bearer ${current}`,
    "the subscription continues with the new token",
  );
  await step(page, "a session is renewed in time");

  // The subscription notices at once that its session has ended.
  await request("mutation { logout { success } }", current);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "Your session has ended" }).waitFor();
  await page.keyboard.press("Escape");
  await selectTab(page, "WatchVotes");
  await waitForResponse(page, /The subscription stopped/);
  await signIn(page, "officer", PASSWORD);
  await waitForSignIn(page, "Officer");
  await request("mutation { logout { success } }", context.tokens.at(-1));
  await selectTab(page, "AuditLog");
  await execute(page);
  await waitForResponse(page, /"INVALID_TOKEN"/);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "Your session has ended" }).waitFor();
  await step(page, "a session that was ended elsewhere");
  await context.close();
}

async function testPhone(browser) {
  const context = await newContext(browser, { viewport: PHONE, hasTouch: true });
  const page = await openConsole(context);
  await step(page, "a phone");
  await execute(page);
  await waitForResponse(page, /"totalCount": \d+/);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await step(page, "a phone signs in");
  await signIn(page, "officer", PASSWORD);
  await waitForSignIn(page, "Officer");
  await step(page, "a phone is signed in");
  await page.getByLabel("Show Documentation Explorer").click();
  await page.getByRole("link", { name: "Query", exact: true }).waitFor();
  await step(page, "a phone reads the docs");
  await page.getByLabel("Hide Documentation Explorer").click();
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
  await step(page, "a phone is back from the docs");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} px wider than the screen`);
  await context.close();
}

/** The console has the web app's session, until this tab signs in as someone else. */
async function testWebAppSession(browser) {
  const context = await newContext(browser, { viewport: DESKTOP });
  const app = await context.newPage();
  await app.goto(new URL("/login", server).href);
  await app.getByLabel("Discord username").fill("member");
  await app.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await app.getByRole("button", { name: "Sign in", exact: true }).click();
  await app.waitForURL(server);
  const page = await openConsole(context);
  await waitForSignIn(page, "Member");
  await page.locator(".account-button").click();
  await page.getByText("Signed in by the web app").waitFor();
  await step(page, "the session of the web app");
  await page.getByRole("button", { name: "Use another account in this tab" }).click();
  await signIn(page, "officer", PASSWORD);
  await waitForSignIn(page, "Officer");
  await page.locator(".account-button").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.locator(".account-button .account-rank", { hasText: "Member" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.locator(".account-panel").getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await app.getByRole("link", { name: "Sign in" }).first().waitFor();
  await step(page, "signed out of the web app");
  await context.close();
}

/** Both themes, by the keyboard alone. */
async function testThemes(browser) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await newContext(browser, { viewport: DESKTOP, colorScheme });
    const page = await openConsole(context);
    const account = page.locator(".account-button");
    await account.focus();
    await page.keyboard.press("Enter");
    await page.locator("[name=discordUsername]:focus").waitFor();
    await expectAccessible(page);
    await step(page, `the ${colorScheme} theme`);
    await page.keyboard.press("Escape");
    await page.locator(".account-button:focus").waitFor();

    const example = page.locator(".examples").getByRole("button", { name: "Cast a ballot" });
    await example.focus();
    await page.keyboard.press("Enter");
    await page.locator(".graphiql-tab-active", { hasText: "CastBallot" }).waitFor();
    await account.focus();
    await page.keyboard.press("Enter");
    await page.locator("[name=discordUsername]:focus").waitFor();
    await page.keyboard.type("leader");
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await waitForSignIn(page, "Guild Leader");
    await account.press("Enter");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await expectAccessible(page);
    await step(page, `an account in the ${colorScheme} theme`);
    await context.close();
  }
}
