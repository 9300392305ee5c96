import { Button } from "../../../ui/Button";
import { CancelButton, Dialog } from "../../../ui/Dialog";
import { Field, TextArea } from "../../../ui/Field";
import type { EditedEntry } from "./entries";

interface EntryDialogProps {
  entry: EditedEntry;
  onChange: (entry: EditedEntry) => void;
  onSave: (entry: EditedEntry) => void;
  onClose: () => void;
}

/** One entry with all of its fields. The list saves it together with the others. */
export function EntryDialog({ entry, onChange, onSave, onClose }: EntryDialogProps) {
  const set = (change: Partial<EditedEntry>) => onChange({ ...entry, ...change });
  return (
    <Dialog
      title="Edit entry"
      onClose={onClose}
      actions={
        <>
          <CancelButton />
          <Button
            variant="primary"
            disabled={entry.name.trim() === ""}
            onClick={() => {
              onSave(entry);
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
        value={entry.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextArea
        label="Description"
        maxLength={5_000}
        value={entry.description}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      <Field
        label="Picture, as a link"
        hint="Voters see the link and open the picture with it."
        type="url"
        maxLength={2_048}
        value={entry.imageUrl}
        onChange={(event) => set({ imageUrl: event.currentTarget.value })}
      />
      {entry.member && (
        <Button icon="close" onClick={() => set({ member: null })}>
          Remove the link to {entry.member.displayName}
        </Button>
      )}
    </Dialog>
  );
}
