import { useId, useState } from "react";
import {
  type CharacterClass,
  CharacterClassesDocument,
  type CharacterPartsFragment,
  type CharacterRole,
  CreateCharacterDocument,
  UpdateCharacterDocument,
} from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { CancelButton, Dialog } from "../../ui/Dialog";
import { Checkbox, Field, Select } from "../../ui/Field";
import { Form } from "../../ui/Form";
import { toast } from "../../ui/Toast";
import { useChanges } from "../changedFields";
import { useAction, useData } from "../data";
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
  const { changes } = useChanges<Partial<Fields>>(character ? fieldsOf(character) : {});
  const create = useAction(CreateCharacterDocument);
  const update = useAction(UpdateCharacterDocument);
  const form = useId();
  const { busy, error } = character ? update : create;
  const save = async (values: Record<string, string>) => {
    const kind = {
      class: values.class as CharacterClass,
      spec: values.spec || null,
      role: values.role as CharacterRole,
    };
    const input: Fields = {
      name: values.name ?? "",
      realm: values.realm ?? "",
      ...kind,
      isMain: values.isMain === "on",
    };
    const changed = changes(input);
    // The three depend on each other.
    const isOther = "class" in changed || "spec" in changed || "role" in changed;
    const result = character
      ? await update.run({ input: { id: character.id, ...changed, ...(isOther && kind) } })
      : await create.run({ input: { memberId, ...input } });
    if (result.error) return;
    toast(character ? "Character saved" : "Character added");
    onClose();
  };
  return (
    <Dialog
      title={character ? `Edit ${character.name}` : "Add a character"}
      onClose={onClose}
      busy={busy}
      actions={
        <>
          <CancelButton />
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
        <ClassFields character={character} />
        <Checkbox
          label="Main character"
          name="isMain"
          defaultChecked={character?.isMain ?? isFirst}
          hint="Replaces the present main character."
        />
      </Form>
    </Dialog>
  );
}

type Fields = ReturnType<typeof fieldsOf>;

const fieldsOf = ({ name, realm, class: className, spec, role, isMain }: CharacterPartsFragment) => ({
  name,
  realm,
  class: className,
  spec: spec ?? null,
  role,
  isMain,
});

/** Class, specialisation and role. A specialisation fills in its role. */
function ClassFields({ character }: { character: CharacterPartsFragment | undefined }) {
  const { data } = useData(CharacterClassesDocument, {}, { requestPolicy: "cache-first" });
  const [chosen, setChosen] = useState<string>(character?.class ?? "");
  const [spec, setSpec] = useState(character?.spec ?? "");
  const [role, setRole] = useState<string>(character?.role ?? "");
  const classes = data?.characterClasses.map(({ class: value, name }) => ({
    value: value as string,
    label: name,
  }));
  const specs = data?.characterClasses.find((item) => item.class === chosen)?.specs ?? [];
  return (
    <>
      <div className={styles.pair}>
        <Select
          label="Class"
          name="class"
          value={chosen}
          onChange={(event) => {
            setChosen(event.target.value);
            setSpec("");
          }}
          options={[CHOOSE, ...(classes ?? options(CLASSES))]}
          required
        />
        <Select
          label="Specialisation"
          name="spec"
          value={spec}
          onChange={(event) => {
            setSpec(event.target.value);
            const found = specs.find(({ name }) => name === event.target.value);
            if (found) setRole(found.role);
          }}
          disabled={specs.length === 0}
          options={[
            { value: "", label: "None" },
            ...withCurrent(specs, spec).map((name) => ({ value: name, label: name })),
          ]}
        />
      </div>
      <Select
        label="Role"
        name="role"
        value={role}
        onChange={(event) => setRole(event.target.value)}
        options={[CHOOSE, ...options(ROLES)]}
        required
      />
    </>
  );
}

const CHOOSE = { value: "", label: "Choose…", disabled: true };

const options = (names: Record<string, string>) =>
  Object.entries(names).map(([value, label]) => ({ value, label }));

/** The names of the specialisations, and the stored one while they load. */
function withCurrent(specs: readonly { name: string }[], current: string) {
  const names = specs.map(({ name }) => name);
  return current && !names.includes(current) ? [current, ...names] : names;
}
