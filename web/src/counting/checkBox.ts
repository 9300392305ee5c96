import type { BallotBox, BoxStanding } from "./box";
import { count, decidedByListedOrder } from "./count";
import { digestOf } from "./digest";
import { quote } from "./json";
import { mergeEqual } from "./places";
import { isNonce, receiptOf } from "./receipts";
import type { Election, Outcome } from "./types";

/** What is checked, in this order. */
export const CHECKS = ["receipts", "order", "rules", "digest", "result"] as const;

export type CheckName = (typeof CHECKS)[number];

export interface Check {
  name: CheckName;
  ok: boolean;
  /** The first problems, as sentences. */
  problems: string[];
  /** The number of further problems. */
  more: number;
}

export interface BoxCheck {
  ok: boolean;
  checks: Check[];
  digest: string;
  outcome: Outcome;
  /** `unconfirmed`: the file says something that would take too long to recount. */
  decidedByListedOrder: boolean | "unconfirmed";
}

/** Problems listed for each check. A false file may have one for each ballot. */
const LISTED_PROBLEMS = 10;

/** Ballots read to follow ties, up to which every counter follows them. Beyond, the server may say `true` unseen. */
const FOLLOWED_BY_ALL = 100_000;

/** Checks every ballot against its receipt and the rules, the digest, and the result against a recount. */
export function checkBox(box: BallotBox): BoxCheck {
  const notes = new Notes();
  checkTexts(box, notes);
  const election = checkBallots(box, notes);
  const digest = digestOf(box);
  if (digest !== box.digest) {
    notes.add(
      "digest",
      `The digest of these ballots and rules is ${digest}. The file says ${quote(box.digest)}.`,
    );
  }
  const outcome = count(election);
  compareResult(box, outcome, notes);
  const stated = box.decidedByListedOrder;
  const order = decidedByListedOrder(election);
  const isSure =
    order.decided === "yes" || (order.decided === "no" && (order.work <= FOLLOWED_BY_ALL || !stated));
  const decided = order.decided === "yes";
  if (isSure && stated !== undefined && stated !== decided) {
    notes.add("result", `decidedByListedOrder: a recount gives ${decided}. The file says ${stated}.`);
  }
  const checks = notes.checks();
  const ok = checks.every((check) => check.ok);
  return { ok, checks, digest, outcome, decidedByListedOrder: isSure ? decided : "unconfirmed" };
}

class Notes {
  private readonly problems = new Map<CheckName, { listed: string[]; all: number }>();

  add(check: CheckName, problem: string): void {
    const found = this.problems.get(check) ?? { listed: [], all: 0 };
    this.problems.set(check, found);
    found.all += 1;
    if (found.listed.length < LISTED_PROBLEMS) found.listed.push(problem);
  }

  checks(): Check[] {
    return CHECKS.map((name) => {
      const { listed, all } = this.problems.get(name) ?? { listed: [], all: 0 };
      return { name, ok: all === 0, problems: listed, more: all - listed.length };
    });
  }
}

/** A control character in a text would let different contents have the same lines. */
function checkTexts(box: BallotBox, notes: Notes): void {
  const texts: [string, string][] = [
    ["campaign", box.campaign],
    ["title", box.title],
    ["digest", box.digest],
    ...box.entries.flatMap(({ id, name }, index): [string, string][] => [
      [`entries[${index}].id`, id],
      [`entries[${index}].name`, name],
    ]),
  ];
  for (const [path, text] of texts) {
    if (text === "") notes.add("rules", `${path} is empty.`);
    else if (/\p{Cc}/u.test(text)) notes.add("rules", `${path} contains a control character.`);
  }
  if (box.seats > 1 && box.method !== "SINGLE_TRANSFERABLE_VOTE") {
    notes.add(
      "rules",
      `seats: only the single transferable vote fills several seats, and the file has ${box.seats}.`,
    );
  }
  if (box.ballots.length > box.eligible) {
    notes.add(
      "rules",
      `There are ${box.ballots.length} ballots, but only ${box.eligible} members could vote.`,
    );
  }
}

