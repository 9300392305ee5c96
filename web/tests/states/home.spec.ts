import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, GUILD, leaderFixture, memberFixture, refusal, standIn, startAs } from "./stand-in";

const vote = (id: string, title: string, canVote: boolean): Fixture => ({
  id,
  title,
  status: "LIVE",
  closesAt: "2099-01-01T00:00:00Z",
  viewerCanVote: canVote,
  viewerCannotVoteReason: canVote ? null : "ALREADY_VOTED",
  turnout: { eligible: 33, voted: 30, percent: 90.9 },
});

test("a visitor sees the guild and how to come in", async ({ page }) => {
  await startAs(page, null);
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "Emberwatch" })).toBeVisible();
  await expect(page.getByRole("link", { name: "I have an invite code" })).toBeVisible();
  await expect(page.getByText("No public vote is open")).toBeVisible();
  await expectGoodPage(page);
});

test("a member sees the votes that wait apart from the others", async ({ page }) => {
  await startAs(page, memberFixture(), {
    campaigns: {
      nodes: [vote("c1", "Raid night", true), vote("c2", "Tabard", false), vote("c3", "مسابقة الزي", true)],
    },
    pastVotes: {
      nodes: [
        {
          closedAt: "2026-11-01T12:00:00Z",
          campaign: { id: "c4", title: "Mount" },
          winners: [{ id: "e1", name: "Hex" }],
        },
        { closedAt: "2026-10-01T12:00:00Z", campaign: { id: "c5", title: "x".repeat(200) }, winners: [] },
      ],
    },
  });
  await page.goto("/");
  await expect(page.getByRole("article")).toHaveCount(2);
  await expect(page.getByRole("list", { name: "Open votes" }).getByText("You voted")).toBeVisible();
  await expect(page.getByText("No ballots")).toBeVisible();
  await expect(page.getByRole("heading", { name: "First steps" })).toHaveCount(0);
  await expectGoodPage(page);
});

test("a leader of a new guild sees the first steps until they are dismissed", async ({ page }) => {
  await startAs(page, leaderFixture(), { members: { totalCount: 1 } });
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "First steps" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Fill the roster" })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Dismiss" }).click();
  await expect(page.getByRole("heading", { name: "First steps" })).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole("heading", { name: "Waiting for you" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "First steps" })).toHaveCount(0);
});

test("officers see blocked drafts and failed messages", async ({ page }) => {
  await startAs(page, leaderFixture(), {
    members: { totalCount: 40 },
    campaigns: ({ filter }: { filter: { status: string[] } }) => ({
      totalCount: 3,
      nodes: filter.status.includes("LIVE")
        ? []
        : [
            {
              id: "d1",
              title: "Next raid",
              startAt: "2099-01-01T00:00:00Z",
              activationBlockers: ["TOO_FEW_ENTRIES"],
            },
          ],
    }),
    discordStatus: { connection: "CONNECTED", failed: 2, queued: 0 },
  });
  await page.goto("/");
  await expect(page.getByText("Cannot start: It needs at least two entries.")).toBeVisible();
  await expect(page.getByText("2 messages to Discord failed")).toBeVisible();
  await expectGoodPage(page);
});

test("Back returns to the place on the page before", async ({ page }) => {
  const nodes = Array.from({ length: 40 }, (_, index) => vote(`c${index}`, `Vote ${index}`, false));
  await startAs(page, null, { campaigns: { nodes } });
  await page.goto("/");
  await page.getByRole("link", { name: "Vote 35", exact: true }).scrollIntoViewIfNeeded();
  const before = await page.evaluate(() => window.scrollY);
  expect(before).toBeGreaterThan(500);
  await page.getByRole("link", { name: "Vote 35", exact: true }).click();
  await expect(page).toHaveURL(/\/votes\/c35$/);
  expect(await page.evaluate(() => window.scrollY)).toBe(0);
  await page.goBack();
  await expect(page.getByRole("link", { name: "Vote 35", exact: true })).toBeVisible();
  await expect.poll(() => page.evaluate(() => window.scrollY)).toBe(before);
});

test("a page that loads shows its layout after 200 ms", async ({ page }) => {
  const state = await startAs(page, memberFixture());
  state.mode = "loading";
  await page.goto("/");
  await expect(page.getByText("Loading…").first()).toBeAttached();
  await expectGoodPage(page);
});

test("an error of the server shows its sentence, and can be tried again", async ({ page }) => {
  const state = await startAs(page, null);
  state.mode = "failing";
  await page.goto("/");
  await expect(page.getByRole("alert")).toContainText("bb3a044906843778");
  await expectGoodPage(page);
  state.mode = "normal";
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByText("No public vote is open")).toBeVisible();
});

test("old data stay while the server cannot be reached, and new ones come by themselves", async ({
  page,
}) => {
  const state = await startAs(page, null, { campaigns: { nodes: [vote("c1", "Raid night", false)] } });
  await page.goto("/");
  await expect(page.getByText("Raid night")).toBeVisible();
  state.mode = "offline";
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByText("The server cannot be reached.", { exact: false })).toBeVisible();
  await expect(page.getByText("Raid night")).toBeVisible();
  await expectGoodPage(page);
  state.mode = "normal";
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
  await expect(page.getByText("The server cannot be reached.", { exact: false })).toHaveCount(0);
});

test("the first page says when the server cannot be reached", async ({ page }) => {
  const state = await standIn(page, { me: null, guild: GUILD }, []);
  state.mode = "loading";
  await page.goto("/");
  await expect(page.getByText("Loading…")).toBeAttached();
  state.mode = "offline";
  await page.goto("/");
  await expect(page.getByRole("heading", { name: "The server cannot be reached" })).toBeVisible();
  await expectGoodPage(page);
  state.mode = "normal";
  // Without a press: the page tries again by itself.
  await expect(page.getByRole("heading", { level: 1, name: "Emberwatch" })).toBeVisible({ timeout: 15_000 });
});

test("a server without a guild says how to make the first one", async ({ page }) => {
  const message = "This server has no guild yet.";
  await standIn(page, { guild: refusal("NOT_FOUND", message, { reason: "NO_GUILD" }) });
  await page.goto("/");
  await expect(page.getByText("guildhall bootstrap")).toBeVisible();
  await expectGoodPage(page);
});

test("an unknown slug is no such guild", async ({ page }) => {
  await standIn(page, { guild: refusal("NOT_FOUND", "There is no guild with this slug.") });
  await page.goto("/g/nowhere/votes");
  await expect(page.getByRole("heading", { name: "There is no such guild" })).toBeVisible();
  await expectGoodPage(page);
});

test("an unknown path is not found, and keeps the navigation", async ({ page }) => {
  await startAs(page, null);
  await page.goto("/no/such/page");
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Pages", exact: true })).toBeVisible();
  await expectGoodPage(page);
});
