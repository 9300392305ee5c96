import { type CSSProperties, useState } from "react";
import { Button } from "../Button";
import styles from "./tables.module.css";
import type { ChartPair, ChartStanding } from "./types";
import { formatWhole } from "./words";

export interface PairwiseChartProps {
  pairs: readonly ChartPair[];
  /** Orders the rows by place. Without it they are in the order of `pairs`. */
  standings?: readonly ChartStanding[];
  /** Entries that show before "Show all". */
  limit?: number;
}

/** A Schulze count: how many ballots prefer the entry of a row to that of a column, and the strongest chains. */
export function PairwiseChart({ pairs, standings, limit = 12 }: PairwiseChartProps) {
  const [showsAll, setShowsAll] = useState(false);
  const indexOf = new Map(pairs.map((pair, index) => [pair.entry.id, index]));
  const order =
    standings?.flatMap((row) => indexOf.get(row.entry.id) ?? []) ?? pairs.map((_, index) => index);
  const shown = showsAll ? order : order.slice(0, limit);
  return (
    <figure className={styles.chart} aria-label="Comparisons in pairs">
      <Matrix
        label="Ballots that prefer the entry of the row"
        note="A tick marks a won comparison: more ballots prefer the row’s entry than the column’s."
        pairs={pairs}
        shown={shown}
        values={(pair) => pair.preferred}
      />
      <Matrix
        label="Strength of the strongest chain"
        note="A chain of won comparisons is as strong as its weakest one. A tick marks that the row’s entry beats the column’s: its chain is stronger than the one back."
        pairs={pairs}
        shown={shown}
        values={(pair) => pair.strengths}
      />
      {shown.length < order.length && (
        <Button variant="quiet" className="no-print" onClick={() => setShowsAll(true)}>
          Show all {formatWhole(order.length)} entries
        </Button>
      )}
    </figure>
  );
}

interface MatrixProps {
  label: string;
  note: string;
  pairs: readonly ChartPair[];
  /** Indices in `pairs`. */
  shown: readonly number[];
  values: (pair: ChartPair) => readonly number[];
}

function Matrix({ label, note, pairs, shown, values }: MatrixProps) {
  const at = (row: number, column: number) => {
    const pair = pairs[row];
    return pair ? (values(pair)[column] ?? 0) : 0;
  };
  const most = Math.max(1, ...shown.flatMap((row) => shown.map((column) => at(row, column))));
  return (
    <div className={styles.matrix}>
      <h3>{label}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard. */}
      <section className={styles.scroll} tabIndex={0} aria-label={label}>
        <table className={styles.table}>
          <caption className="visually-hidden">{label}</caption>
          <thead>
            <tr>
              <th scope="col" className={styles.sticky}>
                Entry
              </th>
              {shown.map((index, position) => (
                <th key={index} scope="col" className={styles.pair} title={pairs[index]?.entry.name}>
                  <span aria-hidden="true">{position + 1}</span>
                  <span className="visually-hidden">{pairs[index]?.entry.name}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row, position) => (
              <tr key={row}>
                <th scope="row" className={styles.sticky}>
                  <span className={styles.index} aria-hidden="true">
                    {position + 1}
                  </span>
                  <span dir="auto">{pairs[row]?.entry.name}</span>
                </th>
                {shown.map((column) => {
                  if (row === column) return <td key={column} className={styles.same} />;
                  const wins = at(row, column) > at(column, row);
                  return (
                    <td
                      key={column}
                      className={styles.pair}
                      data-wins={wins || undefined}
                      style={
                        { "--share": `${wins ? 12 + (28 * at(row, column)) / most : 0}%` } as CSSProperties
                      }
                    >
                      {formatWhole(at(row, column))}
                      {wins && (
                        <>
                          <span aria-hidden="true"> ✓</span>
                          <span className="visually-hidden"> wins</span>
                        </>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p className={styles.note}>{note}</p>
    </div>
  );
}
