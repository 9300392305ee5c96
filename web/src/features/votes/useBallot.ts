// The ballot of the viewer in one vote: picks that survive a reload, and casting them once.
import { useCallback, useEffect, useMemo, useState } from "react";
import { useAction, useFetch } from "../../app/data";
import { type AppError, isTemporary } from "../../app/errors";
import { newNonce, receiptOf } from "../../counting/receipts";
import {
  CastBallotDocument,
  OwnBallotDocument,
  type OwnBallotFragment,
  type VoteDetailsFragment,
} from "../../gql/graphql";
import { announce } from "../../ui/announce";
import { type BallotRules, describeChange, onlyValid, type Picks } from "./ballot";
import { castBallot } from "./casting";
import { readBallot, type StoredBallot, storeBallot } from "./storedPicks";

/** What became of the last attempt to cast. */
export type Attempt =
  | { state: "idle" }
  | { state: "sending" }
  /** No response: the ballot may have been cast. */
  | { state: "unknown"; message: string }
  | { state: "refused"; message: string };

/** A request failed, with the API's error. */
class RequestFailed extends Error {
  constructor(readonly appError: AppError) {
    super(appError.message);
  }
}

const isLost = (error: unknown) => error instanceof RequestFailed && isTemporary(error.appError);

/** How the server got a ballot: now, by an earlier try on this page, or elsewhere. */
export type CastHow = "cast" | "earlierTry" | "elsewhere";

/** How the server got the ballot with a nonce, by what this tab has sent. */
export function castHow({ nonce, unanswered }: StoredBallot, castNonce: string): CastHow {
  if (nonce === castNonce) return "cast";
  return unanswered?.includes(castNonce) ? "earlierTry" : "elsewhere";
}

/** The picks of a member in a vote that they can vote in. `onCast` gets the ballot that the server has. */
export function useBallot(
  vote: VoteDetailsFragment,
  member: string,
  onCast: (ballot: OwnBallotFragment, how: CastHow) => void,
) {
  const key = useMemo(() => ({ member, campaign: vote.id }), [member, vote.id]);
  const rules: BallotRules = useMemo(
    () => ({ method: vote.method, picksPerVoter: vote.picksPerVoter }),
    [vote.method, vote.picksPerVoter],
  );
  const [stored, setStored] = useState<StoredBallot>(() => readBallot(key));
  const [attempt, setAttempt] = useState<Attempt>({ state: "idle" });
  const names = useMemo(() => new Map(vote.entries.map((entry) => [entry.id, entry.name])), [vote.entries]);
  const picks = useMemo(
    () => onlyValid(stored.picks, new Set(names.keys()), rules),
    [stored.picks, names, rules],
  );
  useEffect(() => storeBallot(key, stored), [key, stored]);

  /** Changes the picks by a rule of ballot.ts, and says what changed for the entry. */
  const change = useCallback(
    (entry: string, rule: (picks: Picks) => Picks) => {
      const after = rule(picks);
      announce(describeChange(names.get(entry) ?? "", entry, picks, after, rules));
      if (after === picks) return;
      // Other picks are another ballot, with another nonce.
      const { nonce, unanswered = [] } = stored;
      const lost = nonce ? [...unanswered, nonce] : unanswered;
      setStored({ picks: after, ...(lost.length > 0 && { unanswered: lost }) });
      setAttempt({ state: "idle" });
    },
    [picks, names, rules, stored],
  );

  const { run } = useAction(CastBallotDocument);
  const read = useFetch();
  const cast = useCallback(async () => {
    const { nonce = newNonce(), unanswered } = stored;
    const ballot = { picks, nonce, ...(unanswered && { unanswered }) };
    // Stored before it is sent, so that it is known after a lost response and a reload.
    storeBallot(key, ballot);
    setStored(ballot);
    setAttempt({ state: "sending" });
    const result = await castBallot<OwnBallotFragment>(
      {
        isLost,
        cast: async (picks, nonce) => {
          const { data, error } = await run({ input: { campaignId: vote.id, picks: [...picks], nonce } });
          if (!data) throw new RequestFailed(error ?? { kind: "offline", message: "", fields: {} });
          const { ballot } = data.castBallot ?? {};
          if (!ballot) throw new Error("The server's response has no ballot.");
          return ballot;
        },
        readOwn: async () => {
          const { data, error } = await read(OwnBallotDocument, { id: vote.id });
          if (!data) throw new RequestFailed(error ?? { kind: "offline", message: "", fields: {} });
          return data.campaign?.viewerBallot ?? null;
        },
      },
      picks,
      nonce,
    );
    if (result.kind === "cast" || result.kind === "earlierBallot") {
      storeBallot(key, { picks: [] });
      setAttempt({ state: "idle" });
      onCast(result.ballot, result.kind === "cast" ? "cast" : castHow(ballot, result.ballot.nonce));
      return true;
    }
    // No ballot has the nonce of a refused one, unless an earlier try got no response.
    if (result.kind === "refused") setStored(stored);
    setAttempt({ state: result.kind, message: result.error.message });
    return false;
  }, [key, picks, stored, run, read, vote.id, onCast]);

  /** Whether a ballot with other picks may have been cast. */
  const mayHaveVoted = stored.unanswered !== undefined;
  return { picks, rules, change, cast, attempt, mayHaveVoted };
}

/** Whether the server's receipt belongs to the picks and the nonce, so that the ballot is the one that was cast. */
export const isReceiptCorrect = (campaign: string, { nonce, picks, receipt }: OwnBallotFragment) =>
  receiptOf(
    campaign,
    nonce,
    picks.map((entry) => entry.id),
  ) === receipt;
