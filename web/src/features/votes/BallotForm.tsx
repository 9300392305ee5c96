import { useId, useMemo, useState } from "react";
import type { OwnBallotFragment, VoteDetailsFragment } from "../../gql/graphql";
import { Alert } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { Field } from "../../ui/Field";
import styles from "./Ballot.module.css";
import { instruction, isComplete, isOrdered, progress } from "./ballot";
import { EntryButton } from "./EntryButton";
import { PickList } from "./PickList";
import { EARLIER_COUNTS, Review } from "./Review";
import { type CastHow, useBallot } from "./useBallot";

/** Number of entries from which a field filters them. */
const MANY_ENTRIES = 20;

interface BallotFormProps {
  vote: VoteDetailsFragment;
  /** The viewer's id. */
  member: string;
  /** Whether the end has passed: the picks stay visible, and nothing can be cast. */
  isLocked: boolean;
  onCast: (ballot: OwnBallotFragment, how: CastHow) => void;
}

/** The ballot that the viewer is filling in. */
export function BallotForm({ vote, member, isLocked, onCast }: BallotFormProps) {
  const { picks, rules, change, cast, attempt, mayHaveVoted } = useBallot(vote, member, onCast);
  const [isReviewing, setReviewing] = useState(false);
  const [filter, setFilter] = useState("");
  const id = useId();
  const ordered = isOrdered(rules);
  const shown = useMemo(() => {
    const words = fold(filter);
    return vote.entries.filter((entry) => fold(entry.name).includes(words));
  }, [vote.entries, filter]);
  const picked = useMemo(
    () => picks.flatMap((pick) => vote.entries.find((entry) => entry.id === pick) ?? []),
    [picks, vote.entries],
  );
  // A ballot on its way may still be in time.
  if (isReviewing && (!isLocked || attempt.state === "sending")) {
    return (
      <Review
        picks={picked}
        isOrdered={ordered}
        attempt={attempt}
        mayHaveVoted={mayHaveVoted}
        onBack={() => setReviewing(false)}
        onCast={cast}
      />
    );
  }
  return (
    <Section title="Your ballot" description={instruction(rules)}>
      <fieldset className={styles.ballot} disabled={isLocked} data-ordered={ordered || undefined}>
        <legend className="visually-hidden">Your ballot</legend>
        <div className={styles.entries}>
          {vote.entries.length > MANY_ENTRIES && (
            <Field
              label="Find an entry"
              type="search"
              value={filter}
              onChange={(event) => setFilter(event.currentTarget.value)}
            />
          )}
          <ul aria-label="Entries" aria-describedby={`${id}-help`}>
            {shown.map((entry) => (
              <EntryButton key={entry.id} entry={entry} picks={picks} rules={rules} change={change} />
            ))}
          </ul>
          {shown.length === 0 && <p className={styles.hint}>No entry has this in its name.</p>}
        </div>
        {ordered && rules.picksPerVoter > 1 && (
          <div className={styles.ranking}>
            <h3>Your order</h3>
            <PickList picks={picked} rules={rules} change={change} />
          </div>
        )}
      </fieldset>
      <p id={`${id}-help`} className={styles.keys}>
        {ordered && rules.picksPerVoter > 1 ? (
          <>
            On the keyboard: <kbd>Enter</kbd> chooses, <kbd>1</kbd> to <kbd>9</kbd> set the position,{" "}
            <kbd>Alt</kbd> with <kbd>↑</kbd> or <kbd>↓</kbd> moves, <kbd>Backspace</kbd> takes back.
          </>
        ) : (
          <>
            On the keyboard: <kbd>Enter</kbd> chooses, <kbd>Backspace</kbd> takes back.
          </>
        )}
      </p>
      {attempt.state === "unknown" && (
        <Alert>
          The server did not answer, so it is not known whether your ballot was cast.{" "}
          {isLocked ? "The result will show it if it was." : "Review and cast it again: it counts only once."}
        </Alert>
      )}
      {mayHaveVoted && attempt.state !== "unknown" && (
        <Alert>
          The server did not answer when you cast other picks.{" "}
          {isLocked ? "The result will show that ballot if it was cast." : EARLIER_COUNTS}
        </Alert>
      )}
      {isLocked && picks.length > 0 && attempt.state !== "unknown" && !mayHaveVoted && (
        <Alert>Your ballot was not cast: the vote has ended.</Alert>
      )}
      <div className={styles.bar}>
        <span className={styles.progress}>{progress(picks, rules)}</span>
        <ButtonRow end>
          {picks.length > 0 && (
            <Button variant="quiet" disabled={isLocked} onClick={() => change(picks[0] ?? "", () => [])}>
              Start over
            </Button>
          )}
          <Button
            variant="primary"
            icon="right"
            disabled={isLocked || !isComplete(picks, rules)}
            onClick={() => setReviewing(true)}
          >
            Review ballot
          </Button>
        </ButtonRow>
      </div>
    </Section>
  );
}

/** A text without case and accents, for searching. */
const fold = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .toLocaleLowerCase();
