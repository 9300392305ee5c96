// Tests the console: node console.mjs URL SCREENSHOTS

import assert from "node:assert/strict";
import { join } from "node:path";
import {
  directory,
  execute,
  fillEditor,
  messagesSent,
  newContext,
  openConsole,
  PASSWORD,
  progress,
  request,
  run,
  selectTab,
  signIn,
  violations,
  votedCount,
  waitForEditors,
  waitForResponse,
  waitForSignIn,
  waitUntil,
} from "./driver.mjs";

const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

await run("console", async (browser) => {
  await testDesktop(browser);
  await testRenewal(browser);
  await testPhone(browser);
  await testDarkTheme(browser);
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

  const live = await request("{ campaigns(filter: { status: [LIVE] }) { nodes { id } } }");
  const campaignId = live.data.campaigns.nodes[0].id;
  const wrong = await request(
    `mutation { login(input: { discordUsername: "officer", password: "wrong" }) { accessToken } }`,
  );
  await selectTab(page, "AuditLog");
  await execute(page);
  await waitForResponse(page, /"UNAUTHENTICATED"/);

  await signIn(page, "officer", "wrong");
  await page.getByRole("alert").filter({ hasText: wrong.errors[0].message }).waitFor();
  await step(page, "a wrong password shows the server's message");
  await signIn(page, "officer", PASSWORD);
  await waitForSignIn(page, "Officer");
  await selectTab(page, "CreateCampaign");
  await execute(page);
  await waitForResponse(page, /"status": "DRAFT"/);
  await step(page, "an officer creates a campaign");
  await selectTab(page, "AuditLog");
  await execute(page);
  await waitForResponse(page, /"auditLog": \{[\s\S]*"campaign.create"/);
  await step(page, "an officer reads the audit log");
  await page.locator(".account-button").click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await step(page, "the panel shows the member");
  await page.keyboard.press("Escape");

  await selectTab(page, "Tally");
  await fillEditor(page, "Variables", JSON.stringify({ campaignId }));
  await execute(page);
  const [init] = await messagesSent(page, 1, "connection_init");
  assert.match(init.payload.authorization, /^Bearer \S+$/, "the socket opens with the token");
  const before = await votedCount(page);
  await waitUntil(page, `more than ${before} have voted`, async () => (await votedCount(page)) > before);
  await step(page, "a tally changes");
  await page.getByLabel("Stop query").click();

  await selectTab(page, "LiveCampaigns");
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
  await selectTab(page, "Changes");
  await execute(page);
  await messagesSent(page, 1, "subscribe");
  await page.clock.fastForward("12:00");
  await messagesSent(page, 2, "subscribe");
  const [, init] = await messagesSent(page, 2, "connection_init");
  await selectTab(page, "AuditLog");
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

  await request("mutation { logout { success } }", current);
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

async function testDarkTheme(browser) {
  const context = await newContext(browser, { viewport: DESKTOP, colorScheme: "dark" });
  const page = await openConsole(context);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.locator("[name=discordUsername]:focus").waitFor();
  await step(page, "the dark theme");
  await context.close();
}

/** Takes a screenshot that is named after the step. */
async function step(page, name) {
  progress.step = name;
  console.log(`  ${name}`);
  assert.deepEqual(violations, []);
  const file = `${name.replaceAll(/[^a-z]+/g, "-")}.png`;
  await page.screenshot({ path: join(directory, file), animations: "disabled" });
}
