import { type RoundCell, type RoundColumn, RoundsTable } from "./RoundsTable";
import styles from "./tables.module.css";
import type { ChartEntry, ChartRound } from "./types";
import { formatWhole } from "./words";

/** An instant runoff: a column per round. The line across the bars is half of the ballots that count. */
export function RunoffChart({ rounds }: { rounds: readonly ChartRound[] }) {
  const ballots =
    (rounds[0]?.exhausted ?? 0) + (rounds[0]?.counts ?? []).reduce((sum, { votes }) => sum + votes, 0);
  const hasTie = rounds.some((round) => round.tieBroken);
  return (
    <figure className={styles.chart} aria-label="Rounds of the count">
      <RoundsTable
        label="Votes by round"
        entries={inFinalOrder(rounds)}
        columns={rounds.map((round, index) => column(round, rounds[index - 1]))}
        rest={hasTie ? ["Exhausted", "Tie"] : ["Exhausted"]}
        full={ballots}
      />
      <figcaption className={styles.note}>
        Each round eliminates the entry with the fewest votes, until one has more than half of the ballots
        that still count, which the line across the bars marks. A ballot is exhausted if none of its picks is
        left.
        {hasTie &&
          " A tie for the fewest votes is broken by the rounds before it, and then by the listed order."}
      </figcaption>
    </figure>
  );
}

function column(round: ChartRound, previous: ChartRound | undefined): RoundColumn {
  const before = new Map(previous?.counts.map(({ entry, votes }) => [entry.id, votes]));
  const cells = round.counts.map(({ entry, votes }): [string, RoundCell] => {
    const gained = votes - (before.get(entry.id) ?? votes);
    const isOut = round.eliminated.some((it) => it.id === entry.id);
    const state =
      round.winner?.id === entry.id
        ? ({ kind: "won", word: "Won" } as const)
        : isOut && ({ kind: "out", word: "Eliminated" } as const);
    return [
      entry.id,
      {
        text: formatWhole(votes),
        value: votes,
        ...(gained > 0 && { change: `+${formatWhole(gained)}` }),
        ...(state && { state }),
      },
    ];
  });
  return {
    key: round.number,
    title: `Round ${round.number}`,
    goal: round.counts.reduce((sum, { votes }) => sum + votes, 0) / 2,
    cells: new Map(cells),
    rest: [formatWhole(round.exhausted), round.tieBroken ? "Broken" : ""],
  };
}

/** The winner and the other remaining entries by votes, then the eliminated ones, latest first. */
function inFinalOrder(rounds: readonly ChartRound[]): ChartEntry[] {
  const last = rounds.at(-1);
  const remaining = (last?.counts ?? []).map((count) => count.entry);
  const first = remaining.filter((entry) => entry.id === last?.winner?.id);
  const others = remaining.filter((entry) => entry.id !== last?.winner?.id);
  const eliminated = rounds.slice(0, -1).flatMap((round) => round.eliminated);
  return [...first, ...others, ...eliminated.reverse()];
}
