import type { BrowserContext, Page } from "playwright/test";
import type { Site } from "./site";
import { test as base, expect, serveGuilds, signIn } from "./site";

const TIDE = { name: "leader", guild: "tidewatch" };

/** A server of two guilds, each with a leader of the same name. */
const test = base.extend<object, { site: Site }>({
  site: [
    async ({ playwright, database }, use) => {
      const guilds = { emberwatch: "Emberwatch", tidewatch: "Tidewatch" };
      const server = await serveGuilds({ playwright, database }, { guilds });
      await use(server);
      await server.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],
});
test.skip(Boolean(process.env.GUILDHALL_URL), "It needs a server of two guilds.");

/** The guilds for which each access token was sent. */
function watchTokens(context: BrowserContext) {
  const guilds = new Map<string, Set<string>>();
  context.on("request", (request) => {
    const { authorization, "x-guild": guild = "" } = request.headers();
    if (!authorization) return;
    guilds.set(authorization, (guilds.get(authorization) ?? new Set()).add(guild));
  });
  return guilds;
}

/** Where the links of a page lead. */
const linkPaths = (page: Page) =>
  page.getByRole("link").evaluateAll((links) => links.map((link) => (link as HTMLAnchorElement).pathname));

test("each guild has pages and a session of its own", async ({ newBrowser }) => {
  const browser = await newBrowser();
  const tokens = watchTokens(browser);
  const [ember, tide] = [await browser.newPage(), await browser.newPage()];
  await signIn(ember, "leader");
  await expect(ember).toHaveTitle(/Emberwatch$/);
  // The session of the default guild is none in the other one, and not even in the same guild by its slug.
  for (const [slug, name] of [
    ["tidewatch", "Tidewatch"],
    ["emberwatch", "Emberwatch"],
  ]) {
    await tide.goto(`/g/${slug}/`);
    await expect(tide.getByRole("heading", { level: 1, name })).toBeVisible();
    await expect(tide).toHaveTitle(name ?? "");
    await expect(tide.getByRole("main").getByRole("link", { name: "Sign in" })).toBeVisible();
  }
  await signIn(tide, "leader", "/g/emberwatch");
  await expect(tide).toHaveURL(/\/g\/emberwatch\/?$/);
  await signIn(tide, "leader", "/g/tidewatch");
  await expect(tide).toHaveTitle(/Tidewatch$/);
  for (const path of await linkPaths(tide)) expect(path).toMatch(/^\/g\/tidewatch(\/|$)/);

  // A sign-out ends the session of its guild alone.
  await tide.goto("/g/tidewatch/me");
  await tide.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(tide.getByRole("main").getByRole("link", { name: "Sign in" })).toBeVisible();
  await ember.reload();
  await expect(ember.getByRole("heading", { level: 1, name: /^Welcome/ })).toBeVisible();
  await tide.goto("/g/emberwatch/me");
  await expect(tide.getByRole("heading", { name: "Characters", exact: true })).toBeVisible();
  // Each token was sent for one guild only.
  const uses = [...tokens.values()].map((guilds) => [...guilds].join(" and "));
  expect(new Set(uses)).toEqual(new Set(["", "emberwatch", "tidewatch"]));
});

test("no vote and no picks cross guilds", async ({ newBrowser, api }) => {
  const [emberVote, tideVote] = [await api.startVote(), await api.startVote({}, TIDE)];
  const browser = await newBrowser();
  const page = await browser.newPage();
  const entry = (name: string) => page.getByRole("button", { name: new RegExp(`^${name}\\b`) });
  const missing = page.getByRole("heading", { name: "There is no such vote" });
  await signIn(page, "leader");
  await page.goto(`/votes/${emberVote}`);
  await entry("Hex").click();
  await page.goto(`/votes/${tideVote}`);
  await expect(missing).toBeVisible();

  await signIn(page, "leader", "/g/tidewatch");
  await page.goto(`/g/tidewatch/votes/${emberVote}`);
  await expect(missing).toBeVisible();
  await page.goto(`/g/tidewatch/votes/${tideVote}`);
  await expect(entry("Hex")).toHaveAttribute("aria-pressed", "false");
  await entry("Salty").click();
  await page.goto("/g/tidewatch/me");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByRole("main").getByRole("link", { name: "Sign in" })).toBeVisible();

  await page.goto(`/votes/${emberVote}`);
  await expect(entry("Hex")).toHaveAttribute("aria-pressed", "true");
  expect(
    await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes("picks"))),
  ).toHaveLength(1);
});

test("an unknown slug is no such guild", async ({ page }) => {
  for (const path of ["/g/nowhere", "/g/nowhere/", "/g/nowhere/roster"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1, name: "There is no such guild" })).toBeVisible();
  }
  await page.getByRole("link", { name: "Go to the start page" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Emberwatch" })).toBeVisible();
});
