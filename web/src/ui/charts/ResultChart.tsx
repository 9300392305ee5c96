import { PairwiseChart } from "./PairwiseChart";
import { RunoffChart } from "./RunoffChart";
import { StandingsChart } from "./StandingsChart";
import { TransfersChart } from "./TransfersChart";
import styles from "./tables.module.css";
import type { ChartResult } from "./types";

/**
 * The chart of a result's method: pass a `Campaign` or a `VoteTally` with `method`. The standings show as bars, and
 * methods with rounds, comparisons or stages show these below. It needs the fields of `ChartResult` in types.ts.
 */
export function ResultChart(result: ChartResult & { limit?: number }) {
  const { runoffRounds, pairwise, transfers, ...standings } = result;
  return (
    <div className={styles.result}>
      <StandingsChart {...standings} />
      {!!runoffRounds?.length && <RunoffChart rounds={runoffRounds} />}
      {!!pairwise?.length && <PairwiseChart pairs={pairwise} standings={result.standings} />}
      {transfers && <TransfersChart transfers={transfers} />}
    </div>
  );
}
