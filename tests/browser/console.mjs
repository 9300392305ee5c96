// The console in a real browser that can reach nothing but the server: node console.mjs URL SCREENSHOTS

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [server, shots] = process.argv.slice(2);
const PASSWORD = "guildhall-demo";
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
/** No single thing takes longer, in milliseconds. */
const WITHIN = 30_000;
/** Nor all of it. */
const OVERDUE = 300_000;

mkdirSync(shots, { recursive: true });
/** What must not happen, whenever it does. */
const faults = [];
let doing = "starting";
let shown;

setTimeout(() => fail(new Error(`not done within ${OVERDUE / 1_000} seconds`)), OVERDUE).unref();

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
  ],
});
try {
  await atADesk();
  await renewed();
  await onAPhone();
  await inTheDark();
  assert.deepEqual(faults, []);
} catch (error) {
  await fail(error);
}
await browser.close();
console.log("console: ok");

async function atADesk() {
  const context = await isolated({ viewport: DESK });
  const page = await open(context);
  await step(page, "the page opens");

  await page.getByLabel("Show Documentation Explorer").click();
  await page.getByRole("link", { name: "Query", exact: true }).click();
  await page.locator(".graphiql-plugin").getByRole("link", { name: "members", exact: true }).waitFor();
  await step(page, "the docs are there");
  await page.getByLabel("Hide Documentation Explorer").click();

  await run(page);
  await answered(page, /"totalCount": \d+/);
  await step(page, "the first example runs");

  const live = await ask("{ campaigns(filter: { status: [LIVE] }) { nodes { id } } }");
  const campaignId = live.data.campaigns.nodes[0].id;
  const wrong = await ask(`mutation { login(input: { discordUsername: "officer", password: "wrong" }) { accessToken } }`);
  await tab(page, "AuditLog");
  await run(page);
  await answered(page, /"UNAUTHENTICATED"/);

  await signIn(page, "officer", "wrong");
  await page.getByRole("alert").filter({ hasText: wrong.errors[0].message }).waitFor();
  await step(page, "a wrong password is refused in the server's words");
  await signIn(page, "officer", PASSWORD);
  await signedIn(page, "Officer");
  await tab(page, "CreateCampaign");
  await run(page);
  await answered(page, /"status": "DRAFT"/);
  await step(page, "an officer makes a campaign");
  await tab(page, "AuditLog");
  await run(page);
  await answered(page, /"auditLog": \{[^]*"campaign.create"/);
  await step(page, "an officer reads the audit log");
  await page.locator(".account-button").click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  await step(page, "the panel says who is signed in");
  await page.keyboard.press("Escape");

  await tab(page, "Tally");
  await write(page, "Variables", JSON.stringify({ campaignId }));
  await run(page);
  const [init] = await said(page, 1, "connection_init");
  assert.match(init.payload.authorization, /^Bearer \S+$/, "the socket is opened with the token");
  const before = await voted(page);
  await until(page, `more than ${before} have voted`, async () => (await voted(page)) > before);
  await step(page, "a tally moves");
  await page.getByLabel("Stop query").click();

  await tab(page, "LiveCampaigns");
  await write(page, "Headers", JSON.stringify({ authorization: "Bearer of one's own" }));
  await run(page);
  await answered(page, /"INVALID_TOKEN"/);
  await step(page, "explicit headers win");
  await write(page, "Headers", "{}");

  const token = context.tokens.at(-1);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  assert.ok(!kept.includes(token) && !kept.includes("efreshToken"), "an open page keeps no token but in memory");

  await page.reload();
  await ready(page);
  await signedIn(page, "Officer");
  await tab(page, "AuditLog");
  await run(page);
  await answered(page, /"auditLog": \{[^]*"campaign.create"/);
  await step(page, "a reload keeps the session");

  // A copy has the storage of what it was copied from.
  const copied = context.waitForEvent("page");
  await page.evaluate(() => void window.open("/graphiql"));
  const copy = await copied;
  await ready(copy);
  await copy.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await copy.close();

  await page.locator(".account-button").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in", exact: true }).first().waitFor();
  await run(page);
  await answered(page, /"UNAUTHENTICATED"/);
  await step(page, "signed out");
  const after = await ask("{ guild { slug } }", token);
  assert.equal(after.errors?.[0].extensions.reason, "INVALID_TOKEN", "signing out ends the session on the server");
  await page.reload();
  await ready(page);
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
  await context.close();
}

/** Time passes: the token is renewed, and what is watched goes on. */
async function renewed() {
  const context = await isolated({ viewport: DESK });
  const page = await open(context, (page) => page.clock.install());
  await signIn(page, "officer", PASSWORD);
  await signedIn(page, "Officer");
  await tab(page, "Changes");
  await run(page);
  await said(page, 1, "subscribe");
  await page.clock.fastForward("12:00");
  await said(page, 2, "subscribe");
  const [, init] = await said(page, 2, "connection_init");
  await tab(page, "AuditLog");
  await run(page);
  await answered(page, /"auditLog": \{[^]*"campaign.create"/);
  assert.equal(context.renewals, 1);
  const present = context.tokens.at(-1);
  assert.equal(init.payload.authorization, `Bearer ${present}`, "what is watched goes on with the new token");
  await step(page, "a session is renewed before its time");

  await ask("mutation { logout { success } }", present);
  await run(page);
  await answered(page, /"INVALID_TOKEN"/);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "Your session has ended" }).waitFor();
  await step(page, "a session that was ended elsewhere");
  await context.close();
}

async function onAPhone() {
  const context = await isolated({ viewport: PHONE, hasTouch: true });
  const page = await open(context);
  await step(page, "a phone");
  await run(page);
  await answered(page, /"totalCount": \d+/);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await step(page, "a phone signs in");
  await signIn(page, "officer", PASSWORD);
  await signedIn(page, "Officer");
  await step(page, "a phone is signed in");
  await page.getByLabel("Show Documentation Explorer").click();
  await page.getByRole("link", { name: "Query", exact: true }).waitFor();
  await step(page, "a phone reads the docs");
  await page.getByLabel("Hide Documentation Explorer").click();
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
  await step(page, "a phone is back from the docs");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `nothing stands out at the side: ${overflow}px`);
  await context.close();
}

