import { useLayoutEffect, useRef } from "react";
import type { OwnBallotFragment, VoteDetailsFragment } from "../../gql/graphql";
import { Alert, Notice } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { CopyField } from "../../ui/Copy";
import { Time } from "../../ui/Countdown";
import { saveFile } from "../../ui/saveFile";
import styles from "./Ballot.module.css";
import { type CastHow, isReceiptCorrect } from "./useBallot";

interface OwnBallotProps {
  vote: Pick<VoteDetailsFragment, "id" | "title" | "method" | "closedAt">;
  ballot: OwnBallotFragment;
  /** How the server got it, if the page showed an empty ballot before. */
  how?: CastHow | undefined;
}

const NOTES: Record<CastHow, string> = {
  cast: "Your ballot is cast.",
  earlierTry:
    "Your ballot was cast the first time, although the server did not answer. It is the one that counts.",
  elsewhere:
    "Your ballot was cast elsewhere, perhaps in another tab or in Discord. This is the ballot that counts.",
};

/** The viewer's ballot with its receipt. */
export function OwnBallot({ vote, ballot, how }: OwnBallotProps) {
  const heading = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    // The focus was in the empty ballot.
    if (how && document.activeElement === document.body) heading.current?.focus();
  }, [how]);
  const isOrdered = vote.method !== "APPROVAL" && ballot.picks.length > 1;
  const List = isOrdered ? "ol" : "ul";
  return (
    <Section
      title="Your ballot"
      description={
        <>
          Cast <Time at={ballot.castAt} />.
        </>
      }
    >
      <div className={styles.own}>
        {how && (
          <p ref={heading} tabIndex={-1} className={styles.castNote} role="status">
            {NOTES[how]}
          </p>
        )}
        {!isReceiptCorrect(vote.id, ballot) && (
          <Alert>
            The receipt does not match this ballot. Save it, and tell an officer: the server may have stored
            another ballot.
          </Alert>
        )}
        <List className={styles.reviewList} data-ordered={isOrdered || undefined}>
          {ballot.picks.map((entry) => (
            <li key={entry.id} dir="auto">
              {entry.name}
            </li>
          ))}
        </List>
        <div className={styles.receipt}>
          <CopyField label="Receipt" value={ballot.receipt} />
          <Button icon="download" onClick={() => save(vote, ballot)}>
            Save
          </Button>
        </div>
        <Notice icon="lock">
          With the receipt you can find your ballot in the published result. Keep it private: once the vote is
          closed, it shows how you voted.
        </Notice>
      </div>
    </Section>
  );
}

/** Saves what proves the ballot as a text file. */
function save(vote: OwnBallotProps["vote"], ballot: OwnBallotFragment) {
  const lines = [
    `Ballot in "${vote.title}"`,
    `Cast at: ${ballot.castAt}`,
    `Campaign: ${vote.id}`,
    ...ballot.picks.map((entry, index) => `Pick ${index + 1}: ${entry.name} (${entry.id})`),
    `Receipt: ${ballot.receipt}`,
    `Nonce: ${ballot.nonce}`,
    "Keep this private: once the vote is closed, the receipt shows how you voted.",
  ];
  saveFile(new Blob([`${lines.join("\n")}\n`], { type: "text/plain" }), "ballot-receipt.txt");
}
