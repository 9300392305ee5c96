import axe from "axe-core";
import { test as base, expect, type Page } from "playwright/test";

/** A test in which errors of the page, and violations of the policy, fail. */
export const test = base.extend({
  page: async ({ page }, use) => {
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      // The browser logs a response with an error status, and an end of the connection.
      const isRefusal = message.text().startsWith("Failed to load resource");
      if (message.type() === "error" && !isRefusal) problems.push(message.text());
    });
    await use(page);
    expect(problems, "errors of the page").toEqual([]);
  },
});

export { expect };

/** Checks what holds for every page and state: WCAG 2.2 AA in both themes, and no sideways scrolling at 320 px. */
export async function expectGoodPage(page: Page) {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(axe.source);
    const violations = await page.evaluate(async () => {
      const runner = (window as unknown as { axe: typeof axe }).axe;
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
      const result = await runner.run(document, { runOnly: tags });
      return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
    });
    expect(violations, `axe in the ${colorScheme} theme`).toEqual([]);
  }
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(overflow, "sideways scrolling at 320 px").toBeLessThanOrEqual(0);
  if (size) await page.setViewportSize(size);
}
