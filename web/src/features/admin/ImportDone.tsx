import { useState } from "react";
import { LinkButton } from "../../app/Link";
import { useViewer } from "../../app/viewer";
import { Notice } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import styles from "./Import.module.css";
import type { Report } from "./ImportPage";
import { Counts } from "./ImportPreview";
import { InviteSheet } from "./InviteSheet";
import { type Invites, useInvites } from "./useInvites";

/** What an import did, and the invites of the new members. */
export function ImportDone({ report, onRestart }: { report: Report; onRestart: () => void }) {
  const viewer = useViewer();
  const { send, progress } = useInvites();
  const [result, setResult] = useState<Invites>();
  const added = report.changes.flatMap(({ kind, member }) =>
    kind === "MEMBER_ADDED" && member ? [member] : [],
  );
  const [invited, setInvited] = useState<ReadonlySet<string>>(new Set());
  const invitable = added.filter(
    ({ id, viewerActions }) => viewerActions.includes("INVITE") && !invited.has(id),
  );
  const nameOf = (id: string) => added.find((member) => member.id === id)?.displayName ?? "A member";
  if (result) {
    const done = () => {
      setInvited(new Set([...invited, ...result.invites.map(({ member }) => member.id)]));
      setResult(undefined);
    };
    return <InviteSheet result={result} nameOf={nameOf} onDone={done} />;
  }
  const canInvite = viewer.can("MEMBERS_INVITE") && report.membersAdded > 0;
  return (
    <Section title="The roster is imported">
      <div className={styles.choose}>
        <Counts report={report} />
        {canInvite && (
          <Notice>
            {describeInvited(invited.size, invitable.length)}
            {report.membersAdded > added.length && ` The invites page lists all of them.`}
          </Notice>
        )}
        <ButtonRow end>
          <Button variant="quiet" disabled={progress !== undefined} onClick={onRestart}>
            Import another file
          </Button>
          <LinkButton href="/roster">Open the roster</LinkButton>
          {canInvite && invitable.length > 0 && (
            <Button
              variant="primary"
              icon="mail"
              busy={progress !== undefined}
              onClick={async () => setResult(await send(invitable.map(({ id }) => id)))}
            >
              {progress
                ? `Inviting, ${progress.done} of ${progress.memberIds.length}…`
                : invitable.length === 1
                  ? "Invite the new member"
                  : `Invite the ${invitable.length} new members`}
            </Button>
          )}
        </ButtonRow>
      </div>
    </Section>
  );
}

function describeInvited(invited: number, others: number) {
  if (invited === 0) return "The new members can take part after they have registered. Invite them now.";
  const done = invited === 1 ? "One new member is invited." : `${invited} new members are invited.`;
  return `${done} They can take part after registering.${others > 0 ? " Invite the others now." : ""}`;
}
