import { expect, expectGoodPage, test } from "./checks";
import { GUILD, refusal, standIn } from "./stand-in";

test("after an upgrade the page offers a reload, and the next navigation is one", async ({ page }) => {
  const state = await standIn(page, { me: null, guild: GUILD });
  await page.goto("/");
  await expect(page.getByText("No public vote is open")).toBeVisible();
  state.build = "2";
  await page.evaluate(() => {
    window.dispatchEvent(new Event("online"));
    document.documentElement.dataset.old = "";
  });
  await expect(page.getByText("The site has been updated.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Reload" })).toBeVisible();
  await expectGoodPage(page);
  await page.getByRole("link", { name: "I have an invite code" }).click();
  await expect(page.getByLabel("Invite code")).toBeVisible();
  await expect(page.locator("[data-old]")).toHaveCount(0);
  await expect(page.getByText("The site has been updated.")).toHaveCount(0);
});

test("a chunk that is gone reloads once, and then says that the site is being updated", async ({ page }) => {
  await standIn(page, { me: null, guild: GUILD });
  let requests = 0;
  await page.route("**/RegisterPage-*.js", (route) => {
    requests += 1;
    return route.fulfill({ status: 404 });
  });
  await page.goto("/");
  await page.getByRole("link", { name: "I have an invite code" }).click();
  await expect(page.getByText("The site is being updated.", { exact: false })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Something went wrong");
  await expectGoodPage(page);
  expect(requests).toBeGreaterThanOrEqual(2);
});

test("a chunk that cannot be reached does not lose the page, which loads when the server answers", async ({
  page,
}) => {
  await standIn(page, { me: null, guild: GUILD });
  await page.goto("/");
  await expect(page.getByText("No public vote is open")).toBeVisible();
  const unreachable = /RegisterPage-.*\.(js|css)|\/$/;
  await page.route(unreachable, (route) => route.abort("connectionrefused"));
  await page.getByRole("link", { name: "I have an invite code" }).click();
  const offline = page.getByRole("heading", { name: "The server cannot be reached" });
  await expect(offline).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  await expect(page).toHaveTitle(/^Something went wrong/);
  await expectGoodPage(page);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(offline).toBeVisible();
  await page.unroute(unreachable);
  await expect(page.getByLabel("Invite code")).toBeVisible();
});

test("a document that the server does not know reloads once", async ({ page }) => {
  const campaigns = refusal("FORBIDDEN", "The server does not know this document.", {
    reason: "UNTRUSTED_DOCUMENT",
  });
  const state = await standIn(page, { me: null, guild: GUILD, campaigns });
  await page.goto("/");
  await expect(page.getByText("The site is being updated.", { exact: false })).toBeVisible();
  expect(state.operations.filter((name) => name === "Viewer")).toHaveLength(2);
  await expectGoodPage(page);
});

test("the app says so too if the server knows none of its documents", async ({ page }) => {
  const unknown = refusal("FORBIDDEN", "The server does not know this document.", {
    reason: "UNTRUSTED_DOCUMENT",
  });
  await standIn(page, { me: unknown, guild: unknown });
  await page.goto("/");
  await expect(page.getByText("The site is being updated.", { exact: false })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This could not be loaded");
  await expectGoodPage(page);
});
