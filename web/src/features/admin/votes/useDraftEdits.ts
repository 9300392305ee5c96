import { useState } from "react";
import type { DraftFragment } from "../../../gql/graphql";
import * as entryParts from "./entries";
import * as settingParts from "./settings";
import { useEdited } from "./useEdited";

const ENTRIES = { read: entryParts.fromVote, areEqual: entryParts.areEqual, rebase: entryParts.rebase };
const SETTINGS = {
  read: settingParts.fromVote,
  areEqual: settingParts.areEqual,
  rebase: settingParts.rebase,
};

/** All parts of a draft while an officer edits them. Each is saved for itself. */
export function useDraftEdits(vote: DraftFragment) {
  const entries = useEdited(vote, ENTRIES);
  const settings = useEdited(vote, SETTINGS);
  // The name of an entry that is not in the list yet.
  const [newName, setNewName] = useState("");
  const areEntriesDirty = entries.isDirty || newName.trim() !== "";
  return {
    entries: { ...entries, newName, setNewName },
    settings,
    areEntriesDirty,
    isDirty: areEntriesDirty || settings.isDirty,
  };
}

export type DraftEdits = ReturnType<typeof useDraftEdits>;
