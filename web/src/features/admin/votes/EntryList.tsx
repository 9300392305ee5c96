import type { ReactNode } from "react";
import { announce } from "../../../ui/announce";
import { IconButton } from "../../../ui/Button";
import { Icon } from "../../../ui/Icon";
import { useDragOrder } from "../../../ui/useDragOrder";
import styles from "./Editor.module.css";
import { type EditedEntry, moveEntry } from "./entries";

interface EntryListProps {
  entries: readonly EditedEntry[];
  /** The sentence of a refusal about the entry at an index. */
  problemOf: (index: number) => string | undefined;
  onChange: (entries: readonly EditedEntry[]) => void;
  onEdit: (entry: EditedEntry) => void;
}

/** The entries in order. Buttons move them, and so does a drag by the handle. */
export function EntryList({ entries, problemOf, onChange, onEdit }: EntryListProps) {
  const move = (from: number, to: number) => {
    if (to < 0 || to >= entries.length) return;
    onChange(moveEntry(entries, from, to));
    announce(`${entries[from]?.name}: ${to + 1} of ${entries.length}.`);
  };
  const { list, handle } = useDragOrder<HTMLOListElement>(move);
  return (
    <ol ref={list} className={styles.entries} aria-label="Entries">
      {entries.map((entry, index) => {
        const problem = problemOf(index);
        return (
          <li key={entry.key} className={styles.entry} data-invalid={problem ? true : undefined}>
            <span className={styles.handle} {...handle}>
              <Icon name="drag" size={18} />
            </span>
            <span className={styles.number}>{index + 1}</span>
            <EntryText entry={entry}>
              {problem && (
                <span className={styles.problem} role="alert">
                  {problem}
                </span>
              )}
            </EntryText>
            <span className={styles.entryActions}>
              <IconButton
                small
                icon="up"
                label={`Move ${entry.name} up`}
                aria-disabled={index === 0 || undefined}
                onClick={() => move(index, index - 1)}
              />
              <IconButton
                small
                icon="down"
                label={`Move ${entry.name} down`}
                aria-disabled={index === entries.length - 1 || undefined}
                onClick={() => move(index, index + 1)}
              />
              <IconButton small icon="edit" label={`Edit ${entry.name}`} onClick={() => onEdit(entry)} />
              <IconButton
                small
                icon="trash"
                label={`Remove ${entry.name}`}
                onClick={() => {
                  onChange(entries.filter((it) => it.key !== entry.key));
                  announce(`${entry.name}: removed.`);
                }}
              />
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** What an entry says, above other lines about it. */
export function EntryText({ entry, children }: { entry: EditedEntry; children?: ReactNode }) {
  return (
    <span className={styles.entryText}>
      <span className={styles.entryName} dir="auto">
        {entry.name}
      </span>
      {entry.description && (
        <span className={styles.detail} dir="auto">
          {entry.description}
        </span>
      )}
      {entry.member && (
        <span className={styles.detail}>
          About <span dir="auto">{entry.member.displayName}</span>
        </span>
      )}
      {children}
    </span>
  );
}
