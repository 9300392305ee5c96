// Tests the console of a server that runs only trusted documents: node refusals.mjs URL SCREENSHOTS

import assert from "node:assert/strict";
import {
  DESKTOP,
  execute,
  expectAccessible,
  newContext,
  openConsole,
  run,
  step,
  violations,
  waitForResponse,
} from "./driver.mjs";

await run("refusals", async (browser) => {
  const context = await newContext(browser, { viewport: DESKTOP });
  const page = await openConsole(context);
  await page.getByRole("status").getByText("executes only the documents of its apps").waitFor();
  await expectAccessible(page);
  await execute(page);
  await waitForResponse(page, /"UNTRUSTED_DOCUMENT"/);
  await step(page, "a server with trusted documents");
  assert.deepEqual(violations, []);
});
