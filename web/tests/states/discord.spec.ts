import type { Page } from "playwright/test";
import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, leaderFixture, listOf, refusal, startAs } from "./stand-in";
import { EARLIER, LATER, RANKS } from "./vote-fixtures";

const LINK: Fixture = {
  serverId: "900000000000000001",
  server: {
    name: "Emberwatch EU",
    channels: [
      { id: "11", name: "votes" },
      { id: "12", name: "officers" },
    ],
  },
  channelId: "11",
  logChannelId: "13",
  color: "#D8AE62",
  syncIntervalMinutes: 60,
  nextSyncAt: LATER,
  lastReport: { at: EARLIER, dryRun: false, added: 2, promoted: 1, changes: [], conflicts: [] },
};

const statusOf = (more: Fixture = {}): Fixture => ({
  connection: "CONNECTED",
  since: EARLIER,
  queued: 0,
  failed: 0,
  warnings: [],
  ...more,
});

async function open(page: Page, discordStatus: Fixture, root: Fixture = {}) {
  const state = await startAs(page, leaderFixture(), {
    discordStatus,
    ranks: RANKS,
    discordMessages: listOf([]),
    ...root,
  });
  await page.goto("/admin/discord");
  return state;
}

test("without a bot the page says who sets one up", async ({ page }) => {
  await open(page, statusOf({ connection: "OFF", since: null }));
  await expect(page.getByText("This site has no Discord bot.", { exact: false })).toBeVisible();
  await expect(page.getByLabel("Server")).toHaveCount(0);
  await expectGoodPage(page);
});

test("a bot that Discord refuses says why", async ({ page }) => {
  const problem = "Discord rejects the token. An operator checks `GUILDHALL_DISCORD_TOKEN`.";
  await open(page, statusOf({ connection: "REFUSED", problem }));
  await expect(page.getByText("Refused by Discord", { exact: true })).toBeVisible();
  await expect(page.getByRole("alert")).toContainText("Discord rejects the token.");
  await expectGoodPage(page);
});

test("while the bot connects, the page reads its state again", async ({ page }) => {
  const state = await open(page, statusOf({ connection: "CONNECTING", since: null }));
  await expect(page.getByText("Connecting", { exact: true })).toBeVisible();
  state.root.discordStatus = statusOf();
  await expect(page.getByText("Connected", { exact: true })).toBeVisible();
});

