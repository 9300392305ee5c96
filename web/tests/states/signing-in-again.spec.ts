// A session that ends while a page is open: what stays, what the page says, and what has the focus after the next sign-in.
import { expect, test } from "./checks";
import {
  GUILD,
  leaderFixture,
  memberFixture,
  refusal,
  standIn,
  startAs,
  startSignedIn,
  tokens,
} from "./stand-in";

const invalidToken = refusal("UNAUTHENTICATED", "The token is not valid.", { reason: "INVALID_TOKEN" });

test("a member's page whose session has ended keeps its input while it waits for a sign-in", async ({
  page,
}) => {
  await startSignedIn(page);
  const state = await standIn(page, {
    guild: GUILD,
    refreshSession: tokens,
    me: memberFixture(),
    updateMe: refusal("UNAUTHENTICATED", "The token is not valid.", { reason: "INVALID_TOKEN" }),
  });
  await page.goto("/me");
  await page.getByLabel("Display name").fill("Typed");
  const isOver = { reason: "INVALID_TOKEN" };
  state.root.refreshSession = refusal("UNAUTHENTICATED", "The refresh token is not valid.", isOver);
  state.root.me = null;
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog", { name: "Please sign in again" })).toBeVisible();
  const sent = state.operations.length;
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  state.root.login = refusal("UNAUTHENTICATED", "The name or the password is wrong.");
  await page.getByRole("dialog").getByLabel("Password", { exact: true }).fill("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByText("The name or the password is wrong.")).toBeVisible();
  expect(state.operations.slice(sent)).toEqual(["Login"]);
  await expect(page.getByLabel("Display name")).toHaveValue("Typed");
});

test("signing in again starts at the password, and closing it asks while the page has input", async ({
  page,
}) => {
  const state = await startAs(page, memberFixture(), { updateMe: invalidToken });
  await page.goto("/me");
  await page.getByLabel("Display name").fill("Typed");
  state.root.refreshSession = invalidToken;
  await page.getByRole("button", { name: "Save" }).click();
  const dialog = page.getByRole("dialog", { name: "Please sign in again" });
  await expect(dialog.getByLabel("Password", { exact: true })).toBeFocused();
  const questions: string[] = [];
  page.on("dialog", (question) => {
    questions.push(question.message());
    return questions.length < 3 ? question.dismiss() : question.accept();
  });
  await page.keyboard.press("Escape");
  await expect.poll(() => questions.length).toBe(1);
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect.poll(() => questions.length).toBe(2);
  await expect(dialog).toBeVisible();
  await expect(page.locator('input[name="displayName"]')).toHaveValue("Typed");
  state.root.me = null;
  await dialog.getByRole("button", { name: "Close" }).click();
  await expect(page.getByText("You are not signed in")).toBeVisible();
  expect(questions).toHaveLength(3);
});

test("after a failed read, signing in again as the same member keeps the input", async ({ page }) => {
  const state = await startAs(page, leaderFixture(), { updateGuild: invalidToken });
  await page.goto("/admin/guild");
  await page.getByRole("textbox", { name: "Name" }).fill("Typed");
  state.root.refreshSession = invalidToken;
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Please sign in again" });
  await expect(dialog).toBeVisible();
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  Object.assign(state.root, { refreshSession: tokens, login: tokens });
  await dialog.getByLabel("Password", { exact: true }).fill("0123456789");
  const sent = state.operations.length;
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect.poll(() => state.operations.slice(sent)).toContain("GuildSettings");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Name" })).toHaveValue("Typed");
  await expect(page.getByRole("button", { name: "Save", exact: true })).toBeEnabled();
});

test("a step of an ended session says that it was not done, in words that hold after the sign-in", async ({
  page,
}) => {
  const state = await startAs(page, leaderFixture(), {
    member: { ...memberFixture(), id: "m1", displayName: "Fern", viewerActions: ["SEND_RESET_CODE"] },
    sendResetCode: invalidToken,
  });
  await page.goto("/members/m1");
  await page.getByRole("button", { name: "Reset code" }).click();
  state.root.refreshSession = invalidToken;
  await page.getByRole("button", { name: "Make a reset code" }).click();
  const dialog = page.getByRole("dialog", { name: "Please sign in again" });
  await expect(dialog).toBeVisible();
  Object.assign(state.root, { refreshSession: tokens, login: tokens });
  await dialog.getByLabel("Password", { exact: true }).fill("0123456789");
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole("alert")).toHaveText(
    "Your session had ended, so this was not done. Try it again.",
  );
});

for (const typed of [true, false]) {
  const where = typed ? "in the page" : "nowhere";
  test(`a member who may not open the page gets its heading, with the focus ${where} before`, async ({
    page,
  }) => {
    const state = await startAs(page, leaderFixture(), { updateGuild: invalidToken });
    await page.goto("/admin/guild");
    const name = page.getByRole("textbox", { name: "Name" });
    await expect(name).toBeVisible();
    if (typed) await name.fill("Typed");
    Object.assign(state.root, { refreshSession: invalidToken, guild: invalidToken });
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    const dialog = page.getByRole("dialog", { name: "Please sign in again" });
    await dialog.getByLabel("Discord username").fill("thorn");
    const me = { ...memberFixture(), id: "member-2", displayName: "Thorn", discordUsername: "thorn" };
    Object.assign(state.root, { me, guild: GUILD, refreshSession: tokens, login: tokens });
    await dialog.getByLabel("Password", { exact: true }).fill("0123456789");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("heading", { name: "You cannot open this page" })).toBeVisible();
    await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  });
}
