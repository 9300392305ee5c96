import type { Page } from "playwright/test";
import { CloseVoteDocument } from "../../src/gql/graphql";
import { expect, signIn, test, uniqueName } from "./site";

/** Fills in the ballot by the keyboard alone, and casts it. */
async function voteByKeyboard(page: Page) {
  await page.getByRole("button", { name: "Thorn", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Hex", exact: true })).toBeFocused();
  await page.keyboard.press("1");
  await expect(page.getByRole("list", { name: "Your order" }).getByRole("listitem").first()).toContainText(
    "Hex",
  );
  await page.getByRole("button", { name: "Review ballot" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Cast this ballot?" })).toBeFocused();
  await page.getByRole("button", { name: "Cast ballot" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByText("Your ballot is cast.")).toBeVisible();
}

test("a member ranks by keyboard, sees the result, and recounts it", async ({ page, api }) => {
  const id = await api.startVote();
  await signIn(page, "member");
  await page.goto(`/votes/${id}`);
  await expect(page.getByRole("heading", { name: "The standings are hidden" })).toBeVisible();
  await voteByKeyboard(page);
  const receipt = await page.getByLabel("Receipt").inputValue();
  expect(receipt).toMatch(/^[0-9a-f]{64}$/);
  // The standings show after the own ballot, and move without a reload.
  await expect(page.getByText("beats 3").first()).toBeVisible();
  await api.run("leader", CloseVoteDocument, { id });
  await expect(page.getByText("Winner", { exact: true })).toBeVisible();
  await page.getByRole("button", { name: "Check the count" }).click();
  await expect(page.getByText("Everything matches")).toBeVisible();
  await expect(page.getByText(/Your ballot is in the box/)).toBeVisible();
});

test("an officer takes a vote from draft to result", async ({ page }) => {
  const title = uniqueName();
  await signIn(page, "officer");
  await page.goto("/votes");
  await page.getByRole("link", { name: "New vote" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill(title);
  await page.getByText("Pick one", { exact: true }).click();
  await page.getByRole("button", { name: "Create draft" }).click();
  await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
  await expect(page.getByText("It needs at least two entries.")).toBeVisible();
  const name = page.getByLabel("Name of a new entry");
  for (const entry of ["Karazhan", "Sunwell"]) {
    await name.fill(entry);
    await name.press("Enter");
  }
  await page.getByRole("button", { name: "Save entries" }).click();
  await expect(page.getByText("Entries saved")).toBeVisible();
  await page.getByRole("button", { name: "Start the vote" }).click();
  const dialog = page.getByRole("dialog", { name: "Start this vote now?" });
  await expect(dialog.getByText(/may vote: \d+ now/)).toBeVisible();
  await dialog.getByRole("button", { name: "Start the vote" }).click();
  await expect(page).toHaveURL(/\/votes\/[^/]+$/);
  await page.getByRole("button", { name: "Sunwell", exact: true }).click();
  await page.getByRole("button", { name: "Review ballot" }).click();
  await page.getByRole("button", { name: "Cast ballot" }).click();
  await expect(page.getByText("Your ballot is cast.")).toBeVisible();
  await page.getByRole("button", { name: "Close now" }).click();
  await page.getByRole("button", { name: "Close the vote" }).click();
  await expect(page.getByText("Winner", { exact: true })).toBeVisible();
  await expect(page.getByText(/, by an officer/)).toBeVisible();
});

test("a cancelled vote has no result, and its ballots keep their receipts", async ({ page, api }) => {
  const id = await api.startVote();
  await signIn(page, "leader");
  await page.goto(`/votes/${id}`);
  await voteByKeyboard(page);
  await page.getByRole("button", { name: "Cancel the vote" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel this vote?" });
  await expect(dialog.getByRole("button", { name: "Cancel the vote" })).toBeDisabled();
  await dialog.getByLabel("Reason").fill("The raid is off.");
  await dialog.getByRole("button", { name: "Cancel the vote" }).click();
  await expect(page.getByRole("heading", { name: "This vote was cancelled" })).toBeVisible();
  await expect(page.getByText("The raid is off.")).toBeVisible();
  await expect(page.getByLabel("Receipt")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Standings" })).toHaveCount(0);
});
