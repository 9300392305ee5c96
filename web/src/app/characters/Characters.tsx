import { useState } from "react";
import type { CharacterPartsFragment } from "../../gql/graphql";
import { DeleteCharacterDocument } from "../../gql/graphql";
import { Button, IconButton } from "../../ui/Button";
import { Badge, Row, Rows, Section } from "../../ui/Card";
import { ConfirmDialog } from "../../ui/Dialog";
import { Empty } from "../../ui/PageState";
import { toast } from "../../ui/Toast";
import { useAction } from "../data";
import { FormError } from "../FormError";
import { classLabel } from "../labels";
import { CharacterDialog } from "./CharacterDialog";
import styles from "./Characters.module.css";
import { ClassMarker, Role } from "./Role";

interface CharactersProps {
  memberId: string;
  characters: readonly CharacterPartsFragment[];
  /** Whether the viewer may add, change and delete characters. */
  canEdit: boolean;
  /** Who can fill an empty list, and how. */
  emptyText: string;
  /** Reads the list again, after a character was deleted. */
  onDeleted: () => void;
}

/** The characters of a member, the main one first, for `/me` and `/members/:id`. */
export function Characters({ memberId, characters, canEdit, emptyText, onDeleted }: CharactersProps) {
  const [edited, setEdited] = useState<CharacterPartsFragment | "new">();
  const [deleted, setDeleted] = useState<CharacterPartsFragment>();
  const sorted = [...characters].sort(
    (a, b) => Number(b.isMain) - Number(a.isMain) || a.name.localeCompare(b.name),
  );
  return (
    <Section
      title="Characters"
      actions={
        canEdit && (
          <Button icon="plus" small onClick={() => setEdited("new")}>
            Add a character
          </Button>
        )
      }
    >
      {sorted.length === 0 ? (
        <Empty icon="person" title="No characters yet">
          <p>{emptyText}</p>
        </Empty>
      ) : (
        <Rows label="Characters">
          {sorted.map((character) => (
            <Row
              key={character.id}
              start={<ClassMarker value={character.class} />}
              title={
                <span className={styles.name}>
                  <a
                    href={character.armoryUrl}
                    target="_blank"
                    rel="noreferrer"
                    dir="auto"
                    title="Open the armory"
                  >
                    {character.name}
                  </a>
                  {character.isMain && <Badge tone="accent">Main</Badge>}
                </span>
              }
              detail={
                <span className={styles.detail}>
                  <span dir="auto">{character.realm}</span>
                  <span>{[character.spec, classLabel(character.class)].filter(Boolean).join(" ")}</span>
                  <Role role={character.role} />
                </span>
              }
              end={
                canEdit && (
                  <>
                    <IconButton
                      icon="edit"
                      label={`Edit ${character.name}`}
                      small
                      onClick={() => setEdited(character)}
                    />
                    <IconButton
                      icon="trash"
                      label={`Delete ${character.name}`}
                      small
                      onClick={() => setDeleted(character)}
                    />
                  </>
                )
              }
            />
          ))}
        </Rows>
      )}
      {edited && (
        <CharacterDialog
          memberId={memberId}
          character={edited === "new" ? undefined : edited}
          isFirst={characters.length === 0}
          onClose={() => setEdited(undefined)}
        />
      )}
      {deleted && (
        <DeleteDialog character={deleted} onClose={() => setDeleted(undefined)} onDeleted={onDeleted} />
      )}
    </Section>
  );
}

interface DeleteDialogProps {
  character: CharacterPartsFragment;
  onClose: () => void;
  onDeleted: () => void;
}

function DeleteDialog({ character, onClose, onDeleted }: DeleteDialogProps) {
  const { run } = useAction(DeleteCharacterDocument);
  const confirm = async () => {
    const { error } = await run({ id: character.id });
    if (error) return <FormError error={error} />;
    onDeleted();
    toast(`${character.name} deleted`);
    return undefined;
  };
  return (
    <ConfirmDialog
      title={`Delete ${character.name}?`}
      confirmLabel="Delete"
      danger
      onConfirm={confirm}
      onClose={onClose}
    >
      <p>The character leaves the roster. You can add it again later.</p>
    </ConfirmDialog>
  );
}
