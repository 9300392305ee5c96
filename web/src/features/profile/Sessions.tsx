import { useState } from "react";
import { useLocation } from "wouter";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { session } from "../../app/session";
import { LogoutEverywhereDocument, type ProfileQuery, RevokeSessionDocument } from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { Badge, Row, Rows, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { ConfirmDialog } from "../../ui/Dialog";
import { Icon } from "../../ui/Icon";
import { toast } from "../../ui/Toast";
import { describeUserAgent } from "./userAgent";

type Session = NonNullable<ProfileQuery["sessions"]>[number];

export function Sessions({ sessions, onRevoked }: { sessions: readonly Session[]; onRevoked: () => void }) {
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const everywhere = useAction(LogoutEverywhereDocument);
  const signOutEverywhere = async () => {
    const { error } = await everywhere.run({});
    if (error) return <FormError error={error} />;
    navigate("/");
    session.discard();
    return undefined;
  };
  const signOut = async () => {
    setBusy(true);
    navigate("/");
    if (!(await session.signOut()))
      toast("Signed out here. The server could not be reached.", { tone: "danger" });
  };
  return (
    <Section
      title="Where you are signed in"
      actions={
        <ButtonRow>
          {sessions.length > 1 && (
            <Button small onClick={() => setAsking(true)}>
              Sign out everywhere
            </Button>
          )}
          <Button icon="signOut" small busy={busy} onClick={signOut}>
            Sign out
          </Button>
        </ButtonRow>
      }
    >
      <Rows label="Sessions">
        {sessions.map((item) => (
          <SessionRow key={item.id} item={item} onRevoked={onRevoked} />
        ))}
      </Rows>
      {isAsking && (
        <ConfirmDialog
          title="Sign out everywhere?"
          confirmLabel="Sign out everywhere"
          onConfirm={signOutEverywhere}
          onClose={() => setAsking(false)}
        >
          <p>All {sessions.length} sessions end at once, this one included. You then sign in again.</p>
        </ConfirmDialog>
      )}
    </Section>
  );
}

function SessionRow({ item, onRevoked }: { item: Session; onRevoked: () => void }) {
  const { run, busy } = useAction(RevokeSessionDocument);
  const { id, createdAt, lastUsedAt, userAgent, isCurrent } = item;
  const name = describeUserAgent(userAgent);
  const revoke = async () => {
    const { error } = await run({ id });
    if (error) toast(error.message, { tone: "danger" });
    else toast("Session ended");
    onRevoked();
  };
  return (
    <Row
      start={<Icon name="monitor" />}
      title={name}
      detail={
        <>
          Signed in <Time at={createdAt} />, last used <Time at={lastUsedAt} />
        </>
      }
      end={
        isCurrent ? (
          <Badge tone="success">This browser</Badge>
        ) : (
          <Button small busy={busy} onClick={revoke} aria-label={`End the session: ${name}`}>
            End
          </Button>
        )
      }
    />
  );
}
