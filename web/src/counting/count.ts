import { approval } from "./approval";
import { instantRunoff, runoffDecidedByOrder } from "./instantRunoff";
import { schulze } from "./schulze";
import { singleTransferableVote, transfersDecidedByOrder } from "./transferable";
import type { Election, Method, OrderDecision, Outcome } from "./types";
import { weighted } from "./weighted";

const COUNTS: Record<Method, (election: Election) => Outcome> = {
  WEIGHTED: weighted,
  APPROVAL: approval,
  INSTANT_RUNOFF: instantRunoff,
  SCHULZE: schulze,
  SINGLE_TRANSFERABLE_VOTE: singleTransferableVote,
};

/**
 * Counts an election by the rules of docs/voting.md. This is a second implementation of them, which shares no code with
 * the server.
 */
export function count(election: Election): Outcome {
  return COUNTS[election.method](election);
}

/** Whether only the listed order of the entries separates the winners from the others. */
export function decidedByListedOrder(election: Election): OrderDecision {
  if (election.method === "INSTANT_RUNOFF") return runoffDecidedByOrder(election);
  if (election.method === "SINGLE_TRANSFERABLE_VOTE") return transfersDecidedByOrder(election);
  return { decided: "no", work: 0 };
}
