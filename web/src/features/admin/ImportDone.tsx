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
  const invitable = added.filter(({ viewerActions }) => viewerActions.includes("INVITE"));
  const nameOf = (id: string) => added.find((member) => member.id === id)?.displayName ?? "A member";
  if (result) return <InviteSheet result={result} nameOf={nameOf} onDone={() => setResult(undefined)} />;
  const canInvite = viewer.can("MEMBERS_INVITE") && report.membersAdded > 0;
  return (
    <Section title="The roster is imported">
      <div className={styles.choose}>
        <Counts report={report} />
        {canInvite && (
          <Notice>
            The new members can take part after they have registered. Invite them now.
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
