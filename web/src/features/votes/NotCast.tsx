import { useEffect, useMemo, useState } from "react";
import type { VoteDetailsFragment } from "../../gql/graphql";
import { Alert } from "../../ui/Alert";
import { readBallot, storeBallot } from "./storedPicks";

interface NotCastProps {
  /** A vote that takes no ballots any more. */
  vote: VoteDetailsFragment;
  /** The viewer's id. */
  member: string;
}

/** Says that the vote has ended before the picks of this tab were cast, and forgets them. */
export function NotCast({ vote, member }: NotCastProps) {
  const key = useMemo(() => ({ member, campaign: vote.id }), [member, vote.id]);
  const [hadPicks] = useState(() => readBallot(key).picks.length > 0);
  useEffect(() => storeBallot(key, { picks: [] }), [key]);
  if (!hadPicks || vote.viewerBallot) return null;
  return (
    <Alert>
      Your ballot was not cast: the vote {vote.cancelReason == null ? "closed" : "was cancelled"} before the
      server received it.
    </Alert>
  );
}
