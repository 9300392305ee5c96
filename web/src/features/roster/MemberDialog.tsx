import { useLocation } from "wouter";
import { useChanges } from "../../app/changedFields";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { resync } from "../../app/resync";
import {
  CreateMemberDocument,
  type MemberPartsFragment,
  type RosterFiltersQuery,
  UpdateMemberDocument,
} from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { CancelButton, Dialog } from "../../ui/Dialog";
import { Field, Select } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { toast } from "../../ui/Toast";

interface MemberDialogProps {
  /** The member to edit; absent for a new one. */
  member?: MemberPartsFragment;
  ranks?: RosterFiltersQuery["ranks"];
  onClose: () => void;
}

export function MemberDialog({ member, ranks = [], onClose }: MemberDialogProps) {
  const [, navigate] = useLocation();
  const create = useAction(CreateMemberDocument);
  const update = useAction(UpdateMemberDocument);
  const { busy, error } = member ? update : create;
  const ownName = member && member.displayName !== member.discordUsername ? member.displayName : "";
  const { before, changes } = useChanges({
    discordUsername: member?.discordUsername ?? "",
    displayName: ownName || null,
    discordId: member?.discordId || null,
  });
  const assignable = ranks.filter(({ viewerActions }) => viewerActions.includes("ASSIGN"));
  const submit = async ({ discordUsername = "", displayName, discordId, rankId }: Record<string, string>) => {
    const values = { discordUsername, displayName: displayName || null, discordId: discordId || null };
    if (member) {
      const changed = changes(values);
      // Without a name of their own, members show by their username.
      const isNamed = before.displayName !== null || !("discordUsername" in changed);
      const own = isNamed ? {} : { displayName: values.displayName };
      const { error } = await update.run({ input: { id: member.id, ...changed, ...own } });
      if (error) return;
      toast("Saved");
    } else {
      const { data } = await create.run({ input: { ...values, rankId: rankId || null } });
      const added = data?.createMember?.member;
      if (!added) return;
      resync();
      const open = () => navigate(`/members/${added.id}`);
      toast(`${added.displayName} added`, { action: { label: "Open", run: open } });
    }
    onClose();
  };
  return (
    <Dialog title={member ? `Edit ${member.displayName}` : "Add a member"} onClose={onClose} busy={busy}>
      <Form onSubmit={submit} fieldErrors={error?.fields} error={error && <FormError error={error} />}>
        <Field
          name="discordUsername"
          label="Discord username"
          hint="As in Discord, such as mirelle.dusk. The member signs in with it."
          required
          maxLength={102}
          defaultValue={before.discordUsername}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
        />
        <Field
          name="displayName"
          label="Display name"
          hint="How the site shows the member. Without it, the Discord username."
          maxLength={100}
          defaultValue={before.displayName ?? ""}
          autoComplete="off"
        />
        <Field
          name="discordId"
          label="Discord user id"
          hint="Optional, a number of up to 20 digits. With it, the bot can send messages and sync the rank."
          inputMode="numeric"
          maxLength={20}
          defaultValue={before.discordId ?? ""}
          autoComplete="off"
        />
        {!member && (
          <Select
            name="rankId"
            label="Rank"
            defaultValue={assignable.at(-1)?.id ?? ""}
            options={assignable.map(({ id, name }) => ({ value: id, label: name }))}
          />
        )}
        <ButtonRow end>
          <CancelButton />
          <Button variant="primary" type="submit" busy={busy}>
            {member ? "Save" : "Add"}
          </Button>
        </ButtonRow>
      </Form>
    </Dialog>
  );
}
