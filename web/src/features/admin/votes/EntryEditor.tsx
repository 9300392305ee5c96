import { useId, useState } from "react";
import { useAction } from "../../../app/data";
import { FormError } from "../../../app/FormError";
import { useUnsaved } from "../../../app/unsaved";
import { type DraftFragment, SetVoteEntriesDocument } from "../../../gql/graphql";
import { Alert } from "../../../ui/Alert";
import { announce } from "../../../ui/announce";
import { Button, ButtonRow, IconButton } from "../../../ui/Button";
import { Section } from "../../../ui/Card";
import { Dialog } from "../../../ui/Dialog";
import { TextArea } from "../../../ui/Field";
import { Empty } from "../../../ui/PageState";
import { toast } from "../../../ui/Toast";
import { AddMembers } from "./AddMembers";
import styles from "./Editor.module.css";
import { EntryDialog } from "./EntryDialog";
import {
  areEqual,
  type EditedEntry,
  fromLines,
  MAX_ENTRIES,
  moveEntry,
  newEntry,
  problemOf,
  toEdited,
  toInput,
} from "./entries";
import { StaleDraft } from "./StaleDraft";

type Open = "lines" | "members" | { entry: EditedEntry };

/** The entries of a draft: what voters choose from, in this order. */
export function EntryEditor({ vote, refetch }: { vote: DraftFragment; refetch: () => void }) {
  const saved = vote.entries.map(toEdited);
  const [entries, setEntries] = useState(saved);
  const [open, setOpen] = useState<Open>();
  const [name, setName] = useState("");
  const { run, busy, error, reset } = useAction(SetVoteEntriesDocument);
  const isDirty = !areEqual(entries, saved);
  const id = useId();
  useUnsaved(isDirty || name !== "");

  const add = (added: readonly EditedEntry[]) => {
    setEntries((before) => [...before, ...added].slice(0, MAX_ENTRIES));
    reset();
  };
  const addNamed = () => {
    if (name.trim() === "") return;
    add([newEntry(name.trim())]);
    setName("");
  };
  const move = (index: number, by: -1 | 1) => {
    const to = index + by;
    if (to < 0 || to >= entries.length) return;
    setEntries(moveEntry(entries, index, to));
    announce(`${entries[index]?.name}: ${to + 1} of ${entries.length}.`);
  };
  const save = async () => {
    const { data } = await run({
      input: {
        campaignId: vote.id,
        draftRevision: vote.draftRevision ?? null,
        entries: entries.map(toInput),
      },
    });
    if (data) toast("Entries saved");
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
          <Button small icon="file" onClick={() => setOpen("lines")}>
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
          <ol className={styles.entries} aria-label="Entries">
            {entries.map((entry, index) => {
              const problem = error && problemOf(error.fields, index);
              return (
                <li key={entry.key} className={styles.entry} data-invalid={problem ? true : undefined}>
                  <span className={styles.number}>{index + 1}</span>
                  <span className={styles.entryText}>
                    <span className={styles.entryName} dir="auto">
                      {entry.name}
                    </span>
                    {entry.description && (
                      <span className={styles.detail} dir="auto">
                        {entry.description}
                      </span>
                    )}
                    {entry.member && (
                      <span className={styles.detail}>
                        About <span dir="auto">{entry.member.displayName}</span>
                      </span>
                    )}
                    {problem && (
                      <span className={styles.problem} role="alert">
                        {problem}
                      </span>
                    )}
                  </span>
                  <span className={styles.entryActions}>
                    <IconButton
                      small
                      icon="up"
                      label={`Move ${entry.name} up`}
                      aria-disabled={index === 0 || undefined}
                      onClick={() => move(index, -1)}
                    />
                    <IconButton
                      small
                      icon="down"
                      label={`Move ${entry.name} down`}
                      aria-disabled={index === entries.length - 1 || undefined}
                      onClick={() => move(index, 1)}
                    />
                    <IconButton
                      small
                      icon="edit"
                      label={`Edit ${entry.name}`}
                      onClick={() => setOpen({ entry })}
                    />
                    <IconButton
                      small
                      icon="trash"
                      label={`Remove ${entry.name}`}
                      onClick={() => {
                        setEntries(entries.filter((it) => it.key !== entry.key));
                        announce(`${entry.name}: removed.`);
                      }}
                    />
                  </span>
                </li>
              );
            })}
          </ol>
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
          <Button type="submit" icon="plus">
            Add
          </Button>
        </form>
        {error?.reason === "STALE_DRAFT" ? (
          <StaleDraft own={entries} vote={vote.id} onTheirs={refetch} />
        ) : (
          error && (
            <Alert>
              <FormError error={error} />
            </Alert>
          )
        )}
        {isDirty && (
          <ButtonRow end>
            <Button
              variant="quiet"
              onClick={() => {
                setEntries(saved);
                reset();
              }}
            >
              Undo changes
            </Button>
            <Button variant="primary" icon="check" busy={busy} onClick={save}>
              Save entries
            </Button>
          </ButtonRow>
        )}
      </div>
      {open === "lines" && <PasteDialog onAdd={add} onClose={() => setOpen(undefined)} />}
      {open === "members" && (
        <AddMembers
          taken={entries.flatMap((entry) => entry.member?.id ?? [])}
          onAdd={(member) => add([newEntry(member.displayName, member)])}
          onClose={() => setOpen(undefined)}
        />
      )}
      {typeof open === "object" && (
        <EntryDialog
          entry={open.entry}
          onSave={(changed) => setEntries(entries.map((it) => (it.key === changed.key ? changed : it)))}
          onClose={() => setOpen(undefined)}
        />
      )}
    </Section>
  );
}

function PasteDialog({ onAdd, onClose }: { onAdd: (entries: EditedEntry[]) => void; onClose: () => void }) {
  const [text, setText] = useState("");
  const added = fromLines(text);
  return (
    <Dialog
      title="Paste a list"
      onClose={onClose}
      actions={
        <>
          <Button variant="quiet" onClick={onClose}>
            Cancel
          </Button>
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
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </Dialog>
  );
}
