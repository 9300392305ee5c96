import type { VoteDetailsFragment } from "../../gql/graphql";
import { Badge } from "../../ui/Card";
import { useTimeLeft } from "../../ui/Countdown";
import { serverNow } from "../../ui/clock";
import { statusWord } from "./words";

/** The state of a vote. It changes by itself when the end passes. */
export function StatusBadge({
  vote,
}: {
  vote: Pick<VoteDetailsFragment, "status" | "startAt" | "closesAt" | "cancelReason">;
}) {
  useTimeLeft(vote.status === "LIVE" ? vote.closesAt : undefined);
  const word = statusWord(vote, serverNow());
  return <Badge tone={word === "Open" ? "success" : "neutral"}>{word}</Badge>;
}
