import type { Deployment } from "./deployment";
import { test as base, expect, serveGuilds, signIn } from "./site";

/** A server whose access tokens expire soon, so that tabs renew them all the time. */
const test = base.extend<object, { site: Deployment }>({
  site: [
    async ({ playwright, database }, use) => {
      const guilds = { emberwatch: "Emberwatch" };
      const server = await serveGuilds({ playwright, database }, { guilds, flags: ["--access-ttl", "4s"] });
      await use(server);
      await server.remove();
    },
    { scope: "worker", timeout: 60_000 },
  ],
});
test.use({ isCut: true });
test.skip(Boolean(process.env.GUILDHALL_URL), "It needs a server that it can stop.");

test("ten tabs that lose 5 % of responses stay signed in", async ({ newBrowser, network }) => {
  const browser = await newBrowser({ baseURL: network.url });
  const first = await browser.newPage();
  await signIn(first, "leader");
  const pages = [first];
  while (pages.length < 10) {
    const page = await browser.newPage();
    await page.goto("/");
    pages.push(page);
  }
  let sent = 0;
  network.loses = ({ body }: { body: string }) => {
    if (!body.includes('"refreshToken"')) return false;
    sent += 1;
    return sent % 20 === 3;
  };
  // The home page follows changes, so each tab needs a new token whenever its own expires.
  await expect.poll(() => sent, { timeout: 90_000 }).toBeGreaterThan(60);
  network.loses = () => false;
  expect(network.renewals.filter(({ isLost }) => isLost).length).toBeGreaterThanOrEqual(3);
  for (const page of pages) {
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await expect(page.getByRole("heading", { level: 1, name: "Welcome, leader" })).toBeVisible();
    await expect(page.getByRole("alert")).toHaveCount(0);
  }
});

test("an upgrade under an open tab loses no picks, and offers a reload", async ({
  newBrowser,
  network,
  site,
  api,
}) => {
  const id = await api.startVote();
  const browser = await newBrowser({ baseURL: network.url });
  const page = await browser.newPage();
  const entry = (name: string) => page.getByRole("button", { name: new RegExp(`^${name}\\b`) });
  await signIn(page, "leader");
  await page.goto(`/votes/${id}`);
  await entry("Hex").click();
  await page.evaluate(() => {
    document.documentElement.dataset.old = "";
  });

  await site.stop();
  await expect(page.getByText("No live updates at the moment")).toBeVisible();
  await entry("Salty").click();
  await site.start("serve", "--address-attempts", "10000", "--access-ttl", "4s");
  network.headers = { "x-guildhall-build": "9.9.9+0123456789ab" };
  await expect(page.getByText("No live updates at the moment")).toHaveCount(0, { timeout: 40_000 });
  await expect(page.getByText("The site has been updated.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Reload" })).toBeVisible();

  // The next navigation loads the new page, in which nothing is lost.
  network.headers = {};
  await page.getByRole("link", { name: "Votes" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: "Votes" })).toBeVisible();
  await expect(page.locator("[data-old]")).toHaveCount(0);
  await expect(page.getByText("The site has been updated.")).toHaveCount(0);
  await page.goBack();
  for (const name of ["Hex", "Salty"]) await expect(entry(name)).toHaveAttribute("aria-pressed", "true");
  await page.getByRole("button", { name: "Review ballot" }).click();
  await page.getByRole("button", { name: "Cast ballot" }).click();
  await expect(page.getByText("Your ballot is cast.")).toBeVisible();
});
