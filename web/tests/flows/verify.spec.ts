import type { Page } from "playwright/test";
import { readBox } from "../../src/counting/box";
import { PastVotesDocument } from "../../src/gql/graphql";
import type { Api } from "./api";
import { expect, test } from "./site";

/** The ballot box of a vote that is over, as the API gives it and as it reads. */
async function closedVote(api: Api) {
  const { campaigns } = await api.run("leader", PastVotesDocument, { status: "CLOSED", first: 50 });
  // Votes that other flows have closed may have no ballot.
  const vote = campaigns.nodes.find(({ turnout }) => turnout.voted > 100);
  if (!vote) throw new Error("the demo has a closed vote");
  const ballotBox = await api.ballotBox(vote.id);
  return { ...ballotBox, box: readBox(ballotBox.file) };
}

const asFile = (text: string) => ({
  name: "box.json",
  mimeType: "application/json",
  buffer: Buffer.from(text),
});

/** Counts the requests that the page sends from now on, except for its own chunks. */
function watchRequests(page: Page) {
  const urls: string[] = [];
  page.on("request", (request) => {
    const isCode = ["script", "stylesheet", "font"].includes(request.resourceType());
    if (!isCode && !request.url().startsWith("blob:")) urls.push(request.url());
  });
  return urls;
}

test("a visitor verifies a vote and finds a ballot, and the page sends nothing", async ({ page, api }) => {
  const { file, digest, box } = await closedVote(api);
  await page.goto("/verify");
  await expect(page.getByRole("heading", { level: 1, name: "Verify a vote" })).toBeVisible();
  await page.waitForLoadState("networkidle");
  const requests = watchRequests(page);
  await page.getByLabel("Ballot box file").setInputFiles(asFile(file));
  await expect(page.getByText("Everything matches")).toBeVisible();
  await expect(page.getByRole("heading", { name: box.title })).toBeVisible();
  await expect(page.getByLabel("Digest", { exact: true })).toHaveValue(digest);
  const [ballot] = box.ballots;
  await page.getByLabel("Your receipt").fill(`Receipt: ${ballot?.receipt}`);
  await page.keyboard.press("Enter");
  await expect(page.getByText("Your ballot is in the box, as number 1.")).toBeVisible();
  const names = new Map(box.entries.map(({ id, name }) => [id, name]));
  for (const pick of ballot?.picks ?? [])
    await expect(page.getByRole("status").getByText(names.get(pick) ?? "")).toBeVisible();
  expect(requests).toEqual([]);
});

test("a changed file is found out, and one that is no ballot box says why", async ({ page, api }) => {
  const { file } = await closedVote(api);
  const box = JSON.parse(file) as { standings: { points: number }[] };
  for (const row of box.standings) row.points += 1;
  await page.goto("/verify");
  // A drop, as from the desktop.
  const dropped = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "box.json"));
    return transfer;
  }, JSON.stringify(box));
  await page.getByText("Drop a ballot box file here").dispatchEvent("drop", { dataTransfer: dropped });
  await expect(page.getByText("Something does not match.")).toBeVisible();
  await expect(page.getByText(/^standings\[0\]: a recount gives/)).toBeVisible();
  await page.getByLabel("Ballot box file").setInputFiles(asFile("[".repeat(100_000)));
  await expect(page.getByRole("alert")).toContainText("the nesting is deeper than 16 levels");
  await page.getByLabel("Ballot box file").setInputFiles(asFile(file));
  await expect(page.getByText("Everything matches")).toBeVisible();
});
