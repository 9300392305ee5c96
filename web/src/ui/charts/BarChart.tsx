import { type CSSProperties, useState } from "react";
import { Button } from "../Button";
import { Icon } from "../Icon";
import styles from "./BarChart.module.css";
import { BarTable } from "./BarTable";
import { usePrinting } from "./usePrinting";
import { formatWhole, type Unit } from "./words";

export interface Bar {
  id: string;
  place: number;
  name: string;
  value: number;
  /** Parts of the value, in the order of `parts` of the chart: `count` of them make `value`. */
  parts?: readonly { value: number; count: number }[];
  won?: boolean;
}

export interface BarChartProps {
  /** What the chart shows, as the title of its table. */
  label: string;
  bars: readonly Bar[];
  unit: Unit;
  /** Names of the parts, if the bars are split: "1st pick", "2nd pick". */
  parts?: readonly string[];
  /** What the values are, in a sentence. */
  note?: string | undefined;
  /** Bars that show before "Show all". */
  limit?: number;
}

/** Horizontal bars in order of place. A button shows the same numbers as a table, and so does printing. */
export function BarChart({ label, bars, unit, parts = [], note, limit = 30 }: BarChartProps) {
  const [asTable, setAsTable] = useState(false);
  const [showsAll, setShowsAll] = useState(false);
  const isPrinting = usePrinting();
  const shown = showsAll || isPrinting ? bars : bars.slice(0, limit);
  const isTable = asTable || isPrinting;
  const hasWinner = bars.some((bar) => bar.won);
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  return (
    <figure className={styles.chart} aria-label={label}>
      <div className={styles.top}>
        {parts.length > 1 && !isTable ? <Legend parts={parts} /> : <span />}
        <Button
          variant="quiet"
          small
          className={`${styles.toggle} no-print`}
          onClick={() => setAsTable(!asTable)}
        >
          {asTable ? "Show as bars" : "Show as a table"}
        </Button>
      </div>
      {isTable ? (
        <BarTable label={label} bars={shown} unit={unit} parts={parts} />
      ) : (
        <ol className={styles.bars}>
          {shown.map((bar) => (
            <BarRow
              key={bar.id}
              bar={bar}
              most={most}
              unit={unit}
              parts={parts}
              faint={hasWinner && !bar.won}
            />
          ))}
        </ol>
      )}
      {note && <figcaption className={styles.note}>{note}</figcaption>}
      {shown.length < bars.length && (
        <Button variant="quiet" onClick={() => setShowsAll(true)}>
          Show all {formatWhole(bars.length)}
        </Button>
      )}
    </figure>
  );
}

interface BarRowProps {
  bar: Bar;
  most: number;
  unit: Unit;
  parts: readonly string[];
  /** Another entry has won. */
  faint: boolean;
}

function BarRow({ bar, most, unit, parts, faint }: BarRowProps) {
  const width = (value: number) => ({ width: `${(100 * value) / most}%` });
  return (
    <li className={styles.row} data-won={bar.won || undefined}>
      <span className={styles.place}>
        <span className="visually-hidden">Place </span>
        {bar.place}
      </span>
      <span className={styles.name}>
        <span dir="auto">{bar.name}</span>
        {bar.won && <Won />}
      </span>
      <span className={styles.value}>{unit.format(bar.value)}</span>
      <span className={styles.track} aria-hidden="true">
        {(parts.length > 1 && bar.parts) || !bar.value ? (
          bar.parts?.map(({ value, count }, position) => (
            <span
              key={parts[position]}
              className={styles.part}
              style={{ ...width(value), ...shade(position, parts.length) }}
              title={`${parts[position]}: ${formatWhole(count)}`}
              hidden={value === 0}
            >
              <span className={styles.count}>{formatWhole(count)}</span>
            </span>
          ))
        ) : (
          <span className={styles.part} style={{ ...width(bar.value), ...shade(faint ? 1 : 0, 1) }} />
        )}
      </span>
    </li>
  );
}

export function Won({ word = "Won" }: { word?: string }) {
  return (
    <span className={styles.won}>
      <Icon name="trophy" size={14} />
      {word}
    </span>
  );
}

function Legend({ parts }: { parts: readonly string[] }) {
  return (
    <ul className={styles.legend} aria-label="Parts of the bars, from the left">
      {parts.map((part, position) => (
        <li key={part}>
          <span className={styles.swatch} style={shade(position, parts.length)} aria-hidden="true" />
          {part}
        </li>
      ))}
    </ul>
  );
}

/** Parts differ by lightness: the first has the full accent, the others ever less of it, on which text is readable. */
function shade(position: number, parts: number): CSSProperties & Record<`--${string}`, string> {
  if (position === 0) return { "--share": "100%", "--on": "var(--on-accent)" };
  const share = 46 - (24 * (position - 1)) / Math.max(1, parts - 2);
  return { "--share": `${share}%`, "--on": "var(--text)" };
}
