import { useState } from "react";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { UpdateMeDocument } from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { toast } from "../../ui/Toast";
import { useUnsaved } from "../../ui/unsaved";

export function NameSection({
  displayName,
  discordUsername,
}: {
  displayName: string;
  discordUsername: string;
}) {
  const [name, setName] = useState(displayName);
  const isDirty = name !== displayName;
  const { run, busy, error } = useAction(UpdateMeDocument, { isDirty });
  useUnsaved(isDirty);
  const save = async () => {
    const { data } = await run({ input: { displayName: name.trim() || null } });
    const saved = data?.updateMe?.member.displayName;
    if (saved === undefined) return;
    // What was typed meanwhile stays, unsaved.
    setName((current) => (current === name ? saved : current));
    toast("Name saved");
  };
  return (
    <Section title="Name">
      <Form onSubmit={save} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
        <Field
          label="Display name"
          hint={`How the guild sees you. If it is empty, your Discord username shows: ${discordUsername}.`}
          name="displayName"
          value={name}
          onChange={(event) => setName(event.target.value)}
          maxLength={100}
          autoComplete="nickname"
        />
        {isDirty && (
          <ButtonRow>
            <Button type="submit" variant="primary" busy={busy}>
              Save
            </Button>
            <Button variant="quiet" onClick={() => setName(displayName)}>
              Cancel
            </Button>
          </ButtonRow>
        )}
      </Form>
    </Section>
  );
}