async function inTheDark() {
  const context = await isolated({ viewport: DESK, colorScheme: "dark" });
  const page = await open(context);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.locator("[name=discordUsername]:focus").waitFor();
  await step(page, "in the dark");
  await context.close();
}

/**
 * A browser's profile that is heard in all it asks for: `tokens` are those it has sent, `said` is what its sockets
 * have, `renewals` is how often it has renewed a session.
 */
async function isolated(options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WITHIN);
  context.tokens = [];
  context.said = [];
  context.renewals = 0;
  const origin = new URL(server).origin;
  await context.route(
    (url) => url.origin !== origin,
    (route) => route.abort(),
  );
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && !["data:", "blob:"].includes(url.protocol)) fault(`asked for ${url}`);
    if (/authorization|token|password/i.test(url.search)) fault(`a secret in ${url}`);
    if (request.postData()?.includes("refreshSession")) context.renewals += 1;
    const { authorization } = request.headers();
    if (authorization?.startsWith("Bearer ey")) context.tokens.push(authorization.slice("Bearer ".length));
  });
  context.on("page", (page) =>
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => context.said.push(JSON.parse(payload)))),
  );
  context.on("weberror", (error) => fault(error.error().stack));
  context.on("console", (message) => {
    const { url } = message.location();
    // The browser says so of every status of 400 and more, which refusals have.
    const isStatus = url === `${origin}/graphql` && message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !isStatus) fault(`${message.text()} (${url})`);
  });
  await context.exposeFunction("violated", (violation) => fault(`against the policy: ${violation}`));
  await context.addInitScript(() =>
    addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
      window.violated(`${effectiveDirective} ${blockedURI} (${sourceFile}:${lineNumber})`),
    ),
  );
  return context;
}

