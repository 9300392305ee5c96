// The settings of a draft while an officer edits them: pure, and saved all at once.
import { changedFields } from "../../../app/changedFields";
import type { DraftFragment, DraftQuery, UpdateCampaignInput, VotingMethod } from "../../../gql/graphql";
import { formatInstant } from "../../../ui/Countdown";
import { methodName } from "../../../ui/methods";
import { inUnits } from "./presets";
import { fromLocalInput, toLocalInput } from "./zonedTime";

/** The form's values, as its controls have them. */
export interface Settings {
  title: string;
  description: string;
  method: VotingMethod;
  picksPerVoter: string;
  seats: string;
  minRankLevelToVote: string;
  minRankLevelToView: string;
  resultsVisibility: DraftFragment["resultsVisibility"];
  amount: string;
  unit: "hours" | "days";
  /** As the input has it, in the browser's zone. */
  startAt: string;
  /** The saved start. It may have seconds, or be the second of two equal local times when clocks go back. */
  savedStart: string | null;
  earlyCloseIfAllVoted: boolean;
  announcements: DraftFragment["announcements"];
  discordChannelId: string;
}

/** Longest duration, in hours: 365 days. */
export const MAX_HOURS = 8_760;

/** `minRankLevelToView` of a vote that visitors see too. */
export const EVERYBODY = "";

export const RESULTS: readonly { value: Settings["resultsVisibility"]; label: string }[] = [
  { value: "AFTER_VOTING", label: "Members who have voted" },
  { value: "ALWAYS", label: "Everyone who sees the vote" },
  { value: "AFTER_CLOSE", label: "No one" },
];

export const ANNOUNCEMENTS: readonly { value: Settings["announcements"]; label: string }[] = [
  { value: "OFF", label: "None" },
  { value: "QUIET", label: "Start and result" },
  { value: "NORMAL", label: "Also turnout and the last day" },
  { value: "HYPE", label: "Also each change of the lead" },
];

export function fromVote(vote: DraftFragment): Settings {
  const { amount, unit } = inUnits(vote.durationHours);
  return {
    title: vote.title,
    description: vote.description ?? "",
    method: vote.method,
    picksPerVoter: String(vote.picksPerVoter),
    seats: String(vote.seats),
    minRankLevelToVote: String(vote.minRankLevelToVote),
    minRankLevelToView: vote.minRankLevelToView == null ? EVERYBODY : String(vote.minRankLevelToView),
    resultsVisibility: vote.resultsVisibility,
    amount: String(amount),
    unit,
    startAt: toLocalInput(vote.startAt),
    savedStart: vote.startAt ?? null,
    earlyCloseIfAllVoted: vote.earlyCloseIfAllVoted,
    announcements: vote.announcements,
    discordChannelId: vote.discordChannelId ?? "",
  };
}

/** When the vote starts: exactly as saved, unless the input was changed. */
export const startOf = ({ startAt, savedStart }: Settings) =>
  startAt === toLocalInput(savedStart) ? savedStart : fromLocalInput(startAt);

/** How long the vote stays open, in hours. */
export const hoursOf = ({ amount, unit }: Settings) => Number(amount) * (unit === "days" ? 24 : 1);

/** Winners of a count: one, except for a method with seats. */
export const seatsOf = ({ method, seats }: Settings) =>
  method === "SINGLE_TRANSFERABLE_VOTE" ? Number(seats) : 1;

const toFields = (settings: Settings) => ({
  title: settings.title,
  description: settings.description.trim() || null,
  method: settings.method,
  picksPerVoter: Number(settings.picksPerVoter),
  seats: seatsOf(settings),
  minRankLevelToVote: Number(settings.minRankLevelToVote),
  minRankLevelToView: settings.minRankLevelToView === EVERYBODY ? null : Number(settings.minRankLevelToView),
  resultsVisibility: settings.resultsVisibility,
  durationHours: hoursOf(settings),
  startAt: startOf(settings),
  earlyCloseIfAllVoted: settings.earlyCloseIfAllVoted,
  announcements: settings.announcements,
  discordChannelId: settings.discordChannelId || null,
});

/** The settings that differ from the saved ones. The server keeps the others as they are. */
export function toInput(
  settings: Settings,
  saved: Settings,
  { id, draftRevision }: Pick<UpdateCampaignInput, "id" | "draftRevision">,
): UpdateCampaignInput {
  const changed = changedFields(toFields(settings), toFields(saved));
  return { ...changed, id, draftRevision: draftRevision ?? null };
}

/** The settings after `sent` was stored as `saved`: what was edited since stays. */
export function rebase(current: Settings, sent: Settings, saved: Settings): Settings {
  const { amount, unit } = current;
  return {
    ...saved,
    ...changedFields(current, sent),
    // One value for the server.
    ...((amount !== sent.amount || unit !== sent.unit) && { amount, unit }),
    savedStart: saved.savedStart,
  };
}

export const areEqual = (a: Settings, b: Settings) =>
  JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));

const comparable = (settings: Settings) => ({ ...settings, savedStart: startOf(settings) });

/** The settings in words, for those that differ from the other version. */
export function differences(settings: Settings, other: Settings, ranks: DraftQuery["ranks"]) {
  const [own, others] = [describe(settings, ranks), describe(other, ranks)];
  return own.filter(({ text }, index) => text !== others[index]?.text);
}

/** The settings in words. */
export function describe(settings: Settings, ranks: DraftQuery["ranks"]) {
  const rankOf = (level: string) => {
    const rank = ranks.find((it) => String(it.level) === level);
    return level === EVERYBODY ? "everyone" : `${rank?.name ?? level} and above`;
  };
  const labelOf = (options: readonly { value: string; label: string }[], value: string) =>
    options.find((it) => it.value === value)?.label ?? value;
  const start = startOf(settings);
  const words: Record<string, string> = {
    Title: settings.title,
    Description: settings.description || "none",
    Method: methodName(settings.method),
    Picks: settings.picksPerVoter,
    Seats: String(seatsOf(settings)),
    "May vote": rankOf(settings.minRankLevelToVote),
    "May see it": rankOf(settings.minRankLevelToView),
    "See the standings": labelOf(RESULTS, settings.resultsVisibility),
    Duration: `${settings.amount} ${settings.amount === "1" ? settings.unit.slice(0, -1) : settings.unit}`,
    Start: start ? formatInstant(start) : "by an officer",
    "Close early": settings.earlyCloseIfAllVoted ? "yes" : "no",
    "Messages in Discord": labelOf(ANNOUNCEMENTS, settings.announcements),
    Channel: settings.discordChannelId || "the usual one",
  };
  return Object.entries(words).map(([key, word]) => ({ key, text: `${key}: ${word}` }));
}

/** The channels by name. The chosen one stays even if Discord does not answer. */
export function channelOptions(
  channels: readonly { id: string; name: string }[] | null | undefined,
  chosen: string,
) {
  const known = (channels ?? []).map(({ id, name }) => ({ value: id, label: `#${name}` }));
  const isKnown = chosen === "" || known.some((it) => it.value === chosen);
  return [
    { value: "", label: "The guild's usual channel" },
    ...known,
    ...(isKnown ? [] : [{ value: chosen, label: `Channel ${chosen}` }]),
  ];
}
