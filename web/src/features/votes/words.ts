// What the pages of votes say, in words.
import type {
  CampaignCloseReason,
  CannotVoteReason,
  StandingsHiddenReason,
  VoteDetailsFragment,
} from "../../gql/graphql";
import { formatDateTime } from "../../ui/Countdown";

type Vote = Pick<
  VoteDetailsFragment,
  "status" | "startAt" | "closesAt" | "earlyCloseIfAllVoted" | "minRankLevelToVote"
>;

/** A rank of the guild's ladder. */
interface Rank {
  name: string;
  level: number;
}

/** Whether the end has passed, although the server has not counted yet. */
export const isCounting = (vote: Pick<Vote, "status" | "closesAt">, now: number) =>
  vote.status === "LIVE" && vote.closesAt != null && Date.parse(vote.closesAt) <= now;

/** Why the standings are hidden, and when they show. */
export function hiddenStandings(reason: StandingsHiddenReason, vote: Vote): string {
  const end = vote.closesAt ? ` on ${formatDateTime(vote.closesAt)}` : "";
  switch (reason) {
    case "NOT_STARTED":
      return vote.startAt
        ? `They show when the vote starts on ${formatDateTime(vote.startAt)}.`
        : "They show when the vote starts.";
    case "AFTER_CLOSE":
      return vote.earlyCloseIfAllVoted
        ? `They show when the vote closes${end}, or earlier, once everyone has voted.`
        : `They show when the vote closes${end}.`;
    case "VOTE_FIRST":
      return "They show after you have voted, so that no one votes by what others did.";
    case "SIGN_IN":
      return "They show after you have signed in.";
    case "CANCELLED":
      return "The vote was cancelled, so its ballots are not counted.";
    default:
      return `They are hidden (${reason}).`;
  }
}

/** The lowest rank that may vote. */
export function lowestVoter(vote: Vote, ranks: readonly Rank[]): Rank | undefined {
  const able = ranks.filter((rank) => rank.level >= vote.minRankLevelToVote);
  return able.sort((a, b) => a.level - b.level)[0];
}

/** Why the viewer cannot vote, in a title and a sentence. */
export function cannotVote(
  reason: CannotVoteReason,
  vote: Vote,
  ranks: readonly Rank[],
): { title: string; text: string } | undefined {
  switch (reason) {
    case "SIGN_IN":
      return { title: "Sign in to vote", text: "Members of the guild vote here." };
    case "NOT_REGISTERED":
      return {
        title: "You have no account yet",
        text: "Only registered members can vote. An officer who may invite members sends you an invite link.",
      };
    case "RANK_TOO_LOW": {
      const lowest = lowestVoter(vote, ranks);
      const who = lowest
        ? `members with the rank ${lowest.name} or a higher one`
        : "members with a higher rank";
      return { title: "This vote is for other ranks", text: `It is open to ${who}.` };
    }
    case "ALREADY_VOTED":
    case "NOT_LIVE":
      return undefined;
    default:
      return { title: "You cannot vote here", text: `The server says: ${reason}.` };
  }
}

/** The state of a vote, for a badge. */
export function statusWord(
  vote: Pick<VoteDetailsFragment, "status" | "startAt" | "closesAt" | "cancelReason">,
  now: number,
): string {
  if (vote.cancelReason != null) return "Cancelled";
  switch (vote.status) {
    case "DRAFT":
      // After its end it does not start any more.
      return vote.startAt && !(vote.closesAt && Date.parse(vote.closesAt) <= now) ? "Scheduled" : "Draft";
    case "LIVE":
      return isCounting(vote, now) ? "Counting" : "Open";
    case "CLOSED":
      return "Closed";
    case "ARCHIVED":
      return "Archived";
    default:
      return vote.status;
  }
}

/** Why a vote closed, to follow the time. */
export function closeReason(reason: CampaignCloseReason): string {
  switch (reason) {
    case "DEADLINE":
      return ", at its end";
    case "ALL_VOTED":
      return ", when everyone had voted";
    case "BY_HAND":
      return ", by an officer";
    default:
      return "";
  }
}
