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
}

/** Columns that show before "Show all": the first, and the last ones. */
const COLUMNS = 8;
/** Entries that show before "Show all". */
const ROWS = 30;
/** Columns that fit on a sheet of paper. */
const PRINTED_COLUMNS = 5;

/** A column for each round, with a bar in each cell. */
export function RoundsTable({ label, entries, columns, rest, full }: RoundsTableProps) {
  const [showsAll, setShowsAll] = useState(false);
  const isPrinting = usePrinting();
  const shown =
    showsAll || columns.length <= COLUMNS ? columns : [...columns.slice(0, 1), ...columns.slice(1 - COLUMNS)];
  const taking = entries.filter((entry) => shown.some((column) => column.cells.has(entry.id)));
  const rows = showsAll ? taking : taking.slice(0, ROWS);
  const hidden = [
    shown.length < columns.length && `the first and the last ${COLUMNS - 1} of ${columns.length} columns`,
    rows.length < entries.length && `${rows.length} of ${entries.length} entries`,
  ].filter(Boolean);
  // Paper does not scroll, so further columns are printed below the first ones.
  const parts = isPrinting ? inParts(shown, PRINTED_COLUMNS) : [shown];
  return (
    <div className={styles.chart}>
      {hidden.length > 0 && (
        <p className={styles.note}>
          This shows {hidden.join(" and ")}.{" "}
          <Button variant="quiet" small className="no-print" onClick={() => setShowsAll(true)}>
            Show all
          </Button>
        </p>
      )}
      {parts.map((part) => (
        <Part
          key={part[0]?.key}
          label={label}
          rows={rows.filter((entry) => part.some((column) => column.cells.has(entry.id)))}
          columns={part}
          rest={rest}
          full={full}
        />
      ))}
    </div>
  );
}

function inParts<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, part) =>
    items.slice(part * size, (part + 1) * size),
  );
}

interface PartProps extends Pick<RoundsTableProps, "label" | "columns" | "rest" | "full"> {
  rows: readonly ChartEntry[];
}

function Part({ label, rows, columns, rest, full }: PartProps) {
  const percent = (value: number) => `${Math.min(100, (100 * value) / Math.max(1, full))}%`;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard.
    <section className={styles.scroll} tabIndex={0} aria-label={label}>
      <table className={styles.table}>
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col" className={styles.sticky}>
              Entry
            </th>
            {columns.map((column) => (
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
              {columns.map(({ key, cells, goal }) => {
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
              {columns.map((column) => (
                <td key={column.key} className={styles.cell}>
                  {column.rest[index]}
                </td>
              ))}
            </tr>
          ))}
        </tfoot>
      </table>
    </section>
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
