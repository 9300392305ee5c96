import { type PointerEvent, useRef } from "react";
import type { VoteEntryFragment } from "../../gql/graphql";
import { IconButton } from "../../ui/Button";
import { Icon } from "../../ui/Icon";
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
  const list = useRef<HTMLOListElement>(null);
  if (picks.length === 0) {
    return <p className={styles.emptyOrder}>Nothing chosen yet. Your first choice comes first.</p>;
  }
  return (
    <ol ref={list} className={styles.picks} aria-label="Your order">
      {picks.map(({ id, name }, index) => (
        <li key={id} className={styles.pick}>
          {/* For pointers only: the buttons do the same for everybody. */}
          <span className={styles.handle} aria-hidden="true" {...dragHandlers(list, id, rules, change)}>
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

/** A drag puts the pick where the pointer is, row by row. It works with a mouse, a pen and a finger. */
function dragHandlers(
  list: { current: HTMLOListElement | null },
  id: string,
  rules: BallotRules,
  change: ChangePicks,
) {
  return {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      if (event.button === 0) event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
      const own = event.currentTarget.closest("li");
      const rows = [...(list.current?.children ?? [])];
      const to = rows.findIndex((row) => {
        const { top, bottom } = row.getBoundingClientRect();
        return event.clientY >= top && event.clientY <= bottom;
      });
      if (to < 0 || rows[to] === own) return;
      change(id, (picks) => place(picks, id, to + 1, rules));
    },
  };
}
