// The server does what it is asked, and its response is lost.
import type { Page } from "playwright/test";
import { receiptOf } from "../../src/counting/receipts";
import { expect, expectGoodPage, test } from "./checks";
import {
  type Fixture,
  GUILD,
  leaderFixture,
  listOf,
  memberFixture,
  refusal,
  startAs,
  tokens,
} from "./stand-in";
import { BALLOT, draftFixture, ENTRIES, openDraft, RANKS, votedFixture, voteFixture } from "./vote-fixtures";

const UNREACHABLE = "The server cannot be reached. Check your connection.";

test.describe("a save that arrived leaves no error", () => {
  test("at the settings of a draft", async ({ page }) => {
    const state = await openDraft(page, draftFixture());
    state.lost = ["UpdateVote"];
    const saved = draftFixture({ title: "New title", draftRevision: 8 });
    state.root.updateCampaign = () => ({ campaign: saved });
    const title = page.getByRole("textbox", { name: "Title" });
    const save = page.getByRole("button", { name: "Save settings" });
    await title.fill("New title");
    await save.click();
    await expect(page.getByText(UNREACHABLE)).toBeVisible();
    await expect(save).toBeEnabled();
    state.root.campaign = saved;
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await expect(save).toBeDisabled();
    await expect(page.getByText(UNREACHABLE)).toHaveCount(0);
    await title.fill("Another title");
    await expect(save).toBeEnabled();
    await expect(page.getByText(UNREACHABLE)).toHaveCount(0);
  });

  test("at the entries of a draft, which the page reads again", async ({ page }) => {
    const state = await openDraft(page, draftFixture());
    state.lost = ["SetVoteEntries"];
    state.root.setEntries = () => {
      state.root.campaign = draftFixture({ entries: ENTRIES.slice(0, 4), draftRevision: 8 });
      return { campaign: state.root.campaign };
    };
    await page.getByRole("button", { name: "Remove Salty" }).click();
    await page.getByRole("button", { name: "Save entries" }).click();
    await expect(page.getByRole("button", { name: "Save entries" })).toHaveCount(0);
    await expect(page.getByText(UNREACHABLE)).toHaveCount(0);
  });

  test("at the guild's name", async ({ page }) => {
    const state = await startAs(page, leaderFixture());
    state.lost = ["UpdateGuild"];
    state.root.updateGuild = () => {
      state.root.guild = { ...GUILD, name: "Emberguard" };
      return { guild: state.root.guild };
    };
    await page.goto("/admin/guild");
    await page.getByRole("textbox", { name: "Name" }).fill("Emberguard");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByRole("button", { name: "Save", exact: true })).toBeDisabled();
    await expect(page.getByText(UNREACHABLE)).toHaveCount(0);
  });
});

test("a rank that has moved shows at its new place", async ({ page }) => {
  const rank = (id: string, name: string, level: number): Fixture => ({
    id,
    name,
    level,
    viewerActions: ["EDIT"],
  });
  const ranks = [rank("r1", "Leader", 30), rank("r2", "Officer", 20), rank("r3", "Veteran", 10)];
  const state = await startAs(page, leaderFixture(), { ranks });
  state.lost = ["SetRankLevels"];
  state.root.setRankLevels = () => {
    state.root.ranks = [rank("r1", "Leader", 30), rank("r3", "Veteran", 25), rank("r2", "Officer", 20)];
    return { ranks: state.root.ranks };
  };
  await page.goto("/admin/ranks");
  await page.getByRole("button", { name: "Move Veteran up" }).click();
  await expect(page.getByText(UNREACHABLE)).toBeVisible();
  const rows = page.getByRole("list", { name: "Ranks, highest first" }).getByRole("listitem");
  await expect(rows.nth(1)).toContainText("Veteran");
  await expectGoodPage(page);
});

const report = (more: Fixture = {}): Fixture => ({ rows: 2, membersAdded: 2, ...more });

