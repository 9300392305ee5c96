import type { ActivationBlocker } from "../../../gql/graphql";

interface Limits {
  picksPerVoter: number;
  seats: number;
}

/** What a draft still needs before it can start. One of a newer server shows as it is. */
export function describeBlocker(blocker: ActivationBlocker, { picksPerVoter, seats }: Limits): string {
  switch (blocker) {
    case "TOO_FEW_ENTRIES":
      return "It needs at least two entries.";
    case "FEWER_ENTRIES_THAN_PICKS":
      return `Voters pick up to ${picksPerVoter}, so it needs at least as many entries. Or lower the number of picks.`;
    case "FEWER_ENTRIES_THAN_SEATS":
      return `It has ${seats} seats, so it needs at least as many entries.`;
    case "DEADLINE_PASSED":
      return "The scheduled time is over. Starting it now sets a new end.";
    default:
      return blocker;
  }
}
