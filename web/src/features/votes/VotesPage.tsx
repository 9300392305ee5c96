import { useCampaignChanges } from "../../app/campaignChanges";
import { useData } from "../../app/data";
import { LinkButton, RowLink } from "../../app/Link";
import { Loaded, Page } from "../../app/Page";
import { useViewer } from "../../app/viewer";
import { OpenVotesDocument, type VoteRowFragment } from "../../gql/graphql";
import { Badge, Row, Rows, Section } from "../../ui/Card";
import { Countdown, Time } from "../../ui/Countdown";
import { serverNow } from "../../ui/clock";
import { methodName } from "../../ui/methods";
import { Empty } from "../../ui/PageState";
import { PastVotes, usePastVotes } from "./PastVotes";
import { StatusBadge } from "./StatusBadge";

/** All votes that the viewer may see: open ones first, then drafts for officers, then past ones with their winners. */
export default function VotesPage() {
  const { can } = useViewer();
  const open = useData(OpenVotesDocument, {});
  const past = usePastVotes();
  useCampaignChanges(() => {
    open.refetch();
    past.votes.refetch();
  });
  return (
    <Page
      title="Votes"
      actions={
        can("CAMPAIGNS_MANAGE") && (
          <LinkButton href="/admin/votes/new" variant="primary" icon="plus">
            New vote
          </LinkButton>
        )
      }
    >
      <Loaded result={open}>
        {({ live, drafts }) => (
          <>
            <Section title="Open">
              {live.nodes.length === 0 ? (
                <Empty icon="vote" title="No vote is open">
                  <p>
                    {can("CAMPAIGNS_MANAGE")
                      ? "Start one with New vote."
                      : "Officers start votes. You find them here and on the home page."}
                  </p>
                </Empty>
              ) : (
                <Rows label="Open votes">
                  {live.nodes.map((vote) => (
                    <OpenRow key={vote.id} vote={vote} />
                  ))}
                </Rows>
              )}
            </Section>
            {drafts.nodes.length > 0 && (
              <Section title="Drafts and scheduled votes" description="Only officers see these.">
                <Rows label="Drafts">
                  {drafts.nodes.map((vote) => (
                    <DraftRow key={vote.id} vote={vote} />
                  ))}
                </Rows>
              </Section>
            )}
          </>
        )}
      </Loaded>
      {/* Below the open votes, which would move it. */}
      {!open.isLoading && <PastVotes {...past} />}
    </Page>
  );
}

function OpenRow({ vote }: { vote: VoteRowFragment }) {
  const { turnout } = vote;
  return (
    <Row
      title={
        <RowLink href={`/votes/${vote.id}`} dir="auto">
          {vote.title}
        </RowLink>
      }
      detail={
        <>
          {turnout.voted} of {turnout.eligible} voted
          {vote.closesAt && (
            <>
              {" · "}
              <Countdown to={vote.closesAt} prefix="closes in " over="counting" />
            </>
          )}
        </>
      }
      end={vote.viewerCanVote ? <Badge tone="accent">You can vote</Badge> : <StatusBadge vote={vote} />}
    />
  );
}

function DraftRow({ vote }: { vote: VoteRowFragment }) {
  return (
    <Row
      title={
        <RowLink href={`/votes/${vote.id}`} dir="auto">
          {vote.title}
        </RowLink>
      }
      detail={
        <>
          {methodName(vote.method)}
          {vote.startAt && (
            <>
              {Date.parse(vote.startAt) > serverNow() ? " · starts " : " · was to start "}
              <Time at={vote.startAt} />
            </>
          )}
        </>
      }
      end={<StatusBadge vote={vote} />}
    />
  );
}
