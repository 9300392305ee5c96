import { useState } from "react";
import type { DraftFragment } from "../../../gql/graphql";

interface Part<Value> {
  /** The part as the server has it. */
  read: (vote: DraftFragment) => Value;
  /** Whether saving one in place of the other would change nothing. */
  areEqual: (a: Value, b: Value) => boolean;
}

/**
 * A part of a draft while an officer edits it, such as its entries. If a colleague saves another version meanwhile, it
 * replaces a part without edits. An edited part stays, and `theirs` is the colleague's version of it.
 */
export function useEdited<Value>(vote: DraftFragment, { read, areEqual }: Part<Value>) {
  // The version that the edits started from.
  const [base, setBase] = useState(vote);
  const [value, setValue] = useState(() => read(vote));
  const [saved, latest] = [read(base), read(vote)];
  const isDirty = !areEqual(value, saved);
  const reset = (to: DraftFragment) => {
    setBase(to);
    setValue(read(to));
  };
  const isOutdated = (vote.draftRevision ?? 0) > (base.draftRevision ?? 0);
  if (isOutdated) {
    if (!isDirty || areEqual(value, latest)) reset(vote);
    // The colleague has edited another part.
    else if (areEqual(saved, latest)) setBase(vote);
  }
  return {
    value,
    setValue,
    isDirty,
    /** To send with the part: the server refuses it if there is a later revision. */
    revision: base.draftRevision ?? null,
    theirs: isOutdated && isDirty ? latest : undefined,
    undo: () => setValue(saved),
    /** After a save, with the server's response. */
    reset,
    takeTheirs: () => reset(vote),
    keepOwn: () => setBase(vote),
  };
}
