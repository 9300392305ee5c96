import type { Page } from "playwright/test";
import type { Api } from "./api";
import { test as base, expect } from "./site";

/** A visitor's page of a vote with open standings, behind the proxy. */
const test = base.extend<{ vote: string; cutPage: Page }>({
  vote: async ({ api }, use) => use(await startVote(api)),
  cutPage: async ({ newBrowser, network }, use) =>
    use(await (await newBrowser({ baseURL: network.url })).newPage()),
});
test.use({ isCut: true });

const startVote = (api: Api) => api.startVote({ method: "APPROVAL", resultsVisibility: "ALWAYS" });
/** The bar's label, not the sentence for screen readers. */
const turnout = (page: Page, voted: number) => page.getByText(new RegExp(`^${voted} of \\d+ voted \\(`));
const standings = (page: Page) => page.getByRole("figure", { name: "Standings" });
const banner = (page: Page) => page.getByText("No live updates at the moment");

test("a cut socket shows a banner after three seconds, and the page catches up", async ({
  cutPage: page,
  network,
  vote,
  api,
}) => {
  await page.goto(`/votes/${vote}`);
  await expect(standings(page)).toContainText("Mirelle");
  network.acceptsSockets = false;
  network.cut();
  const cutAt = Date.now();
  await expect(banner(page)).toBeVisible();
  expect(Date.now() - cutAt).toBeGreaterThan(2_900);
  await api.vote(vote, "member");
  await expect(turnout(page, 0)).toBeVisible();
  network.acceptsSockets = true;
  await expect(banner(page)).toHaveCount(0);
  await expect(turnout(page, 1)).toBeVisible();
  // The new socket carries the next changes.
  await api.vote(vote, "officer");
  await expect(turnout(page, 2)).toBeVisible();
});

test("a socket that carries nothing any longer is noticed and replaced", async ({
  cutPage: page,
  network,
  vote,
  api,
}) => {
  await page.clock.install();
  await page.goto(`/votes/${vote}`);
  await expect(standings(page)).toContainText("Mirelle");
  network.freeze();
  await api.vote(vote, "member");
  // A ping every ten seconds, and five for its pong.
  await page.clock.runFor(10_000);
  await page.clock.runFor(5_000);
  await expect(turnout(page, 1)).toBeVisible();
  expect(network.socketAttempts.length).toBe(2);
});

test("where no socket can be opened, the page reads its data every ten seconds", async ({
  cutPage: page,
  network,
  vote,
  api,
}) => {
  network.acceptsSockets = false;
  await page.clock.install();
  await page.goto(`/votes/${vote}`);
  await expect(turnout(page, 0)).toBeVisible();
  const attempts = async () => {
    await page.clock.runFor(1_000);
    return network.socketAttempts.length;
  };
  await expect.poll(attempts).toBeGreaterThanOrEqual(4);
  await expect(banner(page)).toBeVisible();
  await api.vote(vote, "member");
  await page.clock.runFor(10_000);
  await expect(turnout(page, 1)).toBeVisible();
  await expect(standings(page).getByRole("listitem").first()).toContainText(/Mirelle.*1/);

  network.acceptsSockets = true;
  // In steps, since each attempt takes real time, and the page gives up on one by its own clock.
  const banners = async () => {
    await page.clock.runFor(1_000);
    return banner(page).count();
  };
  await expect.poll(banners, { intervals: [250] }).toBe(0);
  await api.vote(vote, "officer");
  await expect(turnout(page, 2)).toBeVisible();
});