test("an import is not known to have happened until the page has previewed it again", async ({ page }) => {
  let isImported = false;
  const state = await startAs(page, leaderFixture(), {
    importRoster: ({ input }: { input: Fixture }) => {
      isImported ||= !input.dryRun;
      return isImported ? report({ membersAdded: 0, rowsUnchanged: 2 }) : report();
    },
  });
  await page.goto("/admin/import");
  await page.getByLabel("Or paste the rows").fill("discord_username\nfern\nhex");
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByText("Nothing has changed yet.")).toBeVisible();
  state.lost = ["ImportRoster"];
  await page.getByRole("button", { name: "Import all 2 rows" }).click();
  await expect(
    page.getByText("It is not known whether the roster was imported.", { exact: false }),
  ).toBeVisible();
  await expect(page.getByText("Nothing has changed yet.")).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^Import/ })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Preview again" })).toBeVisible();
  await expectGoodPage(page);
  state.lost = [];
  await page.getByRole("button", { name: "Preview again" }).click();
  await expect(page.getByText("The roster has all of this already.")).toBeVisible();
  await expect(page.getByText("It is not known", { exact: false })).toHaveCount(0);
});

for (const [path, operation, field, submit] of [
  ["/register", "Register", "register", "Create my account"],
  ["/reset", "ResetPassword", "resetPassword", "Set the password and sign in"],
] as const) {
  test(`${path} offers to sign in if the first attempt has used the code`, async ({ page }) => {
    const logins: Fixture[] = [];
    const state = await startAs(page, null, { [field]: tokens });
    await page.goto(`${path}#code=ABCD2345&as=mirelle`);
    const password = page.getByLabel(/^(New p|P)assword$/);
    state.lost = [operation];
    await password.fill("the first password");
    await page.getByRole("button", { name: submit }).click();
    await expect(page.getByText(UNREACHABLE)).toBeVisible();
    await expect(page.getByRole("button", { name: "Sign in", exact: true })).toHaveCount(0);
    state.lost = [];
    const codeField = field === "register" ? "inviteCode" : "resetCode";
    state.root[field] = refusal("BAD_USER_INPUT", "The code is not valid.", { field: codeField });
    await password.fill("another password");
    await page.getByRole("button", { name: submit }).click();
    await expect(page.getByText("The code is not valid.")).toBeVisible();
    await expect(page.getByText("If it arrived, sign in", { exact: false })).toBeVisible();
    await expectGoodPage(page);
    state.root.login = refusal("UNAUTHENTICATED", "The name or the password is wrong.");
    const signIn = page.getByRole("button", { name: "Sign in", exact: true });
    await signIn.click();
    await expect(page.getByText("The name or the password is wrong.")).toBeVisible();
    state.root.me = memberFixture();
    state.root.login = ({ input }: { input: Fixture }) => {
      logins.push({ ...input });
      return tokens;
    };
    await signIn.click();
    await expect(page).toHaveURL(/:\d+\/$/);
    await expect(page.getByRole("heading", { level: 1, name: "Welcome, Mirelle" })).toBeVisible();
    expect(logins).toMatchObject([{ discordUsername: "mirelle", password: "the first password" }]);
  });
}

