import { useState } from "react";
import { useFetch } from "../../app/data";
import { ExportRosterDocument, type RosterFormat } from "../../gql/graphql";
import { Button, ButtonRow } from "../../ui/Button";
import { Section } from "../../ui/Card";
import { saveFile } from "../../ui/saveFile";
import { toast } from "../../ui/Toast";

const TYPES: Record<RosterFormat, string> = { CSV: "text/csv", JSON: "application/json" };

/** Saves the roster in a form that an import reads back. */
export function ExportRoster() {
  const fetchOnce = useFetch();
  const [busy, setBusy] = useState<RosterFormat>();
  const save = async (format: RosterFormat) => {
    setBusy(format);
    const { data, error } = await fetchOnce(ExportRosterDocument, { format });
    setBusy(undefined);
    const file = data?.exportRoster;
    if (file) {
      saveFile(new Blob([file.data], { type: `${TYPES[format]};charset=utf-8` }), file.fileName);
      toast(`${file.members.toLocaleString()} members saved`);
    } else {
      toast(error?.message ?? "The roster could not be saved.", { tone: "danger" });
    }
  };
  return (
    <Section
      title="Export"
      description="All active members with their characters. An import reads the file back, so you can edit it in between."
    >
      <ButtonRow>
        <Button icon="download" busy={busy === "CSV"} onClick={() => save("CSV")}>
          Save as CSV
        </Button>
        <Button icon="download" busy={busy === "JSON"} onClick={() => save("JSON")}>
          Save as JSON
        </Button>
      </ButtonRow>
    </Section>
  );
}
