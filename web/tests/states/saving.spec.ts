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

test("a server that is typed before the new link is read stays", async ({ page }) => {
  const link: Fixture = { serverId: "900000000000000001", syncIntervalMinutes: 60 };
  const status = { connection: "CONNECTED", queued: 0, failed: 0, warnings: [] };
  let isLinked = false;
  const linked = held(() => ({ ...status, link }));
  const root = {
    ranks: RANKS,
    discordStatus: (args: { input: Fixture }) => (isLinked ? linked.answer(args) : { ...status, link: null }),
    linkDiscord: () => {
      isLinked = true;
      return { link, warnings: [] };
    },
  };
  await startAs(page, leaderFixture(), root);
  await page.goto("/admin/discord");
  const server = page.getByRole("textbox", { name: "Server", exact: true });
  await server.fill("900000000000000001");
  await page.getByRole("button", { name: "Link the server" }).click();
  await expect(page.getByText("The server is linked")).toBeVisible();
  await server.fill("900000000000000002");
  linked.release();
  await expect(page.getByRole("heading", { name: "Linked server" })).toBeVisible();
  await expect(server).toHaveValue("900000000000000002");
});
