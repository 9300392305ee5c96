// Tests the examples: their ids, their marks, and that each runs with one press.

import assert from "node:assert/strict";
import {
  DESKTOP,
  execute,
  fillEditor,
  markers,
  modelText,
  newContext,
  openConsole,
  openExample,
  PASSWORD,
  request,
  signIn,
  step,
  waitForSignIn,
  waitUntil,
} from "./driver.mjs";

const LIVE = "{ campaigns(filter: { status: [LIVE] }) { nodes { id } } }";
/** How long the editors are watched for marks after an example was opened, in milliseconds. They appear within a second. */
const WATCHED = 1_500;

export async function testExamples(browser) {
  await testMarks(browser);
  await testEdits(browser);
  await testRuns(browser);
  await testWithoutVote(browser);
}

async function testMarks(browser) {
  const context = await newContext(browser, { viewport: DESKTOP });
  const page = await openConsole(context);
  const [live] = (await request(LIVE)).data.campaigns.nodes;
  await expectNoMarks(page, "the first tab");
  for (const label of await labels(page)) {
    await openExample(page, label);
    await expectNoMarks(page, label);
  }
  await openExample(page, "Watch the standings");
  assert.deepEqual(JSON.parse(await modelText(page, "variables")), { campaignId: live.id });
  // Back and forth between other types of variables.
  for (const label of ["Create a vote", "Cast a ballot", "Create a vote", "Read the audit log"]) {
    await openExample(page, label);
    await expectNoMarks(page, label);
  }
  await fillEditor(page, "Variables", '{ "unknown": 1 }');
  await waitUntil(page, "a mistake is marked", async () => (await markers(page)).length > 0);
  await step(page, "no example has a mark");
  await context.close();
}

/** A sign-in changes the ids, but nothing that the user typed. */
async function testEdits(browser) {
  const context = await newContext(browser, { viewport: DESKTOP });
  const page = await openConsole(context);
  await openExample(page, "Cast a ballot");
  const typed = '{ "input": { "campaignId": "mine", "picks": [] } }';
  await waitUntil(page, "ids are filled in", async () => /"V/.test(await modelText(page, "variables")));
  await fillEditor(page, "Variables", typed);
  await openExample(page, "Invite a member");
  await waitUntil(page, "a visitor is told to sign in", async () =>
    /Sign in first/.test(await modelText(page, "variables")),
  );
  await signIn(page, "officer", PASSWORD);
  await waitForSignIn(page, "Officer");
  await waitUntil(page, "the officer's ids are filled in", async () =>
    /^\{\s+"memberId": "T/.test(await modelText(page, "variables")),
  );
  await openExample(page, "Cast a ballot");
  assert.deepEqual(JSON.parse(await modelText(page, "variables")), JSON.parse(typed));
  await page.reload();
  await waitForSignIn(page, "Officer");
  await openExample(page, "Cast a ballot");
  assert.deepEqual(JSON.parse(await modelText(page, "variables")), JSON.parse(typed));
  await step(page, "edits are kept");
  await context.close();
}

/** A leader presses Run in each example, in the order of the panel, and then in those that need another one first. */
async function testRuns(browser) {
  const context = await newContext(browser, { viewport: DESKTOP });
  const page = await openConsole(context);
  await signIn(page, "leader", PASSWORD);
  await waitForSignIn(page, "Guild Leader");
  const first = ["Create a vote", "Set its entries", "Start it"];
  const last = ["Close it", "Read a result", "Show my receipt", "Read the audit log"];
  const others = (await labels(page)).filter((label) => ![...first, ...last].includes(label));
  // The ids are read again after each mutation, and an example that is open by then gets the new ones.
  let loading = 0;
  const isLoad = (request) => request.postData()?.includes("ConsoleContext");
  page.on("request", (request) => {
    if (isLoad(request)) loading += 1;
  });
  page.on("requestfinished", (request) => {
    if (isLoad(request)) loading -= 1;
  });
  for (const label of [...first, ...others, ...last]) {
    await openExample(page, label);
    await waitUntil(
      page,
      `${label}: nothing is missing`,
      async () => loading === 0 && /^[{]|^$/.test(await modelText(page, "variables")),
    );
    await execute(page);
    const response = await responseOf(page, label);
    assert.ok(label === "Watch all votes" || response.data, label);
    assert.equal(response.errors, undefined, `${label}: ${JSON.stringify(response.errors)}`);
  }
  await step(page, "each example runs");
  await context.close();
}

async function testWithoutVote(browser) {
  const { token } = await tokenOf("leader");
  for (const { id } of (await request(LIVE)).data.campaigns.nodes)
    await request(`mutation { closeCampaign(id: "${id}") { campaign { id } } }`, token);
  const context = await newContext(browser, { viewport: DESKTOP });
  const page = await openConsole(context);
  await openExample(page, "Watch the standings");
  await waitUntil(page, "a comment says what to do", async () =>
    /^\/\/ No vote is live\. Run CreateVote and/.test(await modelText(page, "variables")),
  );
  await expectNoMarks(page, "an example without a vote");
  await step(page, "no vote is live");
  await context.close();
}

function labels(page) {
  return page.locator(".examples button").allTextContents();
}

async function expectNoMarks(page, what) {
  const end = Date.now() + WATCHED;
  while (Date.now() < end) {
    assert.deepEqual(await markers(page), [], what);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

async function responseOf(page, label) {
  // Sends nothing at first.
  if (label === "Watch all votes") {
    await page.getByLabel("Stop query").click();
    return {};
  }
  let text;
  await waitUntil(page, `${label} has a response`, async () => {
    text = await modelText(page, "response");
    return text !== "";
  });
  const stop = page.getByLabel("Stop query");
  if (await stop.isVisible()) await stop.click();
  return JSON.parse(text);
}

async function tokenOf(discordUsername) {
  const input = `{ discordUsername: "${discordUsername}", password: "${PASSWORD}" }`;
  const { data } = await request(`mutation { login(input: ${input}) { accessToken } }`);
  return { token: data.login.accessToken };
}
