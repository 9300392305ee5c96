import { Link } from "../../app/Link";
import { LoadedPages } from "../../app/LoadedPages";
import { usePages } from "../../app/pages";
import { MemberAuditDocument } from "../../gql/graphql";
import { Row, Rows, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { Skeleton } from "../../ui/PageState";

/** What the audit log says about the member. */
export function MemberAudit({ memberId }: { memberId: string }) {
  const events = usePages(
    MemberAuditDocument,
    (after) => ({ id: memberId, after: after ?? null }),
    ({ auditLog }) => auditLog,
  );
  return (
    <Section title="Audit log">
      <LoadedPages pages={events} skeleton={<Skeleton rows={3} />} empty={<p>No changes yet.</p>}>
        {(nodes) => (
          <Rows label="Changes">
            {nodes.map(({ id, at, summary, actor }) => (
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
          </Rows>
        )}
      </LoadedPages>
    </Section>
  );
}
