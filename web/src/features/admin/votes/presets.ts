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
    text: "Everybody chooses one entry, and the most chosen one wins.",
    icon: "vote",
    settings: { method: "APPROVAL", picksPerVoter: 1 },
    durationHours: 72,
  },
  {
    id: "pick-several",
    title: "Pick several",
    text: "Everybody chooses all that they like, up to five. The most liked one wins.",
    icon: "check",
    settings: { method: "APPROVAL", picksPerVoter: 5 },
    durationHours: 72,
  },
  {
    id: "which-evening",
    title: "Which evening",
    text: "The seven evenings as entries. Everybody chooses those on which they can play.",
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
    text: "Everybody ranks three: three points for the first choice, then two and one. Good for contests.",
    icon: "trophy",
    settings: { method: "WEIGHTED", picksPerVoter: 3 },
    durationHours: 72,
  },
  {
    id: "elect-officers",
    title: "Elect officers",
    text: "Several seats, filled in proportion to what voters ranked. Nobody sees the standings before the end.",
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
