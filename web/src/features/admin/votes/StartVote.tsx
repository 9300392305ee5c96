import { useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../../../app/data";
import { blockerLabel } from "../../../app/labels";
import { type DraftFragment, type DraftQuery, StartVoteDocument } from "../../../gql/graphql";
import { Notice } from "../../../ui/Alert";
import { Button, ButtonRow } from "../../../ui/Button";
import { Section } from "../../../ui/Card";
import { formatInstant } from "../../../ui/Countdown";
import { serverNow } from "../../../ui/clock";
import { ConfirmDialog } from "../../../ui/Dialog";
import { Icon } from "../../../ui/Icon";
import { toast } from "../../../ui/Toast";
import styles from "./Editor.module.css";
import { hasPassed } from "./schedule";

interface StartVoteProps {
  vote: DraftFragment;
  /** What to do with the changes of the page that a start would leave out. */
  unsaved: string | undefined;
  ranks: DraftQuery["ranks"];
}

/** Whether the draft can start, what is missing, and the start itself. */
export function StartVote({ vote, unsaved, ranks }: StartVoteProps) {
  const [isAsking, setAsking] = useState(false);
  const [, navigate] = useLocation();
  const { run } = useAction(StartVoteDocument);
  const wait = unsaved && `${unsaved} Then you can start the vote.`;
  // A passed time does not prevent a start by hand.
  const blockers = (vote.activationBlockers ?? []).filter((it) => it !== "DEADLINE_PASSED");
  const isTooLate = vote.activationBlockers?.includes("DEADLINE_PASSED") ?? false;
  const canStart = vote.viewerActions.includes("ACTIVATE");
  const able = ranks
    .filter((rank) => rank.level >= vote.minRankLevelToVote)
    .toSorted((a, b) => a.level - b.level);
  const { eligible, awaitingRegistration } = vote.turnout;
  const end = new Date(serverNow() + vote.durationHours * 3_600_000).toISOString();
  return (
    <Section title="Start">
      <div className={styles.stack}>
        {blockers.length > 0 && (
          <ul className={styles.blockers} aria-label="What is missing">
            {blockers.map((blocker) => (
              <li key={blocker}>
                <Icon name="warning" size={18} />
                {blockerLabel(blocker)}
              </li>
            ))}
          </ul>
        )}
        {isTooLate ? (
          <Notice icon="warning">
            {vote.closesAt
              ? `Its scheduled end, ${formatInstant(vote.closesAt)}, has passed`
              : "Its scheduled end has passed"}
            , so it stays a draft. Choose a later start
            {canStart && blockers.length === 0 && ", or start it now"}.
          </Notice>
        ) : blockers.length === 0 ? (
          <p>
            {vote.startAt
              ? `It starts automatically on ${formatInstant(vote.startAt)}.${canStart ? " You can also start it now." : ""}`
              : "Everything is ready. Only officers see the draft until it starts."}
          </p>
        ) : (
          vote.startAt && (
            <p>
              {hasPassed(vote.startAt, serverNow())
                ? `It was to start on ${formatInstant(vote.startAt)}. It starts as soon as nothing is missing.`
                : `It starts automatically on ${formatInstant(vote.startAt)}, if nothing is missing by then.`}
            </p>
          )
        )}
        {canStart && wait && <p>{wait}</p>}
        {canStart && (
          <ButtonRow>
            <Button
              variant="primary"
              icon="vote"
              disabled={blockers.length > 0 || unsaved !== undefined}
              onClick={() => setAsking(true)}
            >
              Start the vote
            </Button>
          </ButtonRow>
        )}
      </div>
      {isAsking && (
        <ConfirmDialog
          title="Start this vote now?"
          confirmLabel="Start the vote"
          onClose={() => setAsking(false)}
          onConfirm={async () => {
            if (wait) return wait;
            const { error } = await run({ id: vote.id });
            if (error) return error.message;
            toast("The vote has started");
            navigate(`/votes/${vote.id}`);
            return undefined;
          }}
        >
          <ul className={styles.facts}>
            <li>
              {able[0] ? `Members with the rank ${able[0].name} or a higher one may vote` : "No one may vote"}
              : {eligible} now
              {awaitingRegistration > 0 && `, and ${awaitingRegistration} more once they have registered`}.
            </li>
            <li>It closes on {formatInstant(end)}.</li>
            <li>Settings and entries cannot be changed afterwards.</li>
          </ul>
        </ConfirmDialog>
      )}
    </Section>
  );
}
