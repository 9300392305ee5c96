import { useSearchParams } from "wouter";
import { Guard } from "../../app/Guard";
import { Link } from "../../app/Link";
import { LoadedPages } from "../../app/LoadedPages";
import { Page } from "../../app/Page";
import { usePages } from "../../app/pages";
import { AuditLogDocument, type AuditLogQuery } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Row, Rows, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { Field, Select } from "../../ui/Field";
import { Empty, Skeleton } from "../../ui/PageState";
import styles from "./Audit.module.css";
import { AUDIT_GROUPS, isAuditGroup } from "./auditWords";

type AuditEvent = NonNullable<AuditLogQuery["auditLog"]>["nodes"][number];

/** Who changed what, and when. The filters are in the address. */
export default function AuditPage() {
  return (
    <Guard permission="AUDIT_VIEW" title="Audit log">
      <Page title="Audit log">
        <Log />
      </Page>
    </Guard>
  );
}

function Log() {
  const [search, setSearch] = useSearchParams();
  const group = search.get("kind");
  const [from, to, member] = [search.get("from") ?? "", search.get("to") ?? "", search.get("member")];
  const filter = {
    ...(isAuditGroup(group) && { actions: [...AUDIT_GROUPS[group].actions] }),
    ...(isDay(from) && { from: startOf(from, 0) }),
    ...(isDay(to) && { to: startOf(to, 1) }),
    ...(member && { actorId: member }),
  };
  const events = usePages(
    AuditLogDocument,
    (after) => ({ filter, after: after ?? null }),
    ({ auditLog }) => auditLog,
  );
  const set = (name: string, value: string) =>
    setSearch(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <Section title="Changes" description="What officers changed, newest first. No one can edit the log.">
      <div className={styles.filters}>
        <Select
          label="Kind"
          value={isAuditGroup(group) ? group : ""}
          onChange={(event) => set("kind", event.currentTarget.value)}
          options={[
            { value: "", label: "All changes" },
            ...Object.entries(AUDIT_GROUPS).map(([value, { label }]) => ({ value, label })),
          ]}
        />
        <Field
          label="From"
          type="date"
          value={from}
          onChange={(event) => set("from", event.currentTarget.value)}
        />
        <Field label="To" type="date" value={to} onChange={(event) => set("to", event.currentTarget.value)} />
        {member && (
          <Button icon="close" onClick={() => set("member", "")}>
            Changes by everyone
          </Button>
        )}
      </div>
      <LoadedPages
        pages={events}
        skeleton={<Skeleton rows={6} />}
        empty={
          <Empty
            icon="log"
            title={isFiltered ? "No change fits these filters" : "Nothing has been changed yet"}
          />
        }
      >
        {(nodes) => (
          <Rows label="Changes">
            {nodes.map((event) => (
              <EventRow key={event.id} event={event} onMember={(id) => set("member", id)} />
            ))}
          </Rows>
        )}
      </LoadedPages>
    </Section>
  );
}

function EventRow({ event, onMember }: { event: AuditEvent; onMember: (id: string) => void }) {
  const { actor, subject } = event;
  const path = subject && pathOf(subject);
  return (
    <Row
      title={
        path ? (
          <Link href={path} dir="auto">
            {event.summary}
          </Link>
        ) : (
          <span dir="auto">{event.summary}</span>
        )
      }
      detail={
        <>
          <Time at={event.at} /> ·{" "}
          {actor ? <span dir="auto">{actor.displayName}</span> : "The server or an operator"}
          {event.actorRank && (
            <>
              {" "}
              (<span dir="auto">{event.actorRank}</span>)
            </>
          )}
        </>
      }
      end={
        actor && (
          <Button
            small
            variant="quiet"
            icon="filter"
            aria-label={`Only theirs: changes by ${actor.displayName}`}
            onClick={() => onMember(actor.id)}
          >
            Only theirs
          </Button>
        )
      }
    />
  );
}

/** The page of a changed object, if it has one. */
function pathOf({ __typename, id }: NonNullable<AuditEvent["subject"]>) {
  if (__typename === "Member") return `/members/${id}`;
  if (__typename === "Campaign") return `/votes/${id}`;
  return undefined;
}

const isDay = (value: string) => /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value));

/** The start of a day in the browser's zone, or of one that is `later` days after it. */
function startOf(day: string, later: number) {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
