// Picks that are not cast yet, and the nonce of a ballot on its way. They survive a reload and an upgrade of the app, but
// not the tab and not a sign-out.
import { memberStorage } from "../../app/session";
import type { Picks } from "./ballot";

/** Picks of one member in one vote. */
export interface StoredBallot {
  picks: Picks;
  /** The nonce, once the ballot has been sent for the first time. It stays with these picks. */
  nonce?: string;
  /** The nonces of ballots with other picks that were sent before and got no response. One of them may have been cast. */
  unanswered?: readonly string[];
}

/** Whose picks in which vote. */
export interface BallotKey {
  member: string;
  campaign: string;
}

const nameOf = ({ member, campaign }: BallotKey) => `picks:${member}:${campaign}`;

/** Reads the stored picks; none if there are none or they are unreadable. */
export function readBallot(key: BallotKey): StoredBallot {
  try {
    const stored: unknown = JSON.parse(memberStorage.get(nameOf(key)) ?? "null");
    if (
      typeof stored !== "object" ||
      stored === null ||
      !("picks" in stored) ||
      !Array.isArray(stored.picks)
    ) {
      return { picks: [] };
    }
    const unanswered = "unanswered" in stored ? strings(stored.unanswered) : [];
    return {
      picks: strings(stored.picks),
      ...("nonce" in stored && typeof stored.nonce === "string" && { nonce: stored.nonce }),
      ...(unanswered.length > 0 && { unanswered }),
    };
  } catch {
    return { picks: [] };
  }
}

const strings = (list: unknown) =>
  Array.isArray(list) ? list.filter((it): it is string => typeof it === "string") : [];

/** Stores the picks, or forgets them if there are none, and no response is missing. */
export function storeBallot(key: BallotKey, ballot: StoredBallot): void {
  if (ballot.picks.length === 0 && !ballot.unanswered) memberStorage.remove(nameOf(key));
  else memberStorage.set(nameOf(key), JSON.stringify(ballot));
}
