import { useState } from "react";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { session } from "../../app/session";
import { ChangePasswordDocument } from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { PasswordField } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { toast } from "../../ui/Toast";

export function PasswordSection({ discordUsername }: { discordUsername: string }) {
  const [isOpen, setOpen] = useState(false);
  const { run, busy, error, reset } = useAction(ChangePasswordDocument);
  const close = () => {
    setOpen(false);
    reset();
  };
  const change = async (values: Record<string, string>) => {
    const { data } = await run({
      input: { currentPassword: values.currentPassword ?? "", newPassword: values.newPassword ?? "" },
    });
    if (!data?.changePassword) return;
    await session.replaceTokens(data.changePassword);
    close();
    toast("Password changed. Your other sessions have ended.");
  };
  return (
    <Section title="Password">
      {isOpen ? (
        <Form onSubmit={change} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
          {/* Password managers need to know whose password it is. */}
          <input hidden readOnly autoComplete="username" value={discordUsername} />
          <PasswordField
            label="Current password"
            name="currentPassword"
            autoComplete="current-password"
            autoFocus
            required
          />
          <PasswordField
            label="New password"
            hint="At least 10 characters. Your other sessions end."
            name="newPassword"
            autoComplete="new-password"
            minLength={10}
            required
          />
          <ButtonRow>
            <Button type="submit" variant="primary" busy={busy}>
              Change the password
            </Button>
            <Button variant="quiet" onClick={close}>
              Cancel
            </Button>
          </ButtonRow>
        </Form>
      ) : (
        <Button onClick={() => setOpen(true)}>Change the password…</Button>
      )}
    </Section>
  );
}
