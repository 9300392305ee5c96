import type { RecountReport } from "../../counting/recount";

/** What the server shows of a vote, which the file should agree with. */
export interface ShownVote {
  id: string;
  /** `Campaign.ballotBox.digest` */
  digest: string;
  standings: readonly { place: number; points: number; entry: { id: string } }[];
  winners: readonly { id: string }[];
}

/** Differences between a recount and what the page shows, as sentences. */
export function compareShown(report: RecountReport, shown: ShownVote): string[] {
  const differences: string[] = [];
  if (shown.id !== report.campaign) differences.push("The file is the ballot box of another vote.");
  if (shown.digest !== report.digest) differences.push(`The page shows the digest ${shown.digest}.`);
  const rows = (standings: ShownVote["standings"]) =>
    standings
      .map(({ place, points, entry }) => JSON.stringify([entry.id, place, points]))
      .sort()
      .join();
  if (rows(shown.standings) !== rows(report.result.standings))
    differences.push("The page shows other standings.");
  const ids = (entries: ShownVote["winners"]) =>
    entries
      .map((entry) => entry.id)
      .sort()
      .join();
  if (ids(shown.winners) !== ids(report.result.winners)) differences.push("The page shows other winners.");
  return differences;
}
