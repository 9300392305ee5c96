import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readBox } from "./box";
import { checkBox } from "./checkBox";
import { count } from "./count";
import { boxOf, Random } from "./testing/random";
import type { Election, Method } from "./types";

interface Published {
  title: string;
  entries: string[];
  ballots: { count: number; picks: string[] }[];
  outcomes: {
    method: Method;
    picksPerVoter: number;
    seats: number;
    winners: string[];
    places: Record<string, number>;
    points: Record<string, number>;
  }[];
}

const folder = "../data/elections";
const files = readdirSync(folder);

test("there are published elections", () => {
  expect(files.length).toBeGreaterThanOrEqual(30);
});

test.for(files)("%s has its published outcomes", (file) => {
  const published = JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as Published;
  expect(published.outcomes.length).toBeGreaterThan(0);
  for (const { method, picksPerVoter, seats, winners, places, points } of published.outcomes) {
    const election: Election = {
      method,
      picksPerVoter,
      seats,
      entries: published.entries.length,
      rankings: published.ballots.map(({ count: ballots, picks }) => ({
        ballots,
        // A ballot of the file may rank more entries than this outcome's voters pick.
        picks: picks.slice(0, picksPerVoter).map((pick) => published.entries.indexOf(pick)),
      })),
    };
    const outcome = count(election);
    const name = (entry: number): string => published.entries[entry] ?? "";
    expect(outcome.winners.map(name), method).toEqual(winners);
    expect(Object.fromEntries(outcome.standings.map((row) => [name(row.entry), row.place])), method).toEqual(
      places,
    );
    expect(Object.fromEntries(outcome.standings.map((row) => [name(row.entry), row.points])), method).toEqual(
      points,
    );
    const box = boxOf(election, published.entries, new Random(1));
    expect(checkBox(readBox(JSON.stringify(box))).ok).toBe(true);
  }
});
