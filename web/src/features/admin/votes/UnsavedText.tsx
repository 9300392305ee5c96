import type { DraftQuery } from "../../../gql/graphql";
import { Section } from "../../../ui/Card";
import { TextArea } from "../../../ui/Field";
import type { EditedEntry } from "./entries";
import { differences } from "./settings";
import type { DraftEdits } from "./useDraftEdits";

interface UnsavedTextProps {
  edits: DraftEdits;
  ranks: DraftQuery["ranks"];
}

const toLine = ({ name, description, imageUrl }: EditedEntry) =>
  [name, description, imageUrl].filter(Boolean).join(" – ");

/** Changes that can no longer be saved, as text to copy. */
export function UnsavedText({ edits, ranks }: UnsavedTextProps) {
  const { entries, settings } = edits;
  const lines = [
    ...differences(settings.value, settings.saved, ranks).map(({ text }) => text),
    ...(entries.isDirty ? ["Entries:"] : []),
    ...(entries.isDirty ? entries.value.map(toLine) : []),
    ...(entries.newName.trim() ? [`New entry: ${entries.newName}`] : []),
    ...entries.typed.map((entry) => `In the dialog: ${toLine(entry)}`),
  ];
  return (
    <Section title="Your changes were not saved" description="Copy what you need before you leave this page.">
      <TextArea
        label="Changes"
        readOnly
        rows={Math.min(12, Math.max(4, lines.length + 1))}
        value={lines.join("\n")}
      />
    </Section>
  );
}
