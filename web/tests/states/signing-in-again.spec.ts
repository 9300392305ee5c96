// What a page says and focuses after its session has ended and a member has signed in again.
import { expect, test } from "./checks";
import { GUILD, leaderFixture, memberFixture, refusal, startAs, tokens } from "./stand-in";

const invalidToken = refusal("UNAUTHENTICATED", "The token is not valid.", { reason: "INVALID_TOKEN" });

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
