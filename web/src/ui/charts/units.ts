import { formatCount, formatWhole, type Unit } from "./words";

const VOTES: Unit = { title: "Votes", format: (votes) => formatCount(votes, "vote") };
const UNITS: Record<string, Unit> = {
  APPROVAL: VOTES,
  INSTANT_RUNOFF: VOTES,
  SINGLE_TRANSFERABLE_VOTE: VOTES,
  SCHULZE: { title: "Entries beaten", format: (entries) => `beats ${formatWhole(entries)}` },
};
const POINTS: Unit = { title: "Points", format: (points) => formatCount(points, "point") };

/** What the points of a method's standings are. */
export const unitOf = (method: string) => UNITS[method] ?? POINTS;
