import { useRef, useState } from "react";
import { Button } from "../ui/Button";
import { Checkbox, Field, PasswordField } from "../ui/Field";
import { Form } from "../ui/Form";
import { type AppError, toAppError } from "./errors";
import { FormError } from "./FormError";
import { session } from "./session";

interface SignInFormProps {
  /** The Discord username to start with. */
  name?: string;
  onSignedIn?: () => void;
}

export function SignInForm({ name = "", onSignedIn }: SignInFormProps) {
  const [error, setError] = useState<AppError>();
  const [busy, setBusy] = useState(false);
  const password = useRef<HTMLInputElement>(null);
  const signIn = async (values: Record<string, string>) => {
    setBusy(true);
    setError(undefined);
    try {
      await session.signIn(values.discordUsername?.trim() ?? "", values.password ?? "", {
        sharedComputer: values.shared === "on",
      });
      onSignedIn?.();
    } catch (cause) {
      setError(toAppError(cause as Error));
      password.current?.select();
    }
    setBusy(false);
  };
  return (
    <Form onSubmit={signIn} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
      <Field
        label="Discord username"
        name="discordUsername"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        defaultValue={name}
        autoFocus={name === ""}
        required
      />
      <PasswordField
        ref={password}
        label="Password"
        name="password"
        autoComplete="current-password"
        autoFocus={name !== ""}
        required
      />
      <Checkbox
        name="shared"
        label="This is a shared computer"
        hint="You are signed out when you close this tab."
      />
      <Button type="submit" variant="primary" busy={busy}>
        Sign in
      </Button>
    </Form>
  );
}
