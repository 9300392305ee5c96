// A permission that is lost while its page is open: what was typed, and codes that show only once, stay.
import type { Page } from "playwright/test";
import { expect, expectGoodPage, test } from "./checks";
import {
  type Fixture,
  GUILD,
  leaderFixture,
  listOf,
  memberFixture,
  refusal,
  type StandIn,
  startAs,
} from "./stand-in";
import { RANKS } from "./vote-fixtures";

const forbidden = refusal("FORBIDDEN", "You need another permission.");

/** Takes all permissions from the viewer. */
async function demote(page: Page, state: StandIn, root: Fixture = {}) {
  Object.assign(state.root, { me: memberFixture(), ...root });
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByRole("alert").first()).toContainText(
    /Your rank no longer has the permission “.*”\./,
  );
}

test("a form keeps its text, and the page opened anew does not open", async ({ page }) => {
  const state = await startAs(page, leaderFixture());
  await page.goto("/admin/guild");
  const name = page.getByRole("textbox", { name: "Name" });
  await name.fill("Typed");
  await demote(page, state);
  await expect(name).toHaveValue("Typed");
  await expectGoodPage(page);
  page.on("dialog", (dialog) => dialog.accept());
  await page.reload();
  await expect(page.getByRole("heading", { name: "You cannot open this page" })).toBeVisible();
});

test("a permission that comes back ends the notice", async ({ page }) => {
  const state = await startAs(page, leaderFixture());
  await page.goto("/admin/votes/new");
  await page.getByRole("textbox", { name: "Title" }).fill("Typed");
  await demote(page, state);
  state.root.me = leaderFixture();
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Title" })).toHaveValue("Typed");
});

test("invite codes stay", async ({ page }) => {
  const member = { __typename: "Member", id: "m1", displayName: "Recruit", discordUsername: "recruit" };
  const invitee = { ...member, viewerActions: ["INVITE"] };
  const invite = { code: "ABCD2345", expiresAt: "2099-01-01T00:00:00Z", delivery: "FAILED", member: invitee };
  const state = await startAs(page, leaderFixture(), {
    members: listOf([invitee]),
    sendInvites: { invites: [invite], refusals: [] },
  });
  await page.goto("/admin/members");
  await page.getByRole("button", { name: "Invite Recruit" }).click();
  const code = page.getByRole("link", { name: /#code=ABCD2345/ });
  await expect(code).toBeVisible();
  await demote(page, state, { members: forbidden });
  await expect(code).toBeVisible();
});

test("settings of Discord keep their text", async ({ page }) => {
  const link: Fixture = { serverId: "900000000000000001", channelId: "11", syncIntervalMinutes: 60 };
  const discordStatus = { connection: "CONNECTED", queued: 0, failed: 0, warnings: [], link };
  const state = await startAs(page, leaderFixture(), { discordStatus, ranks: RANKS });
  await page.goto("/admin/discord");
  const url = page.getByLabel("Link of a vote's title");
  await url.fill("https://guild.example/{id}");
  const sent = state.operations.length;
  await demote(page, state, { discordStatus: forbidden });
  await expect.poll(() => state.operations.slice(sent)).toContain("DiscordAdmin");
  await expect(url).toHaveValue("https://guild.example/{id}");
});

test("a permission that comes back is noticed by a change, by the next page, and by a press", async ({
  page,
}) => {
  const state = await startAs(page, leaderFixture(), { ranks: RANKS, updateGuild: forbidden });
  await page.goto("/admin/guild");
  const name = page.getByRole("textbox", { name: "Name" });
  await name.fill("Emberguard");
  await demote(page, state);
  state.root.me = leaderFixture();
  state.root.updateGuild = () => {
    state.root.guild = { ...GUILD, name: "Emberguard" };
    return { guild: state.root.guild };
  };
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Guild saved")).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);

  state.root.me = memberFixture();
  await page.reload();
  const closed = page.getByRole("heading", { name: "You cannot open this page" });
  await expect(closed).toBeVisible();
  await expectGoodPage(page);
  state.root.me = leaderFixture();
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(closed).toHaveCount(0);
  await expect(name).toBeVisible();

  state.root.me = memberFixture();
  await page.reload();
  await expect(closed).toBeVisible();
  await page.getByRole("link", { name: "Votes" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Votes" })).toBeVisible();
  state.root.me = leaderFixture();
  await page.evaluate(() => window.history.back());
  await expect(name).toBeVisible();
});
