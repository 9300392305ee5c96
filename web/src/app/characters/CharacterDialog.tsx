import { useId } from "react";
import {
  type CharacterClass,
  type CharacterPartsFragment,
  type CharacterRole,
  CreateCharacterDocument,
  UpdateCharacterDocument,
} from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Checkbox, Field, Select } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { toast } from "../../ui/Toast";
import { useAction } from "../data";
import { FormError } from "../FormError";
import { CLASSES, ROLES } from "../labels";
import styles from "./CharacterDialog.module.css";

interface CharacterDialogProps {
  memberId: string;
  /** The character to edit; absent for a new one. */
  character: CharacterPartsFragment | undefined;
  /** The first character is the main one, unless the viewer says otherwise. */
  isFirst: boolean;
  onClose: () => void;
}

export function CharacterDialog({ memberId, character, isFirst, onClose }: CharacterDialogProps) {
  const create = useAction(CreateCharacterDocument);
  const update = useAction(UpdateCharacterDocument);
  const form = useId();
  const { busy, error } = character ? update : create;
  const save = async (values: Record<string, string>) => {
    const input = {
      name: values.name ?? "",
      realm: values.realm ?? "",
      class: values.class as CharacterClass,
      spec: values.spec?.trim() || null,
      role: values.role as CharacterRole,
      isMain: values.isMain === "on",
    };
    const result = character
      ? await update.run({ input: { id: character.id, ...input } })
      : await create.run({ input: { memberId, ...input } });
    if (result.error) return;
    toast(character ? "Character saved" : "Character added");
    onClose();
  };
  return (
    <Dialog
      title={character ? `Edit ${character.name}` : "Add a character"}
      onClose={onClose}
      actions={
        <>
          <Button variant="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" form={form} variant="primary" busy={busy}>
            {character ? "Save" : "Add"}
          </Button>
        </>
      }
    >
      <Form
        id={form}
        onSubmit={save}
        fieldErrors={error?.fields}
        error={error && <FormError error={error} />}
      >
        <div className={styles.pair}>
          <Field label="Name" name="name" defaultValue={character?.name} maxLength={50} required autoFocus />
          <Field label="Realm" name="realm" defaultValue={character?.realm} maxLength={50} required />
        </div>
        <div className={styles.pair}>
          <Select
            label="Class"
            name="class"
            defaultValue={character?.class ?? ""}
            options={[{ value: "", label: "Choose…", disabled: true }, ...options(CLASSES)]}
            required
          />
          <Field
            label="Specialisation"
            name="spec"
            defaultValue={character?.spec ?? ""}
            placeholder="Optional"
          />
        </div>
        <Select
          label="Role"
          name="role"
          defaultValue={character?.role ?? ""}
          options={[{ value: "", label: "Choose…", disabled: true }, ...options(ROLES)]}
          required
        />
        <Checkbox
          label="Main character"
          name="isMain"
          defaultChecked={character?.isMain ?? isFirst}
          hint="Replaces the main character of before."
        />
      </Form>
    </Dialog>
  );
}

const options = (names: Record<string, string>) =>
  Object.entries(names).map(([value, label]) => ({ value, label }));
