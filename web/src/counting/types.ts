/** The methods that docs/voting.md defines. */
export const METHODS = [
  "WEIGHTED",
  "APPROVAL",
  "INSTANT_RUNOFF",
  "SCHULZE",
  "SINGLE_TRANSFERABLE_VOTE",
] as const;

export type Method = (typeof METHODS)[number];

/** Entries of a ballot by their index in the listed order, best first, and the number of ballots that are equal. */
export interface Ranking {
  picks: readonly number[];
  ballots: number;
}

/** All that a count needs. Entries are numbered in the listed order. */
export interface Election {
  method: Method;
  picksPerVoter: number;
  seats: number;
  entries: number;
  rankings: readonly Ranking[];
}

export interface Placement {
  entry: number;
  /** From 1. Equal entries share a place, and the places after them are skipped. */
  place: number;
  points: number;
  /** `pickCounts[i]` ballots have the entry at position i + 1. */
  pickCounts: number[];
}

export interface RunoffRound {
  /** Votes of each remaining entry, most first. */
  counts: { entry: number; votes: number }[];
  /** Ballots without a remaining entry. */
  exhausted: number;
  eliminated: number | null;
  winner: number | null;
  tieBroken: boolean;
}

export interface Pairwise {
  /** `preferred[a][b]` ballots prefer a to b. */
  preferred: number[][];
  /** The strength of the strongest chain of won comparisons from a to b. */
  strengths: number[][];
}

export interface TransferStage {
  surplusOf: number | null;
  excluded: number | null;
  tieBroken: boolean;
  /** Votes of all entries in listed order, in units of 1/100,000 vote. */
  votes: bigint[];
  nonTransferable: bigint;
  elected: number[];
}

export interface Transfers {
  quota: number;
  stages: TransferStage[];
}

export interface Outcome {
  standings: Placement[];
  winners: number[];
  rounds?: RunoffRound[];
  pairwise?: Pairwise;
  transfers?: Transfers;
}

/**
 * Whether only the listed order separates the winners from the others. `unknown` if there are too many ties to follow.
 * `work` is the number of ballots and entries that were read to find out.
 */
export interface OrderDecision {
  decided: "yes" | "no" | "unknown";
  work: number;
}