async function open(context, prepare) {
  const page = await context.newPage();
  shown = page;
  await prepare?.(page);
  await page.goto(new URL("/graphiql", server).href);
  const missing = await page.getByText("left out of this build").count();
  assert.equal(missing, 0, await page.locator("body").innerText());
  await ready(page);
  return page;
}

/** Waits until the editors stand, and the schema is there. */
async function ready(page) {
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
  await page.locator(".graphiql-spinner, .graphiql-sidebar .rotating").first().waitFor({ state: "detached" });
}

async function step(page, name) {
  doing = name;
  console.log(`  ${name}`);
  assert.deepEqual(faults, []);
  await page.screenshot({ path: join(shots, `${name.replaceAll(/[^a-z]+/g, "-")}.png`), animations: "disabled" });
}

async function signIn(page, username, password) {
  const field = page.getByLabel("Discord username");
  if (!(await field.isVisible())) await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await field.fill(username);
  await page.getByLabel("Password").fill(password);
  await page.locator(".account-panel").getByRole("button", { name: "Sign in" }).click();
}

async function signedIn(page, rank) {
  await page.locator(".account-button .account-rank", { hasText: rank }).waitFor();
  await page.locator(".account-panel").waitFor({ state: "hidden" });
}

async function tab(page, name) {
  await page.getByRole("tab", { name, exact: true }).click();
  await until(page, `the tab ${name} is shown`, async () => (await text(page, ".graphiql-query-editor")).includes(` ${name}`));
}

/** Runs what is in the editor, with what was answered before out of sight. */
async function run(page) {
  await page.locator(".graphiql-execute-button").click();
}

async function answered(page, pattern) {
  await until(page, `the answer is like ${pattern}`, async () => pattern.test(await text(page, ".result-window")));
}

async function voted(page) {
  await answered(page, /"voted": \d+/);
  return Number(/"voted": (\d+)/.exec(await text(page, ".result-window"))[1]);
}

/** Replaces what an editor below the query holds. */
async function write(page, editor, content) {
  await page.locator(".graphiql-editor-tools").getByRole("button", { name: editor, exact: true }).click();
  const place = page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden)");
  await place.locator(".view-lines").click();
  await page.keyboard.press("Control+A");
  // Pasted: what is typed, the editor completes.
  await page.evaluate((content) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", content);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, content);
  const bare = (text) => text.replaceAll(/\s/g, "");
  await until(page, `${editor} are ${content}`, async () => bare(await text(page, ".graphiql-editor-tool .graphiql-editor:not(.hidden)")) === bare(content));
}

/** What an editor shows, in lines. */
async function text(page, editor) {
  const lines = await page.locator(`${editor} .view-line`).evaluateAll((lines) =>
    lines.map((line) => [line.getBoundingClientRect().top, line.textContent]).sort(([a], [b]) => a - b),
  );
  return lines.map(([, line]) => line.replaceAll("\u00a0", " ")).join("\n");
}

/** The first so many messages of a type that the page says over its sockets. */
async function said(page, count, type) {
  const heard = () => page.context().said.filter((message) => message.type === type);
  await until(page, `${count} × ${type} is said`, () => heard().length >= count);
  return heard();
}

async function until(page, what, holds) {
  const end = Date.now() + WITHIN;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`in vain waited until ${what}`);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

async function ask(query, token) {
  const response = await fetch(new URL("/graphql", server), {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

function fault(what) {
  faults.push(what);
}

async function fail(error) {
  console.error(`console: after "${doing}": ${error.stack ?? error}`);
  for (const what of faults) console.error(`  ${what}`);
  const path = join(shots, "failed.png");
  await shown?.screenshot({ path }).then(() => console.error(`  see ${path}`)).catch(() => {});
  process.exit(1);
}
