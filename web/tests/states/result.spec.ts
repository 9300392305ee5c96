import type { GraphQLResolveInfo } from "graphql";
import type { Page } from "playwright/test";
import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, leaderFixture, memberFixture, refusal, startAs } from "./stand-in";
import { BALLOT, closedFixture, EARLIER, RANKS, voteFixture } from "./vote-fixtures";

async function open(page: Page, me: Fixture | null, campaign: Fixture, root: Fixture = {}) {
  const state = await startAs(page, me, { campaign, ranks: RANKS, ...root });
  await page.goto(`/votes/${campaign.id}`);
  return state;
}

for (const [method, table] of [
  ["WEIGHTED", undefined],
  ["APPROVAL", undefined],
  ["INSTANT_RUNOFF", "Votes by round"],
  ["SCHULZE", "Strength of the strongest chain"],
  ["SINGLE_TRANSFERABLE_VOTE", "Votes by stage"],
] as const) {
  test(`a closed vote by ${method} has its chart and its table, and can be counted again`, async ({
    page,
  }) => {
    await open(page, memberFixture(), closedFixture(method));
    await expect(page.getByRole("region", { name: "Winners" })).toBeVisible();
    await expect(page.getByText(/^Closed.*, at its end$/)).toBeVisible();
    await expect(page.getByRole("figure", { name: "Standings" })).toBeVisible();
    if (table) await expect(page.getByRole("table", { name: table })).toBeVisible();
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Show as a table" }).click();
    await expect(page.getByRole("table", { name: "Standings" })).toBeVisible();
    await page.getByRole("button", { name: "Check the count" }).click();
    await expect(page.getByText("Everything matches")).toBeVisible();
    await expect(page.getByText("Your ballot is in the box, as number 1.")).toBeVisible();
    await expectGoodPage(page);
  });
}

test("a result on paper has no navigation and no buttons", async ({ page }) => {
  await open(page, memberFixture(), closedFixture("SCHULZE"));
  await expect(page.getByRole("region", { name: "Winners" })).toBeVisible();
  await page.emulateMedia({ media: "print" });
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("table", { name: "Standings" })).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Receipt" })).toBeVisible();
  await expect(page.getByRole("navigation").filter({ visible: true })).toHaveCount(0);
  await expect(page.getByRole("button").filter({ visible: true })).toHaveCount(0);
});

test("a result that the listed order decided says so, and what follows from it", async ({ page }) => {
  const outcome = "Mirelle gets the mount.\nThorn gets the tabard.";
  const actions = ["SET_OUTCOME", "ARCHIVE"];
  await open(
    page,
    leaderFixture(),
    closedFixture("INSTANT_RUNOFF", { decidedByListedOrder: true, outcome, viewerActions: actions }),
  );
  await expect(page.getByText("the listed order of the entries decided", { exact: false })).toBeVisible();
  await expect(page.getByText("Thorn gets the tabard.", { exact: false })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Change the outcome" }).click();
  await expect(page.getByRole("dialog").getByLabel("Outcome")).toHaveValue(outcome);
  await expectGoodPage(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Archive" }).click();
  await expect(page.getByRole("dialog", { name: "Archive this vote?" })).toBeVisible();
  await expectGoodPage(page);
});

test("an archived vote keeps its result", async ({ page }) => {
  await open(page, null, closedFixture("APPROVAL", { status: "ARCHIVED", viewerBallot: null }));
  await expect(page.getByText("Archived", { exact: true })).toBeVisible();
  await expect(page.getByRole("figure", { name: "Standings" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Your ballot" })).toHaveCount(0);
  await expect(page.getByRole("heading", { name: "Steps" })).toHaveCount(0);
  await expectGoodPage(page);
});

const over = { status: "CLOSED", closedAt: EARLIER, closesAt: EARLIER, viewerCanVote: false };

test("a vote without ballots has no winner", async ({ page }) => {
  const turnout = { eligible: 33, voted: 0, percent: 0 };
  await open(
    page,
    memberFixture(),
    voteFixture({ ...over, standingsHiddenReason: null, winners: [], turnout }),
  );
  await expect(page.getByText("No one voted, so nothing won.")).toBeVisible();
  await expect(page.getByRole("heading", { name: "There are no ballots to count" })).toBeVisible();
  await expectGoodPage(page);
});

test("a cancelled vote has its reason, the own ballot and no standings", async ({ page }) => {
  const cancelled = {
    ...over,
    closeReason: "CANCELLED",
    cancelReason: "The raid is over.\nمرة أخرى",
    standingsHiddenReason: "CANCELLED",
    viewerBallot: BALLOT,
  };
  await open(page, leaderFixture(), voteFixture({ ...cancelled, viewerActions: ["ARCHIVE"] }));
  await expect(page.getByText("Cancelled", { exact: true })).toBeVisible();
  await expect(page.getByText("The raid is over.", { exact: false })).toBeVisible();
  await expect(page.getByLabel("Receipt")).toHaveValue(String(BALLOT.receipt));
  await expect(page.getByRole("heading", { name: "Standings" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "Copy to a new vote" })).toHaveAttribute(
    "href",
    "/admin/votes/new?copy=vote-1",
  );
  await expectGoodPage(page);
});

test("standings that fail to load leave the winners, and can be tried again", async ({ page }) => {
  const vote = closedFixture("APPROVAL");
  // The page does not read again by itself after an error with a request id.
  const fail = refusal("INTERNAL", "Something went wrong on our side.", { requestId: "bb3a044906843778" });
  let isFailing = true;
  const campaign = (_args: unknown, _context: unknown, { operation }: GraphQLResolveInfo) =>
    isFailing && operation.name?.value === "VoteStandings" ? fail() : vote;
  await startAs(page, memberFixture(), { campaign, ranks: RANKS });
  await page.goto(`/votes/${vote.id}`);
  await expect(page.getByRole("alert")).toContainText("Something went wrong on our side.");
  await expect(page.getByRole("region", { name: "Winners" })).toBeVisible();
  await expectGoodPage(page);
  isFailing = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("figure", { name: "Standings" })).toBeVisible();
});
