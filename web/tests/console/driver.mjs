// Drives the console in a headless Chromium that can reach nothing but the server: node SCRIPT.mjs URL DIRECTORY

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import axe from "axe-core";
import { chromium } from "playwright";

export const [server, directory] = process.argv.slice(2);
/** The password of all accounts of a demo. */
export const PASSWORD = "guildhall-demo";
/** Longest time of a single wait, in milliseconds. */
const WAIT_TIMEOUT = 90_000;
/** Longest time of a whole script, in milliseconds. */
const SCRIPT_TIMEOUT = 600_000;
export const DESKTOP = { width: 1280, height: 800 };

/** What must never happen: requests to other servers, secrets in URLs, uncaught errors, violations of the content policy. */
export const violations = [];
export const progress = { step: "start", page: undefined };

/** Runs a script and closes the browser. If it fails, prints the step and the violations, and takes a screenshot. */
export async function run(name, script) {
  mkdirSync(directory, { recursive: true });
  const fail = async (error) => {
    console.error(`${name}: after "${progress.step}": ${error.stack ?? error}`);
    for (const violation of violations) console.error(`  ${violation}`);
    const path = join(directory, "failed.png");
    await progress.page
      ?.screenshot({ path })
      .then(() => console.error(`  see ${path}`))
      .catch(() => {});
    process.exit(1);
  };
  setTimeout(
    () => fail(new Error(`not done within ${SCRIPT_TIMEOUT / 1_000} seconds`)),
    SCRIPT_TIMEOUT,
  ).unref();
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
    await script(browser);
  } catch (error) {
    await fail(error);
  }
  await browser.close();
  console.log(`${name}: ok`);
}

/**
 * A new browser context that records its traffic: `tokens` are the access tokens that it has sent, `messages` those that
 * its WebSockets have sent, `renewals` counts the renewals of sessions.
 */
export async function newContext(browser, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WAIT_TIMEOUT);
  context.tokens = [];
  context.messages = [];
  context.renewals = 0;
  // A proxy of the test has another port.
  const { origin } = new URL(options.origin ?? server);
  await context.route(
    (url) => url.origin !== origin,
    (route) => route.abort(),
  );
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && !["data:", "blob:"].includes(url.protocol))
      violations.push(`requested ${url}`);
    if (/authorization|token|password/i.test(url.search)) violations.push(`a secret in ${url}`);
    if (request.postData()?.includes("refreshSession")) context.renewals += 1;
    const { authorization } = request.headers();
    if (authorization?.startsWith("Bearer ey")) context.tokens.push(authorization.slice("Bearer ".length));
  });
  context.on("page", (page) =>
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => context.messages.push(JSON.parse(payload))),
    ),
  );
  context.on("weberror", (error) =>
    violations.push(error.error().stack || `uncaught: ${inspect(error.error())}`),
  );
  context.on("console", (message) => {
    const { url } = message.location();
    // Chromium logs an error for each status of 400 and more, which refusals have.
    const isStatus = url === `${origin}/graphql` && message.text().startsWith("Failed to load resource");
    // The proxy has cut the connection, before the handshake of a WebSocket or later.
    const isCut = options.origin && /net::ERR_|^WebSocket connection to/.test(message.text());
    if (message.type() === "error" && !isStatus && !isCut) violations.push(`${message.text()} (${url})`);
  });
  await context.exposeFunction("violated", (violation) =>
    violations.push(`against the content policy: ${violation}`),
  );
  await context.addInitScript(() =>
    addEventListener(
      "securitypolicyviolation",
      ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
        window.violated(`${effectiveDirective} ${blockedURI} (${sourceFile}:${lineNumber})`),
    ),
  );
  return context;
}

/** Takes a screenshot that is named after the step. */
export async function step(page, name) {
  progress.step = name;
  console.log(`  ${name}`);
  assert.deepEqual(violations, []);
  const file = `${name.replaceAll(/[^a-z]+/g, "-")}.png`;
  await page.screenshot({ path: join(directory, file), animations: "disabled" });
}

/** Opens the console in a new page. `prepare` is called before the page loads. */
export async function openConsole(context, prepare, origin = server) {
  const page = await context.newPage();
  progress.page = page;
  await prepare?.(page);
  await page.goto(new URL("/graphiql", origin).href);
  if ((await page.getByText("left out of this build").count()) > 0) {
    throw new Error(await page.locator("body").textContent());
  }
  await waitForEditors(page);
  return page;
}

