import type { KeyboardEvent } from "react";
import type { VoteEntryFragment } from "../../gql/graphql";
import { Icon } from "../../ui/Icon";
import styles from "./Ballot.module.css";
import {
  type BallotRules,
  hasRoom,
  isOrdered,
  move,
  type Picks,
  place,
  positionOfKey,
  toggle,
} from "./ballot";

export type ChangePicks = (entry: string, rule: (picks: Picks) => Picks) => void;

interface EntryButtonProps {
  entry: VoteEntryFragment;
  picks: Picks;
  rules: BallotRules;
  change: ChangePicks;
}

/** An entry as a toggle button: a press chooses it or takes it back, and keys set its position. */
export function EntryButton({ entry, picks, rules, change }: EntryButtonProps) {
  const position = picks.indexOf(entry.id) + 1;
  const isPicked = position > 0;
  const ordered = isOrdered(rules) && rules.picksPerVoter > 1;
  const onKeyDown = (event: KeyboardEvent) => {
    const rule = ruleOfKey(event, entry.id, rules);
    if (!rule) return;
    event.preventDefault();
    change(entry.id, rule);
  };
  return (
    <li className={styles.entry} data-picked={isPicked || undefined}>
      <button
        type="button"
        className={styles.toggle}
        aria-pressed={isPicked}
        aria-disabled={(!isPicked && !hasRoom(picks, rules)) || undefined}
        onClick={() => change(entry.id, (before) => toggle(before, entry.id, rules))}
        onKeyDown={onKeyDown}
      >
        <span className={styles.mark} aria-hidden="true">
          {isPicked ? ordered ? position : <Icon name="check" size={18} /> : <Icon name="plus" size={16} />}
        </span>
        <span className={styles.name} dir="auto">
          {entry.name}
        </span>
        {isPicked && ordered && <span className="visually-hidden">, position {position}</span>}
        {entry.description && (
          <span className={styles.about} dir="auto">
            {entry.description}
          </span>
        )}
      </button>
      {entry.imageUrl && (
        <a className={styles.picture} href={entry.imageUrl} target="_blank" rel="noreferrer">
          Picture<span className="visually-hidden"> of {entry.name}</span>
          <Icon name="external" size={16} />
        </a>
      )}
    </li>
  );
}

/** What a key on an entry does to the picks. */
export function ruleOfKey(
  { key, altKey, ctrlKey, metaKey }: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">,
  entry: string,
  rules: BallotRules,
): ((picks: Picks) => Picks) | undefined {
  if (ctrlKey || metaKey) return undefined;
  const ordered = isOrdered(rules);
  if (altKey) {
    if (!ordered || (key !== "ArrowUp" && key !== "ArrowDown")) return undefined;
    return (picks) => move(picks, entry, key === "ArrowUp" ? -1 : 1);
  }
  if (key === "Backspace" || key === "Delete") {
    return (picks) => (picks.includes(entry) ? toggle(picks, entry, rules) : picks);
  }
  const position = ordered ? positionOfKey(key) : undefined;
  return position === undefined ? undefined : (picks) => place(picks, entry, position, rules);
}
