import { followChoices } from "./choices";
import { countPicks, groupEqual, indices, placeGroups, rerank, withoutBallots } from "./places";
import type { Election, OrderDecision, Outcome, Ranking, RunoffRound } from "./types";

/** Which entries remain before a round, and how they compared in the rounds before it. */
interface State {
  remaining: number[];
  /** By entry: higher for more votes in the latest round in which two entries differ. */
  ranks: number[];
}

interface CountedRound {
  votes: number[];
  exhausted: number;
  winner: number | null;
  /** Entries with the fewest votes. */
  last: number[];
  /** Those of the last that had the fewest votes in the earlier rounds too. */
  tied: number[];
  ranks: number[];
}

/** Eliminates the last entry round by round until one has more than half of the ballots that still count. */
export function instantRunoff(election: Election): Outcome {
  if (election.rankings.length === 0) return { ...withoutBallots(election), rounds: [] };
  const rounds: RunoffRound[] = [];
  const eliminated: number[] = [];
  const points: number[] = [];
  let state: State = { remaining: indices(election.entries), ranks: [] };
  for (;;) {
    const round = countRound(election.rankings, state);
    for (const entry of state.remaining) points[entry] = round.votes[entry] ?? 0;
    const byVotes = (a: number, b: number): number => (round.votes[b] ?? 0) - (round.votes[a] ?? 0);
    const goes = round.winner === null ? Math.max(...round.tied) : null;
    rounds.push({
      counts: [...state.remaining].sort(byVotes).map((entry) => ({ entry, votes: round.votes[entry] ?? 0 })),
      exhausted: round.exhausted,
      eliminated: goes,
      winner: round.winner,
      tieBroken: goes !== null && round.last.length > 1,
    });
    if (goes === null) {
      const winner = round.winner ?? -1;
      const others = state.remaining.filter((entry) => entry !== winner);
      const groups = [
        [winner],
        ...groupEqual(others, byVotes),
        ...eliminated.reverse().map((entry) => [entry]),
      ];
      const standings = placeGroups(groups, (entry) => points[entry] ?? 0, countPicks(election));
      return { standings, winners: [winner], rounds };
    }
    eliminated.push(goes);
    state = without(state, round, goes);
  }
}

/** Whether another listed order would elect another entry. */
export function runoffDecidedByOrder({ entries, rankings }: Election): OrderDecision {
  if (rankings.length === 0) return { decided: "no", work: 0 };
  return followChoices<State>(
    { remaining: indices(entries), ranks: [] },
    (start, read) => {
      let state = start;
      for (;;) {
        const round = countRound(rankings, state);
        read(rankings.length + entries);
        if (round.winner !== null) return { winners: [round.winner] };
        const [only, another] = round.tied;
        if (only === undefined) return { winners: [] };
        if (another !== undefined) {
          const before = state;
          return { choices: round.tied.map((entry) => () => without(before, round, entry)) };
        }
        state = without(state, round, only);
      }
    },
    ({ remaining, ranks }) => remaining.map((entry) => `${entry}:${ranks[entry]}`).join(),
  );
}

function countRound(rankings: readonly Ranking[], { remaining, ranks: former }: State): CountedRound {
  const votes: number[] = [];
  for (const entry of remaining) votes[entry] = 0;
  let [counting, exhausted] = [0, 0];
  for (const { picks, ballots } of rankings) {
    const choice = picks.find((pick) => votes[pick] !== undefined);
    if (choice === undefined) {
      exhausted += ballots;
    } else {
      votes[choice] = (votes[choice] ?? 0) + ballots;
      counting += ballots;
    }
  }
  const winner = remaining.find((entry) => 2 * (votes[entry] ?? 0) > counting) ?? null;
  const fewest = Math.min(...remaining.map((entry) => votes[entry] ?? 0));
  const last = remaining.filter((entry) => votes[entry] === fewest);
  const ranks = rerank(remaining, votes, former);
  return { votes, exhausted, winner, last, tied: last.filter((entry) => ranks[entry] === 0), ranks };
}

/** The state after an elimination, with ranks from 0 without gaps, so that equal states have equal ranks. */
function without(state: State, round: CountedRound, eliminated: number): State {
  const remaining = state.remaining.filter((entry) => entry !== eliminated);
  return { remaining, ranks: rerank(remaining, round.ranks, []) };
}
