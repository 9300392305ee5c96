import { expect, test } from "vitest";
import { render } from "vitest-browser-react";
import { expectAccessible } from "../../../tests/axe";
import { count } from "../../counting/count";
import { mergeEqual } from "../../counting/places";
import { presentResult } from "../../counting/present";
import { boxOf, Random } from "../../counting/testing/random";
import type { Election, Method } from "../../counting/types";
import { ResultChart } from "./ResultChart";
import { RunoffChart } from "./RunoffChart";
import { StandingsChart } from "./StandingsChart";

const names = ["Mirelle", "Thorn", "Oda", "Yseult"];
const ballots = [
  [0, 1],
  [0, 1],
  [0, 2],
  [1, 2],
  [1, 0],
  [2, 1],
  [3, 2],
];

function result(method: Method, seats = 1) {
  const election: Election = { method, picksPerVoter: 2, seats, entries: 4, rankings: mergeEqual(ballots) };
  return { method, ...presentResult(boxOf(election, names, new Random(1)).entries, count(election)) };
}

const texts = (elements: { elements: () => Element[] }) => elements.elements().map((it) => it.textContent);

test("split bars say the number of picks by position, and a table says the same", async () => {
  const page = await render(<ResultChart {...result("WEIGHTED")} />);
  await expect
    .element(page.getByLabelText("Parts of the bars, from the left"))
    .toHaveTextContent("1st picks2nd picks");
  const bars = page.getByRole("listitem").filter({ hasText: "Mirelle" });
  await expect.element(bars).toHaveTextContent("Place 1MirelleWon7 points31");
  await page.getByRole("button", { name: "Show as a table" }).click();
  expect(texts(page.getByRole("columnheader"))).toEqual([
    "Place",
    "Entry",
    "1st picks",
    "2nd picks",
    "Points",
  ]);
  expect(texts(page.getByRole("row").nth(1).getByRole("cell"))).toEqual(["1", "3", "1", "7"]);
  await expectAccessible();
});

test("rounds show who is eliminated, exhausted ballots and the winner", async () => {
  const page = await render(<ResultChart {...result("INSTANT_RUNOFF")} />);
  const table = page.getByRole("table", { name: "Votes by round" });
  expect(texts(table.getByRole("columnheader"))).toEqual([
    "Entry",
    "Round 1",
    "Round 2",
    "Round 3",
    "Round 4",
  ]);
  await expect.element(table.getByRole("row", { name: /^Yseult/ })).toHaveTextContent("Yseult1Eliminated");
  await expect.element(table.getByRole("row", { name: /^Thorn/ })).toHaveTextContent("Thorn223+1Eliminated");
  await expect.element(table.getByRole("row", { name: /^Mirelle/ })).toHaveTextContent("Mirelle3334+1Won");
  await expect.element(table.getByRole("row", { name: /^Exhausted/ })).toHaveTextContent("Exhausted0013");
  await expect.element(table.getByRole("row", { name: /^Tie/ })).toHaveTextContent("TieBrokenBrokenBroken");
  await expectAccessible();
});

test("comparisons show the ballots, the chains, and who wins", async () => {
  const page = await render(<ResultChart {...result("SCHULZE")} />);
  const table = page.getByRole("table", { name: "Ballots that prefer the entry of the row" });
  expect(texts(table.getByRole("row").nth(1).getByRole("cell"))).toEqual(["", "3", "4 ✓ wins", "4 ✓ wins"]);
  await expect.element(page.getByRole("table", { name: "Strength of the strongest chain" })).toBeVisible();
  await expectAccessible();
});

test("stages show the quota, transfers and exclusions", async () => {
  const page = await render(<ResultChart {...result("SINGLE_TRANSFERABLE_VOTE", 2)} />);
  await expect.element(page.getByText("The quota is")).toHaveTextContent("The quota is 3 votes");
  const table = page.getByRole("table", { name: "Votes by stage" });
  await expect.element(table.getByRole("row", { name: /^Mirelle/ })).toHaveTextContent("3Elected");
  await expect.element(table.getByRole("row", { name: /^Yseult/ })).toHaveTextContent("Excluded");
  await expectAccessible();
});

test("a long list shows 30 rows until the rest is asked for", async () => {
  const standings = Array.from({ length: 200 }, (_, index) => ({
    place: index + 1,
    entry: { id: `E${index}`, name: `Entry ${index + 1}` },
    points: 200 - index,
    pickCounts: [200 - index],
  }));
  const page = await render(<StandingsChart method="APPROVAL" standings={standings} />);
  expect(page.getByRole("listitem").elements()).toHaveLength(30);
  await page.getByRole("button", { name: "Show all 200" }).click();
  expect(page.getByRole("listitem").elements()).toHaveLength(200);
});

test("a long count shows its first and last rounds until the rest is asked for", async () => {
  const entries = Array.from({ length: 60 }, (_, index) => ({ id: `E${index}`, name: `Entry ${index + 1}` }));
  const rounds = entries.map((_, index) => ({
    number: index + 1,
    counts: entries.slice(index).map((entry) => ({ entry, votes: 1 })),
    exhausted: index,
    eliminated: entries.slice(index, index + 1),
    tieBroken: false,
  }));
  const page = await render(<RunoffChart rounds={rounds} />);
  expect(page.getByRole("columnheader").elements()).toHaveLength(9);
  expect(page.getByRole("row").elements()).toHaveLength(32);
  await expect
    .element(page.getByText("the first and the last 7 of 60 columns and 30 of 60 entries"))
    .toBeVisible();
  await page.getByRole("button", { name: "Show all" }).click();
  expect(page.getByRole("columnheader").elements()).toHaveLength(61);
  expect(page.getByRole("row").elements()).toHaveLength(62);
});

test("a method of a newer server shows plain bars", async () => {
  const page = await render(<ResultChart {...result("APPROVAL")} method="QUADRATIC" />);
  await expect.element(page.getByRole("listitem").first()).toHaveTextContent("points");
});
