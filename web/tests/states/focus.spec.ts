// WCAG 2.2, 2.4.11: no fixed bar hides the control that has the focus.
import type { Page } from "playwright/test";
import { expect, test } from "./checks";
import { type Fixture, leaderFixture, listOf, memberFixture, startAs } from "./stand-in";
import { draftFixture, RANKS, voteFixture } from "./vote-fixtures";

const many = (make: (index: number) => Fixture) => Array.from({ length: 30 }, (_, index) => make(index));
const entries = many((index) => ({ id: `entry-${index}`, name: `Entry ${index}` }));
const members = many((index) => ({
  ...memberFixture(),
  id: `m-${index}`,
  displayName: `Recruit ${index}`,
  discordUsername: `recruit${index}`,
  viewerActions: ["INVITE", "DELETE"],
}));

/** Presses Tab through the page, and returns the controls of which no point is visible. */
async function hiddenStops(page: Page, key: "Tab" | "Shift+Tab") {
  const hidden: string[] = [];
  for (let stop = 0; stop < 70; stop += 1) {
    await page.keyboard.press(key);
    const name = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return undefined;
      const { left, top, width, height } = element.getBoundingClientRect();
      const parts = [0.1, 0.3, 0.5, 0.7, 0.9];
      const isVisible = parts.some((x) =>
        parts.some((y) => {
          const shown = document.elementFromPoint(left + width * x, top + height * y);
          return shown !== null && (element.contains(shown) || shown.contains(element));
        }),
      );
      return isVisible ? undefined : element.outerHTML.slice(0, 100);
    });
    if (name) hidden.push(name);
  }
  return hidden;
}

for (const [path, me] of [
  ["/votes/vote-1", memberFixture()],
  ["/admin/votes/vote-1", leaderFixture()],
  ["/admin/members", leaderFixture()],
  ["/admin/ranks", leaderFixture()],
  ["/roster", leaderFixture()],
] as const) {
  test(`no bar of ${path} hides the focus`, async ({ page }) => {
    const ranks = many((index) => ({ id: `ladder-${index}`, name: `Rank ${index}`, level: 30 - index }));
    await startAs(page, me, {
      campaign: path.startsWith("/admin")
        ? draftFixture({ entries })
        : voteFixture({ entries, method: "SCHULZE" }),
      ranks: path === "/admin/ranks" ? ranks : RANKS,
      members: listOf(members),
      discordStatus: { connection: "CONNECTED", link: { serverId: "1" } },
    });
    await page.goto(path);
    await expect(page.getByText(/(Entry|Recruit|Rank) 0\b/).first()).toBeAttached();
    for (const [width, height] of [
      [390, 844],
      [320, 560],
      [1280, 720],
    ] as const) {
      await page.setViewportSize({ width, height });
      await page.evaluate(() => window.scrollTo(0, 0));
      expect(await hiddenStops(page, "Tab"), `${width} × ${height}`).toEqual([]);
      expect(await hiddenStops(page, "Shift+Tab"), `${width} × ${height}, backwards`).toEqual([]);
    }
  });
}

test("the bar of a ballot with picks is low on a small phone, and hides no focus", async ({ page }) => {
  await startAs(page, memberFixture(), {
    campaign: voteFixture({ entries, method: "SCHULZE" }),
    ranks: RANKS,
  });
  await page.setViewportSize({ width: 320, height: 568 });
  await page.goto("/votes/vote-1");
  for (const name of ["Entry 0", "Entry 1", "Entry 2"]) {
    await page.getByRole("button", { name, exact: true }).click();
  }
  const buttons = page.locator("div", { has: page.getByRole("button", { name: "Review ballot" }) }).last();
  for (const [width, height] of [
    [320, 568],
    [340, 640],
    [359, 640],
  ] as const) {
    await page.setViewportSize({ width, height });
    const barHeight = await buttons.locator("xpath=..").evaluate((bar) => bar.getBoundingClientRect().height);
    expect(barHeight, `height of the bar at ${width} px`).toBeLessThanOrEqual(7 * 16);
    await page.evaluate(() => window.scrollTo(0, 0));
    expect(await hiddenStops(page, "Tab"), `${width} × ${height}`).toEqual([]);
    expect(await hiddenStops(page, "Shift+Tab"), `${width} × ${height}, backwards`).toEqual([]);
  }
});
