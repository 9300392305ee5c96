import { indices, rerank } from "./places";
import type { Election, Ranking } from "./types";
import { UNITS } from "./units";

export interface Transfer {
  kind: "surplus" | "exclusion";
  /** The entries between which only the listed order decides. */
  tied: number[];
  /** Whether several entries had an equal surplus, or equally few votes. */
  tieBroken: boolean;
}

/** A single transferable vote at the end of a stage. */
export class TransferState {
  readonly quota: bigint;
  continuing: number[];
  elected: number[] = [];
  /** The entries that were elected at the end of this stage, most votes first. */
  justElected: number[] = [];
  votes: bigint[];
  /** Elected entries whose surplus has not been transferred. */
  private pending: number[] = [];
  /** By entry: higher for more votes at the end of the latest stage in which two entries differ. */
  private ranks: number[] = [];
  /** The rankings that each entry holds. */
  private readonly held: number[][];
  /** By ranking: the value of each of its ballots, and the position of the entry that holds them. */
  private readonly values: bigint[];
  private readonly positions: number[];
  private readonly total: bigint;

  private constructor(
    private readonly rankings: readonly Ranking[],
    private readonly seats: number,
    from: TransferState | { entries: number },
  ) {
    if (from instanceof TransferState) {
      this.quota = from.quota;
      this.total = from.total;
      this.continuing = [...from.continuing];
      this.elected = [...from.elected];
      this.votes = [...from.votes];
      this.pending = [...from.pending];
      this.ranks = [...from.ranks];
      this.held = from.held.map((rankings) => [...rankings]);
      this.values = [...from.values];
      this.positions = [...from.positions];
      return;
    }
    this.continuing = indices(from.entries);
    this.votes = this.continuing.map(() => 0n);
    this.held = this.continuing.map(() => []);
    this.values = rankings.map(() => UNITS);
    this.positions = rankings.map(() => -1);
    const ballots = rankings.reduce((sum, ranking) => sum + BigInt(ranking.ballots), 0n);
    this.total = ballots * UNITS;
    this.quota = (ballots / BigInt(seats + 1) + 1n) * UNITS;
    this.deal(indices(rankings.length));
    this.endStage();
  }

  /** Counts the first choices. */
  static start({ rankings, seats, entries }: Election): TransferState {
    return new TransferState(rankings, seats, { entries });
  }

  copy(): TransferState {
    return new TransferState(this.rankings, this.seats, this);
  }

  isOver(): boolean {
    return this.elected.length >= this.seats || this.continuing.length === 0;
  }

  /** The transfer of the next stage. */
  next(): Transfer {
    const kind = this.pending.length > 0 ? "surplus" : "exclusion";
    const candidates = kind === "surplus" ? this.pending : this.continuing;
    // Surpluses compare as votes do: each is what exceeds the same quota.
    const isBetter = (a: bigint, b: bigint): boolean => (kind === "surplus" ? a > b : a < b);
    const votes = candidates.map((entry) => this.votes[entry] ?? 0n);
    const best = votes.reduce((found, other) => (isBetter(other, found) ? other : found));
    const equal = candidates.filter((entry) => this.votes[entry] === best);
    const ranks = equal.map((entry) => this.ranks[entry] ?? 0);
    const rank = kind === "surplus" ? Math.max(...ranks) : Math.min(...ranks);
    const tied = equal.filter((entry) => this.ranks[entry] === rank);
    return { kind, tied, tieBroken: equal.length > 1 };
  }

  /** Transfers a surplus, or all ballots of an entry that is excluded, and ends the stage. */
  transfer(kind: Transfer["kind"], entry: number): void {
    const votes = this.votes[entry] ?? 0n;
    const moved = this.held[entry] ?? [];
    this.held[entry] = [];
    if (kind === "surplus") {
      this.pending = this.pending.filter((other) => other !== entry);
      const surplus = votes - this.quota;
      for (const ranking of moved) this.values[ranking] = ((this.values[ranking] ?? 0n) * surplus) / votes;
      this.votes[entry] = this.quota;
    } else {
      this.continuing = this.continuing.filter((other) => other !== entry);
      this.votes[entry] = 0n;
    }
    this.deal(moved);
    this.endStage();
  }

  nonTransferable(): bigint {
    return this.votes.reduce((rest, votes) => rest - votes, this.total);
  }

  /** Equal for states with the same continuation. */
  key(): string {
    const open = [...this.pending, ...this.continuing].sort((a, b) => a - b);
    const entries = open.map((entry) => {
      const ballots = [...(this.held[entry] ?? [])].sort((a, b) => a - b);
      const values = ballots.map((ranking) => `${ranking}*${this.values[ranking]}`);
      return `${entry}#${this.ranks[entry]}:${values.join(" ")}`;
    });
    return `${[...this.elected].sort((a, b) => a - b)}|${this.pending}|${entries.join(";")}`;
  }

  /** Gives ballots to the next continuing entry of each. */
  private deal(rankings: readonly number[]): void {
    const isContinuing: boolean[] = [];
    for (const entry of this.continuing) isContinuing[entry] = true;
    for (const index of rankings) {
      const ranking = this.rankings[index];
      if (!ranking) continue;
      let position = (this.positions[index] ?? -1) + 1;
      while (position < ranking.picks.length && !isContinuing[ranking.picks[position] ?? -1]) position += 1;
      this.positions[index] = position;
      const entry = ranking.picks[position];
      if (entry === undefined) continue;
      this.held[entry]?.push(index);
      this.votes[entry] = (this.votes[entry] ?? 0n) + (this.values[index] ?? 0n) * BigInt(ranking.ballots);
    }
  }

  /** Elects who has reached the quota, and all that continue once they are no more than the seats that are left. */
  private endStage(): void {
    const reached = this.continuing.filter((entry) => (this.votes[entry] ?? 0n) >= this.quota);
    const left = this.seats - this.elected.length - reached.length;
    const elected = this.continuing.length - reached.length <= left ? this.continuing : reached;
    const byVotes = (a: number, b: number): number => {
      const [left, right] = [this.votes[a] ?? 0n, this.votes[b] ?? 0n];
      return left > right ? -1 : left < right ? 1 : a - b;
    };
    this.justElected = [...elected].sort(byVotes);
    this.elected.push(...this.justElected);
    this.continuing = this.continuing.filter((entry) => !elected.includes(entry));
    this.pending.push(...elected.filter((entry) => (this.votes[entry] ?? 0n) > this.quota));
    this.pending.sort((a, b) => a - b);
    this.ranks = rerank([...this.continuing, ...this.pending], this.votes, this.ranks);
  }
}