test("a draft whose response is lost is opened by the next press, and not made again", async ({ page }) => {
  const me = leaderFixture();
  const drafts: Fixture[] = [
    // A colleague's, and an older one.
    draftFixture({ id: "vote-8", title: "Raid night", createdAt: "2099-01-01T00:00:00Z" }),
    draftFixture({ id: "vote-9", title: "Raid night", createdBy: me, createdAt: "2026-01-01T00:00:00Z" }),
  ];
  const state = await startAs(page, me, {
    ranks: RANKS,
    campaigns: () => listOf(drafts),
    campaign: ({ id }: { id: string }) => drafts.find((draft) => draft.id === id),
    createCampaign: ({ input }: { input: Fixture }) => {
      const createdAt = new Date().toISOString();
      drafts.unshift(draftFixture({ id: "vote-1", title: input.title, createdBy: me, createdAt }));
      return { campaign: drafts[0] };
    },
  });
  await page.goto("/admin/votes/new");
  await page.getByRole("textbox", { name: "Title" }).fill("Raid night");
  const create = page.getByRole("button", { name: "Create draft" });
  state.lost = ["CreateVote"];
  await create.click();
  await expect(page.getByText(UNREACHABLE)).toBeVisible();
  // It is not known yet whether it arrived.
  state.lost = ["EarlierVotes"];
  await create.click();
  await expect.poll(() => state.operations.filter((name) => name === "EarlierVotes")).toHaveLength(1);
  await expect(create).not.toHaveAttribute("aria-busy");
  await expect(page.getByText(UNREACHABLE)).toBeVisible();
  state.lost = [];
  await create.click();
  await expect(page.getByText("Your first attempt had arrived.", { exact: false })).toBeVisible();
  await expect(page).toHaveURL(/\/admin\/votes\/vote-1$/);
  expect(state.operations.filter((name) => name === "CreateVote")).toHaveLength(1);
});

test("a draft that did not arrive is made by the next press", async ({ page }) => {
  const state = await startAs(page, leaderFixture(), {
    ranks: RANKS,
    campaigns: listOf([]),
    campaign: draftFixture(),
    createCampaign: { campaign: draftFixture() },
  });
  await page.goto("/admin/votes/new");
  await page.getByRole("textbox", { name: "Title" }).fill("Raid night");
  state.lost = ["CreateVote"];
  await page.getByRole("button", { name: "Create draft" }).click();
  await expect(page.getByText(UNREACHABLE)).toBeVisible();
  state.lost = [];
  await page.getByRole("button", { name: "Create draft" }).click();
  await expect(page).toHaveURL(/\/admin\/votes\/vote-1$/);
  expect(state.operations.filter((name) => name === "CreateVote")).toHaveLength(2);
});

test.describe("a ballot", () => {
  const open = async (page: Page) => {
    const vote = { method: "APPROVAL" };
    const state = await startAs(page, memberFixture(), { campaign: voteFixture(vote), ranks: RANKS });
    await page.goto("/votes/vote-1");
    await page.getByRole("button", { name: "Mirelle", exact: true }).click();
    return state;
  };

  test("whose response is lost shows as cast when the connection is back", async ({ page }) => {
    const state = await open(page);
    state.root.castBallot = ({ input }: { input: Fixture }) => {
      const receipt = receiptOf("vote-1", String(input.nonce), ["entry-1"]);
      const ballot = { ...BALLOT, nonce: input.nonce, receipt, picks: ENTRIES.slice(0, 1) };
      state.root.campaign = votedFixture({ method: "APPROVAL", viewerBallot: ballot });
      return { ballot, campaign: state.root.campaign };
    };
    state.lost = ["CastBallot", "OwnBallot", "Vote"];
    await page.getByRole("button", { name: "Review ballot" }).click();
    await page.getByRole("button", { name: "Cast ballot" }).click();
    await expect(
      page.getByText("It is not known whether your ballot was cast.", { exact: false }),
    ).toBeVisible();
    state.lost = [];
    await expect(page.getByText("Your ballot is cast.")).toBeFocused();
    await expectGoodPage(page);
  });

  test("that was cast elsewhere says so", async ({ page }) => {
    const state = await open(page);
    state.root.campaign = votedFixture({ method: "APPROVAL" });
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await expect(page.getByText("Your ballot was cast elsewhere", { exact: false })).toBeFocused();
    await expectGoodPage(page);
    await page.reload();
    await expect(page.getByLabel("Receipt")).toBeVisible();
    await expect(page.getByText("Your ballot was cast elsewhere", { exact: false })).toHaveCount(0);
  });
});
