import type { BoxEntry } from "./box";
import type { Outcome } from "./types";

/** A result in the shape of the API's `Campaign`, so that a recounted one shows like one of the server. */
export interface PresentedResult {
  standings: { place: number; entry: BoxEntry; points: number; pickCounts: number[] }[];
  winners: BoxEntry[];
  runoffRounds:
    | {
        number: number;
        counts: { entry: BoxEntry; votes: number }[];
        exhausted: number;
        eliminated: BoxEntry[];
        tieBroken: boolean;
        winner: BoxEntry | null;
      }[]
    | null;
  pairwise: { entry: BoxEntry; preferred: number[]; strengths: number[] }[] | null;
  transfers: {
    quota: number;
    elected: BoxEntry[];
    stages: {
      number: number;
      surplusOf: BoxEntry | null;
      excluded: BoxEntry | null;
      tieBroken: boolean;
      counts: { entry: BoxEntry; votes: number }[];
      nonTransferable: number;
      elected: BoxEntry[];
    }[];
  } | null;
}

export function presentResult(entries: readonly BoxEntry[], outcome: Outcome): PresentedResult {
  const entry = (index: number): BoxEntry => entries[index] ?? { id: "", name: "" };
  const optional = (index: number | null): BoxEntry | null => (index === null ? null : entry(index));
  const { rounds, pairwise, transfers } = outcome;
  return {
    standings: outcome.standings.map((row) => ({ ...row, entry: entry(row.entry) })),
    winners: outcome.winners.map(entry),
    runoffRounds:
      rounds?.map((round, index) => ({
        number: index + 1,
        counts: round.counts.map((count) => ({ entry: entry(count.entry), votes: count.votes })),
        exhausted: round.exhausted,
        eliminated: round.eliminated === null ? [] : [entry(round.eliminated)],
        tieBroken: round.tieBroken,
        winner: optional(round.winner),
      })) ?? null,
    pairwise:
      pairwise?.preferred.map((preferred, index) => ({
        entry: entry(index),
        preferred,
        strengths: pairwise.strengths[index] ?? [],
      })) ?? null,
    transfers: transfers
      ? {
          quota: transfers.quota,
          elected: outcome.winners.map(entry),
          stages: transfers.stages.map((stage, index) => ({
            number: index + 1,
            surplusOf: optional(stage.surplusOf),
            excluded: optional(stage.excluded),
            tieBroken: stage.tieBroken,
            counts: stage.votes
              .map((votes, at) => ({ entry: entry(at), votes: inVotes(votes) }))
              .sort((a, b) => b.votes - a.votes),
            nonTransferable: inVotes(stage.nonTransferable),
            elected: stage.elected.map(entry),
          })),
        }
      : null,
  };
}

/** Units of 1/100,000 as votes, rounded once. */
function inVotes(units: bigint): number {
  return Number(units) / 100_000;
}
