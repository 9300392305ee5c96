import { Link } from "../../app/Link";
import { usePages } from "../../app/pages";
import { MemberAuditDocument } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Row, Rows, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { Failure, Skeleton } from "../../ui/PageState";

/** What the audit log says about the member. */
export function MemberAudit({ memberId }: { memberId: string }) {
  const events = usePages(
    MemberAuditDocument,
    (after) => ({ id: memberId, after: after ?? null }),
    ({ auditLog }) => auditLog,
  );
  return (
    <Section title="Audit log">
      {events.isLoading ? (
        <Skeleton rows={3} />
      ) : events.error && events.nodes.length === 0 ? (
        <Failure message={events.error.message} onRetry={events.refetch} />
      ) : events.nodes.length === 0 ? (
        <p>No changes yet.</p>
      ) : (
        <Rows label="Changes">
          {events.nodes.map(({ id, at, summary, actor }) => (
            <Row
              key={id}
              title={<span dir="auto">{summary}</span>}
              detail={
                <>
                  <Time at={at} />
                  {actor && (
                    <>
                      {" · "}
                      <Link href={`/members/${actor.id}`} dir="auto">
                        {actor.displayName}
                      </Link>
                    </>
                  )}
                </>
              }
            />
          ))}
          {events.hasMore && (
            <Row
              title=""
              end={
                <Button small onClick={events.loadMore}>
                  Show more
                </Button>
              }
            />
          )}
        </Rows>
      )}
    </Section>
  );
}
