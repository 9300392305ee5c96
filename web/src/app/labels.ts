// Words for the API's enums. A value of a newer server shows as its own name in words.
import type { CharacterClass, CharacterRole } from "../gql/graphql";

/** "DEATH_KNIGHT" in words: "Death knight". */
export function inWords(value: string) {
  const words = value.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const label = (names: Record<string, string>) => (value: string) => names[value] ?? inWords(value);

export const CLASSES = {
  DEATH_KNIGHT: "Death Knight",
  DEMON_HUNTER: "Demon Hunter",
  DRUID: "Druid",
  EVOKER: "Evoker",
  HUNTER: "Hunter",
  MAGE: "Mage",
  MONK: "Monk",
  PALADIN: "Paladin",
  PRIEST: "Priest",
  ROGUE: "Rogue",
  SHAMAN: "Shaman",
  WARLOCK: "Warlock",
  WARRIOR: "Warrior",
} satisfies Record<CharacterClass, string>;
export const classLabel = label(CLASSES);

export const ROLES = {
  TANK: "Tank",
  HEALER: "Healer",
  MELEE_DPS: "Melee",
  RANGED_DPS: "Ranged",
} satisfies Record<CharacterRole, string>;
export const roleLabel = label(ROLES);

export const permissionLabel = label({
  RANKS_MANAGE: "Manage ranks",
  MEMBERS_MANAGE: "Manage members",
  MEMBERS_INVITE: "Invite members",
  CAMPAIGNS_MANAGE: "Manage votes",
  DISCORD_MANAGE: "Manage Discord",
  AUDIT_VIEW: "See the audit log",
  GUILD_MANAGE: "Manage the guild",
});

/** Why a draft cannot start, as a sentence. */
export const blockerLabel = label({
  TOO_FEW_ENTRIES: "It needs at least two entries.",
  FEWER_ENTRIES_THAN_PICKS: "It has fewer entries than picks on a ballot.",
  FEWER_ENTRIES_THAN_SEATS: "It has fewer entries than seats.",
  DEADLINE_PASSED: "Its scheduled end has passed.",
});
