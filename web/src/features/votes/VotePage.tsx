import { useState } from "react";
import { useLive } from "../../app/connection";
import { useData } from "../../app/data";
import { BackLink } from "../../app/Link";
import { Loaded, Page, useKeptFocus } from "../../app/Page";
import { useViewer } from "../../app/viewer";
import {
  type VoteTurnoutFragment as Turnout,
  VoteChangedDocument,
  VoteDocument,
  type VoteQuery,
} from "../../gql/graphql";
import { Countdown, Time, useTimeLeft } from "../../ui/Countdown";
import { serverNow } from "../../ui/clock";
import { describeMethod, methodName } from "../../ui/methods";
import { NotFound, Skeleton } from "../../ui/PageState";
import { useInterval } from "../../ui/useInterval";
import { LiveVote } from "./LiveVote";
import { NotCast } from "./NotCast";
import { Preview } from "./Preview";
import { Result } from "./Result";
import { StatusBadge } from "./StatusBadge";
import { Steps } from "./Steps";
import styles from "./VotePage.module.css";
import { closeReason, isCounting } from "./words";

/** A vote in each of its states. */
export default function VotePage({ params: { id = "" } }: { params: { id?: string } }) {
  const { can } = useViewer();
  const result = useData(VoteDocument, { id, managesVotes: can("CAMPAIGNS_MANAGE") });
  const vote = result.data?.campaign;
  const { refetch } = result;
  useLive(VoteChangedDocument, { id }, { onData: refetch, onEnd: refetch }, { pause: !vote });
  // Tallies bypass the cache, so the turnout beside the title comes from them while the vote is live.
  const [liveTurnout, setLiveTurnout] = useState<Turnout>();
  const turnout = vote?.status === "LIVE" ? (liveTurnout ?? vote.turnout) : vote?.turnout;
  return (
    <Page
      title={result.data && !vote ? "Vote" : vote?.title}
      back={<BackLink href="/votes">Votes</BackLink>}
      subtitle={vote && turnout && <Facts vote={vote} turnout={turnout} />}
    >
      <Loaded result={result} skeleton={<Skeleton rows={5} />}>
        {(data) => <Contents data={data} refetch={refetch} onTurnout={setLiveTurnout} />}
      </Loaded>
    </Page>
  );
}

interface ContentsProps {
  data: VoteQuery;
  refetch: () => void;
  onTurnout: (turnout: Turnout | undefined) => void;
}

function Contents({ data: { campaign: vote, ranks }, refetch, onTurnout }: ContentsProps) {
  const left = useTimeLeft(vote?.status === "LIVE" ? vote.closesAt : undefined);
  // The server closes the vote within seconds. If its message is missed, reading again brings the result.
  const hasEnded = vote != null && isCounting(vote, serverNow());
  useInterval(refetch, 10_000, hasEnded);
  const isOver = hasEnded || left <= 0;
  useKeptFocus(`${vote?.status} ${vote?.viewerCannotVoteReason} ${isOver}`);
  const { member } = useViewer();
  if (!vote) return <NotFound what="vote" />;
  return (
    <>
      {(vote.description || describeMethod(vote.method, vote.picksPerVoter, vote.seats)) && (
        <div className={styles.intro}>
          {vote.description && (
            <p className={styles.description} dir="auto">
              {vote.description}
            </p>
          )}
          <p className={styles.method}>
            <strong>{methodName(vote.method)}.</strong>{" "}
            {describeMethod(vote.method, vote.picksPerVoter, vote.seats)}
          </p>
        </div>
      )}
      {vote.status === "DRAFT" ? (
        <Preview vote={vote} />
      ) : vote.status === "LIVE" ? (
        <LiveVote
          key={vote.id}
          vote={vote}
          ranks={ranks}
          isOver={isOver}
          refetch={refetch}
          onTurnout={onTurnout}
        />
      ) : (
        <>
          {member && <NotCast vote={vote} member={member.id} />}
          <Result vote={vote} />
        </>
      )}
      <Steps vote={vote} />
    </>
  );
}

/** Status, turnout and the time left. */
function Facts({ vote, turnout }: { vote: NonNullable<VoteQuery["campaign"]>; turnout: Turnout }) {
  const { can } = useViewer();
  const isDraft = vote.status === "DRAFT";
  const blockers = vote.activationBlockers;
  return (
    <>
      <StatusBadge vote={vote} />
      {!isDraft && (
        <span>
          {turnout.voted} of {turnout.eligible} voted ({turnout.percent} %)
        </span>
      )}
      {can("CAMPAIGNS_MANAGE") && turnout.awaitingRegistration > 0 && !vote.closedAt && (
        <span>{turnout.awaitingRegistration} could vote after registering</span>
      )}
      {isDraft && vote.startAt && !blockers?.includes("DEADLINE_PASSED") && (
        <Countdown
          to={vote.startAt}
          prefix="Starts in "
          over={blockers?.length ? "Its start has passed" : "Starts now"}
        />
      )}
      {vote.status === "LIVE" && vote.closesAt && (
        <Countdown to={vote.closesAt} prefix="Closes in " over="Counting" />
      )}
      {vote.closedAt && (
        <span>
          {vote.cancelReason == null ? "Closed" : "Cancelled"} <Time at={vote.closedAt} />
          {vote.closeReason && closeReason(vote.closeReason)}
        </span>
      )}
    </>
  );
}
