import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Recounter } from "./recount";

/**
 * Votes that a server counted, one per line: the ballot box file and what the API shows of rounds, comparisons and
 * stages. Most have ties, surpluses or exhausted ballots.
 */
const votes = readFileSync("src/counting/testing/tables.jsonl", "utf8").trim().split("\n");

test.for(votes.map((vote, index) => [index + 1, vote] as const))(
  "the tables of vote %i equal the server's",
  async ([, vote]) => {
    const { file, ...tables } = JSON.parse(vote) as { file: object; transfers: object | null };
    const response = await new Recounter().respond({ id: 1, kind: "check", file: JSON.stringify(file) });
    expect(response).toMatchObject({ kind: "report", report: { ok: true } });
    if (response.kind === "report") expect(response.report.result).toMatchObject(tables);
  },
);

test("there are votes with tables of each kind", () => {
  expect(votes).toHaveLength(30);
});
