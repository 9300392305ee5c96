// What charts show: results in the shape of the API's `Campaign` and `VoteTally`, and of a recount.

export interface ChartEntry {
  id: string;
  name: string;
}

export interface ChartStanding {
  place: number;
  entry: ChartEntry;
  points: number;
  pickCounts: readonly number[];
}

export interface ChartRound {
  number: number;
  counts: readonly { entry: ChartEntry; votes: number }[];
  exhausted: number;
  eliminated: readonly ChartEntry[];
  tieBroken: boolean;
  winner?: ChartEntry | null | undefined;
}

export interface ChartPair {
  entry: ChartEntry;
  preferred: readonly number[];
  strengths: readonly number[];
}

export interface ChartTransfers {
  quota: number;
  stages: readonly {
    number: number;
    surplusOf?: ChartEntry | null | undefined;
    excluded?: ChartEntry | null | undefined;
    tieBroken: boolean;
    counts: readonly { entry: ChartEntry; votes: number }[];
    nonTransferable: number;
    elected: readonly ChartEntry[];
  }[];
}

/** A count's result. The tables of other methods are null or absent. */
export interface ChartResult {
  /** `WEIGHTED`, `APPROVAL`, …; of a method of a newer server, plain bars show. */
  method: string;
  standings: readonly ChartStanding[];
  /** Absent or empty while the vote is open. */
  winners?: readonly ChartEntry[] | null | undefined;
  runoffRounds?: readonly ChartRound[] | null | undefined;
  pairwise?: readonly ChartPair[] | null | undefined;
  transfers?: ChartTransfers | null | undefined;
}
