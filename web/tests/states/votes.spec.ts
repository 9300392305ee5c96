import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, GUILD, held, leaderFixture, listOf, memberFixture, startAs } from "./stand-in";
import { EARLIER, LATER, voteFixture } from "./vote-fixtures";

interface Lists {
  live?: readonly Fixture[];
  drafts?: readonly Fixture[];
  closed?: readonly Fixture[];
  archived?: readonly Fixture[];
}

/** The votes by their status, as the lists of the page ask for them. */
const campaigns =
  ({ live = [], drafts = [], closed = [], archived = [] }: Lists) =>
  ({ filter }: { filter: { status: readonly string[] } }) =>
    listOf({ LIVE: live, DRAFT: drafts, CLOSED: closed, ARCHIVED: archived }[filter.status[0] ?? ""] ?? []);

const past = (id: string, more: Fixture): Fixture =>
  voteFixture({
    id,
    title: `Past ${id}`,
    status: "CLOSED",
    closedAt: EARLIER,
    viewerCanVote: false,
    ...more,
  });

const LISTS: Lists = {
  live: [
    voteFixture(),
    voteFixture({ id: "v2", title: "مسابقة الزي", viewerCanVote: false }),
    voteFixture({ id: "v3", title: "Ended a moment ago", closesAt: EARLIER, viewerCanVote: false }),
  ],
  drafts: [
    voteFixture({ id: "d1", title: "x".repeat(200), status: "DRAFT", startAt: null, closesAt: null }),
    voteFixture({ id: "d2", title: "Next raid", status: "DRAFT", startAt: LATER }),
  ],
  closed: [
    past("c1", { winners: [{ id: "e1", name: "Hex" }] }),
    past("c2", {
      winners: [
        { id: "e2", name: "y".repeat(100) },
        { id: "e3", name: "Thorn" },
      ],
    }),
    past("c3", { winners: [] }),
    past("c4", { cancelReason: "The raid is over.", winners: null }),
  ],
  archived: [past("a1", { status: "ARCHIVED", winners: [{ id: "e1", name: "Salty" }] })],
};

