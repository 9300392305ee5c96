import type { Page } from "playwright/test";
import { receiptOf } from "../../src/counting/receipts";
import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, leaderFixture, memberFixture, refusal, startAs } from "./stand-in";
import { BALLOT, EARLIER, ENTRIES, LATER, RANKS, votedFixture, voteFixture } from "./vote-fixtures";

async function open(page: Page, me: Fixture | null, campaign: Fixture | null, root: Fixture = {}) {
  const state = await startAs(page, me, { campaign, ranks: RANKS, ...root });
  await page.goto("/votes/vote-1");
  return state;
}

test.describe("a draft", () => {
  const draft = { status: "DRAFT", startAt: null, closesAt: null, standingsHiddenReason: "NOT_STARTED" };

  test("shows officers the ballot and what is missing", async ({ page }) => {
    const blockers = ["TOO_FEW_ENTRIES", "FEWER_ENTRIES_THAN_PICKS"];
    await open(page, leaderFixture(), voteFixture({ ...draft, entries: [], activationBlockers: blockers }));
    await expect(page.getByText("It needs at least two entries.")).toBeVisible();
    await expect(page.getByRole("heading", { name: "The draft has no entries yet" })).toBeVisible();
    await expectGoodPage(page);
  });

  test("counts down to its start once it is scheduled", async ({ page }) => {
    await open(page, leaderFixture(), voteFixture({ ...draft, startAt: LATER, activationBlockers: [] }));
    await expect(page.getByText("Scheduled", { exact: true })).toBeVisible();
    await expect(page.getByText(/^Starts in \d+ d/)).toBeVisible();
    await expect(page.getByRole("link", { name: "Prepare the vote" })).toHaveAttribute(
      "href",
      "/admin/votes/vote-1",
    );
    await expect(page.getByText("مريم")).toBeVisible();
    await expectGoodPage(page);
  });
});

