import { useState } from "react";
import { useAction } from "../../app/data";
import { isTemporary } from "../../app/errors";
import { FormError } from "../../app/FormError";
import { Guard } from "../../app/Guard";
import { Page } from "../../app/Page";
import { resync } from "../../app/resync";
import { ImportRosterDocument, type ImportRosterMutation } from "../../gql/graphql";
import { Alert } from "../../ui/Alert";
import { announce } from "../../ui/announce";
import { useUnsaved } from "../../ui/unsaved";
import { ChooseRoster } from "./ChooseRoster";
import { type Decoded, formatOf } from "./decode";
import { ExportRoster } from "./ExportRoster";
import { ImportDone } from "./ImportDone";
import { ImportPreview } from "./ImportPreview";

export type Report = NonNullable<ImportRosterMutation["importRoster"]>;

interface Preview {
  file: Decoded;
  name: string;
  report: Report;
  /** Whether an import of it got no response: the server may have made it. */
  isUnknown?: boolean;
}

export default function ImportPage() {
  return (
    <Guard permission="MEMBERS_MANAGE" title="Import">
      <Contents />
    </Guard>
  );
}

function Contents() {
  const [text, setText] = useState("");
  const [preview, setPreview] = useState<Preview>();
  const [done, setDone] = useState<Report>();
  const { run, busy, error, reset } = useAction(ImportRosterDocument);
  useUnsaved((preview !== undefined || text.trim() !== "") && !done);
  const show = async (file: Decoded, name: string) => {
    const { data } = await run({ input: { format: formatOf(file.text), data: file.text, dryRun: true } });
    const report = data?.importRoster;
    if (!report) return;
    setPreview({ file, name, report });
    announce(`Preview of ${report.rows} rows.`);
  };
  const start = async (skipBad: boolean) => {
    if (!preview) return;
    const { text } = preview.file;
    const { data, error } = await run({ input: { format: formatOf(text), data: text, skipBad } });
    const report = data?.importRoster;
    if (error && isTemporary(error)) {
      setPreview({ ...preview, isUnknown: true });
      // The preview of a file that was imported has no changes.
      await show(preview.file, preview.name);
    }
    if (!report) return;
    resync();
    // The roster may have changed since the preview, so that a row has become bad.
    if (report.imported) {
      setDone(report);
      setText("");
    } else setPreview({ ...preview, report });
  };
  const restart = () => {
    reset();
    setPreview(undefined);
    setDone(undefined);
  };
  return (
    <Page title="Import" subtitle="Members and characters from a spreadsheet or another site">
      {error && (
        <Alert>
          <FormError error={error} />
        </Alert>
      )}
      {done ? (
        <ImportDone report={done} onRestart={restart} />
      ) : preview ? (
        <ImportPreview
          name={preview.name}
          note={preview.file.note}
          report={preview.report}
          isUnknown={preview.isUnknown ?? false}
          busy={busy}
          onImport={start}
          onPreview={() => show(preview.file, preview.name)}
          onBack={restart}
        />
      ) : (
        <>
          <ChooseRoster text={text} onText={setText} busy={busy} onPreview={show} onChange={reset} />
          <ExportRoster />
        </>
      )}
    </Page>
  );
}
