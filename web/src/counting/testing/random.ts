import type { BallotBox, BoxBallot } from "../box";
import { FORMAT } from "../box";
import { count, decidedByListedOrder } from "../count";
import { digestOf } from "../digest";
import { mergeEqual } from "../places";
import { receiptOf } from "../receipts";
import type { Election, Method } from "../types";

/** A generator of random numbers with a seed (mulberry32), so that a failure can be repeated. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A whole number from `least` to `most`. */
  from(least: number, most: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return least + (((mixed ^ (mixed >>> 14)) >>> 0) % (most - least + 1));
  }

  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.from(0, last);
      [items[last], items[other]] = [items[other] as T, items[last] as T];
    }
    return items;
  }

  nonce(): string {
    return Array.from({ length: 8 }, () => this.from(0, 0xffffffff).toString(16).padStart(8, "0")).join("");
  }
}

/** A ballot box as the server publishes it, with the result by this folder's count. */
export function randomBox(method: Method, random: Random): BallotBox {
  const entries = random.from(2, 8);
  const picksPerVoter = random.from(1, entries);
  const seats = method === "SINGLE_TRANSFERABLE_VOTE" ? random.from(1, entries) : 1;
  // Half of the votes are small, since these have more ties.
  const ballots = random.from(0, 1) === 0 ? random.from(0, 12) : random.from(13, 60);
  const isFull = method === "WEIGHTED" || random.from(0, 3) === 0;
  const pick = (): number[] => {
    const order = Array.from({ length: entries }, (_, index) => index);
    return random.shuffle(order).slice(0, isFull ? picksPerVoter : random.from(1, picksPerVoter));
  };
  return boxOf(
    { method, picksPerVoter, seats, entries, rankings: mergeEqual(Array.from({ length: ballots }, pick)) },
    Array.from({ length: entries }, (_, index) => `Entry ${index + 1}`),
    random,
  );
}

/** Publishes an election. */
export function boxOf(election: Election, names: readonly string[], random: Random): BallotBox {
  const campaign = `V${random.from(1, 1_000_000)}`;
  const entries = names.map((name, index) => ({ id: `E${(index * 7919) % 10_007}`, name }));
  const id = (entry: number): string => entries[entry]?.id ?? "";
  const ballots = election.rankings.flatMap(({ picks, ballots: equal }): BoxBallot[] =>
    Array.from({ length: equal }, () => {
      const nonce = random.nonce();
      const ids = picks.map(id);
      return { receipt: receiptOf(campaign, nonce, ids), nonce, picks: ids };
    }),
  );
  ballots.sort((a, b) => (a.receipt < b.receipt ? -1 : 1));
  const outcome = count(election);
  const box: BallotBox = {
    format: FORMAT,
    campaign,
    title: "A random vote",
    method: election.method,
    picksPerVoter: election.picksPerVoter,
    seats: election.seats,
    eligible: ballots.length + 3,
    entries,
    standings: outcome.standings.map((row) => ({
      place: row.place,
      entry: id(row.entry),
      points: row.points,
      pickCounts: row.pickCounts,
    })),
    winners: outcome.winners.map(id),
    decidedByListedOrder: decidedByListedOrder(election).decided === "yes",
    digest: "",
    ballots,
  };
  return { ...box, digest: digestOf(box) };
}
