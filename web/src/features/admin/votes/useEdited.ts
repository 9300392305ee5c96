import { useState } from "react";
import type { DraftFragment } from "../../../gql/graphql";
import type { SaveInTurn } from "./useSaves";

interface Part<Value> {
  /** The part as the server has it. */
  read: (vote: DraftFragment) => Value;
  /** Whether saving one in place of the other would change nothing. */
  areEqual: (a: Value, b: Value) => boolean;
  /** The part after `sent` was stored as `saved`. What was edited since the press on "Save" stays. */
  rebase: (current: Value, sent: Value, saved: Value) => Value;
  /** The part as a change of the latest version. It may have what that version no longer has. */
  moveTo: (own: Value, latest: Value) => Value;
}

const revisionOf = (vote: DraftFragment) => vote.draftRevision ?? 0;

/**
 * A part of a draft while an officer edits it, such as its entries. If a colleague saves another version meanwhile, it
 * replaces a part without edits. An edited part stays, and `theirs` is the colleague's version of it. The part also stays
 * while it `isOpen` in a dialog, whose text would otherwise overwrite the colleague's version.
 */
export function useEdited<Value>(
  vote: DraftFragment,
  { read, areEqual, rebase, moveTo }: Part<Value>,
  saveInTurn: SaveInTurn,
  isOpen = false,
) {
  // The version that the edits started from.
  const [base, setBase] = useState(vote);
  const [value, setValue] = useState(() => read(vote));
  // What was sent, until the page has its response or another version.
  const [sent, setSent] = useState<{ value: Value }>();
  const [isSaving, setSaving] = useState(false);
  const [saved, latest] = [read(base), read(vote)];
  const isDirty = !areEqual(value, saved);
  const rebaseOn = (to: DraftFragment) => {
    setBase((current) => (revisionOf(to) < revisionOf(current) ? current : to));
    setSent(undefined);
  };
  const reset = (to: DraftFragment) => {
    rebaseOn(to);
    setValue(read(to));
  };
  const accept = (own: Value, to: DraftFragment) => {
    rebaseOn(to);
    // The save may have removed what an undo has put back since.
    setValue((current) => moveTo(rebase(current, own, read(to)), read(to)));
  };
  const isOutdated = revisionOf(vote) > revisionOf(base);
  if (isOutdated) {
    // The own save, of which the response is on its way or lost.
    if (sent && areEqual(sent.value, latest)) accept(sent.value, vote);
    else if (areEqual(value, latest)) accept(value, vote);
    else if (!isDirty && !isOpen) reset(vote);
    // The colleague has edited another part.
    else if (areEqual(saved, latest)) setBase(vote);
  }
  return {
    value,
    setValue,
    /** The version that the edits started from. */
    saved,
    isDirty,
    isSaving,
    theirs: isOutdated && isDirty ? latest : undefined,
    undo: () => setValue(saved),
    /** Saves the part. `send` gets the revision, and resolves with the new draft, or with nothing after a refusal. */
    save: async (send: Parameters<SaveInTurn>[1]) => {
      setSent({ value });
      setSaving(true);
      const to = await saveInTurn(base.draftRevision ?? null, send);
      setSaving(false);
      if (to) accept(value, to);
    },
    takeTheirs: () => reset(vote),
    keepOwn: () => {
      rebaseOn(vote);
      setValue(moveTo(value, latest));
    },
  };
}

/** A part in the editor. */
export type Edited<Value> = ReturnType<typeof useEdited<Value>>;
