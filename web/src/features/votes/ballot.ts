// The ballot that a member is filling in: pure rules, without a page or a network.
import type { VotingMethod } from "../../gql/graphql.ts";

/** What a ballot has to look like. */
export interface BallotRules {
  method: VotingMethod;
  /** `Campaign.picksPerVoter`: exactly this many for `WEIGHTED`, at most this many for other methods. */
  picksPerVoter: number;
}

/** Ids of the picked entries, first choice first. */
export type Picks = readonly string[];

/** Whether the order of the picks counts. */
export const isOrdered = ({ method }: BallotRules): boolean => method !== "APPROVAL";

/** Whether another entry can be picked. */
export const hasRoom = (picks: Picks, rules: BallotRules): boolean => picks.length < rules.picksPerVoter;

/** Appends an entry, or takes it back. A full ballot stays as it is. */
export function toggle(picks: Picks, entry: string, rules: BallotRules): Picks {
  if (picks.includes(entry)) return picks.filter((it) => it !== entry);
  return hasRoom(picks, rules) ? [...picks, entry] : picks;
}

/**
 * Puts an entry at a position, counted from 1, and picks it if necessary. Positions after the last pick mean the last one.
 * A full ballot takes no further entry.
 */
export function place(picks: Picks, entry: string, position: number, rules: BallotRules): Picks {
  if (!picks.includes(entry) && !hasRoom(picks, rules)) return picks;
  const others = picks.filter((it) => it !== entry);
  const index = Math.min(Math.max(position - 1, 0), others.length);
  return [...others.slice(0, index), entry, ...others.slice(index)];
}

/** Moves a pick up (-1) or down (1). */
export function move(picks: Picks, entry: string, by: -1 | 1): Picks {
  const from = picks.indexOf(entry);
  const to = from + by;
  if (from < 0 || to < 0 || to >= picks.length) return picks;
  const others = picks.filter((it) => it !== entry);
  return [...others.slice(0, to), entry, ...others.slice(to)];
}

/** Removes picks of entries that the vote does not have, duplicates, and picks beyond the allowed number. */
export function onlyValid(picks: Picks, entries: ReadonlySet<string>, rules: BallotRules): Picks {
  return [...new Set(picks)].filter((it) => entries.has(it)).slice(0, rules.picksPerVoter);
}

/** Whether the ballot can be cast as it is. */
export function isComplete(picks: Picks, rules: BallotRules): boolean {
  return rules.method === "WEIGHTED" ? picks.length === rules.picksPerVoter : picks.length >= 1;
}

/** The position that a key stands for: `1` to `9`, and `0` for the tenth. */
export function positionOfKey(key: string): number | undefined {
  return /^[0-9]$/.test(key) ? Number(key) || 10 : undefined;
}

/** What is asked of the voter, such as "Choose 3 entries in order". */
export function instruction(rules: BallotRules): string {
  const { picksPerVoter: most } = rules;
  if (rules.method === "WEIGHTED") {
    return most === 1 ? "Choose one entry." : `Choose exactly ${most} entries, your first choice first.`;
  }
  if (!isOrdered(rules)) return most === 1 ? "Choose one entry." : `Choose up to ${most} entries.`;
  return most === 1 ? "Choose one entry." : `Choose up to ${most} entries, your first choice first.`;
}

/** How far the ballot is, such as "2 of 3 chosen". */
export function progress(picks: Picks, rules: BallotRules): string {
  const missing = rules.picksPerVoter - picks.length;
  if (rules.method === "WEIGHTED" && missing > 0 && picks.length > 0) {
    return `${picks.length} of ${rules.picksPerVoter} chosen, ${missing} more to choose`;
  }
  return `${picks.length} of ${rules.method === "WEIGHTED" ? "" : "at most "}${rules.picksPerVoter} chosen`;
}

const ORDINALS = [
  "first",
  "second",
  "third",
  "fourth",
  "fifth",
  "sixth",
  "seventh",
  "eighth",
  "ninth",
  "tenth",
];

/** A position in words, such as "second", or "12th" beyond the tenth. */
export function ordinal(position: number): string {
  const word = ORDINALS[position - 1];
  if (word) return word;
  const [tens, units] = [Math.trunc(position / 10) % 10, position % 10];
  const suffix = tens === 1 ? "th" : (["th", "st", "nd", "rd"][units] ?? "th");
  return `${position}${suffix}`;
}

/** What changed for one entry, for people who listen: "Mirelle: second of three". */
export function describeChange(
  name: string,
  entry: string,
  before: Picks,
  after: Picks,
  rules: BallotRules,
): string {
  const position = after.indexOf(entry) + 1;
  if (after === before) {
    return position === 0
      ? `The ballot is full: ${progress(before, rules)}. Take an entry back first.`
      : `${name}: no change.`;
  }
  if (position === 0) return `${name}: taken back. ${progress(after, rules)}.`;
  if (!isOrdered(rules)) return `${name}: chosen. ${progress(after, rules)}.`;
  return `${name}: ${ordinal(position)} of ${after.length}.`;
}
