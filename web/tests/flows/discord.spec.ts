import { BOT_TOKEN, LocalDiscord } from "./discord";
import { test as base, expect, type Site, serveGuilds, signIn, uniqueName } from "./site";

const SERVER = "900000000000000001";
const RAIDER = "900000000000000002";
const ANNOUNCEMENTS = "900000000000000003";
const OFFICERS = "900000000000000004";

/** A server with a bot, whose Discord is a stand-in. */
const test = base.extend<object, { site: Site; discord: LocalDiscord }>({
  discord: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures from the pattern.
    async ({}, use) => {
      const discord = await LocalDiscord.start({
        id: SERVER,
        name: "Embers on Discord",
        roles: [{ id: RAIDER, name: "Raider" }],
        channels: [
          { id: ANNOUNCEMENTS, name: "announcements" },
          { id: OFFICERS, name: "officers" },
        ],
        members: [
          { id: "900000000000000011", username: "mirelle", roles: [RAIDER] },
          { id: "900000000000000012", username: "thorn", roles: [RAIDER] },
        ],
      });
      await use(discord);
      discord.stop();
    },
    { scope: "worker" },
  ],
  site: [
    async ({ playwright, database, discord }, use) => {
      const settings = {
        GUILDHALL_DISCORD_TOKEN: BOT_TOKEN,
        GUILDHALL_DISCORD_API: `http://${discord.host}`,
      };
      const guilds = { emberwatch: "Emberwatch" };
      const server = await serveGuilds({ playwright, database }, { guilds, settings });
      await use(server);
      await server.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],
});
test.skip(Boolean(process.env.GUILDHALL_URL), "It needs a server with a bot.");

test("an officer links Discord, syncs ranks by role, and sends a failed message again", async ({
  page,
  api,
  discord,
}) => {
  await api.invite("mirelle");
  await signIn(page, "leader");
  await expect(async () => {
    await page.goto("/admin/discord");
    await expect(page.getByText("Connected", { exact: true })).toBeVisible({ timeout: 1_000 });
  }).toPass();

  // A server without the bot is linked with a warning, and then replaced by the right one.
  const form = page.getByRole("form", { name: "Discord server" });
  await form.getByLabel("Server", { exact: true }).fill("900000000000000099");
  await form.getByRole("button", { name: "Link the server" }).click();
  await expect(page.getByText(/The bot is not in the Discord server/).first()).toBeVisible();
  await form.getByLabel("Server", { exact: true }).fill(SERVER);
  await form.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { name: "Embers on Discord" })).toBeVisible();
  await expect(page.getByText(/The bot is not in the Discord server/)).toHaveCount(0);
  await form.getByLabel("Channel for votes").selectOption("#announcements");
  await form.getByLabel("Channel for officers").selectOption("#officers");
  await form.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Settings saved").first()).toBeVisible();

  // A rank gets a role by its name.
  await page.getByRole("link", { name: "Ranks", exact: true }).click();
  await page.getByRole("button", { name: "Edit Member" }).click();
  await page.getByLabel("Discord role").selectOption("@Raider");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await expect(page.getByRole("list", { name: "Ranks, highest first" }).getByText("@Raider")).toBeVisible();

  await page.getByRole("link", { name: "Discord", exact: true }).click();
  const preview = page.getByRole("button", { name: "Preview" });
  await preview.click();
  await expect(page.getByText("A sync would do this:")).toBeVisible();
  const changes = page.getByRole("list", { name: "Changes" }).getByRole("listitem");
  const change = (name: string) => changes.filter({ hasText: name });
  await expect(change("thorn")).toContainText("new, as Member");
  await expect(change("mirelle")).toHaveText(/found by their name$/);
  // The rank of the other one was set by an officer.
  await page.getByLabel("Also change ranks that an officer set").check();
  await preview.click();
  await expect(change("mirelle")).toContainText("Initiate → Member");
  await page.getByRole("button", { name: "Sync now" }).click();
  await expect(page.getByText(/^Last sync .*: 1 added, 1 promoted/)).toBeVisible();
  await page.goto("/roster?search=thorn");
  await expect(page.getByRole("table").getByRole("link", { name: "thorn" })).toBeVisible();
  // The report of the last sync stays.
  await page.goto("/admin/discord");
  await expect(change("mirelle")).toContainText("Initiate → Member");
  await expect(change("thorn")).toContainText("new, as Member");

  // Discord refuses an announcement, until the bot may post in the channel.
  discord.refusals.set(ANNOUNCEMENTS, { status: 403, code: 50_013, message: "Missing Permissions" });
  const title = uniqueName();
  await api.startVote({ title });
  const failed = page.getByRole("list", { name: "Messages that failed" });
  await expect(async () => {
    await page.reload();
    await expect(failed.getByRole("link", { name: title })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await expect(failed).toContainText("The bot is not allowed to post in this channel.");
  await page.goto("/");
  await expect(page.getByRole("link", { name: "One message to Discord failed" })).toBeVisible();
  await page.getByRole("link", { name: "One message to Discord failed" }).click();
  discord.refusals.clear();
  await failed.getByRole("button", { name: "Send again" }).click();
  await expect(page.getByText("The message is queued again")).toBeVisible();
  await expect.poll(() => discord.posts.filter(({ channel }) => channel === ANNOUNCEMENTS)).toHaveLength(1);
  expect(discord.posts.find(({ channel }) => channel === ANNOUNCEMENTS)?.text).toContain(title);
  await expect(failed).toHaveCount(0);

  discord.isDown = true;
  await preview.click();
  await expect(page.getByRole("alert").filter({ hasText: "Discord" })).toBeVisible();
  discord.isDown = false;
  expect(discord.unknown).toEqual([]);
});
