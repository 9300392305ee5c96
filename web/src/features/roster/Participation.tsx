import { RowLink } from "../../app/Link";
import { usePages } from "../../app/pages";
import { MemberParticipationDocument, type MemberQuery } from "../../gql/graphql";
import { Button } from "../../ui/Button";
import { Row, Rows, Section } from "../../ui/Card";
import { Time } from "../../ui/Countdown";
import { Icon } from "../../ui/Icon";
import styles from "./MemberPage.module.css";

interface ParticipationProps {
  memberId: string;
  participation: NonNullable<NonNullable<MemberQuery["member"]>["participation"]>;
}

export function Participation({ memberId, participation }: ParticipationProps) {
  const { eligible, voted, percent } = participation;
  const votes = usePages(
    MemberParticipationDocument,
    (after) => ({ id: memberId, after: after ?? null }),
    ({ member }) => {
      const campaigns = member?.participation?.campaigns;
      return (
        campaigns && {
          ...campaigns,
          nodes: campaigns.nodes.map((node) => ({ id: node.campaign.id, ...node })),
        }
      );
    },
  );
  return (
    <Section title="Participation">
      <div className={styles.participation}>
        <div className={styles.share}>
          <p className={styles.shareText}>
            <span className={styles.percent}>{Math.round(percent)} %</span>
            <span>
              {eligible === 0
                ? "No vote was open to this member yet"
                : `voted in ${voted} of ${eligible} votes`}
            </span>
          </p>
          <div className={styles.track} aria-hidden="true">
            <div className={styles.fill} style={{ width: `${percent}%` }} />
          </div>
        </div>
        {votes.nodes.length > 0 && (
          <details>
            <summary>Vote by vote</summary>
            <div className={styles.votes}>
              <Rows label="Votes">
                {votes.nodes.map(({ campaign, voted }) => (
                  <Row
                    key={campaign.id}
                    title={
                      <RowLink href={`/votes/${campaign.id}`} dir="auto">
                        {campaign.title}
                      </RowLink>
                    }
                    detail={campaign.closesAt && <Time at={campaign.closesAt} format="date" />}
                    end={
                      <span className={styles.voted}>
                        <Icon name={voted ? "check" : "minus"} size={16} />
                        {voted ? "Voted" : "Did not vote"}
                      </span>
                    }
                  />
                ))}
              </Rows>
              {votes.hasMore && <Button onClick={votes.loadMore}>Show more</Button>}
            </div>
          </details>
        )}
      </div>
    </Section>
  );
}
