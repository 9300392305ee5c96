import { type ReactNode, useState } from "react";
import { Alert, Notice } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import { Badge, Section } from "../../ui/Card";
import styles from "./Import.module.css";
import type { Report } from "./ImportPage";

interface ImportPreviewProps {
  /** The file's name. */
  name: string;
  note: string | undefined;
  report: Report;
  /** Whether it is not known if the file was imported since. */
  isUnknown: boolean;
  busy: boolean;
  onImport: (skipBad: boolean) => void;
  onPreview: () => void;
  onBack: () => void;
}

/** Number of changes that show at first. */
const FIRST_CHANGES = 50;

export function ImportPreview(props: ImportPreviewProps) {
  const { name, note, report, isUnknown, busy, onImport, onPreview, onBack } = props;
  const { rows, rowsLeftOut, problems, unknownColumns, changes } = report;
  const hasProblems = rowsLeftOut > 0 || problems.length > 0;
  const changesSomething =
    report.membersAdded + report.membersChanged + report.charactersAdded + report.charactersChanged > 0;
  return (
    <>
      <Section title={`Preview of ${name}`} description={isUnknown ? undefined : "Nothing has changed yet."}>
        <div className={styles.choose}>
          {isUnknown && (
            <Alert>
              It is not known whether the roster was imported. Preview it again: if it was, the preview has no
              changes.
            </Alert>
          )}
          <Counts report={report} />
          {note && <Notice>{note}</Notice>}
          {unknownColumns.length > 0 && (
            <Notice>
              {unknownColumns.length === 1
                ? "An unknown column is ignored: "
                : "Unknown columns are ignored: "}
              {unknownColumns.map((column, index) => (
                <span key={column}>
                  {index > 0 && ", "}
                  <bdi>{column}</bdi>
                </span>
              ))}
              .
            </Notice>
          )}
          <ButtonRow end>
            <Button variant="quiet" onClick={onBack}>
              Choose another file
            </Button>
            {isUnknown ? (
              <Button variant="primary" busy={busy} onClick={onPreview}>
                Preview again
              </Button>
            ) : (
              changesSomething && (
                <Button variant="primary" busy={busy} onClick={() => onImport(hasProblems)}>
                  {hasProblems
                    ? `Import the ${count(rows - rowsLeftOut, "good row")}`
                    : `Import ${rowsAll(rows)}`}
                </Button>
              )
            )}
          </ButtonRow>
          {!changesSomething && !hasProblems && (
            <Notice tone="success">The roster has all of this already.</Notice>
          )}
        </div>
      </Section>
      {hasProblems && <Problems report={report} />}
      {changes.length > 0 && <Changes changes={changes} />}
    </>
  );
}

const count = (number: number, what: string) =>
  `${number.toLocaleString()} ${what}${number === 1 ? "" : "s"}`;
const rowsAll = (rows: number) => (rows === 1 ? "the row" : `all ${rows.toLocaleString()} rows`);

export function Counts({ report }: { report: Report }) {
  const facts: readonly [string, number][] = [
    ["Members added", report.membersAdded],
    ["Members changed", report.membersChanged],
    ["Characters added", report.charactersAdded],
    ["Characters changed", report.charactersChanged],
    ["Rows without a change", report.rowsUnchanged],
    ["Bad rows", report.rowsLeftOut],
  ];
  return (
    <dl className={styles.counts}>
      {facts.map(([label, value]) => (
        <div key={label} data-bad={(label === "Bad rows" && value > 0) || undefined}>
          <dt>{label}</dt>
          <dd>{value.toLocaleString()}</dd>
        </div>
      ))}
    </dl>
  );
}

function Problems({ report: { problems, rowsLeftOut } }: { report: Report }) {
  return (
    <Section
      title={count(rowsLeftOut, "bad row")}
      description="Correct them in the file and choose it again, or import only the good rows."
    >
      <Scroll label="Problems by line">
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Field</th>
            <th scope="col">Problem</th>
          </tr>
        </thead>
        <tbody>
          {problems.map(({ place, field, message }) => (
            <tr key={`${place} ${field} ${message}`}>
              <th scope="row">{place}</th>
              <td>{field && <code>{field}</code>}</td>
              <td dir="auto">{message}</td>
            </tr>
          ))}
        </tbody>
      </Scroll>
      {rowsLeftOut > problems.length && problems.length >= 100 && (
        <p className={styles.muted}>These are the first {problems.length} problems.</p>
      )}
    </Section>
  );
}

const KINDS: Record<string, string> = {
  MEMBER_ADDED: "New member",
  MEMBER_CHANGED: "Member",
  CHARACTER_ADDED: "New character",
  CHARACTER_CHANGED: "Character",
};

function Changes({ changes }: { changes: Report["changes"] }) {
  const [isOpen, setOpen] = useState(false);
  const shown = isOpen ? changes : changes.slice(0, FIRST_CHANGES);
  return (
    <Section title="What changes">
      <Scroll label="Changes by line">
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Who</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ place, kind, name, changes: fields }) => (
            <tr key={`${place} ${kind} ${name}`}>
              <th scope="row">{place}</th>
              <td>
                <span className={styles.who}>
                  <span dir="auto">{name}</span>
                  <Badge tone={kind.endsWith("_ADDED") ? "success" : "neutral"}>{KINDS[kind] ?? kind}</Badge>
                </span>
              </td>
              <td>
                <ul className={styles.fields}>
                  {fields.map(({ field, from, to }) => (
                    <li key={field}>
                      <span className={styles.muted}>{field}</span>{" "}
                      {from !== null && from !== undefined && (
                        <>
                          <del dir="auto">{from}</del> <span aria-hidden="true">→</span>{" "}
                        </>
                      )}
                      <ins dir="auto">{to ?? "nothing"}</ins>
                    </li>
                  ))}
                </ul>
              </td>
            </tr>
          ))}
        </tbody>
      </Scroll>
      {!isOpen && changes.length > FIRST_CHANGES && (
        <Button onClick={() => setOpen(true)}>Show all {changes.length.toLocaleString()}</Button>
      )}
    </Section>
  );
}

/** A table that scrolls sideways on a narrow page. */
function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a keyboard scrolls it.
    <section className={styles.scroll} tabIndex={0} aria-label={label}>
      <table className={styles.table}>{children}</table>
    </section>
  );
}