test.describe("an open vote", () => {
  for (const [method, instruction] of [
    ["WEIGHTED", "Choose exactly 3 entries, your first choice first."],
    ["APPROVAL", "Choose up to 3 entries."],
    ["SCHULZE", "Choose up to 3 entries, your first choice first."],
  ]) {
    test(`takes a ballot by ${method}, with a review`, async ({ page }) => {
      await open(page, memberFixture(), voteFixture({ method }));
      await expect(page.getByText(instruction ?? "", { exact: true })).toBeVisible();
      const review = page.getByRole("button", { name: "Review ballot" });
      await expect(review).toBeDisabled();
      await expectGoodPage(page);
      for (const name of ["Mirelle", "مريم", "Salty"])
        await page.getByRole("button", { name, exact: true }).click();
      await expectGoodPage(page);
      await review.click();
      await expect(page.getByRole("heading", { name: "Cast this ballot?" })).toBeFocused();
      await expectGoodPage(page);
    });
  }

  test("filters many entries", async ({ page }) => {
    const entries = Array.from({ length: 40 }, (_, index) => ({ id: `e${index}`, name: `Entry ${index}` }));
    await open(page, memberFixture(), voteFixture({ entries: [...entries, ...ENTRIES] }));
    await page.getByLabel("Find an entry").fill("entry 39");
    await expect(page.getByRole("list", { name: "Entries" }).getByRole("listitem")).toHaveCount(1);
    await page.getByLabel("Find an entry").fill("zzz");
    await expect(page.getByText("No entry has this in its name.")).toBeVisible();
    await expectGoodPage(page);
  });

  test("shows a refusal in the review, and the picks stay", async ({ page }) => {
    const castBallot = refusal("CONFLICT", "The vote has ended.", { reason: "NOT_LIVE" });
    await open(page, memberFixture(), voteFixture({ method: "APPROVAL" }), { castBallot });
    await page.getByRole("button", { name: "Mirelle", exact: true }).click();
    await page.getByRole("button", { name: "Review ballot" }).click();
    await page.getByRole("button", { name: "Cast ballot" }).click();
    await expect(page.getByRole("alert")).toContainText("The vote has ended.");
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Change it" }).click();
    await expect(page.getByRole("button", { name: "Mirelle", exact: true })).toHaveAttribute(
      "aria-pressed",
      "true",
    );
  });

  test("does not say that a ballot is cast before the server's response", async ({ page }) => {
    const state = await open(page, memberFixture(), voteFixture({ method: "APPROVAL" }));
    await page.getByRole("button", { name: "Mirelle", exact: true }).click();
    await page.getByRole("button", { name: "Review ballot" }).click();
    state.mode = "offline";
    await page.getByRole("button", { name: "Cast ballot" }).click();
    await expect(
      page.getByText("It is not known whether your ballot was cast.", { exact: false }),
    ).toBeVisible();
    await expect(page.getByText("Your ballot is cast.")).toHaveCount(0);
    await expectGoodPage(page);
  });

  test("with other picks after a lost response says that the earlier ballot may count", async ({ page }) => {
    const nonces: string[] = [];
    page.on("request", (request) => {
      const { nonce } = request.postDataJSON()?.variables?.input ?? {};
      if (nonce) nonces.push(nonce);
    });
    const state = await open(page, memberFixture(), voteFixture({ method: "APPROVAL" }));
    await page.getByRole("button", { name: "Mirelle", exact: true }).click();
    await page.getByRole("button", { name: "Review ballot" }).click();
    state.mode = "offline";
    await page.getByRole("button", { name: "Cast ballot" }).click();
    await expect(page.getByText("Cast the same ballot again", { exact: false })).toBeVisible();
    state.mode = "normal";
    await page.getByRole("button", { name: "Change it" }).click();
    await page.getByRole("button", { name: "Salty", exact: true }).click();
    await expect(page.getByText("If that ballot was cast, it counts", { exact: false })).toBeVisible();
    await expect(page.getByText("it counts only once", { exact: false })).toHaveCount(0);
    await expectGoodPage(page);
    await page.reload();
    await page.getByRole("button", { name: "Review ballot" }).click();
    await expect(page.getByText("If that ballot was cast, it counts", { exact: false })).toBeVisible();
    await expectGoodPage(page);
    // The server had received the first ballot.
    const [nonce = ""] = nonces;
    const receipt = receiptOf("vote-1", nonce, ["entry-1"]);
    const viewerBallot = { ...BALLOT, nonce, receipt, picks: ENTRIES.slice(0, 1) };
    const refuse = refusal("CONFLICT", "You have voted.", { reason: "ALREADY_VOTED" });
    state.root.castBallot = () => {
      state.root.campaign = votedFixture({ method: "APPROVAL", viewerBallot });
      refuse();
    };
    await page.getByRole("button", { name: "Cast ballot" }).click();
    await expect(page.getByText("Your ballot was cast the first time", { exact: false })).toBeVisible();
    expect(new Set(nonces).size).toBe(2);
  });

  test("shows the own ballot with its receipt, and the standings as they move", async ({ page }) => {
    const standings = ENTRIES.map((entry, index) => ({
      entry,
      place: index + 1,
      points: 30 - index * 5,
      pickCounts: [4, 3, 2],
    }));
    await open(page, memberFixture(), votedFixture(), {
      voteTally: {
        revision: 3,
        status: "LIVE",
        turnout: { eligible: 33, voted: 14, percent: 42.4 },
        standings,
      },
    });
    await expect(page.getByText("14 of 33 voted (42.4 %)")).toBeVisible();
    await expect(page.getByLabel("Receipt")).toHaveValue(String(BALLOT.receipt));
    await expect(page.getByRole("figure", { name: "Standings" })).toBeVisible();
    await expectGoodPage(page);
  });

  test("warns if the receipt does not fit the ballot", async ({ page }) => {
    const viewerBallot = { ...BALLOT, receipt: "0".repeat(64) };
    await open(page, memberFixture(), votedFixture({ viewerBallot, standingsHiddenReason: "AFTER_CLOSE" }));
    await expect(page.getByRole("alert")).toContainText("The receipt does not match this ballot.");
    await expectGoodPage(page);
  });
});

test.describe("a viewer who may not vote reads why", () => {
  for (const [reason, title, text, me] of [
    ["SIGN_IN", "Sign in to vote", "Members of the guild vote here.", null],
    ["RANK_TOO_LOW", "This vote is for other ranks", "the rank رتبة or a higher one", memberFixture()],
    ["NOT_REGISTERED", "You have no account yet", "An officer who may invite members", memberFixture()],
  ] as const) {
    test(reason, async ({ page }) => {
      const may = { viewerCanVote: false, viewerCannotVoteReason: reason };
      await open(page, me, voteFixture({ ...may, standingsHiddenReason: me ? "VOTE_FIRST" : "SIGN_IN" }));
      await expect(page.getByRole("heading", { name: title })).toBeVisible();
      await expect(page.getByText(text, { exact: false })).toBeVisible();
      await expect(page.getByRole("button", { name: "Review ballot" })).toHaveCount(0);
      await expectGoodPage(page);
      if (me) return;
      await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
      await expect(page).toHaveURL(/\/login\?from=%2Fvotes%2Fvote-1$/);
    });
  }
});