test("a guild without a link can be linked", async ({ page }) => {
  const linkDiscord = refusal("BAD_USER_INPUT", "The bot is not on this server.", { field: "serverId" });
  const state = await open(page, statusOf(), { linkDiscord });
  await expect(page.getByRole("heading", { name: "Link the guild's Discord server" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Ranks from roles" })).toHaveCount(0);
  await expectGoodPage(page);
  await page.getByLabel("Server", { exact: true }).fill("1");
  await page.getByRole("button", { name: "Link the server" }).click();
  await expect(page.getByLabel("Server", { exact: true })).toBeFocused();
  await expect(page.getByText("The bot is not on this server.")).toBeVisible();
  await expectGoodPage(page);
  state.root.linkDiscord = { link: LINK, warnings: [] };
  state.root.discordStatus = statusOf({ link: LINK });
  await page.getByRole("button", { name: "Link the server" }).click();
  await expect(page.getByRole("heading", { name: "Emberwatch EU" })).toBeVisible();
});

test("a linked server has its settings, channels by name, and the sync", async ({ page }) => {
  const warnings = ["The bot may not write in #votes."];
  await open(page, statusOf({ link: LINK, queued: 3, warnings }));
  await expect(page.getByLabel("Channel for votes")).toHaveValue("11");
  await expect(page.getByLabel("Channel for officers").getByText("Channel 13")).toBeAttached();
  await expect(page.getByText("The bot may not write in #votes.")).toBeVisible();
  await expect(page.getByText("3 messages queued")).toBeVisible();
  await expect(page.getByText("None. All messages arrived.")).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Remove the link" }).click();
  await expect(page.getByRole("dialog")).toContainText("ranks no longer follow roles");
  await expectGoodPage(page);
});

test("settings follow a colleague's, except for those that were edited", async ({ page }) => {
  const questions: string[] = [];
  page.on("dialog", (dialog) => {
    questions.push(dialog.message());
    return dialog.accept();
  });
  const state = await open(page, statusOf({ link: LINK }));
  const colour = page.getByLabel("Colour of messages");
  const save = page.getByRole("button", { name: "Save", exact: true });
  await colour.fill("#000000");
  state.root.discordStatus = statusOf({ link: { ...LINK, channelId: "12" } });
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByLabel("Channel for votes")).toHaveValue("12");
  await expect(colour).toHaveValue("#000000");
  await expect(save).toBeEnabled();
  await colour.fill("#D8AE62");
  await expect(save).toBeDisabled();
  await page.getByRole("link", { name: "Ranks" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Ranks" })).toBeVisible();
  expect(questions).toEqual([]);
});

test("only changed settings are sent, and the interval must not be empty", async ({ page }) => {
  const inputs: Fixture[] = [];
  await open(page, statusOf({ link: LINK }), {
    linkDiscord: ({ input }: { input: Fixture }) => {
      inputs.push({ ...input });
      return { link: { ...LINK, color: "#000000" }, warnings: [] };
    },
  });
  const save = page.getByRole("button", { name: "Save", exact: true });
  const interval = page.getByLabel("Minutes between two syncs");
  await interval.fill("");
  await save.click();
  await expect(interval).toBeFocused();
  expect(await interval.evaluate((input: HTMLInputElement) => input.validity.valueMissing)).toBe(true);
  expect(inputs).toEqual([]);
  await interval.fill("60");
  await page.getByLabel("Colour of messages").fill("#000000");
  await save.click();
  await expect(page.getByText("Settings saved")).toBeVisible();
  expect(inputs).toEqual([{ serverId: LINK.serverId, color: "#000000" }]);
});

test("a preview of the sync changes nothing, and lists conflicts", async ({ page }) => {
  const dryRuns: boolean[] = [];
  const change = (discordId: string, more: Fixture): Fixture => ({
    discordId,
    discordUsername: `name.${discordId}`,
    ...more,
  });
  const [high, , low] = RANKS;
  const state = await open(page, statusOf({ link: LINK }), {
    syncDiscordRoles: ({ dryRun }: { dryRun: boolean }) => {
      dryRuns.push(dryRun);
      return {
        report: {
          dryRun,
          added: 1,
          promoted: 1,
          conflictCount: 1,
          untouched: 40,
          changes: [
            change("1", { to: low }),
            change("2", { from: low, to: high, previousUsername: "x".repeat(32) }),
          ],
          conflicts: [change("3", { from: high, to: low, reason: "RANK_TOO_LOW" })],
        },
      };
    },
  });
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByText("A sync would do this:")).toBeVisible();
  await expect(page.getByText("Initiate → Guild Leader", { exact: false })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Sync now" }).click();
  await expect(page.getByText("A sync would do this:")).toHaveCount(0);
  await expect(page.getByText(/^Last sync/).first()).toBeVisible();
  expect(dryRuns).toEqual([true, false]);
  state.root.syncDiscordRoles = refusal("CONFLICT", "A sync runs already.", { reason: "SYNC_RUNNING" });
  await page.getByRole("button", { name: "Sync now" }).click();
  await expect(page.getByRole("alert")).toContainText("A sync runs already.");
});

test("failed messages can be sent again", async ({ page }) => {
  const message = (id: string, more: Fixture): Fixture => ({
    id,
    kind: "ANNOUNCEMENT",
    state: "FAILED",
    queuedAt: EARLIER,
    problem: "Discord: Missing Access (50001)",
    ...more,
  });
  const messages = [
    message("1", { campaign: { id: "vote-1", title: "x".repeat(120) } }),
    message("2", { kind: "INVITE", member: { ...leaderFixture(), id: "m2", displayName: "مريم" } }),
  ];
  const state = await open(page, statusOf({ link: LINK, failed: 2 }), { discordMessages: listOf(messages) });
  const rows = page.getByRole("list", { name: "Messages that failed" }).getByRole("listitem");
  await expect(rows).toHaveCount(2);
  await expectGoodPage(page);
  state.root.retryDiscordMessage = refusal("CONFLICT", "The message has expired.", { reason: "EXPIRED" });
  await rows.nth(1).getByRole("button", { name: "Send again" }).click();
  await expect(page.getByText("The message has expired.")).toBeVisible();
  state.root.retryDiscordMessage = { message: { id: "2", state: "QUEUED" } };
  state.root.discordMessages = listOf(messages.slice(0, 1));
  await rows.nth(1).getByRole("button", { name: "Send again" }).click();
  await expect(rows).toHaveCount(1);
});
