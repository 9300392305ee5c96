import { countPicks, firstPlace, groupEqual, indices, placeGroups, withoutBallots } from "./places";
import type { Election, Outcome } from "./types";

/**
 * A Borda count of the voter's picks: of n picks, the r-th scores n − r + 1. First picks break ties of points, then
 * second picks, and so on.
 */
export function weighted(election: Election): Outcome {
  if (election.rankings.length === 0) return withoutBallots(election);
  const counts = countPicks(election);
  const points = counts.map((row) =>
    row.reduce((sum, count, position) => sum + count * (election.picksPerVoter - position), 0),
  );
  const compare = (a: number, b: number): number => {
    const rows = [
      [points[a] ?? 0, ...(counts[a] ?? [])],
      [points[b] ?? 0, ...(counts[b] ?? [])],
    ] as const;
    const differing = rows[0].findIndex((value, index) => value !== rows[1][index]);
    return differing < 0 ? 0 : (rows[1][differing] ?? 0) - (rows[0][differing] ?? 0);
  };
  const groups = groupEqual(indices(election.entries), compare);
  const standings = placeGroups(groups, (entry) => points[entry] ?? 0, counts);
  return { standings, winners: firstPlace(standings) };
}