test.describe("hidden standings have a reason", () => {
  for (const [reason, text, more] of [
    ["VOTE_FIRST", "They show after you have voted", {}],
    ["SIGN_IN", "They show after you have signed in.", {}],
    ["AFTER_CLOSE", "They show when the vote closes on 1 Jan 2099", {}],
    ["AFTER_CLOSE", "or earlier, once everyone has voted", { earlyCloseIfAllVoted: true }],
  ] as const) {
    test(`${reason}: ${text}`, async ({ page }) => {
      await open(page, memberFixture(), voteFixture({ standingsHiddenReason: reason, ...more }), {
        turnoutChanged: { turnout: { eligible: 33, voted: 20, percent: 60.6 } },
      });
      await expect(page.getByRole("heading", { name: "The standings are hidden" })).toBeVisible();
      await expect(page.getByText(text, { exact: false })).toBeVisible();
      await expect(page.getByText("20 of 33 voted (60.6 %)")).toBeVisible();
      await expectGoodPage(page);
    });
  }
});

test("past its end a vote counts: the ballot is locked, and the result shows without a press", async ({
  page,
}) => {
  const state = await open(page, memberFixture(), voteFixture({ closesAt: EARLIER }));
  await expect(page.getByText("Counting", { exact: true }).first()).toBeVisible();
  await expect(page.getByText("the server is counting the ballots", { exact: false })).toBeVisible();
  await expect(page.getByRole("button", { name: "Mirelle", exact: true })).toBeDisabled();
  await expect(page.getByRole("button", { name: "Review ballot" })).toBeDisabled();
  await expectGoodPage(page);
  state.root.campaign = voteFixture({ status: "CLOSED", closedAt: EARLIER, winners: [ENTRIES[0]] });
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByText("Winner", { exact: true })).toBeVisible();
});

test("officers see who could register, and the steps that the server allows", async ({ page }) => {
  const state = await open(
    page,
    leaderFixture(),
    votedFixture({ viewerActions: ["CLOSE", "CANCEL"], standingsHiddenReason: "AFTER_CLOSE" }),
  );
  await expect(page.getByText("4 could vote after registering")).toBeVisible();
  await expect(page.getByRole("button", { name: "Archive" })).toHaveCount(0);
  await page.getByRole("button", { name: "Close now" }).click();
  await expect(page.getByRole("dialog")).toContainText("12 of 33 have voted.");
  await expectGoodPage(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Cancel the vote" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Cancel the vote" })).toBeDisabled();
  await dialog.getByLabel("Reason").fill("The raid is over.");
  state.root.cancelCampaign = refusal("BAD_USER_INPUT", "The reason is too long.", { field: "reason" });
  await dialog.getByRole("button", { name: "Cancel the vote" }).click();
  await expect(dialog.getByText("The reason is too long.")).toBeVisible();
  await expectGoodPage(page);
});

test("a vote that is gone and one that never was are the same page", async ({ page }) => {
  await open(page, null, null);
  await expect(page.getByRole("heading", { name: "There is no such vote" })).toBeVisible();
  await expectGoodPage(page);
});

test("the page of a vote loads, fails, is offline, and keeps its data", async ({ page }) => {
  const state = await startAs(page, memberFixture(), { campaign: voteFixture(), ranks: RANKS });
  state.mode = "loading";
  await page.goto("/votes/vote-1");
  await expect(page.getByText("Loading…").first()).toBeAttached();
  await expectGoodPage(page);
  state.mode = "failing";
  await page.reload();
  await expect(page.getByRole("alert")).toContainText("bb3a044906843778");
  await expectGoodPage(page);
  state.mode = "offline";
  await page.reload();
  await expect(page.getByRole("heading", { name: "The server cannot be reached" })).toBeVisible();
  // The page tries again by itself.
  state.mode = "normal";
  await page.getByRole("button", { name: "Mirelle", exact: true }).click();
  state.mode = "offline";
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByText(/This is from/)).toBeVisible();
  await page.getByRole("button", { name: "Salty", exact: true }).click();
  await expect(page.getByText("2 of 3 chosen, 1 more to choose")).toBeVisible();
  await expectGoodPage(page);
});
