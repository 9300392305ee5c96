import { useCallback, useEffect, useState } from "react";
import { SignInLink } from "../../app/Link";
import { useViewer } from "../../app/viewer";
import type {
  OwnBallotFragment,
  VoteTurnoutFragment as Turnout,
  VoteDetailsFragment,
  VoteQuery,
} from "../../gql/graphql";
import { Notice } from "../../ui/Alert";
import { Section } from "../../ui/Card";
import { PageState } from "../../ui/PageState";
import { BallotForm } from "./BallotForm";
import { HiddenStandings } from "./HiddenStandings";
import { LiveStandings } from "./LiveStandings";
import { OwnBallot } from "./OwnBallot";
import { readBallot, storeBallot } from "./storedPicks";
import { type CastHow, castHow } from "./useBallot";
import { cannotVote } from "./words";

interface LiveVoteProps {
  vote: VoteDetailsFragment;
  ranks: VoteQuery["ranks"];
  /** Whether its end has passed. */
  isOver: boolean;
  refetch: () => void;
  onTurnout: (turnout: Turnout | undefined) => void;
}

/** A vote that is open, or whose ballots are about to be counted. */
export function LiveVote({ vote, ranks, isOver, refetch, onTurnout }: LiveVoteProps) {
  const { member } = useViewer();
  // The ballot that the server got while the page showed an empty one, and the response until the page reads the vote again.
  const [cast, setCast] = useState<{ ballot: OwnBallotFragment; how: CastHow }>();
  const onCast = useCallback(
    (ballot: OwnBallotFragment, how: CastHow) => {
      setCast({ ballot, how });
      refetch();
    },
    [refetch],
  );
  const ballot = vote.viewerBallot ?? cast?.ballot;
  const hasVoted = ballot !== undefined;
  useEffect(() => {
    // The response to its request may have been lost before a reload.
    if (hasVoted && member) storeBallot({ member: member.id, campaign: vote.id }, { picks: [] });
  }, [hasVoted, member, vote.id]);
  const [wasVoting, setVoting] = useState(false);
  const refusal = vote.viewerCannotVoteReason && cannotVote(vote.viewerCannotVoteReason, vote, ranks);
  if (member && !hasVoted && !refusal && !wasVoting) setVoting(true);
  if (member && wasVoting && vote.viewerBallot && !cast) {
    const stored = readBallot({ member: member.id, campaign: vote.id });
    setCast({ ballot: vote.viewerBallot, how: castHow(stored, vote.viewerBallot.nonce) });
  }
  const standings = vote.standingsHiddenReason ? (
    <HiddenStandings
      vote={vote}
      reason={vote.standingsHiddenReason}
      refetch={refetch}
      onTurnout={onTurnout}
    />
  ) : (
    <LiveStandings vote={vote} refetch={refetch} onTurnout={onTurnout} />
  );
  return (
    <>
      {isOver && (
        <Notice icon="clock">
          The vote has ended, and the server is counting the ballots. The result will show here.
        </Notice>
      )}
      {ballot ? (
        <OwnBallot vote={vote} ballot={ballot} how={cast?.how} />
      ) : refusal ? (
        <Section title="Your ballot">
          <PageState
            icon={vote.viewerCannotVoteReason === "SIGN_IN" ? "person" : "lock"}
            title={refusal.title}
            actions={vote.viewerCannotVoteReason === "SIGN_IN" && <SignInLink variant="primary" />}
          >
            <p>{refusal.text}</p>
          </PageState>
        </Section>
      ) : (
        member && <BallotForm vote={vote} member={member.id} isLocked={isOver} onCast={onCast} />
      )}
      {standings}
    </>
  );
}
