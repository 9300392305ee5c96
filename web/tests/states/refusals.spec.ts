import { expect, expectGoodPage, test } from "./checks";
import { GUILD, leaderFixture, memberFixture, refusal, startAs } from "./stand-in";
import { EARLIER, ENTRIES, RANKS, votedFixture, voteFixture } from "./vote-fixtures";

const MISSING = "This needs the permission CAMPAIGNS_MANAGE.";

test("an officer who was demoted reads why a step is refused, and loses its controls", async ({ page }) => {
  const state = await startAs(page, leaderFixture(), {
    campaign: votedFixture({ viewerActions: ["CLOSE", "CANCEL"], standingsHiddenReason: "AFTER_CLOSE" }),
    ranks: RANKS,
    closeCampaign: refusal("FORBIDDEN", MISSING),
  });
  await page.goto("/votes/vote-1");
  await page.getByRole("button", { name: "Close now" }).click();
  state.root.me = memberFixture();
  state.root.campaign = votedFixture({ standingsHiddenReason: "AFTER_CLOSE" });
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Close the vote" }).click();
  await expect(page.getByRole("heading", { name: "Administration" })).toHaveCount(0);
  await expect(dialog.getByRole("alert")).toHaveText("This needs the permission “Manage votes”.");
  await expectGoodPage(page);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("heading", { name: "Steps" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Close now" })).toHaveCount(0);
});

test("a page for officers says what is missing after a refusal, and keeps its text", async ({ page }) => {
  const state = await startAs(page, leaderFixture(), {
    updateGuild: refusal("FORBIDDEN", "This needs the permission GUILD_MANAGE."),
    guild: GUILD,
  });
  await page.goto("/admin/guild");
  await page.getByLabel("Name").fill("Emberwatch II");
  state.root.me = memberFixture();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(/Your rank no longer has the permission/)).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("Emberwatch II");
  await expect(page.getByRole("heading", { name: "Administration" })).toHaveCount(0);
});

test.describe("a ballot that comes too late", () => {
  const ready = { method: "APPROVAL" };
  const closed = voteFixture({ ...ready, status: "CLOSED", closedAt: EARLIER, viewerCanVote: false });
  const picksOf = () => JSON.stringify({ ...sessionStorage });

  test("says so, forgets the picks, and keeps the focus on the page", async ({ page }) => {
    const state = await startAs(page, memberFixture(), {
      campaign: voteFixture(ready),
      ranks: RANKS,
    });
    await page.goto("/votes/vote-1");
    await page.getByRole("button", { name: "Mirelle", exact: true }).click();
    await page.getByRole("button", { name: "Review ballot" }).click();
    state.root.castBallot = () => {
      state.root.campaign = closed;
      return refusal("CONFLICT", "This vote is not open.", { reason: "CAMPAIGN_NOT_LIVE" })();
    };
    await page.getByRole("button", { name: "Cast ballot" }).click();
    await expect(page.getByRole("alert")).toHaveText(
      "Your ballot was not cast: the vote closed before the server received it.",
    );
    await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
    expect(await page.evaluate(picksOf)).not.toContain("picks");
    await expectGoodPage(page);
    await page.reload();
    await expect(page.getByRole("heading", { level: 1, name: "Raider of the season" })).toBeVisible();
    await expect(page.getByText("Your ballot was not cast")).toHaveCount(0);
  });

  test("is not cast if the end passes during the review", async ({ page }) => {
    await page.clock.install({ time: new Date("2026-11-30T12:00:00Z") });
    const state = await startAs(page, memberFixture(), {
      campaign: voteFixture({ ...ready, closesAt: "2026-11-30T12:10:00Z" }),
      ranks: RANKS,
    });
    await page.goto("/votes/vote-1");
    await page.getByRole("button", { name: "Mirelle", exact: true }).click();
    await page.getByRole("button", { name: "Review ballot" }).click();
    await expect(page.getByRole("heading", { name: "Cast this ballot?" })).toBeFocused();
    await page.clock.runFor("10:01");
    await expect(page.getByText("Your ballot was not cast: the vote has ended.")).toBeVisible();
    await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
    state.root.campaign = { ...closed, winners: [ENTRIES[0]] };
    await page.clock.runFor("00:11");
    await expect(page.getByText("Winner", { exact: true })).toBeVisible();
    await expect(page.getByText("Your ballot was not cast: the vote closed before")).toBeVisible();
  });

  test("does not say so about a ballot that was cast", async ({ page }) => {
    const state = await startAs(page, memberFixture(), { campaign: voteFixture(ready), ranks: RANKS });
    await page.goto("/votes/vote-1");
    await page.getByRole("button", { name: "Mirelle", exact: true }).click();
    const { viewerBallot } = votedFixture();
    state.root.campaign = { ...closed, viewerBallot };
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await expect(page.getByLabel("Receipt")).toBeVisible();
    await expect(page.getByText("Your ballot was not cast")).toHaveCount(0);
    expect(await page.evaluate(picksOf)).not.toContain("picks");
  });
});

test("a refused ballot is not taken for one without a response", async ({ page }) => {
  const castBallot = refusal("RATE_LIMITED", "Too many requests. Try again in 30 seconds.", {
    retryAfterSeconds: 30,
  });
  await startAs(page, memberFixture(), { campaign: voteFixture({ method: "APPROVAL" }), castBallot });
  await page.goto("/votes/vote-1");
  await page.getByRole("button", { name: "Mirelle", exact: true }).click();
  await page.getByRole("button", { name: "Review ballot" }).click();
  await page.getByRole("button", { name: "Cast ballot" }).click();
  await expect(page.getByText("Too many requests.", { exact: false })).toBeVisible();
  await page.reload();
  await page.getByRole("button", { name: "Salty", exact: true }).click();
  await expect(page.getByRole("button", { name: "Salty", exact: false }).first()).toHaveAttribute(
    "aria-pressed",
    "true",
  );
  await expect(page.getByText("The server did not answer", { exact: false })).toHaveCount(0);
});