test("an officer sees open votes, drafts and past ones, and the archive as a filter", async ({ page }) => {
  await startAs(page, leaderFixture(), { campaigns: campaigns(LISTS) });
  await page.goto("/votes");
  const open = page.getByRole("list", { name: "Open votes" }).getByRole("listitem");
  await expect(open).toHaveCount(3);
  await expect(open.nth(0)).toContainText("You can vote");
  await expect(open.nth(2)).toContainText("Counting");
  await expect(page.getByRole("list", { name: "Drafts" }).getByText("Scheduled")).toBeVisible();
  const past = page.getByRole("list", { name: "Past votes" });
  await expect(past.getByText("Won by Hex")).toBeVisible();
  await expect(past.getByText("No ballots")).toBeVisible();
  await expect(past.getByText("Cancelled")).toBeVisible();
  await expect(page.getByRole("link", { name: "New vote" })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("radio", { name: "Archive" }).check();
  await expect(page).toHaveURL(/\?past=archive$/);
  await expect(past.getByText("Won by Salty")).toBeVisible();
  await expect(past.getByText("Won by Hex")).toHaveCount(0);
});

test("a member sees neither drafts nor the button for a new vote", async ({ page }) => {
  await startAs(page, memberFixture(), { campaigns: campaigns({ ...LISTS, drafts: [] }) });
  await page.goto("/votes");
  await expect(page.getByRole("list", { name: "Open votes" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Drafts and scheduled votes" })).toHaveCount(0);
  await expect(page.getByRole("link", { name: "New vote" })).toHaveCount(0);
  await expectGoodPage(page);
});

test("without votes the page says who starts them", async ({ page }) => {
  await startAs(page, memberFixture(), { campaigns: campaigns({}) });
  await page.goto("/votes");
  await expect(page.getByRole("heading", { name: "No vote is open" })).toBeVisible();
  await expect(page.getByText("Officers start votes.", { exact: false })).toBeVisible();
  await expect(page.getByRole("heading", { name: "No vote has closed yet" })).toBeVisible();
  await expectGoodPage(page);
  await page.goto("/votes?past=archive");
  await expect(page.getByRole("heading", { name: "The archive is empty" })).toBeVisible();
});

test("the list follows votes that start and close", async ({ page }) => {
  const state = await startAs(page, memberFixture(), {
    campaigns: campaigns({ closed: LISTS.closed ?? [] }),
    // As if a vote had started right after the page opened.
    campaignChanged: () => {
      state.root.campaigns = campaigns(LISTS);
      return { id: "vote-1", status: "LIVE" };
    },
  });
  await page.goto("/votes");
  await expect(page.getByRole("list", { name: "Open votes" })).toBeVisible();
});

test("the next page of past votes comes on request, and its failure can be tried again", async ({ page }) => {
  const closed = LISTS.closed ?? [];
  const state = await startAs(page, memberFixture(), {
    campaigns: ({ filter, after }: { filter: { status: readonly string[] }; after?: string }) => {
      if (filter.status[0] !== "CLOSED") return listOf([]);
      if (after) return listOf(closed.slice(2));
      return { ...listOf(closed.slice(0, 2)), pageInfo: { hasNextPage: true, endCursor: "next" } };
    },
  });
  await page.goto("/votes");
  const rows = page.getByRole("list", { name: "Past votes" }).getByRole("listitem");
  await expect(rows).toHaveCount(2);
  state.mode = "failing";
  await page.getByRole("button", { name: "Show more" }).click();
  await expect(page.getByRole("alert")).toContainText("bb3a044906843778");
  await expect(rows).toHaveCount(2);
  await expectGoodPage(page);
  state.mode = "normal";
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(rows).toHaveCount(4);
});

test("the list of votes loads, fails and is offline", async ({ page }) => {
  const state = await startAs(page, memberFixture(), { campaigns: campaigns(LISTS) });
  state.mode = "loading";
  await page.goto("/votes");
  await expect(page.getByText("Loading…").first()).toBeAttached();
  await expectGoodPage(page);
  state.mode = "failing";
  await page.reload();
  await expect(page.getByRole("alert").first()).toContainText("bb3a044906843778");
  await expectGoodPage(page);
  state.mode = "offline";
  await page.reload();
  await expect(page.getByRole("heading", { name: "The server cannot be reached" }).first()).toBeVisible();
  await expectGoodPage(page);
  // The page tries again by itself.
  state.mode = "normal";
  await expect(page.getByRole("list", { name: "Open votes" })).toBeVisible();
});

test("a visitor's page asks for its data before the server has said who looks at it", async ({ page }) => {
  const guild = held(() => GUILD);
  const state = await startAs(page, null, { campaigns: campaigns(LISTS), guild: guild.answer });
  // As the server names the guild in its pages.
  await page.route("**/votes", async (route) => {
    const response = await route.fetch();
    const html = (await response.text()).replace(
      "</head>",
      '<meta property="og:site_name" content="Emberwatch"></head>',
    );
    await route.fulfill({ response, body: html });
  });
  await page.goto("/votes");
  await expect(page.getByRole("list", { name: "Open votes" }).getByRole("listitem")).toHaveCount(3);
  await expect(page).toHaveTitle("Votes · Emberwatch");
  const sent = [...state.operations];
  guild.release();
  await expectGoodPage(page);
  expect(state.operations).toEqual(sent);
});

test("past votes wait for the open ones above them", async ({ page }) => {
  const open = held(() => listOf([voteFixture()]));
  await startAs(page, memberFixture(), {
    campaigns: (args: { filter: { status: readonly string[] } } & { input: Fixture }) =>
      args.filter.status[0] === "LIVE" ? open.answer(args) : campaigns(LISTS)(args),
  });
  const answered = page.waitForResponse(
    (response) => response.request().postData()?.includes("PastVotes") ?? false,
  );
  await page.goto("/votes");
  await answered;
  await expect(page.getByRole("heading", { name: "Votes", level: 1 })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Past votes" })).toHaveCount(0);
  open.release();
  await expect(page.getByRole("heading", { name: "Past votes" })).toBeVisible();
});
