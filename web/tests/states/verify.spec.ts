import { readFileSync } from "node:fs";
import type { Page } from "playwright/test";
import { expect, expectGoodPage, test } from "./checks";
import { GUILD, standIn } from "./stand-in";

const tables = new URL("../../src/counting/testing/tables.jsonl", import.meta.url);
const boxes = readFileSync(tables, "utf8")
  .trim()
  .split("\n")
  .map(
    (line) =>
      (
        JSON.parse(line) as {
          file: { method: string; standings: { points: number }[]; ballots: { picks: string[] }[] };
        }
      ).file,
  );

async function open(page: Page) {
  const api = await standIn(page, { me: null, guild: GUILD });
  await page.goto("/verify");
  await expect(page.getByRole("heading", { level: 1, name: "Verify a vote" })).toBeVisible();
  return api;
}

const choose = (page: Page, text: string) =>
  page
    .getByLabel("Ballot box file")
    .setInputFiles({ name: "box.json", mimeType: "application/json", buffer: Buffer.from(text) });

for (const [method, table] of [
  ["INSTANT_RUNOFF", "Votes by round"],
  ["SCHULZE", "Strength of the strongest chain"],
  ["SINGLE_TRANSFERABLE_VOTE", "Votes by stage"],
] as const) {
  test(`a valid box of ${method}, with its table`, async ({ page }) => {
    const api = await open(page);
    const before = api.operations.length;
    await choose(page, JSON.stringify(boxes.find((box) => box.method === method)));
    await expect(page.getByText("Everything matches")).toBeVisible();
    await expect(page.getByRole("table", { name: table })).toBeVisible();
    await expectGoodPage(page);
    await page.getByRole("button", { name: "Show as a table" }).click();
    await expect(page.getByRole("table", { name: "Standings" })).toBeVisible();
    expect(api.operations.slice(before)).toEqual([]);
  });
}

test("a false box, and a file that is none", async ({ page }) => {
  await open(page);
  await expectGoodPage(page);
  const box = structuredClone(boxes[0]);
  for (const row of box?.standings ?? []) row.points += 1;
  await choose(page, JSON.stringify(box));
  await expect(page.getByText("Something does not match.")).toBeVisible();
  await expectGoodPage(page);
  await choose(page, "Dear officers");
  await expect(page.getByRole("alert")).toHaveText(/^Line 1, column 1: a value should be here/);
  await expectGoodPage(page);
});

test("picks that were swapped break the receipt, and no sentence vouches for them", async ({ page }) => {
  await open(page);
  const box = structuredClone(boxes[0]);
  const ballot = box?.ballots.find(({ picks }) => picks.length > 1);
  expect(ballot?.picks.reverse()).toHaveLength(2);
  await choose(page, JSON.stringify(box));
  await expect(page.getByText("Not every ballot matches its receipt.")).toBeVisible();
  await expect(page.getByText("The digest is that of these receipts, entries and rules.")).toBeVisible();
});