/** Waits until the editors are there and the schema is loaded. */
export async function waitForEditors(page) {
  await page.locator(".graphiql-query-editor .view-line").first().waitFor();
  await page.locator(".graphiql-spinner, .graphiql-sidebar .rotating").first().waitFor({ state: "detached" });
}

export async function signIn(page, username, password) {
  const field = page.getByLabel("Discord username");
  if (!(await field.isVisible())) await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await field.fill(username);
  await page.getByLabel("Password").fill(password);
  await page.locator(".account-panel").getByRole("button", { name: "Sign in" }).click();
}

export async function waitForSignIn(page, rank) {
  await page.locator(".account-button .account-rank", { hasText: rank }).waitFor();
  await page.locator(".account-panel").waitFor({ state: "hidden" });
}

export async function selectTab(page, name) {
  await page.getByRole("tab", { name, exact: true }).click();
  await waitUntil(page, `the tab ${name} is shown`, async () =>
    (await textOf(page, ".graphiql-query-editor")).includes(` ${name}`),
  );
}

/** Opens an example from the panel, by its label. */
export async function openExample(page, label) {
  await page.locator(".examples").getByRole("button", { name: label, exact: true }).click();
  await page.locator(".examples [aria-current]", { hasText: label }).waitFor();
}

/** The text of an editor's model: `operation`, `variables`, `request-headers` or `response`. */
export function modelText(page, name) {
  return page.evaluate(
    (name) =>
      globalThis.__MONACO.editor
        .getModels()
        .find(({ uri }) => uri.path.includes(`-${name}.`))
        .getValue(),
    name,
  );
}

/** What the editors mark as wrong. */
export function markers(page) {
  return page.evaluate(() =>
    globalThis.__MONACO.editor
      .getModelMarkers({})
      .map(({ resource, message, startLineNumber }) => `${resource.path}:${startLineNumber} ${message}`),
  );
}

/** Expects no violation of WCAG 2.2 AA in the console's own parts. */
export async function expectAccessible(page) {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const own = [".account-button", ".account-panel", ".examples", ".notice"];
    const result = await globalThis.axe.run(
      { include: own.filter((part) => document.querySelector(part)) },
      { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
    );
    return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  });
  assert.deepEqual(violations, []);
}

/** Runs the operation in the editor. GraphiQL clears the previous response. */
export async function execute(page) {
  await page.locator(".graphiql-execute-button").click();
}

export async function waitForResponse(page, pattern) {
  await waitUntil(page, `the response matches ${pattern}`, async () =>
    pattern.test(await textOf(page, ".result-window")),
  );
}

/** The number of members who have voted, by the tally that is shown. */
export async function votedCount(page) {
  await waitForResponse(page, /"voted": \d+/);
  return Number(/"voted": (\d+)/.exec(await textOf(page, ".result-window"))[1]);
}

/** Replaces the content of an editor below the query. */
export async function fillEditor(page, name, content) {
  await page.locator(".graphiql-editor-tools").getByRole("button", { name, exact: true }).click();
  await replaceText(page, ".graphiql-editor-tool .graphiql-editor:not(.hidden)", content);
}

/** Replaces the text of an editor. It is pasted, because the editor would complete what is typed. */
export async function replaceText(page, editor, content) {
  await page.locator(editor).locator(".view-lines").click();
  await page.keyboard.press("Control+A");
  await page.evaluate((content) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", content);
    document.activeElement.dispatchEvent(
      new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }),
    );
  }, content);
  const withoutSpaces = (text) => text.replaceAll(/\s/g, "");
  await waitUntil(
    page,
    `${editor} has ${content}`,
    async () => withoutSpaces(await textOf(page, editor)) === withoutSpaces(content),
  );
}

/** The text that an editor shows. */
export async function textOf(page, editor) {
  const lines = await page
    .locator(`${editor} .view-line`)
    .evaluateAll((lines) =>
      lines.map((line) => [line.getBoundingClientRect().top, line.textContent]).sort(([a], [b]) => a - b),
    );
  return lines.map(([, line]) => line.replaceAll("\u00a0", " ")).join("\n");
}

/** The messages of a type that the page has sent over its WebSockets, once there are `count`. */
export async function messagesSent(page, count, type) {
  const sent = () => page.context().messages.filter((message) => message.type === type);
  await waitUntil(page, `${count} × ${type} are sent`, () => sent().length >= count);
  return sent();
}

export async function waitUntil(page, description, condition) {
  const end = Date.now() + WAIT_TIMEOUT;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`timed out: ${description}`);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

/** Sends an operation to the server directly, without the console. */
export async function request(query, token) {
  const response = await fetch(new URL("/graphql", server), {
    method: "POST",
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  return response.json();
}
