import type { Bar } from "./BarChart";
import styles from "./tables.module.css";
import { formatWhole, type Unit } from "./words";

interface BarTableProps {
  label: string;
  bars: readonly Bar[];
  unit: Unit;
  parts: readonly string[];
}

/** The numbers of a bar chart. */
export function BarTable({ label, bars, unit, parts }: BarTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a part that scrolls must be reachable by keyboard.
    <section className={styles.scroll} tabIndex={0} aria-label={label}>
      <table className={styles.table}>
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">Place</th>
            <th scope="col" className={styles.name}>
              Entry
            </th>
            {parts.map((part) => (
              <th key={part} scope="col" className={styles.number}>
                {part}
              </th>
            ))}
            <th scope="col" className={styles.number}>
              {unit.title}
            </th>
          </tr>
        </thead>
        <tbody>
          {bars.map((bar) => (
            <tr key={bar.id} data-won={bar.won || undefined}>
              <td>{bar.place}</td>
              <th scope="row" className={styles.name}>
                <span dir="auto">{bar.name}</span>
                {bar.won && <span className={styles.mark}>Won</span>}
              </th>
              {parts.map((part, position) => (
                <td key={part} className={styles.number}>
                  {formatWhole(bar.parts?.[position]?.count ?? 0)}
                </td>
              ))}
              <td className={styles.number}>{formatWhole(bar.value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
