import { useAction, useData } from "../../app/data";
import { Link } from "../../app/Link";
import { Page } from "../../app/Page";
import { ResetHelpDocument, ResetPasswordDocument } from "../../gql/graphql";
import { Card } from "../../ui/Card";
import { once } from "../../ui/once";
import { CodeForm } from "./CodeForm";
import styles from "./session.module.css";

const LIST = once(() => new Intl.ListFormat("en", { type: "disjunction" }));

export default function ResetPage() {
  const { run, busy, error } = useAction(ResetPasswordDocument);
  const { data } = useData(ResetHelpDocument, {});
  const ranks = data?.ranks.filter(({ permissions }) => permissions.includes("MEMBERS_MANAGE")) ?? [];
  return (
    <Page title="Set a new password" width="narrow">
      <p className={styles.text}>
        You need a reset code. Ask a member with the rank{" "}
        {ranks.length > 0 ? (
          <span dir="auto">{LIST().format(ranks.map(({ name }) => name))}</span>
        ) : (
          "of an officer"
        )}{" "}
        on Discord: they can send you one.
      </p>
      <Card>
        <CodeForm
          codeName="resetCode"
          codeLabel="Reset code"
          passwordName="newPassword"
          passwordLabel="New password"
          submitLabel="Set the password and sign in"
          busy={busy}
          error={error}
          onSubmit={async ({ code: resetCode, name, password: newPassword }) => {
            const { data, error } = await run({ input: { resetCode, discordUsername: name, newPassword } });
            return { ...(data?.resetPassword && { data: data.resetPassword }), ...(error && { error }) };
          }}
        />
      </Card>
      <p className={styles.text}>
        <Link href="/login">Back to signing in</Link>
      </p>
    </Page>
  );
}
