import { Link, LinkButton, RowLink } from "../../app/Link";
import { useViewer } from "../../app/viewer";
import type { HomeCampaignFragment, HomeQuery } from "../../gql/graphql";
import { Badge, Card, Row, Rows, Section } from "../../ui/Card";
import { Countdown, Time } from "../../ui/Countdown";
import { Icon } from "../../ui/Icon";
import { once } from "../../ui/once";
import { Empty } from "../../ui/PageState";
import styles from "./HomePage.module.css";

/** The votes that wait for the viewer, first to close first, and below them the other open ones. */
export function OpenVotes({ campaigns }: { campaigns: readonly HomeCampaignFragment[] }) {
  const { member, can } = useViewer();
  const waiting = campaigns.filter(({ viewerCanVote }) => viewerCanVote);
  const others = campaigns.filter(({ viewerCanVote }) => !viewerCanVote);
  return (
    <>
      {member && (
        <Section title="Waiting for you" plain>
          {waiting.length > 0 ? (
            <div className={styles.waiting}>
              {waiting.map((campaign) => (
                <WaitingVote key={campaign.id} campaign={campaign} />
              ))}
            </div>
          ) : (
            <Card>
              <p className={styles.done}>
                <Icon name="check" />
                <span>You are up to date. {others.length === 0 && "No vote is open at the moment."}</span>
              </p>
            </Card>
          )}
        </Section>
      )}
      {others.length > 0 && (
        <Section title={member ? "Other open votes" : "Open votes"}>
          <Rows label="Open votes">
            {others.map((campaign) => (
              <OpenVote key={campaign.id} campaign={campaign} />
            ))}
          </Rows>
        </Section>
      )}
      {!member && campaigns.length === 0 && (
        <Section title="Open votes">
          <Empty icon="vote" title="No public vote is open">
            <p>Members see more votes after signing in.</p>
          </Empty>
        </Section>
      )}
      {can("CAMPAIGNS_MANAGE") && campaigns.length === 0 && (
        <p>
          <LinkButton href="/admin/votes/new" icon="plus">
            Prepare a vote
          </LinkButton>
        </p>
      )}
    </>
  );
}

function WaitingVote({ campaign }: { campaign: HomeCampaignFragment }) {
  const { id, title, closesAt, turnout } = campaign;
  return (
    <article className={styles.vote}>
      <h3 dir="auto">
        <Link href={`/votes/${id}`} className="row-link">
          {title}
        </Link>
      </h3>
      <p className={styles.meta}>
        {closesAt && (
          <span className={styles.time}>
            <Icon name="clock" size={18} />
            <Countdown to={closesAt} prefix="Closes in " over="Counting" />
          </span>
        )}
        <span>
          {turnout.voted} of {turnout.eligible} voted
        </span>
      </p>
      <span className={styles.voteNow} aria-hidden="true">
        Vote
        <Icon name="right" size={18} />
      </span>
    </article>
  );
}

const REASONS: Record<string, string> = { ALREADY_VOTED: "You voted", NOT_LIVE: "Counting" };

function OpenVote({ campaign }: { campaign: HomeCampaignFragment }) {
  const { id, title, closesAt, turnout, viewerCannotVoteReason } = campaign;
  const reason = REASONS[viewerCannotVoteReason ?? ""];
  return (
    <Row
      title={
        <RowLink href={`/votes/${id}`} dir="auto">
          {title}
        </RowLink>
      }
      detail={closesAt && <Countdown to={closesAt} prefix="Closes in " over="Counting" />}
      end={
        <>
          {reason && (
            <Badge tone={viewerCannotVoteReason === "ALREADY_VOTED" ? "success" : "neutral"}>{reason}</Badge>
          )}
          <span>
            {turnout.voted} of {turnout.eligible} voted
          </span>
        </>
      }
    />
  );
}

const LIST = once(() => new Intl.ListFormat("en", { type: "conjunction" }));

export function Results({ votes }: { votes: HomeQuery["pastVotes"]["nodes"] }) {
  if (votes.length === 0) return null;
  return (
    <Section title="Last results" actions={<Link href="/votes">All votes</Link>}>
      <Rows label="Last results">
        {votes.map(({ campaign: { id, title }, winners, closedAt }) => (
          <Row
            key={id}
            title={
              <RowLink href={`/votes/${id}`} dir="auto">
                {title}
              </RowLink>
            }
            detail={
              winners.length === 0 ? (
                "No ballots"
              ) : (
                <span className={styles.winner}>
                  <Icon name="trophy" size={18} />
                  <span dir="auto">{LIST().format(winners.map(({ name }) => name))}</span>
                </span>
              )
            }
            end={<Time at={closedAt} />}
          />
        ))}
      </Rows>
    </Section>
  );
}
