import type { Election, Placement, Ranking } from "./types";

/** How often each entry is at each position: a row for each entry. */
export function countPicks({ entries, picksPerVoter, rankings }: Election): number[][] {
  const counts = Array.from({ length: entries }, () => new Array<number>(picksPerVoter).fill(0));
  for (const { picks, ballots } of rankings) {
    picks.forEach((entry, position) => {
      const row = counts[entry];
      if (row?.[position] !== undefined) row[position] += ballots;
    });
  }
  return counts;
}

/**
 * Gives places to groups of equal entries, best group first. Within a group, entries stand in the listed order.
 */
export function placeGroups(
  groups: readonly (readonly number[])[],
  points: (entry: number) => number,
  pickCounts: readonly number[][],
): Placement[] {
  const placements: Placement[] = [];
  for (const group of groups) {
    const place = placements.length + 1;
    for (const entry of [...group].sort((a, b) => a - b)) {
      placements.push({ entry, place, points: points(entry), pickCounts: pickCounts[entry] ?? [] });
    }
  }
  return placements;
}

/** Sorts entries by a comparison, best first, and puts equal ones into one group. */
export function groupEqual(
  entries: readonly number[],
  compare: (a: number, b: number) => number,
): number[][] {
  const groups: number[][] = [];
  for (const entry of [...entries].sort(compare)) {
    const group = groups.at(-1);
    const first = group?.[0];
    if (group && first !== undefined && compare(first, entry) === 0) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** Without a ballot, all entries share the first place and none wins. */
export function withoutBallots(election: Election): { standings: Placement[]; winners: number[] } {
  return { standings: placeGroups([indices(election.entries)], () => 0, countPicks(election)), winners: [] };
}

/** The entries with the first place. */
export function firstPlace(standings: readonly Placement[]): number[] {
  return standings.filter((row) => row.place === 1).map((row) => row.entry);
}

export function indices(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** Adds up ballots with the same picks in the same order. */
export function mergeEqual(ballots: readonly (readonly number[])[]): Ranking[] {
  const merged = new Map<string, { picks: readonly number[]; ballots: number }>();
  for (const picks of ballots) {
    const key = picks.join();
    const ranking = merged.get(key);
    if (ranking) ranking.ballots += 1;
    else merged.set(key, { picks, ballots: 1 });
  }
  return [...merged.values()];
}

/**
 * Ranks entries by their votes and, among equal votes, by their former rank. After several counts, a rank thus compares
 * the latest count in which two entries differ. Equal ranks have always had equal votes.
 */
export function rerank<V extends number | bigint>(
  entries: readonly number[],
  votes: readonly V[],
  former: readonly number[],
): number[] {
  const compare = (a: number, b: number): number => {
    const [left, right] = [votes[a] as V, votes[b] as V];
    if (left !== right) return left < right ? -1 : 1;
    return (former[a] ?? 0) - (former[b] ?? 0);
  };
  const ranks: number[] = [];
  groupEqual(entries, compare).forEach((group, rank) => {
    for (const entry of group) ranks[entry] = rank;
  });
  return ranks;
}
