import { countPicks, firstPlace, groupEqual, indices, placeGroups, withoutBallots } from "./places";
import type { Election, Outcome, Pairwise } from "./types";

/** Compares entries in pairs. Chains of won comparisons, each as strong as its weakest link, decide cycles. */
export function schulze(election: Election): Outcome {
  const preferred = comparePairs(election);
  const strengths = strongestChains(preferred);
  const pairwise: Pairwise = { preferred, strengths };
  if (election.rankings.length === 0) return { ...withoutBallots(election), pairwise };

  const entries = indices(election.entries);
  const beats = (a: number, b: number): boolean => at(strengths, a, b) > at(strengths, b, a);
  const won = entries.map((a) => entries.filter((b) => beats(a, b)).length);
  const lost = entries.map((a) => entries.filter((b) => beats(b, a)).length);
  const groups = groupEqual(entries, (a, b) => (lost[a] ?? 0) - (lost[b] ?? 0));
  const standings = placeGroups(groups, (entry) => won[entry] ?? 0, countPicks(election));
  return { standings, winners: firstPlace(standings), pairwise };
}

/**
 * How many ballots prefer each entry to each other one. A ballot prefers a listed entry to all that it does not list, so
 * these are the ballots that list the entry, without those that list the other one above it.
 */
function comparePairs({ entries, rankings }: Election): number[][] {
  const listed = new Array<number>(entries).fill(0);
  const above = square(entries);
  for (const { picks, ballots } of rankings) {
    picks.forEach((entry, position) => {
      listed[entry] = (listed[entry] ?? 0) + ballots;
      const row = above[entry];
      for (const lower of picks.slice(position + 1)) if (row) row[lower] = (row[lower] ?? 0) + ballots;
    });
  }
  return indices(entries).map((a) =>
    indices(entries).map((b) => (a === b ? 0 : (listed[a] ?? 0) - at(above, b, a))),
  );
}

/** The widest path between each two entries, by the algorithm of Floyd and Warshall. */
function strongestChains(preferred: readonly number[][]): number[][] {
  const entries = indices(preferred.length);
  const strength = entries.map((a) =>
    entries.map((b) => (at(preferred, a, b) > at(preferred, b, a) ? at(preferred, a, b) : 0)),
  );
  for (const via of entries) {
    const onward = strength[via] ?? [];
    for (const from of entries) {
      const row = strength[from];
      if (!row || from === via) continue;
      const toVia = row[via] ?? 0;
      for (const to of entries) {
        if (to === from || to === via) continue;
        row[to] = Math.max(row[to] ?? 0, Math.min(toVia, onward[to] ?? 0));
      }
    }
  }
  return strength;
}

function square(size: number): number[][] {
  return Array.from({ length: size }, () => new Array<number>(size).fill(0));
}

function at(matrix: readonly number[][], row: number, column: number): number {
  return matrix[row]?.[column] ?? 0;
}
