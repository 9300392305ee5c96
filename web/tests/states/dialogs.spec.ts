// Dialogs above dialogs.
import { expect, test } from "./checks";
import { leaderFixture, refusal, startAs } from "./stand-in";

test("the sign-in stays above another dialog, however often both refuse to close", async ({ page }) => {
  const invalidToken = refusal("UNAUTHENTICATED", "The token is not valid.", { reason: "INVALID_TOKEN" });
  const state = await startAs(page, leaderFixture(), { createMember: invalidToken });
  await page.goto("/roster");
  await page.getByRole("button", { name: "Add a member" }).click();
  const lower = page.locator("dialog", { hasText: "Add a member" });
  await lower.getByLabel("Discord username").fill("typed.member");
  state.root.refreshSession = invalidToken;
  await lower.getByRole("button", { name: "Add", exact: true }).click();
  const password = page.getByRole("dialog").getByLabel("Password", { exact: true });
  await expect(password).toBeFocused();
  const questions: string[] = [];
  page.on("dialog", (question) => {
    questions.push(question.message());
    return question.dismiss();
  });
  for (let press = 1; press <= 6; press += 1) {
    await page.keyboard.press("Escape");
    await expect.poll(() => questions.length).toBe(press);
    await expect(password).toBeFocused();
    const isOnTop = await password.evaluate((field) => {
      const { left, top } = field.getBoundingClientRect();
      return document.elementFromPoint(left + 5, top + 5) === field;
    });
    expect(isOnTop, `after ${press} presses`).toBe(true);
  }
  await expect(lower.getByLabel("Discord username")).toHaveValue("typed.member");
});
