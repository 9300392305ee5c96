import type { VoteEntryFragment } from "../../gql/graphql";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
import { useDragOrder } from "../../ui/useDragOrder";
import styles from "./Ballot.module.css";
import { type BallotRules, move, place, toggle } from "./ballot";
import type { ChangePicks } from "./EntryButton";

interface PickListProps {
  picks: readonly VoteEntryFragment[];
  rules: BallotRules;
  change: ChangePicks;
}

/** The picks in order. Buttons move them, and so does a drag by the handle. */
export function PickList({ picks, rules, change }: PickListProps) {
  const { list, handle } = useDragOrder<HTMLOListElement>((from, to) => {
    const id = picks[from]?.id;
    if (id) change(id, (before) => place(before, id, to + 1, rules));
  });
  if (picks.length === 0) {
    return <p className={styles.emptyOrder}>Nothing chosen yet. Your first choice comes first.</p>;
  }
  return (
    <ol ref={list} className={styles.picks} aria-label="Your order">
      {picks.map(({ id, name }, index) => (
        <li key={id} className={styles.pick}>
          {/* For pointers only: the buttons do the same for everybody. */}
          <span className={styles.handle} {...handle}>
            <Icon name="drag" size={18} />
          </span>
          <span className={styles.position}>{index + 1}</span>
          <span className={styles.name} dir="auto">
            {name}
          </span>
          <span className={styles.pickActions}>
            <IconButton
              icon="up"
              small
              label={`Move ${name} up`}
              aria-disabled={index === 0 || undefined}
              onClick={() => change(id, (before) => move(before, id, -1))}
            />
            <IconButton
              icon="down"
              small
              label={`Move ${name} down`}
              aria-disabled={index === picks.length - 1 || undefined}
              onClick={() => change(id, (before) => move(before, id, 1))}
            />
            <IconButton
              icon="close"
              small
              label={`Take ${name} back`}
              onClick={() => change(id, (before) => toggle(before, id, rules))}
            />
          </span>
        </li>
      ))}
    </ol>
  );
}
