// The audit log and the guild's settings.
import { expect, expectGoodPage, test } from "./checks";
import { type Fixture, leaderFixture, listOf, memberFixture, refusal, startAs } from "./stand-in";

const event = (id: string, more: Fixture = {}): Fixture => ({
  id,
  at: "2026-11-29T12:00:00Z",
  action: "member.update",
  summary: `Change ${id}`,
  actor: { ...memberFixture(), id: "m7", displayName: "مريم" },
  actorRank: "Officer",
  ...more,
});

test.describe("the audit log", () => {
  const EVENTS = [
    event("1", { subject: { ...memberFixture(), id: "m9" } }),
    event("2", { subject: { __typename: "Campaign", id: "vote-1" }, summary: "x".repeat(200) }),
    event("3", { actor: null, actorRank: null, summary: "Synced 12 ranks with Discord" }),
  ];

  test("links to what changed, and filters by member", async ({ page }) => {
    const filters: Fixture[] = [];
    await startAs(page, leaderFixture(), {
      auditLog: ({ filter }: { filter: Fixture }) => {
        filters.push({ ...filter });
        return listOf(EVENTS);
      },
    });
    await page.goto("/admin/audit?kind=members&from=2026-11-01&to=2026-11-30");
    const rows = page.getByRole("list", { name: "Changes" }).getByRole("listitem");
    await expect(rows).toHaveCount(3);
    await expect(page.getByRole("link", { name: "Change 1" })).toHaveAttribute("href", "/members/m9");
    await expectGoodPage(page);
    expect(filters[0]).toMatchObject({ from: "2026-10-31T23:00:00.000Z", to: "2026-11-30T23:00:00.000Z" });
    expect(filters[0]?.actions).toContain("member.update");
    await rows.nth(0).getByRole("button", { name: "Only theirs: changes by مريم" }).click();
    await expect(page).toHaveURL(/member=m7/);
    await expect(page.getByRole("button", { name: "Changes by everyone" })).toBeVisible();
    expect(filters.at(-1)).toMatchObject({ actorId: "m7" });
    await expectGoodPage(page);
  });

  test("says when nothing was changed, or nothing fits the filters", async ({ page }) => {
    await startAs(page, leaderFixture(), { auditLog: listOf([]) });
    await page.goto("/admin/audit");
    await expect(page.getByRole("heading", { name: "Nothing has been changed yet" })).toBeVisible();
    await expectGoodPage(page);
    await page.getByLabel("Kind").selectOption("votes");
    await expect(page.getByRole("heading", { name: "No change fits these filters" })).toBeVisible();
    await expectGoodPage(page);
  });
});

test.describe("the guild's settings", () => {
  test("save at once when something has changed, and show refusals at their fields", async ({ page }) => {
    const state = await startAs(page, leaderFixture(), {
      updateGuild: refusal("BAD_USER_INPUT", "The name has an unknown character.", { field: "name" }),
    });
    await page.goto("/admin/guild");
    await expect(page.getByRole("button", { name: "Save" })).toBeDisabled();
    await expectGoodPage(page);
    await page.getByLabel("Name").fill("Emberwatch II");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByLabel("Name")).toBeFocused();
    await expect(page.getByText("The name has an unknown character.")).toBeVisible();
    await expectGoodPage(page);
    state.root.updateGuild = { guild: { id: "guild-1", name: "Emberwatch II", region: "EU" } };
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Guild saved")).toBeVisible();
    await expect(page.getByRole("banner").getByText("Emberwatch II")).toBeVisible();
  });
});

for (const [path, title, permission] of [
  ["/admin/audit", "Audit log", "See the audit log"],
  ["/admin/guild", "Guild", "Manage the guild"],
  ["/admin/discord", "Discord", "Manage Discord"],
] as const) {
  test(`${path} loads, fails, is offline, and names the permission`, async ({ page }) => {
    const state = await startAs(page, memberFixture(), { auditLog: listOf([]) });
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
    await expect(page.getByText(`It is for ranks with the permission “${permission}”.`)).toBeVisible();
    await expectGoodPage(page);
    state.root.me = leaderFixture();
    state.mode = "loading";
    await page.reload();
    await expect(page.getByText("Loading…").first()).toBeAttached();
    await expectGoodPage(page);
    state.mode = "failing";
    await page.reload();
    await expect(page.getByRole("alert")).toContainText("bb3a044906843778");
    await expectGoodPage(page);
    state.mode = "offline";
    await page.reload();
    await expect(page.getByRole("heading", { name: "The server cannot be reached" })).toBeVisible();
    await expectGoodPage(page);
    state.root.me = null;
    state.mode = "normal";
    await page.evaluate(() => localStorage.clear());
  });
}

test("a visitor of an officers' page can sign in, and returns to it", async ({ page }) => {
  await startAs(page, null);
  await page.goto("/admin/audit");
  await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/login\?from=%2Fadmin%2Faudit$/);
});
