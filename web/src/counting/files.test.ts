import { expect, test } from "vitest";
import type { BallotBox } from "./box";
import { receiptOf } from "./receipts";
import { Recounter, type RecountReport } from "./recount";
import { Random, randomBox } from "./testing/random";
import { METHODS } from "./types";

const box = randomBox("APPROVAL", new Random(55));
const valid = JSON.stringify(box, null, 2);

async function check(file: string | Blob): Promise<string | RecountReport> {
  const response = await new Recounter().respond({ id: 1, kind: "check", file });
  if (response.kind === "failure") return response.message;
  if (response.kind === "report") return response.report;
  throw new Error("a check is answered with a report");
}

/** The problems of a box, by check. */
async function problems(change: (copy: BallotBox) => void): Promise<Record<string, string[]>> {
  const copy = structuredClone(box);
  change(copy);
  const report = await check(JSON.stringify(copy));
  if (typeof report === "string") throw new Error(report);
  const failed = report.checks.filter((it) => !it.ok);
  expect(report.ok).toBe(failed.length === 0);
  return Object.fromEntries(failed.map((it) => [it.name, it.problems]));
}

const withField = (field: string, value: string): string => valid.replace(/^\{/, `{"${field}": ${value},`);
const replaced = (field: string, value: unknown): string => JSON.stringify({ ...box, [field]: value });

test.for<[string, string | Blob, string]>([
  ["empty", "", "Line 1, column 1: a value should be here, not the end of the file."],
  [
    "cut",
    valid.slice(0, valid.indexOf('"title"') + 9),
    "Line 4, column 12: a value should be here, not the end of the file.",
  ],
  ["text", "Dear officers", 'Line 1, column 1: a value should be here, not "D".'],
  ["trailing", `${valid} {}`, 'the end of the file should be here, not "{".'],
  ["comma", "[1 2]", 'Line 1, column 4: a comma or ] should be here, not "2".'],
  ["open text", '{"format": "guild', "Line 1, column 12: a text has no closing quote."],
  ["line break in a text", '["a\nb"]', "a text has a line break or another control character in it."],
  ["escape", '["\\x"]', "a text has an unknown escape."],
  ["half a character", '["\\ud800"]', "a text has half a character in it."],
  ["key twice", withField("title", '"Another"'), 'the name "title" is there twice.'],
  ["deep", "[".repeat(1_000_000), "the nesting is deeper than 16 levels."],
  [
    "deep in place",
    replaced("title", JSON.parse("[".repeat(9) + "]".repeat(9))),
    "title: a text in quotes should be here, not a list.",
  ],
  ["list", "[]", "The file: an object in { } should be here, not a list."],
  ["no field", "{}", 'The file: the field "format" is missing.'],
  [
    "prototype key",
    withField("__proto__", '{"format": "x"}'),
    'The file: this page does not know the field "__proto__".',
  ],
  [
    "constructor",
    withField("constructor", "1"),
    'The file: this page does not know the field "constructor".',
  ],
  [
    "other format",
    replaced("format", "guildhall ballot box 2"),
    'format: this page reads "guildhall ballot box 1", not "guildhall ballot box 2".',
  ],
  ["method", replaced("method", "toString"), 'method: this page does not know the method "toString".'],
  ["no entries", replaced("entries", []), "entries: a vote has at least one entry."],
  [
    "entries",
    replaced(
      "entries",
      Array.from({ length: 201 }, (_, index) => ({ id: `E${index}`, name: "x" })),
    ),
    "entries: this page reads up to 200, and the file has 201.",
  ],
  ["seats", replaced("seats", 1e9), "seats: a whole number from 1 to 100 should be here, not 1000000000."],
  [
    "picks",
    replaced("picksPerVoter", 0),
    "picksPerVoter: a whole number from 1 to 10 should be here, not 0.",
  ],
  ["fraction", replaced("eligible", 1.5), '"1.5" is not a whole number in plain digits.'],
  ["exponent", "[1e0]", 'Line 1, column 2: "1e0" is not a whole number in plain digits.'],
  ["number as text", replaced("seats", "1"), "seats: a number should be here, not a text."],
  ["null", replaced("winners", null), "winners: a list in [ ] should be here, not null."],
  [
    "pick",
    replaced("ballots", [{ receipt: "", nonce: "", picks: [7] }]),
    "ballots[0].picks[0]: a text in quotes should be here, not a number.",
  ],
  ["ballot", replaced("ballots", [null]), "ballots[0]: an object in { } should be here, not null."],
  [
    "voter",
    replaced("ballots", [{ receipt: "", nonce: "", picks: [], voter: "x" }]),
    'ballots[0]: this page does not know the field "voter".',
  ],
  [
    "flag",
    replaced("decidedByListedOrder", "false"),
    "decidedByListedOrder: true or false should be here, not a text.",
  ],
  [
    "bytes",
    new Blob([new Uint8Array([0x89, 0x50, 0xff])]),
    "The file is not text. A ballot box is a JSON file, such as box.json.",
  ],
])("a bad file has a sentence: %s", async ([, file, sentence]) => {
  expect(await check(file)).toContain(sentence);
});

test("files with a byte order mark are read", async () => {
  const utf16 = new Uint8Array(2 + 2 * valid.length);
  new DataView(utf16.buffer).setUint16(0, 0xfeff);
  [...valid].forEach((char, index) => {
    new DataView(utf16.buffer).setUint16(2 + 2 * index, char.charCodeAt(0));
  });
  for (const file of [`\ufeff${valid}`, new Blob([`\ufeff${valid}`]), new Blob([utf16]), new Blob([valid])]) {
    expect(await check(file)).toMatchObject({ ok: true, ballots: box.ballots.length });
  }
});

test("a false box has a sentence for each problem", async () => {
  expect(await problems(() => undefined)).toEqual({});
  const second = box.ballots[1];
  const first = box.ballots[0];
  if (!first || !second) throw new Error("the box has ballots");
  expect(await problems((copy) => copy.ballots.splice(1, 0, first))).toMatchObject({
    receipts: ["Ballot 2 has the same nonce as an earlier ballot."],
    order: ["Ballot 2 has the same receipt as the ballot before it."],
    digest: [expect.stringContaining("The file says")],
  });
  expect(await problems((copy) => copy.ballots.reverse())).toHaveProperty(
    "order.0",
    "Ballot 2 is not in the order of receipts.",
  );
  const swapped = await problems((copy) => {
    const picks = copy.entries.slice(0, 1).map((entry) => entry.id);
    copy.ballots[0] = {
      ...first,
      picks: [...picks, ...picks],
      receipt: receiptOf(copy.campaign, first.nonce, [...picks, ...picks]),
    };
  });
  expect(swapped).toHaveProperty("rules.0", "Ballot 1 picks an entry twice.");
  expect(await problems((copy) => copy.entries.push(...copy.entries.slice(0, 1)))).toHaveProperty(
    "rules.0",
    expect.stringContaining("has the same id as an earlier entry."),
  );
  expect(await problems((copy) => Object.assign(copy, { eligible: 1 }))).toHaveProperty(
    "rules.0",
    `There are ${box.ballots.length} ballots, but only 1 members could vote.`,
  );
  expect(await problems((copy) => Object.assign(copy, { title: "a\nb" }))).toHaveProperty(
    "rules.0",
    "title contains a control character.",
  );
  expect(await problems((copy) => Object.assign(copy, { seats: 2 }))).toHaveProperty(
    "rules.0",
    expect.stringContaining("only the single transferable vote"),
  );
  expect(await problems((copy) => copy.winners.pop())).toHaveProperty(
    "result.0",
    expect.stringMatching(/^winners: a recount gives "Entry \d"\. The file says none\.$/),
  );
  // Joined by lines, these ids would equal those of two winners.
  expect(
    await problems((copy) => Object.assign(copy, { winners: [`${copy.winners.join("\n")}\n`] })),
  ).toHaveProperty("result");
  expect(await problems((copy) => copy.standings.pop())).toHaveProperty(
    "result.0",
    expect.stringContaining("standings: the file has"),
  );
  const many = await problems((copy) =>
    copy.ballots.forEach((ballot) => {
      ballot.nonce = "0";
    }),
  );
  expect(many.receipts).toHaveLength(10);
});

test("an own ballot is found by its receipt", async () => {
  const recounter = new Recounter();
  await recounter.respond({ id: 1, kind: "check", file: valid });
  const ballot = box.ballots[2];
  const found = await recounter.respond({ id: 2, kind: "find", receipt: ballot?.receipt ?? "" });
  expect(found).toMatchObject({ kind: "found", ballot: { number: 3, receipt: ballot?.receipt } });
  expect(await recounter.respond({ id: 3, kind: "find", receipt: "0" })).toEqual({
    id: 3,
    kind: "found",
    ballot: null,
  });
});

test("long texts of a file are cut for the page", async () => {
  const [first, ...others] = box.entries;
  const entries = [{ id: first?.id ?? "", name: "x".repeat(1_000_000) }, ...others];
  const report = await check(JSON.stringify({ ...box, entries, title: "y".repeat(1_000_000) }));
  if (typeof report === "string") throw new Error(report);
  expect(JSON.stringify(report).length).toBeLessThan(10_000);
});

test.for(METHODS)("the largest votes by %s are counted soon", { timeout: 60_000 }, async (method) => {
  const random = new Random(7);
  const entries = Array.from({ length: 200 }, (_, index) => ({ id: `E${index}`, name: `Entry ${index}` }));
  // Each entry has as many ballots, so that a count by rounds meets one tie after the other.
  const ballots = Array.from({ length: 10_000 }, (_, index) => {
    const picks = Array.from({ length: 10 }, (_, position) => `E${(index + position * 17) % 200}`);
    const nonce = random.nonce();
    return { receipt: receiptOf("V1", nonce, picks), nonce, picks };
  });
  const report = await check(
    JSON.stringify({
      ...box,
      campaign: "V1",
      method,
      picksPerVoter: 10,
      seats: method === "SINGLE_TRANSFERABLE_VOTE" ? 100 : 1,
      eligible: 10_000,
      entries,
      ballots,
    }),
  );
  expect(report).toMatchObject({ ballots: 10_000, ok: false });
});
