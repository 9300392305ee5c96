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

test("an officer imports a roster, leaves the bad rows out, and invites the new members", async ({
  page,
  newBrowser,
}) => {
  const prefix = uniqueName();
  const names = Array.from({ length: 40 }, (_, index) => `${prefix}.${index}`);
  const rows = names.map(
    (name, index) => `${name},Recruit ${index},,${name.replaceAll(".", "")},Area 52,Mage,Frost`,
  );
  rows[7] += " and more,,,too many";
  rows.push("too.high,Too High,Guild Leader,,,,");
  await signIn(page, "officer");
  await page.getByRole("link", { name: "Import" }).click();
  await page.getByLabel(/Choose a file/).setInputFiles({
    name: "roster.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(
      `discord_username,display_name,rank,character_name,realm,class,spec\n${rows.join("\n")}`,
    ),
  });
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByRole("heading", { name: "Preview of roster.csv" })).toBeVisible();
  const problems = page.getByRole("region", { name: "Problems by line" });
  await expect(problems.getByRole("rowheader", { name: "line 42" })).toBeVisible();
  const changes = page.getByRole("region", { name: "Changes by line" });
  await expect(changes.getByText("Recruit 0", { exact: true }).first()).toBeVisible();
  await page.getByRole("button", { name: /^Import the .* good rows$/ }).click();
  await expect(page.getByRole("heading", { name: "The roster is imported" })).toBeVisible();
  await page.getByRole("button", { name: /^Invite the .* new members$/ }).click();
  await expect(page.getByRole("heading", { name: /^\d+ invites$/ })).toBeVisible();
  const link = await page.getByRole("link", { name: new RegExp(`as=${prefix}\\.0$`) }).textContent();

  // The first one registers by the link.
  const recruit = await (await newBrowser()).newPage();
  await recruit.goto(new URL(link ?? "").pathname + new URL(link ?? "").hash);
  await recruit.getByLabel("Password", { exact: true }).fill("a long sentence is a password");
  await recruit.keyboard.press("Enter");
  await expect(recruit.getByRole("heading", { level: 1, name: "Welcome, Recruit 0" })).toBeVisible();

  // The others wait. Their codes show only now.
  page.once("dialog", (question) => question.accept());
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByRole("link", { name: "Invites" }).click();
  await page.getByLabel("Search").fill(`${prefix}.1`);
  const waiting = page.getByRole("list", { name: "Members without an account" });
  await expect(waiting.getByText(/expires/).first()).toBeVisible();
  await page.getByRole("button", { name: "Revoke the invite of Recruit 1", exact: true }).click();
  await expect(waiting.getByText("no open invite")).toHaveCount(1);
  await page.getByRole("button", { name: "Delete Recruit 1", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await expect(waiting.getByText("Recruit 1", { exact: true })).toHaveCount(0);
});

test("a file that no server reads is refused with the way out", async ({ page }) => {
  await signIn(page, "officer");
  await page.goto("/admin/import");
  await page.getByLabel(/Choose a file/).setInputFiles({
    name: "roster.xlsx",
    mimeType: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    buffer: Buffer.from([0x50, 0x4b, 3, 4]),
  });
  await expect(page.getByRole("alert")).toContainText("CSV UTF-8");
  await expect(page.getByRole("button", { name: "Preview" })).toBeDisabled();
  await page.getByLabel(/Choose a file/).setInputFiles({
    name: "old.csv",
    mimeType: "text/csv",
    buffer: Buffer.from([...Buffer.from("discord_username,display_name\nzed,Z"), 0xe9, 0x64]),
  });
  await expect(page.getByText(/Windows-1252/)).toBeVisible();
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByText("Zéd").first()).toBeVisible();
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
