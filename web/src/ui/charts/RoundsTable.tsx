import { useState } from "react";
import { Button } from "../Button";
import { Icon } from "../Icon";
import styles from "./tables.module.css";
import type { ChartEntry } from "./types";
import { usePrinting } from "./usePrinting";

export interface RoundCell {
  text: string;
  /** The exact value, where `text` is rounded. */
  title?: string;
  value: number;
  /** The difference from the column before. */
  change?: string;
  state?: { kind: "won" | "out"; word: string };
}

export interface RoundColumn {
  key: number;
  title: string;
  detail?: string;
  /** The votes that suffice, as a line across the bars. */
  goal: number;
  /** By the entry's id. An entry without a cell no longer takes part. */
  cells: ReadonlyMap<string, RoundCell>;
  /** Values of the rows below the entries. */
  rest: readonly string[];
}

export interface RoundsTableProps {
  label: string;
  entries: readonly ChartEntry[];
  columns: readonly RoundColumn[];
  /** Names of the rows below the entries. */
  rest: readonly string[];
  /** The value of a full bar. */
  full: number;
  /** Columns that show before "Show all": the first, and the last ones. */
  limit?: number;
}

/** A column for each round, with a bar in each cell. */
export function RoundsTable({ label, entries, columns, rest, full, limit = 8 }: RoundsTableProps) {
  const [showsAll, setShowsAll] = useState(false);
  const isPrinting = usePrinting();
  const isLong = columns.length > limit && !showsAll && !isPrinting;
  const shown = isLong ? [...columns.slice(0, 1), ...columns.slice(1 - limit)] : columns;
  const rows = entries.filter((entry) => shown.some((column) => column.cells.has(entry.id)));
  const percent = (value: number) => `${Math.min(100, (100 * value) / Math.max(1, full))}%`;
  return (
    <div className={styles.chart}>
      {isLong && (
        <p className={styles.note}>
          The first and the last {limit - 1} of {columns.length} columns.{" "}
          <Button variant="quiet" small onClick={() => setShowsAll(true)}>
            Show all
          </Button>
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard. */}
      <section className={styles.scroll} tabIndex={0} aria-label={label}>
        <table className={styles.table}>
          <caption className="visually-hidden">{label}</caption>
          <thead>
            <tr>
              <th scope="col" className={styles.sticky}>
                Entry
              </th>
              {shown.map((column) => (
                <th key={column.key} scope="col" className={styles.column}>
                  <span className={styles.title}>{column.title}</span>
                  {column.detail && (
                    <span className={styles.detail} dir="auto">
                      {column.detail}
                    </span>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((entry) => (
              <tr key={entry.id}>
                <th scope="row" className={styles.sticky} dir="auto">
                  {entry.name}
                </th>
                {shown.map(({ key, cells, goal }) => {
                  const cell = cells.get(entry.id);
                  return (
                    <td key={key} className={styles.cell} data-state={cell?.state?.kind}>
                      {cell && <Cell cell={cell} percent={percent} goal={goal} />}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
          <tfoot>
            {rest.map((name, index) => (
              <tr key={name}>
                <th scope="row" className={styles.sticky}>
                  {name}
                </th>
                {shown.map((column) => (
                  <td key={column.key} className={styles.cell}>
                    {column.rest[index]}
                  </td>
                ))}
              </tr>
            ))}
          </tfoot>
        </table>
      </section>
    </div>
  );
}

interface CellProps {
  cell: RoundCell;
  percent: (value: number) => string;
  goal: number;
}

function Cell({ cell, percent, goal }: CellProps) {
  return (
    <>
      <span className={styles.numbers}>
        <span title={cell.title}>{cell.text}</span>
        {cell.change && <span className={styles.change}>{cell.change}</span>}
      </span>
      <span className={styles.track} aria-hidden="true">
        <span className={styles.bar} style={{ width: percent(cell.value) }} />
        <span className={styles.goal} style={{ insetInlineStart: percent(goal) }} />
      </span>
      {cell.state && (
        <span className={styles.state}>
          <Icon name={cell.state.kind === "won" ? "check" : "close"} size={14} />
          {cell.state.word}
        </span>
      )}
    </>
  );
}
