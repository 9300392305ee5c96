import { LinkButton } from "../../app/Link";
import { useViewer } from "../../app/viewer";
import type { VoteDetailsFragment } from "../../gql/graphql";
import { Section } from "../../ui/Card";
import { Empty } from "../../ui/PageState";
import styles from "./Ballot.module.css";
import { instruction } from "./ballot";

/** A draft as its voters will see it. Only officers see drafts. */
export function Preview({ vote }: { vote: VoteDetailsFragment }) {
  const { can } = useViewer();
  const rules = { method: vote.method, picksPerVoter: vote.picksPerVoter };
  return (
    <Section
      title="The ballot, as voters will see it"
      description={instruction(rules)}
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
  );
}
