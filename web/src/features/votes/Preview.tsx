import { LinkButton } from "../../app/Link";
import { blockerLabel } from "../../app/labels";
import { useViewer } from "../../app/viewer";
import type { VoteQuery } from "../../gql/graphql";
import { Notice } from "../../ui/Alert";
import { Section } from "../../ui/Card";
import { Empty } from "../../ui/PageState";
import styles from "./Ballot.module.css";
import { instruction } from "./ballot";

interface PreviewProps {
  vote: NonNullable<VoteQuery["campaign"]>;
}

/** A draft as its voters will see it, and what it still needs. Only officers see drafts. */
export function Preview({ vote }: PreviewProps) {
  const { can } = useViewer();
  const rules = { method: vote.method, picksPerVoter: vote.picksPerVoter };
  const blockers = vote.activationBlockers ?? [];
  return (
    <>
      {blockers.length > 0 && (
        <Notice icon="warning">
          {blockers.every((it) => it === "DEADLINE_PASSED")
            ? "This draft does not start automatically."
            : "This draft cannot start yet."}{" "}
          {blockers.map(blockerLabel).join(" ")}
        </Notice>
      )}
      <Section
        title="The ballot, as voters will see it"
        description={`${instruction(rules)} Only officers see a draft.`}
        actions={
          can("CAMPAIGNS_MANAGE") && (
            <LinkButton href={`/admin/votes/${vote.id}`} variant="primary" icon="edit">
              Prepare the vote
            </LinkButton>
          )
        }
      >
        {vote.entries.length === 0 ? (
          <Empty icon="vote" title="The draft has no entries yet" />
        ) : (
          <ul className={styles.previewList}>
            {vote.entries.map((entry) => (
              <li key={entry.id}>
                <span className={styles.name} dir="auto">
                  {entry.name}
                </span>
                {entry.description && (
                  <span className={styles.about} dir="auto">
                    {entry.description}
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </Section>
    </>
  );
}