/** Checks each ballot. Returns the election of those that follow the rules. */
function checkBallots(box: BallotBox, notes: Notes): Election {
  const { method, picksPerVoter, seats } = box;
  const indexOf = new Map<string, number>();
  box.entries.forEach(({ id }, index) => {
    if (indexOf.has(id)) notes.add("rules", `entries[${index}] has the same id as an earlier entry.`);
    else indexOf.set(id, index);
  });
  const nonces = new Set<string>();
  const valid: number[][] = [];
  let previous = "";
  box.ballots.forEach(({ receipt, nonce, picks }, index) => {
    const ballot = `Ballot ${index + 1}`;
    if (receiptOf(box.campaign, nonce, picks) !== receipt) {
      notes.add("receipts", `${ballot} does not match its receipt ${quote(receipt)}.`);
    }
    if (!isNonce(nonce))
      notes.add("receipts", `${ballot} has a nonce that is not 64 lower-case hexadecimal digits.`);
    if (nonces.has(nonce)) notes.add("receipts", `${ballot} has the same nonce as an earlier ballot.`);
    nonces.add(nonce);
    if (receipt === previous) notes.add("order", `${ballot} has the same receipt as the ballot before it.`);
    else if (receipt < previous) notes.add("order", `${ballot} is not in the order of receipts.`);
    previous = receipt;
    const counted = picks.map((pick) => indexOf.get(pick) ?? -1);
    const problem = brokenRule(box, counted);
    if (problem === null) valid.push(counted);
    else notes.add("rules", `${ballot} ${problem}.`);
  });
  return { method, picksPerVoter, seats, entries: box.entries.length, rankings: mergeEqual(valid) };
}

function brokenRule({ method, picksPerVoter }: BallotBox, picks: readonly number[]): string | null {
  if (method === "WEIGHTED" && picks.length !== picksPerVoter) {
    return `has ${picks.length} picks instead of exactly ${picksPerVoter}`;
  }
  if (picks.length === 0) return "has no picks";
  if (picks.length > picksPerVoter) return `has ${picks.length} picks, more than ${picksPerVoter}`;
  if (picks.includes(-1)) return "picks something that is not an entry";
  return new Set(picks).size === picks.length ? null : "picks an entry twice";
}

function compareResult(box: BallotBox, outcome: Outcome, notes: Notes): void {
  const id = (entry: number): string => box.entries[entry]?.id ?? "";
  const name = (wanted: string): string =>
    quote(box.entries.find((entry) => entry.id === wanted)?.name ?? wanted);
  const say = (row: BoxStanding): string =>
    `${name(row.entry)} with place ${row.place}, ${row.points} points, and positions ${row.pickCounts.slice(0, 10).join(", ")}`;
  const recounted = outcome.standings.map((row): BoxStanding => ({ ...row, entry: id(row.entry) }));
  if (recounted.length !== box.standings.length) {
    notes.add(
      "result",
      `standings: the file has ${box.standings.length} rows, but the vote has ${recounted.length} entries.`,
    );
  }
  recounted.forEach((row, index) => {
    const stated = box.standings[index];
    if (!stated || sameRow(row, stated)) return;
    notes.add("result", `standings[${index}]: a recount gives ${say(row)}. The file says ${say(stated)}.`);
  });
  const winners = outcome.winners.map(id);
  if (!sameList(winners, box.winners)) {
    const list = (ids: readonly string[]): string =>
      ids.length === 0 ? "none" : ids.slice(0, 10).map(name).join(", ");
    notes.add("result", `winners: a recount gives ${list(winners)}. The file says ${list(box.winners)}.`);
  }
}

function sameRow(a: BoxStanding, b: BoxStanding): boolean {
  return (
    a.place === b.place &&
    a.entry === b.entry &&
    a.points === b.points &&
    sameList(a.pickCounts, b.pickCounts)
  );
}

function sameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
