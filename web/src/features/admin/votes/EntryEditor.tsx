import { useEffect, useId } from "react";
import { useAction } from "../../../app/data";
import { type DraftFragment, SetVoteEntriesDocument } from "../../../gql/graphql";
import { Alert } from "../../../ui/Alert";
import { Button, ButtonRow } from "../../../ui/Button";
import { Section } from "../../../ui/Card";
import { serverNow } from "../../../ui/clock";
import { CancelButton, Dialog } from "../../../ui/Dialog";
import { TextArea } from "../../../ui/Field";
import { Empty } from "../../../ui/PageState";
import { toast } from "../../../ui/Toast";
import { AddMembers } from "./AddMembers";
import styles from "./Editor.module.css";
import { EntryDialog } from "./EntryDialog";
import { EntryList } from "./EntryList";
import {
  differences,
  type EditedEntry,
  fromLines,
  MAX_ENTRIES,
  newEntry,
  problemOf,
  toInput,
} from "./entries";
import { SaveError, StaleDraft } from "./StaleDraft";
import { StartsAtOnce } from "./StartsAtOnce";
import { startsAtOnce } from "./schedule";
import type { DraftEdits } from "./useDraftEdits";

interface EntryEditorProps {
  vote: DraftFragment;
  edits: DraftEdits;
  refetch: () => void;
}

/** The entries of a draft: what voters choose from, in this order. */
export function EntryEditor({ vote, edits, refetch }: EntryEditorProps) {
  const edited = edits.entries;
  const {
    value: entries,
    setValue: setEntries,
    isDirty,
    theirs,
    newName: name,
    setNewName: setName,
    dialog: open,
    setDialog: setOpen,
  } = edited;
  const { run, error, reset } = useAction(SetVoteEntriesDocument, { isDirty });
  const id = useId();
  const isStarting = startsAtOnce({ ...vote, entries: entries.length }, serverNow());
  const isStartOutdated = open === "start" && !isStarting;
  useEffect(() => {
    if (!isStartOutdated) return;
    setOpen(undefined);
    toast("The start was changed meanwhile: saving the entries does not start the vote.");
  }, [isStartOutdated, setOpen]);

  const change = (changed: readonly EditedEntry[]) => {
    setEntries(changed);
    // The sentences of a refusal stand at entries by their number.
    reset();
  };
  const room = Math.max(0, MAX_ENTRIES - entries.length);
  const add = (added: readonly EditedEntry[]) => change([...entries, ...added.slice(0, room)]);
  const addNamed = () => {
    if (name.trim() === "" || room === 0) return;
    add([newEntry(name.trim())]);
    setName("");
  };
  const store = () =>
    edited.save(async (draftRevision) => {
      const input = { campaignId: vote.id, draftRevision, entries: entries.map(toInput) };
      const { data, error } = await run({ input });
      if (error?.reason === "STALE_DRAFT") refetch();
      if (data?.setEntries) toast("Entries saved");
      return data?.setEntries?.campaign;
    });
  const save = () => {
    if (startsAtOnce({ ...vote, entries: entries.length }, serverNow())) setOpen("start");
    else void store();
  };
  const resolve = (choice: () => void) => () => {
    reset();
    choice();
  };

  return (
    <Section
      title="Entries"
      description="What voters choose from, in this order."
      actions={
        <>
          <Button small icon="people" onClick={() => setOpen("members")}>
            Add members
          </Button>
          <Button small icon="file" onClick={() => setOpen({ lines: "" })}>
            Paste a list
          </Button>
        </>
      }
    >
      <div className={styles.stack}>
        {entries.length === 0 ? (
          <Empty icon="vote" title="No entries yet">
            <p>Add them one by one, from the roster, or paste a list. A vote needs at least two.</p>
          </Empty>
        ) : (
          <EntryList
            entries={entries}
            problemOf={(index) => error && problemOf(error.fields, index)}
            onChange={change}
            onEdit={(entry) => setOpen({ entry })}
          />
        )}
        <form
          className={styles.addRow}
          onSubmit={(event) => {
            event.preventDefault();
            addNamed();
          }}
        >
          <label htmlFor={id} className="visually-hidden">
            Name of a new entry
          </label>
          <input
            id={id}
            dir="auto"
            className={styles.addInput}
            placeholder="Name of a new entry"
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" icon="plus" disabled={room === 0}>
            Add
          </Button>
        </form>
        {room === 0 && <p>A vote has at most {MAX_ENTRIES} entries.</p>}
        {theirs ? (
          <StaleDraft
            theirs={differences(theirs, entries)}
            own={differences(entries, theirs)}
            onTheirs={resolve(edited.takeTheirs)}
            onOwn={resolve(edited.keepOwn)}
          />
        ) : (
          error && (
            <Alert>
              <SaveError error={error} />
            </Alert>
          )
        )}
        {isDirty && (
          <ButtonRow end>
            <Button variant="quiet" onClick={resolve(edited.undo)}>
              Undo changes
            </Button>
            <Button variant="primary" icon="check" busy={edited.isSaving} onClick={save}>
              Save entries
            </Button>
          </ButtonRow>
        )}
      </div>
      {typeof open === "object" && "lines" in open && (
        <PasteDialog
          text={open.lines}
          room={room}
          onChange={(lines) => setOpen({ lines })}
          onAdd={add}
          onClose={() => setOpen(undefined)}
        />
      )}
      {open === "members" && (
        <AddMembers
          taken={entries.flatMap((entry) => entry.member?.id ?? [])}
          isFull={room === 0}
          onAdd={(member) => add([newEntry(member.displayName, member)])}
          onClose={() => setOpen(undefined)}
        />
      )}
      {typeof open === "object" && "entry" in open && (
        <EntryDialog
          entry={open.entry}
          onChange={(entry) => setOpen({ entry })}
          onSave={({ id: _, ...changed }) =>
            // A save meanwhile has given it its id.
            change(entries.map((it) => (it.key === changed.key ? { ...it, ...changed } : it)))
          }
          onClose={() => setOpen(undefined)}
        />
      )}
      {open === "start" && isStarting && vote.startAt && (
        <StartsAtOnce
          startAt={vote.startAt}
          isMoreUnsaved={edits.settings.isDirty}
          onSave={store}
          onClose={() => setOpen(undefined)}
        />
      )}
    </Section>
  );
}

interface PasteDialogProps {
  text: string;
  /** Number of entries that the list has room for. */
  room: number;
  onChange: (text: string) => void;
  onAdd: (entries: EditedEntry[]) => void;
  onClose: () => void;
}

function PasteDialog({ text, room, onChange, onAdd, onClose }: PasteDialogProps) {
  const lines = fromLines(text);
  const added = lines.slice(0, room);
  const leftOut = lines.length - added.length;
  return (
    <Dialog
      title="Paste a list"
      onClose={onClose}
      actions={
        <>
          <CancelButton />
          <Button
            variant="primary"
            disabled={added.length === 0}
            onClick={() => {
              onAdd(added);
              onClose();
            }}
          >
            {added.length === 1 ? "Add 1 entry" : `Add ${added.length} entries`}
          </Button>
        </>
      }
    >
      <TextArea
        label="Entries"
        hint="One name on each line."
        rows={10}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      {leftOut > 0 && (
        <Alert>
          A vote has at most {MAX_ENTRIES} entries. The last{" "}
          {leftOut === 1 ? "line is" : `${leftOut} lines are`} left out.
        </Alert>
      )}
    </Dialog>
  );
}
