// The kinds of votes that most guilds hold, as settings to start from.
import type { CreateCampaignInput, VotingMethod } from "../../../gql/graphql";
import type { IconName } from "../../../ui/Icon";

type Settings = Omit<CreateCampaignInput, "title" | "minRankLevelToVote" | "durationHours">;

export interface Preset {
  id: string;
  title: string;
  /** For what it suits. */
  text: string;
  icon: IconName;
  settings: Settings;
  durationHours: number;
}

export const PRESETS: readonly Preset[] = [
  {
    id: "pick-one",
    title: "Pick one",
    text: "Each voter chooses one entry. The one with the most votes wins.",
    icon: "vote",
    settings: { method: "APPROVAL", picksPerVoter: 1 },
    durationHours: 72,
  },
  {
    id: "pick-several",
    title: "Pick several",
    text: "Each voter chooses up to five entries. The one with the most votes wins.",
    icon: "check",
    settings: { method: "APPROVAL", picksPerVoter: 5 },
    durationHours: 72,
  },
  {
    id: "which-evening",
    title: "Which evening",
    text: "The entries are the seven evenings. Each voter chooses those on which they can play.",
    icon: "calendar",
    settings: {
      method: "APPROVAL",
      picksPerVoter: 7,
      resultsVisibility: "ALWAYS",
      entries: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].map((name) => ({
        name,
      })),
    },
    durationHours: 48,
  },
  {
    id: "rank",
    title: "Rank favourites",
    text: "Each voter ranks three entries, for three points, two and one. Suits contests.",
    icon: "trophy",
    settings: { method: "WEIGHTED", picksPerVoter: 3 },
    durationHours: 72,
  },
  {
    id: "elect-officers",
    title: "Elect officers",
    text: "Several seats, filled in proportion to the voters' rankings. No one sees the standings before the end.",
    icon: "shield",
    settings: {
      method: "SINGLE_TRANSFERABLE_VOTE",
      picksPerVoter: 10,
      seats: 2,
      resultsVisibility: "AFTER_CLOSE",
    },
    durationHours: 168,
  },
];

/** The methods in the order of a form. */
export const METHODS: readonly VotingMethod[] = [
  "APPROVAL",
  "WEIGHTED",
  "INSTANT_RUNOFF",
  "SCHULZE",
  "SINGLE_TRANSFERABLE_VOTE",
];

/** A duration in the largest unit that divides it: 72 hours are three days. */
export function inUnits(hours: number): { amount: number; unit: "hours" | "days" } {
  return hours >= 24 && hours % 24 === 0
    ? { amount: hours / 24, unit: "days" }
    : { amount: hours, unit: "hours" };
}
