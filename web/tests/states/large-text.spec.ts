// Text of twice the size by the browser's own setting, which media queries in `em` follow.
import { CHROMIUM } from "../chromium";
import { expect, test } from "./checks";
import { memberFixture, startAs } from "./stand-in";
import { voteFixture } from "./vote-fixtures";

test.use({
  launchOptions: { ...CHROMIUM, args: [...CHROMIUM.args, "--blink-settings=defaultFontSize=32"] },
  viewport: { width: 320, height: 640 },
});

test("the ballot's bar leaves a small screen to the entries", async ({ page }) => {
  await startAs(page, memberFixture(), { campaign: voteFixture() });
  await page.goto("/votes/vote-1");
  const entry = page.getByRole("button", { name: /^Mirelle/ });
  const review = page.getByRole("button", { name: "Review ballot" });
  await entry.click();
  await expect(entry).toBeInViewport();
  await expect(review).not.toBeInViewport();
  await page.setViewportSize({ width: 320, height: 1_280 });
  await entry.scrollIntoViewIfNeeded();
  await expect(entry).toBeInViewport();
  await expect(review).toBeInViewport();
});
