// Casting a ballot over a network that loses responses: at most one ballot, and never an unsure one shown as cast.

/** The viewer's ballot as the server has it. */
export interface CastBallot {
  nonce: string;
  receipt: string;
  picks: readonly { id: string }[];
}

/** What became of a ballot. */
export type CastResult<Ballot> =
  | { kind: "cast"; ballot: Ballot }
  /** The member has another ballot, perhaps from another tab or from Discord. */
  | { kind: "earlierBallot"; ballot: Ballot }
  /** The server refused it; `error` says why. */
  | { kind: "refused"; error: Error }
  /** No response. The ballot may have been cast, and sending it again is safe. */
  | { kind: "unknown"; error: Error };

/** The requests that casting needs. Each rejects with an error. */
export interface BallotRequests<Ballot> {
  cast(picks: readonly string[], nonce: string): Promise<Ballot>;
  /** The viewer's ballot, past any cache; `null` if there is none. */
  readOwn(): Promise<Ballot | null>;
  /** Whether the request may have had its effect although it failed. */
  isLost(error: unknown): boolean;
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));

/** Casts a ballot. The caller stores the nonce before, and sends the same one again after `unknown`. */
export async function castBallot<Ballot extends CastBallot>(
  requests: BallotRequests<Ballot>,
  picks: readonly string[],
  nonce: string,
): Promise<CastResult<Ballot>> {
  try {
    return { kind: "cast", ballot: await requests.cast(picks, nonce) };
  } catch (error) {
    const failure = asError(error);
    let own: Ballot | null;
    try {
      own = await requests.readOwn();
    } catch {
      return requests.isLost(error)
        ? { kind: "unknown", error: failure }
        : { kind: "refused", error: failure };
    }
    if (own) return { kind: own.nonce === nonce ? "cast" : "earlierBallot", ballot: own };
    return requests.isLost(error) ? { kind: "unknown", error: failure } : { kind: "refused", error: failure };
  }
}
