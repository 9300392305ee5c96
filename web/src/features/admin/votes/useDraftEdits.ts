import { useState } from "react";
import type { DraftFragment } from "../../../gql/graphql";
import * as entryParts from "./entries";
import * as settingParts from "./settings";
import { useEdited } from "./useEdited";
import { useSaves } from "./useSaves";

const ENTRIES = {
  read: entryParts.fromVote,
  areEqual: entryParts.areEqual,
  rebase: entryParts.rebase,
  moveTo: entryParts.moveTo,
};
const SETTINGS = {
  read: settingParts.fromVote,
  areEqual: settingParts.areEqual,
  rebase: settingParts.rebase,
  moveTo: (own: settingParts.Settings) => own,
};

/** The dialog that is open over the entries, with its text. */
export type OpenDialog = "members" | "start" | { lines: string } | { entry: entryParts.EditedEntry };

/** All parts of a draft while an officer edits them. Each is saved for itself. */
export function useDraftEdits(vote: DraftFragment) {
  const [dialog, setDialog] = useState<OpenDialog>();
  const isEntryOpen = typeof dialog === "object" && "entry" in dialog;
  const saveInTurn = useSaves();
  const entries = useEdited(vote, ENTRIES, saveInTurn, isEntryOpen);
  const settings = useEdited(vote, SETTINGS, saveInTurn);
  // The name of an entry that is not in the list yet.
  const [newName, setNewName] = useState("");
  const typed = typedIn(dialog, entries.value);
  const areEntriesDirty = entries.isDirty || newName.trim() !== "" || typed.length > 0;
  return {
    entries: { ...entries, newName, setNewName, dialog, setDialog, typed },
    settings,
    areEntriesDirty,
    isDirty: areEntriesDirty || settings.isDirty,
  };
}

/** The entries that a dialog would add to the list or change in it. */
function typedIn(
  dialog: OpenDialog | undefined,
  entries: readonly entryParts.EditedEntry[],
): readonly entryParts.EditedEntry[] {
  if (typeof dialog !== "object") return [];
  if ("lines" in dialog) return entryParts.fromLines(dialog.lines);
  const { entry } = dialog;
  const listed = entries.filter(({ key }) => key === entry.key);
  return entryParts.areEqual([entry], listed) ? [] : [entry];
}

export type DraftEdits = ReturnType<typeof useDraftEdits>;
