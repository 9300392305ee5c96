import { type RoundCell, type RoundColumn, RoundsTable } from "./RoundsTable";
import styles from "./tables.module.css";
import type { ChartEntry, ChartTransfers } from "./types";
import { formatCount, formatExactVotes, formatVotes } from "./words";

type Stage = ChartTransfers["stages"][number];

/** A single transferable vote: a column per stage. The line across the bars is the quota. */
export function TransfersChart({ transfers: { quota, stages } }: { transfers: ChartTransfers }) {
  const most = Math.max(quota, ...stages.flatMap((stage) => stage.counts.map(({ votes }) => votes)));
  const hasTie = stages.some((stage) => stage.tieBroken);
  return (
    <figure className={styles.chart} aria-label="Stages of the count">
      <p className={styles.lead}>
        <span className={styles.goalMark} aria-hidden="true" />
        <span>
          The quota is <strong>{formatCount(quota, "vote")}</strong>: an entry that reaches it is elected.
        </span>
      </p>
      <RoundsTable
        label="Votes by stage"
        entries={inFinalOrder(stages)}
        columns={stages.map((stage, index) => column(stage, stages.slice(0, index), quota))}
        rest={hasTie ? ["Not transferable", "Tie"] : ["Not transferable"]}
        full={most}
      />
      <figcaption className={styles.note}>
        A surplus over the quota goes to the next picks, each ballot at a part of its value. Without a
        surplus, the entry with the fewest votes is excluded, and its ballots go to their next picks.
        {hasTie && " A tie is broken by the stages before it, and then by the listed order."}
      </figcaption>
    </figure>
  );
}

function column(stage: Stage, before: readonly Stage[], quota: number): RoundColumn {
  const previous = new Map(before.at(-1)?.counts.map(({ entry, votes }) => [entry.id, votes]));
  const gone = new Set(before.map((it) => it.excluded?.id));
  const cells = stage.counts
    .filter(({ entry }) => !gone.has(entry.id))
    .map(({ entry, votes }): [string, RoundCell] => {
      const change = votes - (previous.get(entry.id) ?? votes);
      const isElected = stage.elected.some((it) => it.id === entry.id);
      const state = isElected
        ? ({ kind: "won", word: "Elected" } as const)
        : stage.excluded?.id === entry.id && ({ kind: "out", word: "Excluded" } as const);
      return [
        entry.id,
        {
          text: formatVotes(votes),
          title: formatExactVotes(votes),
          value: votes,
          ...(change !== 0 && { change: `${change > 0 ? "+" : "−"}${formatVotes(Math.abs(change))}` }),
          ...(state && { state }),
        },
      ];
    });
  const { surplusOf, excluded } = stage;
  const cause = surplusOf
    ? `Surplus of ${surplusOf.name}`
    : excluded
      ? `Without ${excluded.name}`
      : "First picks";
  return {
    key: stage.number,
    title: `Stage ${stage.number}`,
    detail: cause,
    goal: quota,
    cells: new Map(cells),
    rest: [formatVotes(stage.nonTransferable), stage.tieBroken ? "Broken" : ""],
  };
}

/** The elected entries in the order of their election, those that continue by votes, and the excluded, latest first. */
function inFinalOrder(stages: readonly Stage[]): ChartEntry[] {
  const elected = stages.flatMap((stage) => stage.elected);
  const excluded = stages.flatMap((stage) => (stage.excluded ? [stage.excluded] : [])).reverse();
  const placed = new Set([...elected, ...excluded].map((entry) => entry.id));
  const continuing = (stages.at(-1)?.counts ?? [])
    .map((count) => count.entry)
    .filter((entry) => !placed.has(entry.id));
  return [...elected, ...continuing, ...excluded];
}
