import { countPicks, firstPlace, groupEqual, indices, placeGroups, withoutBallots } from "./places";
import type { Election, Outcome } from "./types";

/** Each pick scores one point, at any position. */
export function approval(election: Election): Outcome {
  if (election.rankings.length === 0) return withoutBallots(election);
  const counts = countPicks(election);
  const points = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  const groups = groupEqual(indices(election.entries), (a, b) => (points[b] ?? 0) - (points[a] ?? 0));
  const standings = placeGroups(groups, (entry) => points[entry] ?? 0, counts);
  return { standings, winners: firstPlace(standings) };
}
