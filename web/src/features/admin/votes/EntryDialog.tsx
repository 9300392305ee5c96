import { useState } from "react";
import { Button } from "../../../ui/Button";
import { Dialog } from "../../../ui/Dialog";
import { Field, TextArea } from "../../../ui/Field";
import type { EditedEntry } from "./entries";

interface EntryDialogProps {
  entry: EditedEntry;
  onSave: (entry: EditedEntry) => void;
  onClose: () => void;
}

/** One entry with all of its fields. The list saves it together with the others. */
export function EntryDialog({ entry, onSave, onClose }: EntryDialogProps) {
  const [edited, setEdited] = useState(entry);
  const set = (change: Partial<EditedEntry>) => setEdited({ ...edited, ...change });
  return (
    <Dialog
      title="Edit entry"
      onClose={onClose}
      actions={
        <>
          <Button variant="quiet" onClick={onClose}>
            Cancel
          </Button>
          <Button
            variant="primary"
            disabled={edited.name.trim() === ""}
            onClick={() => {
              onSave(edited);
              onClose();
            }}
          >
            Done
          </Button>
        </>
      }
    >
      <Field
        label="Name"
        maxLength={200}
        value={edited.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextArea
        label="Description"
        maxLength={5_000}
        value={edited.description}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      <Field
        label="Picture, as a link"
        hint="Voters see the link and open the picture with it."
        type="url"
        maxLength={2_048}
        value={edited.imageUrl}
        onChange={(event) => set({ imageUrl: event.currentTarget.value })}
      />
      {edited.member && (
        <Button icon="close" onClick={() => set({ member: null })}>
          Remove the link to {edited.member.displayName}
        </Button>
      )}
    </Dialog>
  );
}
