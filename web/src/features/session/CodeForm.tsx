import { useState } from "react";
import { forgetCode, parseCode, useLinkedCode } from "../../app/codes";
import type { AppError } from "../../app/errors";
import { FormError } from "../../app/FormError";
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
  onSubmit: (values: { code: string; name: string; password: string }) => Promise<boolean>;
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
  const submit = async (values: Record<string, string>) => {
    const succeeded = await onSubmit({ code, name, password: values[passwordName] ?? "" });
    if (succeeded) forgetCode();
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
      <Button type="submit" variant="primary" busy={busy}>
        {submitLabel}
      </Button>
    </Form>
  );
}
