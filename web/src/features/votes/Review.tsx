import { useEffect, useRef } from "react";
import type { VoteEntryFragment } from "../../gql/graphql";
import { Alert } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import styles from "./Ballot.module.css";
import type { Attempt } from "./useBallot";

/** What follows if a ballot with other picks has no response yet. */
export const EARLIER_COUNTS = "If that ballot was cast, it counts, and this one does not.";

interface ReviewProps {
  picks: readonly VoteEntryFragment[];
  isOrdered: boolean;
  attempt: Attempt;
  /** Whether a ballot with other picks may have been cast. */
  mayHaveVoted: boolean;
  onBack: () => void;
  /** Casts the ballot. */
  onCast: () => Promise<unknown>;
}

/** The ballot once more before it is final. */
export function Review({ picks, isOrdered, attempt, mayHaveVoted, onBack, onCast }: ReviewProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const List = isOrdered ? "ol" : "ul";
  return (
    <section className={styles.review} aria-labelledby="review-heading">
      <h2 ref={heading} id="review-heading" tabIndex={-1}>
        Cast this ballot?
      </h2>
      <List className={styles.reviewList} data-ordered={isOrdered || undefined}>
        {picks.map((entry) => (
          <li key={entry.id} dir="auto">
            {entry.name}
          </li>
        ))}
      </List>
      <p>
        A ballot is final: it cannot be changed or taken back. No one sees how you voted, neither members nor
        officers.
      </p>
      {mayHaveVoted && <Alert>The server did not answer when you cast other picks. {EARLIER_COUNTS}</Alert>}
      {attempt.state === "refused" && <Alert>{attempt.message}</Alert>}
      {attempt.state === "unknown" && (
        <Alert>
          {attempt.message} It is not known whether your ballot was cast. Cast the same ballot again: it
          counts only once.
        </Alert>
      )}
      <ButtonRow end>
        <Button variant="quiet" icon="back" onClick={onBack} disabled={attempt.state === "sending"}>
          Change it
        </Button>
        <Button variant="primary" icon="vote" busy={attempt.state === "sending"} onClick={onCast}>
          Cast ballot
        </Button>
      </ButtonRow>
    </section>
  );
}
