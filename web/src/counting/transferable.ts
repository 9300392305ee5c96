import { followChoices } from "./choices";
import { countPicks, groupEqual, placeGroups, withoutBallots } from "./places";
import { TransferState } from "./transferState";
import type { Election, OrderDecision, Outcome, TransferStage } from "./types";
import { UNITS } from "./units";

/** A single transferable vote by the Scottish rules (SSI 2011/399): the weighted inclusive Gregory method. */
export function singleTransferableVote(election: Election): Outcome {
  if (election.rankings.length === 0) return withoutBallots(election);
  const state = TransferState.start(election);
  const stages: TransferStage[] = [record(state, { surplusOf: null, excluded: null, tieBroken: false })];
  const excluded: number[] = [];
  // Votes that decided on an entry: when it was elected or excluded, or at the end.
  const decisive: bigint[] = [...state.votes];
  while (!state.isOver()) {
    const { kind, tied, tieBroken } = state.next();
    const entry = kind === "surplus" ? Math.min(...tied) : Math.max(...tied);
    if (kind === "exclusion") excluded.push(entry);
    state.transfer(kind, entry);
    for (const it of [...state.continuing, ...state.justElected]) decisive[it] = state.votes[it] ?? 0n;
    const which =
      kind === "surplus" ? { surplusOf: entry, excluded: null } : { surplusOf: null, excluded: entry };
    stages.push(record(state, { ...which, tieBroken }));
  }
  const byVotes = (a: number, b: number): number => compareVotes(decisive[b], decisive[a]);
  const groups = [
    ...stages.flatMap((stage) => groupEqual(stage.elected, byVotes)),
    ...groupEqual(state.continuing, byVotes),
    ...excluded.reverse().map((entry) => [entry]),
  ];
  const standings = placeGroups(
    groups,
    (entry) => Number((decisive[entry] ?? 0n) / UNITS),
    countPicks(election),
  );
  const winners = stages.flatMap((stage) => stage.elected);
  return { standings, winners, transfers: { quota: Number(state.quota / UNITS), stages } };
}

/** Whether another listed order would elect other entries. */
export function transfersDecidedByOrder(election: Election): OrderDecision {
  if (election.rankings.length === 0) return { decided: "no", work: 0 };
  return followChoices<TransferState>(
    TransferState.start(election),
    (state, read) => {
      while (!state.isOver()) {
        const { kind, tied } = state.next();
        const [only, another] = tied;
        if (only === undefined) break;
        read(election.rankings.length + election.entries);
        if (another !== undefined) {
          return {
            choices: tied.map((entry) => () => {
              const copy = state.copy();
              copy.transfer(kind, entry);
              return copy;
            }),
          };
        }
        state.transfer(kind, only);
      }
      return { winners: state.elected };
    },
    (state) => state.key(),
  );
}

type Cause = Pick<TransferStage, "surplusOf" | "excluded" | "tieBroken">;

function record(state: TransferState, cause: Cause): TransferStage {
  const elected = [...state.justElected];
  return { ...cause, votes: [...state.votes], nonTransferable: state.nonTransferable(), elected };
}

function compareVotes(a = 0n, b = 0n): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
