// What is typed while a save is on its way stays, and is not saved yet.
import { expect, test } from "./checks";
import { type Fixture, GUILD, held, leaderFixture, startAs } from "./stand-in";
import { RANKS } from "./vote-fixtures";

test("a name that is typed while another one is saved stays", async ({ page }) => {
  const save = held(() => ({ member: { ...leaderFixture(), displayName: "First" } }));
  await startAs(page, leaderFixture(), { updateMe: save.answer });
  await page.goto("/me");
  const name = page.getByRole("textbox", { name: "Display name" });
  await name.fill("First ");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await name.fill("Second");
  save.release();
  await expect(page.getByText("Name saved")).toBeVisible();
  await expect(name).toHaveValue("Second");
  await expect(page.getByRole("button", { name: "Save", exact: true })).toBeVisible();
});

test("the name of the guild, which the server trims, is saved at once", async ({ page }) => {
  const updateGuild = { guild: { ...GUILD, name: "Emberguard" } };
  await startAs(page, leaderFixture(), { updateGuild });
  await page.goto("/admin/guild");
  await page.getByRole("textbox", { name: "Name" }).fill("Emberguard ");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Guild saved")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save", exact: true })).toBeDisabled();
});

test("a setting of Discord that changes during a save counts as unsaved", async ({ page }) => {
  const link: Fixture = { serverId: "900000000000000001", channelId: "11", syncIntervalMinutes: 60 };
  const save = held(() => ({ link, warnings: [] }));
  const questions: string[] = [];
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    return dialog.dismiss();
  });
  const status = { connection: "CONNECTED", queued: 0, failed: 0, warnings: [], link };
  await startAs(page, leaderFixture(), { discordStatus: status, ranks: RANKS, linkDiscord: save.answer });
  await page.goto("/admin/discord");
  await page.getByLabel("Link of a vote's title").fill("https://guild.example/{id}");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByLabel("Colour of messages").fill("#D8AE62");
  save.release();
  await expect(page.getByText("Settings saved")).toBeVisible();
  await expect(page.getByLabel("Colour of messages")).toHaveValue("#D8AE62");
  await page.getByRole("link", { name: "Ranks" }).first().click();
  expect(questions).toHaveLength(1);
});
