// What one tab does to another one of the same browser.
import { expect, test } from "./checks";
import { memberFixture, refusal, startAs, tokens } from "./stand-in";

test("closing the sign-in of an ended session leaves the input of other tabs", async ({ page, context }) => {
  const other = await context.newPage();
  const states = [];
  for (const tab of [page, other]) {
    states.push(await startAs(tab, memberFixture()));
    await tab.goto("/me");
    await tab.getByLabel("Display name").fill("Typed");
  }
  const invalidToken = refusal("UNAUTHENTICATED", "The token is not valid.", { reason: "INVALID_TOKEN" });
  for (const { root } of states)
    Object.assign(root, { updateMe: invalidToken, refreshSession: invalidToken });
  await page.getByRole("button", { name: "Save" }).click();
  const dialogOf = (tab: typeof page) => tab.getByRole("dialog", { name: "Please sign in again" });
  await expect(dialogOf(other)).toBeVisible();

  const questions: string[] = [];
  page.on("dialog", (question) => {
    questions.push(question.message());
    return question.accept();
  });
  if (states[0]) states[0].root.me = null;
  await dialogOf(page).getByRole("button", { name: "Close" }).click();
  await expect(page.getByText("You are not signed in")).toBeVisible();
  expect(questions).toEqual(["Close this without signing in? What is not saved on this page is lost."]);

  await expect(dialogOf(other)).toBeVisible();
  await expect(other.locator('input[name="displayName"]')).toHaveValue("Typed");
  if (states[1]) Object.assign(states[1].root, { refreshSession: tokens, login: tokens });
  await dialogOf(other).getByLabel("Password", { exact: true }).fill("0123456789");
  await other.keyboard.press("Enter");
  await expect(dialogOf(other)).toHaveCount(0);
  await expect(other.getByLabel("Display name")).toHaveValue("Typed");
});
