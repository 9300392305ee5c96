import { useState } from "react";
import { useLocation } from "wouter";
import { forgetCode, parseCode, useLinkedCode } from "../../app/codes";
import type { Outcome } from "../../app/data";
import { type AppError, isTemporary, toAppError } from "../../app/errors";
import { FormError } from "../../app/FormError";
import { session } from "../../app/session";
import type { Tokens } from "../../client/session.js";
import { Alert } from "../../ui/Alert";
import { Button } from "../../ui/Button";
import { Field, PasswordField } from "../../ui/Field";
import { Form } from "../../ui/Form";

interface CodeFormProps {
  /** The names of the API's fields. */
  codeName: string;
  codeLabel: string;
  passwordName: string;
  passwordLabel: string;
  submitLabel: string;
  busy: boolean;
  error: AppError | undefined;
  /** Uses the code. The tokens of its response sign in. */
  onSubmit: (values: { code: string; name: string; password: string }) => Promise<Outcome<Tokens>>;
}

/** A code, the name it was issued to, and a new password: for `/register` and `/reset`. */
export function CodeForm(props: CodeFormProps) {
  const { codeName, codeLabel, passwordName, passwordLabel, submitLabel, busy, error, onSubmit } = props;
  const linked = useLinkedCode();
  const [code, setCode] = useState(linked.code);
  const [name, setName] = useState(linked.name);
  const [taken, setTaken] = useState(linked);
  if (linked !== taken) {
    // Another link was opened while the page was shown.
    setTaken(linked);
    setCode(linked.code);
    setName(linked.name);
  }
  const changeCode = (text: string) => {
    // The whole link was pasted.
    const pasted = parseCode(text);
    setCode(pasted?.code ?? text);
    if (pasted?.name) setName(pasted.name);
  };
  const [, navigate] = useLocation();
  // The name and the password that were sent first, if there was no response.
  const [lost, setLost] = useState<Credentials>();
  const finish = () => {
    forgetCode();
    navigate("/", { replace: true });
  };
  const submit = async (values: Record<string, string>) => {
    const sent = { name: name.trim(), password: values[passwordName] ?? "" };
    const { data, error } = await onSubmit({ code, ...sent });
    if (error && isTemporary(error)) setLost(lost ?? sent);
    if (!data) return;
    session.start(data);
    finish();
  };
  const hasLink = linked.code !== "" && linked.name !== "";
  return (
    <Form onSubmit={submit} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
      <Field
        label={codeLabel}
        name={codeName}
        value={code}
        onChange={(event) => changeCode(event.target.value)}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        autoFocus={!hasLink}
        required
      />
      <Field
        label="Discord username"
        hint="The name by which your guild knows you on Discord."
        name="discordUsername"
        value={name}
        onChange={(event) => setName(event.target.value)}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <PasswordField
        label={passwordLabel}
        hint="At least 10 characters. A sentence is a good password."
        name={passwordName}
        autoComplete="new-password"
        minLength={10}
        autoFocus={hasLink}
        required
      />
      {lost && error && !isTemporary(error) && <FirstAttempt credentials={lost} onSignedIn={finish} />}
      <Button type="submit" variant="primary" busy={busy}>
        {submitLabel}
      </Button>
    </Form>
  );
}

interface Credentials {
  name: string;
  password: string;
}

interface FirstAttemptProps {
  credentials: Credentials;
  onSignedIn: () => void;
}

/** Signs in with what was sent first: if that arrived, it has used the code, and the server refuses the code now. */
function FirstAttempt({ credentials: { name, password }, onSignedIn }: FirstAttemptProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError>();
  const signIn = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await session.signIn(name, password);
      onSignedIn();
    } catch (cause) {
      setError(toAppError(cause as Error));
    }
    setBusy(false);
  };
  return (
    <Alert
      actions={
        <Button busy={busy} onClick={signIn}>
          Sign in
        </Button>
      }
    >
      The server did not answer your first attempt. If it arrived, sign in with the password that you chose
      then.
      {error && (
        <p>
          <FormError error={error} />
        </p>
      )}
    </Alert>
  );
}
