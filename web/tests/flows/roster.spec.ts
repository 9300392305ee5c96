import { expect, signIn, test, uniqueName } from "./site";

test("a visitor searches the roster, and *Back* returns to the place", async ({ page }) => {
  await page.setViewportSize({ width: 1280, height: 600 });
  await page.goto("/roster");
  const table = page.getByRole("table", { name: "Members" });
  await expect(table).toBeVisible();
  // Visitors see no Discord usernames.
  await expect(table.getByText("@")).toHaveCount(0);
  const count = async () => Number(await table.getAttribute("aria-rowcount"));
  const all = await count();
  await page.getByLabel("Role").selectOption("HEALER");
  await expect(page).toHaveURL(/role=HEALER/);
  await expect.poll(count).toBeLessThan(all);
  await page.getByLabel("Role").selectOption("");
  await page.getByLabel("Search the roster").fill("zephyrine");
  await expect(page).toHaveURL(/search=zephyrine/);
  await table.getByRole("link", { name: "Zéphyrine" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Zéphyrine" })).toBeFocused();
  await expect(page.getByRole("link", { name: /armory|Zéphyrine/i }).first()).toBeVisible();
  await page.goBack();
  await expect(page.getByLabel("Search the roster")).toHaveValue("zephyrine");

  await page.getByLabel("Search the roster").fill("");
  await expect(page).toHaveURL(/\/roster$/);
  await page.mouse.wheel(0, 1_000);
  const top = () => page.evaluate(() => window.scrollY);
  await expect.poll(top).toBeGreaterThan(500);
  const before = await top();
  await table.getByRole("link").nth(12).click();
  await expect(page).toHaveURL(/\/members\//);
  await expect.poll(top).toBe(0);
  await page.goBack();
  await expect.poll(top).toBe(before);
});

test("an officer edits, deactivates and erases a member, each final step after one question", async ({
  page,
  api,
}) => {
  const username = uniqueName();
  await api.invite(username);
  await signIn(page, "officer");
  await page.goto(`/roster?search=${username}`);
  await page.getByRole("table").getByRole("link", { name: username }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Display name").fill("Mistake");
  await page.getByLabel("Discord username").fill("officer");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByLabel("Discord username")).toBeFocused();
  await page.getByLabel("Discord username").fill(username);
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Mistake" })).toBeVisible();
  await page.getByRole("button", { name: "Deactivate" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Deactivate" }).click();
  await expect(page.getByText("Inactive")).toBeVisible();
  await page.getByRole("button", { name: "Reactivate" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reactivate" }).click();
  await expect(page.getByText("Inactive")).toHaveCount(0);
  await page.getByRole("button", { name: "Erase" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Erase" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Mistake" })).toHaveCount(0);
  // Those of the same or a higher rank have no buttons.
  await page.goto("/roster?search=grum");
  await page.getByRole("table").getByRole("link", { name: "Grum'dak" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Grum'dak" })).toBeVisible();
  for (const button of ["Edit", "Reset code", "Deactivate", "Erase", "Change"]) {
    await expect(page.getByRole("button", { name: button, exact: true })).toHaveCount(0);
  }
});
