import axe, { type RunOptions } from "axe-core";
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

/**
 * Checks what holds for every page and state: WCAG 2.2 AA in both themes, and no sideways scrolling and nothing beyond the edge
 * at 320 px, nor there with text of twice the size.
 */
export async function expectGoodPage(page: Page) {
  // The frame before it has none.
  await expect(page.locator("h1").first()).toBeAttached();
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    expect(await violationsOf(page, colorScheme === "light"), `axe in the ${colorScheme} theme`).toEqual([]);
  }
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  expect(await overflowOf(page), "sideways scrolling at 320 px").toEqual([]);
  await page.evaluate(() => document.documentElement.style.setProperty("font-size", "200%"));
  expect(await overflowOf(page), "sideways scrolling at 320 px with text of 200 %").toEqual([]);
  await page.setViewportSize({ width: 640, height: 900 });
  expect(await overflowOf(page), "sideways scrolling at 640 px with text of 200 %").toEqual([]);
  await page.evaluate(() => document.documentElement.style.removeProperty("font-size"));
  if (size) await page.setViewportSize(size);
}

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The rules whose result depends on the theme. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

/** What axe finds, by all rules or by those about colours. */
async function violationsOf(page: Page, onlyColours: boolean) {
  const options: RunOptions = onlyColours
    ? { runOnly: { type: "rule", values: OF_COLOURS } }
    : { runOnly: { type: "tag", values: TAGS } };
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  return page.evaluate(async (options) => {
    const runner = (window as unknown as { axe: typeof axe }).axe;
    const { violations } = await runner.run(document, options);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  }, options);
}

/** The elements beyond the edge: those that make the page scroll sideways, and those that are cut off there. */
const overflowOf = (page: Page) =>
  page.evaluate(() => {
    const width = window.innerWidth;
    const canScroll = (element: Element | null): boolean =>
      element !== null &&
      (["auto", "scroll"].includes(getComputedStyle(element).overflowX) || canScroll(element.parentElement));
    const wide = [...document.body.querySelectorAll("*")].filter((element) => {
      const { left, right } = element.getBoundingClientRect();
      const isShown = element.checkVisibility({ visibilityProperty: true });
      return isShown && (right > width + 1 || left < -1) && !canScroll(element.parentElement);
    });
    const names = wide.map((element) => element.outerHTML.slice(0, 120));
    return document.documentElement.scrollWidth > width ? ["The page scrolls.", ...names] : names;
  });
