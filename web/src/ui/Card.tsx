import type { ReactNode } from "react";
import styles from "./Card.module.css";

interface SectionProps {
  title: ReactNode;
  /** A sentence below the title. */
  description?: ReactNode;
  /** Links or buttons beside the title. */
  actions?: ReactNode;
  /** Without a surface, for contents that have their own. */
  plain?: boolean;
  children: ReactNode;
  id?: string;
}

/** A titled part of a page on its own surface. */
export function Section({ title, description, actions, plain, children, id }: SectionProps) {
  return (
    <section className={styles.section} id={id}>
      <header className={styles.header}>
        <div>
          <h2>{title}</h2>
          {description && <p className={styles.description}>{description}</p>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {plain ? children : <div className={styles.card}>{children}</div>}
    </section>
  );
}

/** A surface without a title. */
export function Card({ children }: { children: ReactNode }) {
  return <div className={styles.card}>{children}</div>;
}

/** Rows of a list on a surface, with lines between them. `label` names the list. */
export function Rows({ children, label }: { children: ReactNode; label?: string }) {
  return (
    <ul className={styles.rows} aria-label={label}>
      {children}
    </ul>
  );
}

interface RowProps {
  title: ReactNode;
  /** A second line. */
  detail?: ReactNode;
  /** An icon or a marker before the text. */
  start?: ReactNode;
  /** A value, badges or buttons after the text. */
  end?: ReactNode;
}

/** A row of `Rows`. If `title` is a link with the class `row-link`, the whole row is its target. */
export function Row({ title, detail, start, end }: RowProps) {
  return (
    <li className={styles.row}>
      {start && <span className={styles.start}>{start}</span>}
      <div className={styles.text}>
        <div className={styles.title}>{title}</div>
        {detail && <div className={styles.detail}>{detail}</div>}
      </div>
      {end && <div className={styles.end}>{end}</div>}
    </li>
  );
}

/** A short state, such as "Live". Its words carry the meaning. */
export function Badge({
  tone = "neutral",
  children,
}: {
  tone?: "neutral" | "accent" | "success" | "danger";
  children: ReactNode;
}) {
  return (
    <span className={styles.badge} data-tone={tone}>
      {children}
    </span>
  );
}
