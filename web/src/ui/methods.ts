/** The voting methods in words. The server's messages in Discord have the same sentences. */

const NAMES: Record<string, string> = {
  WEIGHTED: "Weighted ranking",
  APPROVAL: "Approval",
  INSTANT_RUNOFF: "Instant runoff",
  SCHULZE: "Pairwise comparison (Schulze)",
  SINGLE_TRANSFERABLE_VOTE: "Single transferable vote",
};

/** The name of a method. One of a newer server shows as it is. */
export const methodName = (method: string) => NAMES[method] ?? method;

/** What a voter does, and what wins. Empty for a method of a newer server. */
export function describeMethod(method: string, picks: number, seats: number) {
  const rank = picks === 1 ? "Choose one" : `Rank up to ${picks}`;
  switch (method) {
    case "WEIGHTED":
      return picks === 1
        ? "Choose one: most choices win."
        : `Rank exactly ${picks}: your 1st choice gets ${picks} points, your last gets 1; most points win.`;
    case "APPROVAL":
      return picks === 1
        ? "Choose one: most choices win."
        : `Pick up to ${picks} in any order: each gets one vote; most votes win.`;
    case "INSTANT_RUNOFF":
      return `${rank}: your ballot counts for your highest choice still standing; the last is eliminated until one has a majority.`;
    case "SCHULZE":
      return `${rank}: entries are compared two by two, and the one that beats all others wins.`;
    case "SINGLE_TRANSFERABLE_VOTE":
      return `${rank}: ${seats === 1 ? "one wins" : `${seats} win`}. What is left of your vote when a choice is elected, or all of it when a choice is out, goes to your next.`;
    default:
      return "";
  }
}
