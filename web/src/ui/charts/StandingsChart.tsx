import { type Bar, BarChart } from "./BarChart";
import type { ChartEntry, ChartStanding } from "./types";
import { unitOf } from "./units";
import { formatOrdinal } from "./words";

export interface StandingsChartProps {
  method: string;
  standings: readonly ChartStanding[];
  /** Absent or empty while the vote is open. */
  winners?: readonly ChartEntry[] | null | undefined;
  /** Bars that show before "Show all": 30 by default. */
  limit?: number;
}

const NOTES: Record<string, string> = {
  INSTANT_RUNOFF: "Votes in the last round that the entry took part in.",
  SINGLE_TRANSFERABLE_VOTE: "Whole votes when the entry was elected or excluded, or at the end.",
};

/** The standings as bars. Those of `WEIGHTED` are split by the position of the picks. */
export function StandingsChart({ method, standings, winners, limit }: StandingsChartProps) {
  const won = new Set(winners?.map((entry) => entry.id));
  const positions = method === "WEIGHTED" ? (standings[0]?.pickCounts.length ?? 0) : 0;
  const bars = standings.map(
    (row): Bar => ({
      id: row.entry.id,
      name: row.entry.name,
      place: row.place,
      value: row.points,
      won: won.has(row.entry.id),
      ...(positions > 1 && {
        parts: row.pickCounts.map((count, position) => ({ count, value: count * (positions - position) })),
      }),
    }),
  );
  const parts = Array.from(
    { length: positions > 1 ? positions : 0 },
    (_, index) => `${formatOrdinal(index + 1)} picks`,
  );
  return (
    <BarChart
      label="Standings"
      bars={bars}
      unit={unitOf(method)}
      parts={parts}
      note={NOTES[method]}
      {...(limit !== undefined && { limit })}
    />
  );
}
