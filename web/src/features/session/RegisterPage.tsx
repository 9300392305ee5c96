import { useState } from "react";
import { useLinkedCode } from "../../app/codes";
import { useAction } from "../../app/data";
import { Link, LinkButton } from "../../app/Link";
import { Page } from "../../app/Page";
import { session } from "../../app/session";
import { useViewer } from "../../app/viewer";
import { RegisterDocument } from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { CodeForm } from "./CodeForm";
import styles from "./session.module.css";

export default function RegisterPage() {
  const { member, guild } = useViewer();
  const { run, busy, error } = useAction(RegisterDocument);
  const { code } = useLinkedCode();
  if (member) return <SignedIn displayName={member.displayName} hasCode={code !== ""} />;
  return (
    <Page title={`Join ${guild.name}`} width="narrow">
      <p className={styles.text}>
        Choose a password for your account. Your invite code comes from an officer, as a message on Discord or
        as a link.
      </p>
      <Card>
        <CodeForm
          codeName="inviteCode"
          codeLabel="Invite code"
          passwordName="password"
          passwordLabel="Password"
          submitLabel="Create my account"
          busy={busy}
          error={error}
          onSubmit={async ({ code: inviteCode, name, password }) => {
            const { data, error } = await run({ input: { inviteCode, discordUsername: name, password } });
            return { ...(data?.register && { data: data.register }), ...(error && { error }) };
          }}
        />
      </Card>
      <p className={styles.text}>
        You have an account already? <Link href="/login">Sign in</Link>
      </p>
    </Page>
  );
}

/** Someone else's invitation must not be used by mistake. */
function SignedIn({ displayName, hasCode }: { displayName: string; hasCode: boolean }) {
  const [busy, setBusy] = useState(false);
  return (
    <Page title="You are signed in" width="narrow">
      <Card>
        <div className={styles.stack}>
          <p>
            You are signed in as <strong dir="auto">{displayName}</strong>. To{" "}
            {hasCode ? "use this invite code" : "register another member"}, sign out first.
          </p>
          <ButtonRow>
            <Button
              variant="primary"
              busy={busy}
              onClick={async () => {
                setBusy(true);
                await session.signOut();
                setBusy(false);
              }}
            >
              Sign out and register
            </Button>
            <LinkButton href="/" variant="quiet">
              Stay signed in
            </LinkButton>
          </ButtonRow>
        </div>
      </Card>
    </Page>
  );
}
