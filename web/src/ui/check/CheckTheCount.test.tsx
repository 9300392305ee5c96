import { expect, test } from "vitest";
import { render } from "vitest-browser-react";
import { expectAccessible } from "../../../tests/axe";
import type { BallotBox } from "../../counting/box";
import { Random, randomBox } from "../../counting/testing/random";
import { CheckTheCount } from "./CheckTheCount";
import type { ShownVote } from "./compareShown";
import { FindBallot } from "./FindBallot";

const box = randomBox("INSTANT_RUNOFF", new Random(2));

/** What a page shows of a box. */
function shownOf({ campaign, digest, standings, winners }: BallotBox): ShownVote {
  return {
    id: campaign,
    digest,
    standings: standings.map((row) => ({ ...row, entry: { id: row.entry } })),
    winners: winners.map((id) => ({ id })),
  };
}

async function check(file: string, receipt?: string, shown = shownOf(box)) {
  const page = await render(<CheckTheCount loadFile={async () => file} shown={shown} receipt={receipt} />);
  await page.getByRole("button", { name: "Check the count" }).click();
  return page;
}

test("a worker counts the ballots and finds the viewer's own", async () => {
  const ballot = box.ballots[4];
  const page = await check(JSON.stringify(box), ballot?.receipt);
  await expect.element(page.getByText("Everything matches")).toBeVisible();
  await expect.element(page.getByText("This page shows the same digest")).toBeVisible();
  await expect.element(page.getByText("Your ballot is in the box, as number 5.")).toBeVisible();
  await expect.element(page.getByLabelText("Digest")).toHaveValue(box.digest);
  await expect.element(page.getByRole("button", { name: "Save the ballots" })).toBeVisible();
  await expectAccessible();
});

test("a false result is named, and so is a missing ballot", async () => {
  const standings = box.standings.map((row, index) =>
    index === 0 ? { ...row, points: row.points + 1 } : row,
  );
  const page = await check(JSON.stringify({ ...box, standings }), "0".repeat(64));
  await expect.element(page.getByText("Something does not match.")).toBeVisible();
  await expect.element(page.getByText(/^standings\[0\]: a recount gives/)).toBeVisible();
  await expect.element(page.getByText("Your ballot is not in the box.")).toBeVisible();
  await expectAccessible();
});

test("a page that shows another result than its file is named", async () => {
  const shown = shownOf(box);
  const page = await check(JSON.stringify(box), undefined, { ...shown, winners: [], digest: "0".repeat(64) });
  await expect.element(page.getByText("Something does not match.")).toBeVisible();
  await expect.element(page.getByText("The page shows other winners.")).toBeVisible();
  await expect.element(page.getByText(/^The page shows the digest 0000/)).toBeVisible();
});

test("a file that is no ballot box, and one that does not arrive, have a sentence", async () => {
  const page = await check("{}");
  await expect.element(page.getByRole("alert")).toHaveTextContent('The file: the field "format" is missing.');
  await page.rerender(
    <CheckTheCount
      loadFile={() => Promise.reject(new Error("The server cannot be reached."))}
      shown={shownOf(box)}
    />,
  );
  await page.getByRole("button", { name: "Check the count" }).click();
  await expect.element(page.getByRole("alert")).toHaveTextContent("The server cannot be reached.");
});

test("a check that waits can be stopped", async () => {
  const page = await render(<CheckTheCount loadFile={() => new Promise(() => {})} shown={shownOf(box)} />);
  await page.getByRole("button", { name: "Check the count" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await expect.element(page.getByRole("button", { name: "Check the count" })).toBeVisible();
});

test("a receipt that is too short or unknown has a sentence", async () => {
  const receipt = box.ballots[0]?.receipt ?? "";
  const entry = { id: "E0", name: "Mirelle" };
  const page = await render(
    <FindBallot
      find={async (wanted) => (wanted === receipt ? { number: 1, receipt, picks: [entry] } : null)}
    />,
  );
  const field = page.getByLabelText("Your receipt");
  const button = page.getByRole("button", { name: "Find my ballot" });
  await field.fill(receipt.slice(1));
  await button.click();
  await expect.element(page.getByRole("alert")).toHaveTextContent("A receipt has 64 hexadecimal digits.");
  await field.fill("0".repeat(64));
  await button.click();
  await expect.element(page.getByRole("alert")).toHaveTextContent("No ballot in this box has this receipt.");
  await field.fill(`Receipt: ${receipt.toUpperCase()}`);
  await button.click();
  await expect.element(page.getByText("Your ballot is in the box, as number 1.")).toBeVisible();
  await expect.element(page.getByRole("listitem")).toHaveTextContent("Mirelle");
});
