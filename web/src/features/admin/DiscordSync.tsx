import { useState } from "react";
import { useAction } from "../../app/data";
import { FormError } from "../../app/FormError";
import { inWords } from "../../app/labels";
import { resync } from "../../app/resync";
import {
  type DiscordLinkPartsFragment,
  type SyncChangeFragment,
  SyncDiscordDocument,
  type SyncReportFragment,
} from "../../gql/graphql";
import { Alert } from "../../ui/Alert";
import { Button, ButtonRow } from "../../ui/Button";
import { Row, Rows, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { Checkbox } from "../../ui/Field";
import styles from "./Discord.module.css";

/** The sync of ranks with Discord's roles: a preview, the sync itself, and what it did. */
export function DiscordSync({ link }: { link: DiscordLinkPartsFragment }) {
  const [overwriteManual, setOverwriteManual] = useState(false);
  const [preview, setPreview] = useState<SyncReportFragment>();
  const { run, busy, error } = useAction(SyncDiscordDocument);
  const sync = async (dryRun: boolean) => {
    const { data } = await run({ dryRun, overwriteManual });
    const report = data?.syncDiscordRoles?.report;
    setPreview(report?.dryRun ? report : undefined);
    // The report of a sync is that of the link from now on.
    if (report && !report.dryRun) resync();
  };
  const report = preview ?? link.lastReport;
  return (
    <Section
      title="Ranks from roles"
      description={
        <>
          {!link.lastReport && "No sync yet. "}Next sync <Time at={link.nextSyncAt} />.
        </>
      }
    >
      <div className={styles.stack}>
        {link.syncProblem && <Alert>{link.syncProblem}</Alert>}
        <Checkbox
          label="Also change ranks that an officer set"
          hint="Later syncs then change them too."
          checked={overwriteManual}
          onChange={(event) => setOverwriteManual(event.currentTarget.checked)}
        />
        <ButtonRow>
          <Button icon="eye" busy={busy} onClick={() => sync(true)}>
            Preview
          </Button>
          <Button variant="primary" icon="refresh" busy={busy} onClick={() => sync(false)}>
            Sync now
          </Button>
        </ButtonRow>
        {error && (
          <Alert>
            <FormError error={error} />
          </Alert>
        )}
        {report && <SyncReport report={report} />}
      </div>
    </Section>
  );
}

function SyncReport({ report }: { report: SyncReportFragment }) {
  const { added, promoted, demoted, renamed, untouched, conflictCount } = report;
  return (
    <div className={styles.stack} role="status">
      <p>
        <strong>
          {report.dryRun ? (
            "A sync would do this:"
          ) : (
            <>
              Last sync <Time at={report.at} />:
            </>
          )}
        </strong>{" "}
        {added} added, {promoted} promoted, {demoted} demoted, {renamed} renamed, {untouched} unchanged,{" "}
        {conflictCount} left out.
      </p>
      {report.changes.length > 0 && <Changes label="Changes" changes={report.changes} />}
      {report.conflicts.length > 0 && <Changes label="Left out" changes={report.conflicts} />}
    </div>
  );
}

function Changes({ label, changes }: { label: string; changes: readonly SyncChangeFragment[] }) {
  return (
    <div>
      <h3>{label}</h3>
      <Rows label={label}>
        {changes.map((change) => (
          <Row
            key={change.discordId}
            title={<span dir="auto">{change.discordUsername}</span>}
            detail={describe(change)}
          />
        ))}
      </Rows>
    </div>
  );
}

function describe({ from, to, previousUsername, reason, linked }: SyncChangeFragment) {
  const parts = [
    from && to && from.id !== to.id && `${from.name} → ${to.name}`,
    !from && to && `new, as ${to.name}`,
    previousUsername && `was ${previousUsername}`,
    linked && "found by their name",
    reason && inWords(reason),
  ];
  return parts.filter(Boolean).join(" · ");
}
