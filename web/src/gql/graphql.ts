/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** What prevents a draft from going live. */
export type ActivationBlocker =
  /** The scheduled voting period has ended already. `activateCampaign` is still possible: it sets a new one. */
  | 'DEADLINE_PASSED'
  /** The draft has fewer entries than `picksPerVoter`. */
  | 'FEWER_ENTRIES_THAN_PICKS'
  /** The draft has fewer entries than `seats`. */
  | 'FEWER_ENTRIES_THAN_SEATS'
  /** The draft has fewer than two entries. */
  | 'TOO_FEW_ENTRIES';

/** The events of a campaign that the Discord bot announces. */
export type AnnouncementLevel =
  /**
   * The events of `NORMAL`. Also the first ballot, changes of the lead, and when one or three quarters of the
   * eligible members have voted. While the standings are hidden, also the growing number of ballots.
   */
  | 'HYPE'
  /**
   * The events of `QUIET`. Also when half or all of the eligible members have voted, one day before the end, and
   * one hour before the end.
   */
  | 'NORMAL'
  /** No events. */
  | 'OFF'
  /** The launch, and the results or the cancellation. */
  | 'QUIET';

/** Conditions that all listed events meet. */
export type AuditFilter = {
  /** Kinds of the change, as in `AuditEvent.action`: at most 100. */
  actions?: Array<string> | null | undefined;
  /** Id of the member who made the change. */
  actorId?: string | number | null | undefined;
  /** Only events at this time or later. */
  from?: string | null | undefined;
  /** Id of the changed object. */
  subjectId?: string | number | null | undefined;
  /** Only events before this time. */
  to?: string | null | undefined;
};

/** What a viewer can do with a campaign. */
export type CampaignAction =
  /** Set the draft live now. */
  | 'ACTIVATE'
  /** Archive the closed vote. */
  | 'ARCHIVE'
  /** Cancel the vote, so that it ends without a result. */
  | 'CANCEL'
  /** Close the vote before its end. */
  | 'CLOSE'
  /** Delete the draft. */
  | 'DELETE'
  /** Change the draft and its entries. */
  | 'EDIT'
  /** Say what the officers made of the result, or take it back. */
  | 'SET_OUTCOME';

/** Why a campaign closed. */
export type CampaignCloseReason =
  /** All eligible members had voted, and `earlyCloseIfAllVoted` was on. */
  | 'ALL_VOTED'
  /** An officer closed the vote. */
  | 'BY_HAND'
  /** An officer cancelled the vote, so it has no result. */
  | 'CANCELLED'
  /** The vote was open until `closesAt`. */
  | 'DEADLINE';

/** The status of a campaign. */
export type CampaignStatus =
  /** Closed, and omitted from `campaigns` by default. */
  | 'ARCHIVED'
  /** Closed, with a final result unless it was cancelled. */
  | 'CLOSED'
  /** In preparation, and visible only with `CAMPAIGNS_MANAGE`. */
  | 'DRAFT'
  /** Accepts ballots until `closesAt`. */
  | 'LIVE';

/** A live campaign to cancel. */
export type CancelCampaignInput = {
  /** Id of the live campaign. */
  id: string | number;
  /** Why it is cancelled, 1 to 500 characters. Everyone who sees the campaign can read it. */
  reason: string;
};

/** Why the viewer cannot vote. The first reason that applies is given. */
export type CannotVoteReason =
  /** The viewer has already voted. */
  | 'ALREADY_VOTED'
  /** The campaign does not accept ballots: it has not started, or its end has passed. */
  | 'NOT_LIVE'
  /** The viewer has no account. */
  | 'NOT_REGISTERED'
  /** The viewer's rank level is below `minRankLevelToVote`. */
  | 'RANK_TOO_LOW'
  /** The viewer is not signed in. */
  | 'SIGN_IN';

/** A ballot to cast. */
export type CastBallotInput = {
  /** Id of the campaign. */
  campaignId: string | number;
  /**
   * Nonce of the receipt: 64 hexadecimal digits from a secure random source, unique in the campaign. Without it, the
   * server draws one, and the request cannot be repeated.
   */
  nonce?: string | null | undefined;
  /** Ids of entries of the campaign, first choice first, without duplicates. `Campaign.picksPerVoter` says how many. */
  picks: Array<string | number>;
};

/** The viewer's current and new password. */
export type ChangePasswordInput = {
  /** The current password. */
  currentPassword: string;
  /** The new password: 10 to 256 characters. */
  newPassword: string;
};

/** A character class of World of Warcraft. */
export type CharacterClass =
  /** Death Knight. */
  | 'DEATH_KNIGHT'
  /** Demon Hunter. */
  | 'DEMON_HUNTER'
  /** Druid. */
  | 'DRUID'
  /** Evoker. */
  | 'EVOKER'
  /** Hunter. */
  | 'HUNTER'
  /** Mage. */
  | 'MAGE'
  /** Monk. */
  | 'MONK'
  /** Paladin. */
  | 'PALADIN'
  /** Priest. */
  | 'PRIEST'
  /** Rogue. */
  | 'ROGUE'
  /** Shaman. */
  | 'SHAMAN'
  /** Warlock. */
  | 'WARLOCK'
  /** Warrior. */
  | 'WARRIOR';

/** The role of a character in a group. */
export type CharacterRole =
  /** Heals the group. */
  | 'HEALER'
  /** Deals damage at close range. */
  | 'MELEE_DPS'
  /** Deals damage at long range. */
  | 'RANGED_DPS'
  /** Takes the damage of enemies. */
  | 'TANK';

/** A campaign to create as a draft. */
export type CreateCampaignInput = {
  /** Events that the Discord bot announces. */
  announcements?: AnnouncementLevel;
  /** Description, at most 5,000 characters. */
  description?: string | null | undefined;
  /** Id of the Discord channel for announcements. Without it, the guild's default channel. */
  discordChannelId?: string | null | undefined;
  /** Duration of the voting, 1 to 8,760 hours. */
  durationHours: number;
  /** Whether the campaign closes with the ballot that makes `turnout.voted` equal to `turnout.eligible`. */
  earlyCloseIfAllVoted?: boolean;
  /** Entries in their order, at most 200. */
  entries?: Array<EntryInput>;
  /** How ballots are counted. */
  method?: VotingMethod;
  /**
   * Lowest rank level that may see the campaign; not above `minRankLevelToVote`. Without it, everyone may. It stands
   * for the lowest rank at or above it.
   */
  minRankLevelToView?: number | null | undefined;
  /**
   * Lowest rank level that may vote, 1 to 1000; not above the viewer's own level. It stands for the lowest rank at
   * or above it.
   */
  minRankLevelToVote: number;
  /** Number of picks on a ballot, 1 to 10: exactly this many for `WEIGHTED`, at most this many for other methods. */
  picksPerVoter?: number;
  /** Who sees the standings while the campaign is live. */
  resultsVisibility?: ResultsVisibility;
  /** Number of winners: 1 to 100 for `SINGLE_TRANSFERABLE_VOTE`, 1 for all other methods. */
  seats?: number;
  /** Time at which the draft goes live automatically. Without it, an officer starts the campaign. */
  startAt?: string | null | undefined;
  /** Title, at most 200 characters. */
  title: string;
};

/** A character to create. */
export type CreateCharacterInput = {
  /** Class of the character. */
  class: CharacterClass;
  /** Whether this becomes the member's main character. A member's first character always does. */
  isMain?: boolean | null | undefined;
  /** Id of the member who owns the character. Without it, the viewer. */
  memberId?: string | number | null | undefined;
  /** Name, at most 50 characters. Name and realm together are unique in the guild, ignoring case, width and spaces. */
  name: string;
  /** Realm, at most 50 characters. */
  realm: string;
  /** Role in a group. */
  role: CharacterRole;
  /** Specialisation of the class, by its name in the game. Case, spaces and punctuation do not matter. */
  spec?: string | null | undefined;
};

/** A member to add to the roster. */
export type CreateMemberInput = {
  /** Discord user id, up to 20 digits, unique in the guild. */
  discordId?: string | null | undefined;
  /**
   * Discord username, at most 100 characters, unique in the guild, ignoring case, width and spaces. A leading `@`
   * and a trailing `#0` are removed.
   */
  discordUsername: string;
  /** Display name, at most 100 characters. Without it, the Discord username. */
  displayName?: string | null | undefined;
  /** Id of the rank. Without it, the lowest rank. */
  rankId?: string | number | null | undefined;
};

/** A rank to create. */
export type CreateRankInput = {
  /** Description, at most 5,000 characters. */
  description?: string | null | undefined;
  /** Id of the Discord role that maps to the rank. */
  discordRoleId?: string | null | undefined;
  /** Level from 1 to 1000, unique in the guild and below the viewer's. */
  level: number;
  /** Name, at most 50 characters. It is unique in the guild, ignoring case, width and spaces. */
  name: string;
  /** Permissions that the rank grants. The viewer must have each of them. */
  permissions: Array<Permission>;
};

/** The state of the bot's connection to Discord. */
export type DiscordConnectionState =
  /** The bot is connected. */
  | 'CONNECTED'
  /** The bot is connecting or reconnecting. */
  | 'CONNECTING'
  /** There is no bot, because the operator has set no token. */
  | 'OFF'
  /** Discord rejects the bot: the token is invalid, or the Server Members Intent is off. */
  | 'REFUSED';

/** The kind of a message to Discord. */
export type DiscordMessageKind =
  /** Announces a campaign in a channel. */
  | 'ANNOUNCEMENT'
  /** Edits the message that announced a campaign. */
  | 'EDIT'
  /** Delivers an invite code to a member. */
  | 'INVITE'
  /** Reports what needs the officers' attention to their channel. */
  | 'LOG'
  /** Delivers a code to reset a password to a member. */
  | 'RESET_CODE';

/** The state of a message to Discord. Delivered messages are deleted. */
export type DiscordMessageState =
  /** The server gave up: Discord refused the message, or it expired. */
  | 'FAILED'
  /** The message waits for its delivery. */
  | 'QUEUED';

/** Why a role sync did not change or add a user. */
export type DiscordSyncConflict =
  /** The member is the last leader of the guild, or the last leader with an account. */
  | 'LAST_LEADER'
  /** The member has left the server. The rank stays. */
  | 'LEFT_SERVER'
  /** An officer set the member's rank, and the roles map to another rank. */
  | 'MANUAL_RANK'
  /** The member's rank came from Discord, and none of their roles maps to a rank any more. The rank stays. */
  | 'NO_MAPPED_ROLE'
  /** The officer cannot change the member's rank to the rank that the roles map to. */
  | 'RANK_TOO_LOW'
  /**
   * The Discord username belongs to a member with another Discord id. Or it belongs to a member without a Discord
   * id who is registered or whose rank has permissions: set the Discord id of this member by hand.
   */
  | 'USERNAME_TAKEN'
  /** The Discord username is not allowed for members. */
  | 'USERNAME_UNUSABLE';

/** An entry to create. */
export type EntryInput = {
  /** Id of the member whom the entry is about. A campaign has at most one entry about a member. */
  associatedMemberId?: string | number | null | undefined;
  /** Description, at most 5,000 characters. */
  description?: string | null | undefined;
  /** URL of an image (`http` or `https`), at most 2,048 characters. */
  imageUrl?: string | null | undefined;
  /** Name, at most 200 characters. The entries of a campaign differ by name, ignoring case, width and spaces. */
  name: string;
};

/** The kind of a change. */
export type ImportChangeKind =
  /** A character is added. */
  | 'CHARACTER_ADDED'
  /** A character is changed. */
  | 'CHARACTER_CHANGED'
  /** A member is added to the roster. */
  | 'MEMBER_ADDED'
  /** A member of the roster is changed. */
  | 'MEMBER_CHANGED';

/** A roster to import. */
export type ImportRosterInput = {
  /** Text of the file. An empty value in it keeps the stored value. */
  data: string;
  /** Whether to import nothing, and only return what an import would do. */
  dryRun?: boolean;
  /** Format of the file. */
  format: RosterFormat;
  /** Whether to skip invalid rows. Otherwise one invalid row prevents the whole import. */
  skipBad?: boolean;
};

/** Whether and how a code was delivered to its member. */
export type InviteDelivery =
  /** Not delivered, because the member does not accept direct messages. Pass the code on. */
  | 'FAILED'
  /** Not delivered, because the server has no bot. Pass the code on. */
  | 'NOT_CONFIGURED'
  /** Not delivered, because the Discord id of the member is unknown. Pass the code on. */
  | 'NOT_LINKED'
  /** The bot will send it by direct message. */
  | 'QUEUED'
  /** The bot sent it by direct message. */
  | 'SENT';

/** The guild's Discord server and the bot's settings there. An omitted field keeps its value. */
export type LinkDiscordInput = {
  /**
   * URL to which a campaign's title links, at most 2,048 characters. It must contain `{id}`, which stands for the
   * campaign's id. `null` for no link.
   */
  campaignUrl?: string | null | undefined;
  /** Id of the default channel for announcements; `null` for none. */
  channelId?: string | null | undefined;
  /** Colour of the bot's embeds, as `#RRGGBB`; `null` for the default, Discord's `#5865F2`. */
  color?: string | null | undefined;
  /** Id of the channel in which officers see what needs their attention; `null` for none. */
  logChannelId?: string | null | undefined;
  /** Id of the rank for new members without a mapped role; `null` as in `DiscordLink`. */
  newcomerRankId?: string | number | null | undefined;
  /** Id of the Discord server. */
  serverId: string;
  /** Interval of the automatic role sync, in minutes: 5 to 10,080, 60 by default. */
  syncIntervalMinutes?: number | null | undefined;
  /** URL of the image for campaigns without one, at most 2,048 characters; `null` for none. */
  thumbnailUrl?: string | null | undefined;
};

/** The credentials of a member. */
export type LoginInput = {
  /** Discord username of the member. */
  discordUsername: string;
  /** Password of the member's account. */
  password: string;
};

/** An action of an officer on a member. */
export type MemberAction =
  /** Deactivate the member with `updateMember`. */
  | 'DEACTIVATE'
  /** Delete the member, who never registered, with `deleteMember`. */
  | 'DELETE'
  /**
   * Change the member's names and Discord id with `updateMember`. All members can change their own display name with
   * `updateMe`.
   */
  | 'EDIT'
  /** Create, change and delete characters of the member. All members can edit their own. */
  | 'EDIT_CHARACTERS'
  /** Erase the member's personal data with `eraseMember`. */
  | 'ERASE'
  /** Issue an invite code to the member with `sendInvite` or `sendInvites`. */
  | 'INVITE'
  /** Reactivate the member with `updateMember`. */
  | 'REACTIVATE'
  /** Revoke the member's open invite with `revokeInvite`. */
  | 'REVOKE_INVITE'
  /** Issue a password reset code to the member with `sendResetCode`. */
  | 'SEND_RESET_CODE'
  /** Give the member another rank with `updateMember`. `Rank.viewerActions` says which ranks. */
  | 'SET_RANK';

/** Conditions that all listed members meet. */
export type MemberFilter = {
  /** `true` for active members only, `false` for inactive members only, `null` for both. */
  active?: boolean | null | undefined;
  /** Class of one of the member's characters. */
  class?: CharacterClass | null | undefined;
  /** Id of the members' rank. */
  rankId?: string | number | null | undefined;
  /** Lowest rank level. */
  rankLevelAtLeast?: number | null | undefined;
  /** `true` for registered members only, `false` for others only. `FORBIDDEN` for visitors, who are not signed in. */
  registered?: boolean | null | undefined;
  /** Role of one of the member's characters; together with `class`, of a character of this class. */
  role?: CharacterRole | null | undefined;
  /**
   * Text in the display name or, unless the viewer is a visitor, in the Discord username; at most 200 characters.
   * Case, accents, apostrophes, spaces and hyphens are ignored, and base letters such as `o` also find `ø`.
   */
  search?: string | null | undefined;
};

/** Order of a list of members. Members who are equal in it are in a fixed order. */
export type MemberOrder = {
  /** Direction of the order. */
  direction?: OrderDirection;
  /** Property by which the members are sorted. */
  field: MemberOrderField;
};

/** What members can be sorted by. */
export type MemberOrderField =
  /** Time at which the member was added to the roster. */
  | 'JOINED_AT'
  /**
   * Time of the last sign-in or session refresh; members without one come before all others. Only for viewers with
   * `MEMBERS_MANAGE`.
   */
  | 'LAST_SEEN_AT'
  /** Display name. */
  | 'NAME'
  /** Rank level, then by display name from A to Z. */
  | 'RANK';

/** Direction of an order. */
export type OrderDirection =
  /** Lowest, earliest or alphabetically first item first. */
  | 'ASC'
  /** Highest, latest or alphabetically last item first. */
  | 'DESC';

/** A permission that a rank can grant to its members. */
export type Permission =
  /** Read the audit log. */
  | 'AUDIT_VIEW'
  /** See drafts, and create, change, start, close and archive campaigns. */
  | 'CAMPAIGNS_MANAGE'
  /** Link the guild to Discord, and sync ranks with Discord roles. */
  | 'DISCORD_MANAGE'
  /** Change the guild's name and region. */
  | 'GUILD_MANAGE'
  /** Issue invite codes to members below the member's own rank. */
  | 'MEMBERS_INVITE'
  /**
   * Create, change and deactivate members below the member's own rank, issue reset codes to them, and change
   * their characters.
   */
  | 'MEMBERS_MANAGE'
  /** Create, change and delete ranks below the member's own. */
  | 'RANKS_MANAGE';

/** An action of an officer on a rank. */
export type RankAction =
  /**
   * Give the rank to new members, and to members below the viewer's rank. Members who already have the permissions
   * that the viewer lacks can be given the rank without this.
   */
  | 'ASSIGN'
  /** Delete the rank with `deleteRank`. */
  | 'DELETE'
  /** Change the rank with `updateRank` or `setRankLevels`. */
  | 'EDIT';

/** A new level of a rank. */
export type RankLevelInput = {
  /** Level from 1 to 1000. After the change, each rank has another level, and the highest rank remains the highest. */
  level: number;
  /** Id of the rank. */
  rankId: string | number;
};

/** Who set a member's rank. */
export type RankSource =
  /** Role sync, from the member's Discord roles. */
  | 'DISCORD_SYNC'
  /** An officer. Role sync keeps the rank. */
  | 'MANUAL';

/** The refresh token to exchange. */
export type RefreshSessionInput = {
  /** A refresh token of the session that was not exchanged yet, or at most 30 seconds ago. */
  refreshToken: string;
};

/** The World of Warcraft region of a guild. */
export type Region =
  /** Europe. */
  | 'EU'
  /** Korea. */
  | 'KR'
  /** Taiwan. */
  | 'TW'
  /** The Americas and Oceania. */
  | 'US';

/** The invite code and the credentials of a new account. */
export type RegisterInput = {
  /** Discord username of the member to whom the code was issued. */
  discordUsername: string;
  /** Invite code of the member. Case does not matter. */
  inviteCode: string;
  /** Password of the new account: 10 to 256 characters. */
  password: string;
};

/** A reset code and the new password. */
export type ResetPasswordInput = {
  /** Discord username of the member to whom the code was issued. */
  discordUsername: string;
  /** The new password: 10 to 256 characters. */
  newPassword: string;
  /** Reset code of the member. Case does not matter. */
  resetCode: string;
};

/** Who sees the standings while the campaign is live. After it closes, everyone who sees the campaign does. */
export type ResultsVisibility =
  /** No one. */
  | 'AFTER_CLOSE'
  /** Members who have voted, and members who may see the campaign but not vote. */
  | 'AFTER_VOTING'
  /** Everyone who sees the campaign. */
  | 'ALWAYS';

/** File format of a roster. */
export type RosterFormat =
  /**
   * CSV with a header line and one row for each character or for a member without one. The columns are
   * `discord_username`, `discord_id`, `display_name`, `rank`, `character_name`, `realm`, `class`, `spec`, `role` and
   * `main_alt`. Only the first is required.
   */
  | 'CSV'
  /**
   * JSON: `{"members": [{"discordUsername", "discordId", "displayName", "rank", "characters": [{"name", "realm",
   * "class", "spec", "role", "isMain"}]}]}`.
   */
  | 'JSON';

/** The new list of a draft's entries. */
export type SetEntriesInput = {
  /** Id of the draft. */
  campaignId: string | number;
  /** `Campaign.draftRevision` as the officer has seen it. If the draft has another one by now, the change is refused. */
  draftRevision?: number | null | undefined;
  /** All entries in their order, at most 200. Entries of the draft that are left out are removed. */
  entries: Array<SetEntryInput>;
};

/** An entry of a draft's new list of entries. */
export type SetEntryInput = {
  /** The whole entry: an omitted field is empty, also if the entry had a value before. */
  entry: EntryInput;
  /** Id of the entry to keep or change. Without it, the entry is new. */
  id?: string | number | null | undefined;
};

/** The outcome of a campaign. */
export type SetOutcomeInput = {
  /** Id of the closed or archived campaign. */
  campaignId: string | number;
  /**
   * What the officers made of the result, at most 2,000 characters; `null` takes it back. Everyone who sees the
   * campaign can read it.
   */
  outcome?: string | null | undefined;
};

/** New levels of ranks. */
export type SetRankLevelsInput = {
  /** Ranks with their new levels, each rank at most once. Other ranks keep theirs. */
  levels: Array<RankLevelInput>;
};

/** Why the standings are hidden from the viewer. The first reason that applies is given. */
export type StandingsHiddenReason =
  /** The standings are shown after the campaign closes. */
  | 'AFTER_CLOSE'
  /** The campaign was cancelled, so its ballots are never counted. */
  | 'CANCELLED'
  /** The campaign is a draft. */
  | 'NOT_STARTED'
  /** The viewer must sign in first. */
  | 'SIGN_IN'
  /** The viewer must vote first. */
  | 'VOTE_FIRST';

/** Changes to a draft. An omitted field keeps its value; `null` clears an optional one. */
export type UpdateCampaignInput = {
  /** Events that the Discord bot announces. */
  announcements?: AnnouncementLevel | null | undefined;
  /** Description, at most 5,000 characters. */
  description?: string | null | undefined;
  /** Id of the Discord channel for announcements; `null` for the guild's default channel. */
  discordChannelId?: string | null | undefined;
  /** `Campaign.draftRevision` as the officer has seen it. If the draft has another one by now, the change is refused. */
  draftRevision?: number | null | undefined;
  /** Duration of the voting, 1 to 8,760 hours. */
  durationHours?: number | null | undefined;
  /** Whether the campaign closes with the ballot that makes `turnout.voted` equal to `turnout.eligible`. */
  earlyCloseIfAllVoted?: boolean | null | undefined;
  /** Id of the draft. */
  id: string | number;
  /** How ballots are counted. */
  method?: VotingMethod | null | undefined;
  /** Lowest rank level that may see the campaign, not above `minRankLevelToVote`; `null` for everyone. */
  minRankLevelToView?: number | null | undefined;
  /** Lowest rank level that may vote, 1 to 1000; not above the viewer's own level. */
  minRankLevelToVote?: number | null | undefined;
  /** Number of picks on a ballot, 1 to 10. */
  picksPerVoter?: number | null | undefined;
  /** Who sees the standings while the campaign is live. */
  resultsVisibility?: ResultsVisibility | null | undefined;
  /** Number of winners, as in `CreateCampaignInput`. */
  seats?: number | null | undefined;
  /** Time at which the draft goes live automatically; `null` for never. */
  startAt?: string | null | undefined;
  /** Title, at most 200 characters. */
  title?: string | null | undefined;
};

/** Changes to a character. An omitted field keeps its value; `null` clears an optional one. */
export type UpdateCharacterInput = {
  /** Class of the character. */
  class?: CharacterClass | null | undefined;
  /** Id of the character. */
  id: string | number;
  /** Whether this is the member's main character. `true` replaces the current main. */
  isMain?: boolean | null | undefined;
  /** Name, at most 50 characters. Name and realm together are unique in the guild, ignoring case, width and spaces. */
  name?: string | null | undefined;
  /** Realm, at most 50 characters. */
  realm?: string | null | undefined;
  /** Role in a group. */
  role?: CharacterRole | null | undefined;
  /** Specialisation of the class, by its name in the game. Case, spaces and punctuation do not matter. */
  spec?: string | null | undefined;
};

/** Changes to the guild. An omitted field keeps its value. */
export type UpdateGuildInput = {
  /** Name, at most 100 characters. */
  name?: string | null | undefined;
  /** Region in which the guild plays. */
  region?: Region | null | undefined;
};

/** Changes to the viewer. An omitted field keeps its value. */
export type UpdateMeInput = {
  /** Display name, at most 100 characters; `null` resets it to the Discord username. */
  displayName?: string | null | undefined;
};

/** Changes to a member. An omitted field keeps its value; `null` clears an optional one. */
export type UpdateMemberInput = {
  /** Whether the member is active. Deactivation ends their sessions. */
  active?: boolean | null | undefined;
  /** Discord user id, up to 20 digits, unique in the guild. */
  discordId?: string | null | undefined;
  /**
   * Discord username, at most 100 characters, unique in the guild, ignoring case, width and spaces. A leading `@`
   * and a trailing `#0` are removed.
   */
  discordUsername?: string | null | undefined;
  /** Display name, at most 100 characters; `null` resets it to the Discord username. */
  displayName?: string | null | undefined;
  /** Id of the member. */
  id: string | number;
  /** Id of the new rank. Role sync then keeps it, as `RankSource.MANUAL`. */
  rankId?: string | number | null | undefined;
};

/** Changes to a rank. An omitted field keeps its value; `null` clears an optional one. */
export type UpdateRankInput = {
  /** Description, at most 5,000 characters. */
  description?: string | null | undefined;
  /** Id of the Discord role that maps to the rank. */
  discordRoleId?: string | null | undefined;
  /** Id of the rank. */
  id: string | number;
  /** Level from 1 to 1000, unique in the guild. The highest rank must remain the highest. */
  level?: number | null | undefined;
  /** Name, at most 50 characters. It is unique in the guild, ignoring case, width and spaces. */
  name?: string | null | undefined;
  /** Permissions that the rank grants. The viewer must have each added one. The highest rank always grants all. */
  permissions?: Array<Permission> | null | undefined;
};

/** How ballots are counted. `docs/voting.md` explains the rules of each method and names their publications. */
export type VotingMethod =
  /** Picks in any order: each scores one point. */
  | 'APPROVAL'
  /** Ordered picks: each round eliminates the entry with the fewest votes, until one has a majority. */
  | 'INSTANT_RUNOFF'
  /**
   * Ordered picks: all entries are compared in pairs, and one that beats all others wins (Condorcet method with
   * beatpaths).
   */
  | 'SCHULZE'
  /**
   * Ordered picks for several seats: an entry needs a quota of the votes, and its surplus is transferred
   * (Scottish STV).
   */
  | 'SINGLE_TRANSFERABLE_VOTE'
  /** Ordered picks: of n picks, the first scores n points, the next n - 1, and the last 1. */
  | 'WEIGHTED';

export type CampaignChangesSubscriptionVariables = Exact<{ [key: string]: never; }>;


export type CampaignChangesSubscription = { campaignChanged: { __typename: 'Campaign', id: string, status: CampaignStatus } };

export type CharacterPartsFragment = { __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string };

export type CreateCharacterMutationVariables = Exact<{
  input: CreateCharacterInput;
}>;


export type CreateCharacterMutation = { __typename: 'Mutation', createCharacter: { __typename: 'CharacterPayload', character: { __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string, member: { __typename: 'Member', id: string, characters: Array<{ __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string }> } } } | null };

export type UpdateCharacterMutationVariables = Exact<{
  input: UpdateCharacterInput;
}>;


export type UpdateCharacterMutation = { __typename: 'Mutation', updateCharacter: { __typename: 'CharacterPayload', character: { __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string, member: { __typename: 'Member', id: string, characters: Array<{ __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string }> } } } | null };

export type DeleteCharacterMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteCharacterMutation = { __typename: 'Mutation', deleteCharacter: { __typename: 'DeletePayload', deletedId: string } | null };

export type CharacterClassesQueryVariables = Exact<{ [key: string]: never; }>;


export type CharacterClassesQuery = { __typename: 'Query', characterClasses: Array<{ __typename: 'CharacterClassInfo', class: CharacterClass, name: string, specs: Array<{ __typename: 'CharacterSpec', name: string, role: CharacterRole }> }> };

export type LoginMutationVariables = Exact<{
  input: LoginInput;
}>;


export type LoginMutation = { __typename: 'Mutation', login: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type RefreshSessionMutationVariables = Exact<{
  input: RefreshSessionInput;
}>;


export type RefreshSessionMutation = { __typename: 'Mutation', refreshSession: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type LogoutMutationVariables = Exact<{ [key: string]: never; }>;


export type LogoutMutation = { __typename: 'Mutation', logout: { __typename: 'SuccessPayload', success: boolean } | null };

export type ViewerQueryVariables = Exact<{ [key: string]: never; }>;


export type ViewerQuery = { __typename: 'Query', me: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, rank: { __typename: 'Rank', id: string, name: string, level: number, permissions: Array<Permission> } } | null, guild: { __typename: 'Guild', id: string, slug: string, name: string, region: Region } };

export type AuditLogQueryVariables = Exact<{
  filter: AuditFilter;
  after?: string | null | undefined;
}>;


export type AuditLogQuery = { __typename: 'Query', auditLog: { __typename: 'AuditEventConnection', nodes: Array<{ __typename: 'AuditEvent', id: string, at: string, action: string, summary: string, actorRank: string | null, actor: { __typename: 'Member', id: string, displayName: string } | null, subject:
        | { __typename: 'AuditEvent', id: string }
        | { __typename: 'Ballot', id: string }
        | { __typename: 'Campaign', id: string }
        | { __typename: 'CampaignEntry', id: string }
        | { __typename: 'Character', id: string }
        | { __typename: 'DiscordMessage', id: string }
        | { __typename: 'Guild', id: string }
        | { __typename: 'Member', id: string }
        | { __typename: 'Rank', id: string }
        | { __typename: 'Session', id: string }
       | null }>, pageInfo: { __typename: 'PageInfo', endCursor: string | null, hasNextPage: boolean } } | null };

export type DiscordLinkPartsFragment = { __typename: 'DiscordLink', serverId: string, channelId: string | null, logChannelId: string | null, campaignUrl: string | null, color: string, thumbnailUrl: string | null, syncIntervalMinutes: number, nextSyncAt: string, syncProblem: string | null, server: { __typename: 'DiscordServer', name: string, channels: Array<{ __typename: 'DiscordChannel', id: string, name: string }> } | null, newcomerRank: { __typename: 'Rank', id: string, name: string } | null, lastReport: { __typename: 'DiscordSyncReport', at: string, dryRun: boolean, added: number, promoted: number, demoted: number, renamed: number, linked: number, untouched: number, conflictCount: number, keptCount: number, changes: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }>, conflicts: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }> } | null };

export type SyncReportFragment = { __typename: 'DiscordSyncReport', at: string, dryRun: boolean, added: number, promoted: number, demoted: number, renamed: number, linked: number, untouched: number, conflictCount: number, keptCount: number, changes: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }>, conflicts: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }> };

export type DiscordAdminQueryVariables = Exact<{ [key: string]: never; }>;


export type DiscordAdminQuery = { __typename: 'Query', discordStatus: { __typename: 'DiscordStatus', connection: DiscordConnectionState, since: string | null, problem: string | null, queued: number, failed: number, warnings: Array<string> | null, link: { __typename: 'DiscordLink', serverId: string, channelId: string | null, logChannelId: string | null, campaignUrl: string | null, color: string, thumbnailUrl: string | null, syncIntervalMinutes: number, nextSyncAt: string, syncProblem: string | null, server: { __typename: 'DiscordServer', name: string, channels: Array<{ __typename: 'DiscordChannel', id: string, name: string }> } | null, newcomerRank: { __typename: 'Rank', id: string, name: string } | null, lastReport: { __typename: 'DiscordSyncReport', at: string, dryRun: boolean, added: number, promoted: number, demoted: number, renamed: number, linked: number, untouched: number, conflictCount: number, keptCount: number, changes: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }>, conflicts: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }> } | null } | null } | null, ranks: Array<{ __typename: 'Rank', id: string, name: string, level: number }> };

export type DiscordFailuresQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type DiscordFailuresQuery = { __typename: 'Query', discordMessages: { __typename: 'DiscordMessageConnection', nodes: Array<{ __typename: 'DiscordMessage', id: string, kind: DiscordMessageKind, state: DiscordMessageState, queuedAt: string, problem: string | null, campaign: { __typename: 'Campaign', id: string, title: string } | null, member: { __typename: 'Member', id: string, displayName: string } | null }>, pageInfo: { __typename: 'PageInfo', endCursor: string | null, hasNextPage: boolean } } | null };

export type LinkDiscordMutationVariables = Exact<{
  input: LinkDiscordInput;
}>;


export type LinkDiscordMutation = { __typename: 'Mutation', linkDiscord: { __typename: 'DiscordLinkPayload', link: { __typename: 'DiscordLink', serverId: string, channelId: string | null, logChannelId: string | null, campaignUrl: string | null, color: string, thumbnailUrl: string | null, syncIntervalMinutes: number, nextSyncAt: string, syncProblem: string | null, server: { __typename: 'DiscordServer', name: string, channels: Array<{ __typename: 'DiscordChannel', id: string, name: string }> } | null, newcomerRank: { __typename: 'Rank', id: string, name: string } | null, lastReport: { __typename: 'DiscordSyncReport', at: string, dryRun: boolean, added: number, promoted: number, demoted: number, renamed: number, linked: number, untouched: number, conflictCount: number, keptCount: number, changes: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }>, conflicts: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }> } | null } } | null };

export type UnlinkDiscordMutationVariables = Exact<{ [key: string]: never; }>;


export type UnlinkDiscordMutation = { __typename: 'Mutation', unlinkDiscord: { __typename: 'UnlinkDiscordPayload', success: boolean } | null };

export type SyncDiscordMutationVariables = Exact<{
  dryRun: boolean;
  overwriteManual: boolean;
}>;


export type SyncDiscordMutation = { __typename: 'Mutation', syncDiscordRoles: { __typename: 'DiscordSyncPayload', report: { __typename: 'DiscordSyncReport', at: string, dryRun: boolean, added: number, promoted: number, demoted: number, renamed: number, linked: number, untouched: number, conflictCount: number, keptCount: number, changes: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }>, conflicts: Array<{ __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null }> } } | null };

export type SyncChangeFragment = { __typename: 'DiscordSyncChange', discordId: string, discordUsername: string, previousUsername: string | null, linked: boolean, reason: DiscordSyncConflict | null, from: { __typename: 'Rank', id: string, name: string } | null, to: { __typename: 'Rank', id: string, name: string } | null };

export type RetryDiscordMessageMutationVariables = Exact<{
  id: string | number;
}>;


export type RetryDiscordMessageMutation = { __typename: 'Mutation', retryDiscordMessage: { __typename: 'DiscordMessagePayload', message: { __typename: 'DiscordMessage', id: string, state: DiscordMessageState } } | null };

export type GuildSettingsQueryVariables = Exact<{ [key: string]: never; }>;


export type GuildSettingsQuery = { __typename: 'Query', guild: { __typename: 'Guild', id: string, slug: string, name: string, region: Region, memberCount: number, createdAt: string } };

export type UpdateGuildMutationVariables = Exact<{
  input: UpdateGuildInput;
}>;


export type UpdateGuildMutation = { __typename: 'Mutation', updateGuild: { __typename: 'GuildPayload', guild: { __typename: 'Guild', id: string, name: string, region: Region } } | null };

export type ExportRosterQueryVariables = Exact<{
  format: RosterFormat;
}>;


export type ExportRosterQuery = { __typename: 'Query', exportRoster: { __typename: 'RosterFile', fileName: string, data: string, members: number } | null };

export type ImportRosterMutationVariables = Exact<{
  input: ImportRosterInput;
}>;


export type ImportRosterMutation = { __typename: 'Mutation', importRoster: { __typename: 'ImportRosterPayload', imported: boolean, rows: number, membersAdded: number, membersChanged: number, charactersAdded: number, charactersChanged: number, rowsUnchanged: number, rowsLeftOut: number, unknownColumns: Array<string>, problems: Array<{ __typename: 'ImportProblem', place: string, field: string | null, reason: string | null, message: string }>, changes: Array<{ __typename: 'ImportChange', place: string, kind: ImportChangeKind, name: string, changes: Array<{ __typename: 'ImportFieldChange', field: string, from: string | null, to: string | null }>, member: { __typename: 'Member', id: string, displayName: string, isRegistered: boolean | null, viewerActions: Array<MemberAction> } | null }> } | null };

export type InviteeFragment = { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, isRegistered: boolean | null, viewerActions: Array<MemberAction>, rank: { __typename: 'Rank', id: string, name: string }, openInvite: { __typename: 'OpenInvite', createdAt: string, expiresAt: string, createdBy: { __typename: 'Member', id: string, displayName: string } | null } | null };

export type UnregisteredQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  search?: string | null | undefined;
  withTotal: boolean;
}>;


export type UnregisteredQuery = { __typename: 'Query', members: { __typename: 'MemberConnection', totalCount?: number, nodes: Array<{ __typename: 'Member', id: string, displayName: string, discordUsername: string | null, isRegistered: boolean | null, viewerActions: Array<MemberAction>, rank: { __typename: 'Rank', id: string, name: string }, openInvite: { __typename: 'OpenInvite', createdAt: string, expiresAt: string, createdBy: { __typename: 'Member', id: string, displayName: string } | null } | null }>, pageInfo: { __typename: 'PageInfo', endCursor: string | null, hasNextPage: boolean } } };

export type SendInvitesMutationVariables = Exact<{
  memberIds: Array<string | number> | string | number;
}>;


export type SendInvitesMutation = { __typename: 'Mutation', sendInvites: { __typename: 'SendInvitesPayload', invites: Array<{ __typename: 'InvitePayload', code: string, expiresAt: string, delivery: InviteDelivery, member: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, isRegistered: boolean | null, viewerActions: Array<MemberAction>, rank: { __typename: 'Rank', id: string, name: string }, openInvite: { __typename: 'OpenInvite', createdAt: string, expiresAt: string, createdBy: { __typename: 'Member', id: string, displayName: string } | null } | null } }>, refusals: Array<{ __typename: 'InviteRefusal', memberId: string, reason: string, message: string }> } | null };

export type RevokeInviteMutationVariables = Exact<{
  memberId: string | number;
}>;


export type RevokeInviteMutation = { __typename: 'Mutation', revokeInvite: { __typename: 'MemberPayload', member: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, isRegistered: boolean | null, viewerActions: Array<MemberAction>, rank: { __typename: 'Rank', id: string, name: string }, openInvite: { __typename: 'OpenInvite', createdAt: string, expiresAt: string, createdBy: { __typename: 'Member', id: string, displayName: string } | null } | null } } | null };

export type DeleteInviteeMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteInviteeMutation = { __typename: 'Mutation', deleteMember: { __typename: 'DeletePayload', deletedId: string } | null };

export type RankPartsFragment = { __typename: 'Rank', id: string, name: string, level: number, description: string | null, permissions: Array<Permission>, memberCount: number, viewerActions: Array<RankAction>, discordRoleId?: string | null };

export type RanksAdminQueryVariables = Exact<{
  withDiscord: boolean;
}>;


export type RanksAdminQuery = { __typename: 'Query', ranks: Array<{ __typename: 'Rank', id: string, name: string, level: number, description: string | null, permissions: Array<Permission>, memberCount: number, viewerActions: Array<RankAction>, discordRoleId?: string | null }>, discordStatus?: { __typename: 'DiscordStatus', link: { __typename: 'DiscordLink', serverId: string, server: { __typename: 'DiscordServer', name: string, roles: Array<{ __typename: 'DiscordRole', id: string, name: string }> } | null } | null } | null };

export type CreateRankMutationVariables = Exact<{
  input: CreateRankInput;
  withDiscord: boolean;
}>;


export type CreateRankMutation = { __typename: 'Mutation', createRank: { __typename: 'RankPayload', warnings: Array<string> | null, rank: { __typename: 'Rank', id: string, name: string, level: number, description: string | null, permissions: Array<Permission>, memberCount: number, viewerActions: Array<RankAction>, discordRoleId?: string | null } } | null };

export type UpdateRankMutationVariables = Exact<{
  input: UpdateRankInput;
  withDiscord: boolean;
}>;


export type UpdateRankMutation = { __typename: 'Mutation', updateRank: { __typename: 'RankPayload', warnings: Array<string> | null, rank: { __typename: 'Rank', id: string, name: string, level: number, description: string | null, permissions: Array<Permission>, memberCount: number, viewerActions: Array<RankAction>, discordRoleId?: string | null } } | null };

export type DeleteRankMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteRankMutation = { __typename: 'Mutation', deleteRank: { __typename: 'DeletePayload', deletedId: string } | null };

export type SetRankLevelsMutationVariables = Exact<{
  input: SetRankLevelsInput;
}>;


export type SetRankLevelsMutation = { __typename: 'Mutation', setRankLevels: { __typename: 'SetRankLevelsPayload', ranks: Array<{ __typename: 'Rank', id: string, level: number, viewerActions: Array<RankAction> }> } | null };

export type DraftEntryFragment = { __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null };

export type DraftFragment = { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, minRankLevelToVote: number, minRankLevelToView: number | null, startAt: string | null, durationHours: number, closesAt: string | null, status: CampaignStatus, earlyCloseIfAllVoted: boolean, resultsVisibility: ResultsVisibility, announcements: AnnouncementLevel, discordChannelId: string | null, activationBlockers: Array<ActivationBlocker> | null, draftRevision: number | null, viewerActions: Array<CampaignAction>, turnout: { __typename: 'Turnout', eligible: number, voted: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }> };

export type DraftQueryVariables = Exact<{
  id: string | number;
}>;


export type DraftQuery = { __typename: 'Query', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, minRankLevelToVote: number, minRankLevelToView: number | null, startAt: string | null, durationHours: number, closesAt: string | null, status: CampaignStatus, earlyCloseIfAllVoted: boolean, resultsVisibility: ResultsVisibility, announcements: AnnouncementLevel, discordChannelId: string | null, activationBlockers: Array<ActivationBlocker> | null, draftRevision: number | null, viewerActions: Array<CampaignAction>, turnout: { __typename: 'Turnout', eligible: number, voted: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }> } | null, ranks: Array<{ __typename: 'Rank', id: string, name: string, level: number }> };

export type VoteChannelsQueryVariables = Exact<{ [key: string]: never; }>;


export type VoteChannelsQuery = { __typename: 'Query', discordChannels: Array<{ __typename: 'DiscordChannel', id: string, name: string }> | null };

export type EarlierVotesQueryVariables = Exact<{
  search?: string | null | undefined;
}>;


export type EarlierVotesQuery = { __typename: 'Query', campaigns: { __typename: 'CampaignConnection', nodes: Array<{ __typename: 'Campaign', id: string, title: string, method: VotingMethod, status: CampaignStatus, createdAt: string, createdBy: { __typename: 'Member', id: string } | null }> } };

export type VoteToCopyQueryVariables = Exact<{
  id: string | number;
}>;


export type VoteToCopyQuery = { __typename: 'Query', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, minRankLevelToVote: number, minRankLevelToView: number | null, startAt: string | null, durationHours: number, closesAt: string | null, status: CampaignStatus, earlyCloseIfAllVoted: boolean, resultsVisibility: ResultsVisibility, announcements: AnnouncementLevel, discordChannelId: string | null, activationBlockers: Array<ActivationBlocker> | null, draftRevision: number | null, viewerActions: Array<CampaignAction>, turnout: { __typename: 'Turnout', eligible: number, voted: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }> } | null };

export type NewVoteRanksQueryVariables = Exact<{ [key: string]: never; }>;


export type NewVoteRanksQuery = { __typename: 'Query', ranks: Array<{ __typename: 'Rank', id: string, name: string, level: number }> };

export type FindMembersQueryVariables = Exact<{
  search: string;
}>;


export type FindMembersQuery = { __typename: 'Query', members: { __typename: 'MemberConnection', nodes: Array<{ __typename: 'Member', id: string, displayName: string, rank: { __typename: 'Rank', id: string, name: string } }> } };

export type CreateVoteMutationVariables = Exact<{
  input: CreateCampaignInput;
}>;


export type CreateVoteMutation = { __typename: 'Mutation', createCampaign: { __typename: 'CampaignPayload', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, minRankLevelToVote: number, minRankLevelToView: number | null, startAt: string | null, durationHours: number, closesAt: string | null, status: CampaignStatus, earlyCloseIfAllVoted: boolean, resultsVisibility: ResultsVisibility, announcements: AnnouncementLevel, discordChannelId: string | null, activationBlockers: Array<ActivationBlocker> | null, draftRevision: number | null, viewerActions: Array<CampaignAction>, turnout: { __typename: 'Turnout', eligible: number, voted: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }> } } | null };

export type UpdateVoteMutationVariables = Exact<{
  input: UpdateCampaignInput;
}>;


export type UpdateVoteMutation = { __typename: 'Mutation', updateCampaign: { __typename: 'CampaignPayload', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, minRankLevelToVote: number, minRankLevelToView: number | null, startAt: string | null, durationHours: number, closesAt: string | null, status: CampaignStatus, earlyCloseIfAllVoted: boolean, resultsVisibility: ResultsVisibility, announcements: AnnouncementLevel, discordChannelId: string | null, activationBlockers: Array<ActivationBlocker> | null, draftRevision: number | null, viewerActions: Array<CampaignAction>, turnout: { __typename: 'Turnout', eligible: number, voted: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }> } } | null };

export type SetVoteEntriesMutationVariables = Exact<{
  input: SetEntriesInput;
}>;


export type SetVoteEntriesMutation = { __typename: 'Mutation', setEntries: { __typename: 'CampaignPayload', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, minRankLevelToVote: number, minRankLevelToView: number | null, startAt: string | null, durationHours: number, closesAt: string | null, status: CampaignStatus, earlyCloseIfAllVoted: boolean, resultsVisibility: ResultsVisibility, announcements: AnnouncementLevel, discordChannelId: string | null, activationBlockers: Array<ActivationBlocker> | null, draftRevision: number | null, viewerActions: Array<CampaignAction>, turnout: { __typename: 'Turnout', eligible: number, voted: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }> } } | null };

export type StartVoteMutationVariables = Exact<{
  id: string | number;
}>;


export type StartVoteMutation = { __typename: 'Mutation', activateCampaign: { __typename: 'CampaignPayload', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, minRankLevelToVote: number, minRankLevelToView: number | null, startAt: string | null, durationHours: number, closesAt: string | null, status: CampaignStatus, earlyCloseIfAllVoted: boolean, resultsVisibility: ResultsVisibility, announcements: AnnouncementLevel, discordChannelId: string | null, activationBlockers: Array<ActivationBlocker> | null, draftRevision: number | null, viewerActions: Array<CampaignAction>, turnout: { __typename: 'Turnout', eligible: number, voted: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }> } } | null };

export type DeleteVoteMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteVoteMutation = { __typename: 'Mutation', deleteCampaign: { __typename: 'DeletePayload', deletedId: string } | null };

export type HomeCampaignFragment = { __typename: 'Campaign', id: string, title: string, status: CampaignStatus, closesAt: string | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number } };

export type HomeDraftFragment = { __typename: 'Campaign', id: string, title: string, startAt: string | null, activationBlockers: Array<ActivationBlocker> | null };

export type HomeQueryVariables = Exact<{
  managesVotes: boolean;
  managesDiscord: boolean;
  firstSteps: boolean;
}>;


export type HomeQuery = { __typename: 'Query', campaigns: { __typename: 'CampaignConnection', nodes: Array<{ __typename: 'Campaign', id: string, title: string, status: CampaignStatus, closesAt: string | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number } }> }, pastVotes: { __typename: 'PastVoteConnection', nodes: Array<{ __typename: 'PastVote', closedAt: string, campaign: { __typename: 'Campaign', id: string, title: string, turnout: { __typename: 'Turnout', eligible: number, voted: number } }, winners: Array<{ __typename: 'CampaignEntry', id: string, name: string }> }> }, drafts?: { __typename: 'CampaignConnection', nodes: Array<{ __typename: 'Campaign', id: string, title: string, startAt: string | null, activationBlockers: Array<ActivationBlocker> | null }> }, discordStatus?: { __typename: 'DiscordStatus', connection: DiscordConnectionState, problem: string | null, failed: number, link: { __typename: 'DiscordLink', serverId: string } | null } | null, members?: { __typename: 'MemberConnection', totalCount: number }, registered?: { __typename: 'MemberConnection', totalCount: number }, votes?: { __typename: 'CampaignConnection', totalCount: number } };

export type ProfileQueryVariables = Exact<{ [key: string]: never; }>;


export type ProfileQuery = { __typename: 'Query', me: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, createdAt: string, registeredAt: string | null, rank: { __typename: 'Rank', id: string, name: string }, characters: Array<{ __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string }> } | null, sessions: Array<{ __typename: 'Session', id: string, createdAt: string, lastUsedAt: string, userAgent: string | null, isCurrent: boolean }> | null };

export type UpdateMeMutationVariables = Exact<{
  input: UpdateMeInput;
}>;


export type UpdateMeMutation = { __typename: 'Mutation', updateMe: { __typename: 'MemberPayload', member: { __typename: 'Member', id: string, displayName: string } } | null };

export type ChangePasswordMutationVariables = Exact<{
  input: ChangePasswordInput;
}>;


export type ChangePasswordMutation = { __typename: 'Mutation', changePassword: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type RevokeSessionMutationVariables = Exact<{
  id: string | number;
}>;


export type RevokeSessionMutation = { __typename: 'Mutation', revokeSession: { __typename: 'DeletePayload', deletedId: string } | null };

export type MyDataQueryVariables = Exact<{ [key: string]: never; }>;


export type MyDataQuery = { __typename: 'Query', exportMyData: { __typename: 'PersonalData', fileName: string, data: string } | null };

export type LogoutEverywhereMutationVariables = Exact<{ [key: string]: never; }>;


export type LogoutEverywhereMutation = { __typename: 'Mutation', logoutEverywhere: { __typename: 'SuccessPayload', success: boolean } | null };

export type MemberPartsFragment = { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, discordId: string | null, isRegistered: boolean | null, isActive: boolean, createdAt: string, registeredAt: string | null, lastSeenAt: string | null, rankSource: RankSource, viewerActions: Array<MemberAction>, rank: { __typename: 'Rank', id: string, name: string, level: number } };

export type MemberQueryVariables = Exact<{
  id: string | number;
  canInvite: boolean;
}>;


export type MemberQuery = { __typename: 'Query', member: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, discordId: string | null, isRegistered: boolean | null, isActive: boolean, createdAt: string, registeredAt: string | null, lastSeenAt: string | null, rankSource: RankSource, viewerActions: Array<MemberAction>, openInvite?: { __typename: 'OpenInvite', createdAt: string, expiresAt: string, createdBy: { __typename: 'Member', id: string, displayName: string } | null } | null, characters: Array<{ __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole, isMain: boolean, armoryUrl: string }>, participation: { __typename: 'Participation', eligible: number, voted: number, percent: number } | null, rank: { __typename: 'Rank', id: string, name: string, level: number } } | null };

export type AssignableRanksQueryVariables = Exact<{ [key: string]: never; }>;


export type AssignableRanksQuery = { __typename: 'Query', ranks: Array<{ __typename: 'Rank', id: string, name: string, level: number, viewerActions: Array<RankAction> }> };

export type MemberParticipationQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type MemberParticipationQuery = { __typename: 'Query', member: { __typename: 'Member', id: string, participation: { __typename: 'Participation', campaigns: { __typename: 'CampaignParticipationConnection', nodes: Array<{ __typename: 'CampaignParticipation', voted: boolean, campaign: { __typename: 'Campaign', id: string, title: string, closesAt: string | null, status: CampaignStatus } }>, pageInfo: { __typename: 'PageInfo', endCursor: string | null, hasNextPage: boolean } } } | null } | null };

export type MemberAuditQueryVariables = Exact<{
  id: string | number;
  after?: string | null | undefined;
}>;


export type MemberAuditQuery = { __typename: 'Query', auditLog: { __typename: 'AuditEventConnection', nodes: Array<{ __typename: 'AuditEvent', id: string, at: string, action: string, summary: string, actor: { __typename: 'Member', id: string, displayName: string } | null }>, pageInfo: { __typename: 'PageInfo', endCursor: string | null, hasNextPage: boolean } } | null };

export type CreateMemberMutationVariables = Exact<{
  input: CreateMemberInput;
}>;


export type CreateMemberMutation = { __typename: 'Mutation', createMember: { __typename: 'MemberPayload', member: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, discordId: string | null, isRegistered: boolean | null, isActive: boolean, createdAt: string, registeredAt: string | null, lastSeenAt: string | null, rankSource: RankSource, viewerActions: Array<MemberAction>, rank: { __typename: 'Rank', id: string, name: string, level: number } } } | null };

export type UpdateMemberMutationVariables = Exact<{
  input: UpdateMemberInput;
}>;


export type UpdateMemberMutation = { __typename: 'Mutation', updateMember: { __typename: 'MemberPayload', member: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, discordId: string | null, isRegistered: boolean | null, isActive: boolean, createdAt: string, registeredAt: string | null, lastSeenAt: string | null, rankSource: RankSource, viewerActions: Array<MemberAction>, rank: { __typename: 'Rank', id: string, name: string, level: number } } } | null };

export type DeleteMemberMutationVariables = Exact<{
  id: string | number;
}>;


export type DeleteMemberMutation = { __typename: 'Mutation', deleteMember: { __typename: 'DeletePayload', deletedId: string } | null };

export type EraseMemberMutationVariables = Exact<{
  id: string | number;
}>;


export type EraseMemberMutation = { __typename: 'Mutation', eraseMember: { __typename: 'MemberPayload', member: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, discordId: string | null, isRegistered: boolean | null, isActive: boolean, createdAt: string, registeredAt: string | null, lastSeenAt: string | null, rankSource: RankSource, viewerActions: Array<MemberAction>, rank: { __typename: 'Rank', id: string, name: string, level: number } } } | null };

export type InviteMemberMutationVariables = Exact<{
  id: string | number;
}>;


export type InviteMemberMutation = { __typename: 'Mutation', sendInvite: { __typename: 'InvitePayload', code: string, expiresAt: string, delivery: InviteDelivery, member: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, discordId: string | null, isRegistered: boolean | null, isActive: boolean, createdAt: string, registeredAt: string | null, lastSeenAt: string | null, rankSource: RankSource, viewerActions: Array<MemberAction>, openInvite: { __typename: 'OpenInvite', createdAt: string, expiresAt: string, createdBy: { __typename: 'Member', id: string, displayName: string } | null } | null, rank: { __typename: 'Rank', id: string, name: string, level: number } } } | null };

export type RevokeMemberInviteMutationVariables = Exact<{
  id: string | number;
}>;


export type RevokeMemberInviteMutation = { __typename: 'Mutation', revokeInvite: { __typename: 'MemberPayload', member: { __typename: 'Member', id: string, displayName: string, discordUsername: string | null, discordId: string | null, isRegistered: boolean | null, isActive: boolean, createdAt: string, registeredAt: string | null, lastSeenAt: string | null, rankSource: RankSource, viewerActions: Array<MemberAction>, openInvite: { __typename: 'OpenInvite', createdAt: string, expiresAt: string, createdBy: { __typename: 'Member', id: string, displayName: string } | null } | null, rank: { __typename: 'Rank', id: string, name: string, level: number } } } | null };

export type SendResetCodeMutationVariables = Exact<{
  id: string | number;
}>;


export type SendResetCodeMutation = { __typename: 'Mutation', sendResetCode: { __typename: 'ResetCodePayload', code: string, expiresAt: string, delivery: InviteDelivery, member: { __typename: 'Member', id: string, viewerActions: Array<MemberAction> } } | null };

export type RosterFiltersQueryVariables = Exact<{ [key: string]: never; }>;


export type RosterFiltersQuery = { __typename: 'Query', ranks: Array<{ __typename: 'Rank', id: string, name: string, level: number, viewerActions: Array<RankAction> }> };

export type RosterPageQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
  filter?: MemberFilter | null | undefined;
  orderBy?: MemberOrder | null | undefined;
  withTotal: boolean;
}>;


export type RosterPageQuery = { __typename: 'Query', members: { __typename: 'MemberConnection', totalCount?: number, nodes: Array<{ __typename: 'Member', id: string, displayName: string, discordUsername: string | null, isRegistered: boolean | null, isActive: boolean, rank: { __typename: 'Rank', id: string, name: string }, mainCharacter: { __typename: 'Character', id: string, name: string, realm: string, class: CharacterClass, spec: string | null, role: CharacterRole } | null }>, pageInfo: { __typename: 'PageInfo', endCursor: string | null, hasNextPage: boolean } } };

export type RegisterMutationVariables = Exact<{
  input: RegisterInput;
}>;


export type RegisterMutation = { __typename: 'Mutation', register: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type ResetPasswordMutationVariables = Exact<{
  input: ResetPasswordInput;
}>;


export type ResetPasswordMutation = { __typename: 'Mutation', resetPassword: { __typename: 'AuthPayload', accessToken: string, accessTokenExpiresAt: string, refreshToken: string } | null };

export type ResetHelpQueryVariables = Exact<{ [key: string]: never; }>;


export type ResetHelpQuery = { __typename: 'Query', ranks: Array<{ __typename: 'Rank', id: string, name: string, permissions: Array<Permission> }> };

export type VoteRowFragment = { __typename: 'Campaign', id: string, title: string, method: VotingMethod, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, cancelReason: string | null, viewerCanVote: boolean, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number } };

export type VoteEntryFragment = { __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null };

export type OwnBallotFragment = { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> };

export type VoteStandingFragment = { __typename: 'Standing', place: number, points: number, pickCounts: Array<number>, entry: { __typename: 'CampaignEntry', id: string, name: string } };

export type VoteRunoffRoundFragment = { __typename: 'RunoffRound', number: number, exhausted: number, tieBroken: boolean, counts: Array<{ __typename: 'RunoffCount', votes: number, entry: { __typename: 'CampaignEntry', id: string, name: string } }>, eliminated: Array<{ __typename: 'CampaignEntry', id: string, name: string }>, winner: { __typename: 'CampaignEntry', id: string, name: string } | null };

export type VotePairwiseRowFragment = { __typename: 'PairwiseRow', preferred: Array<number>, strengths: Array<number>, entry: { __typename: 'CampaignEntry', id: string, name: string } };

export type VoteTransferCountFragment = { __typename: 'TransferCount', quota: number, stages: Array<{ __typename: 'TransferStage', number: number, tieBroken: boolean, nonTransferable: number, surplusOf: { __typename: 'CampaignEntry', id: string, name: string } | null, excluded: { __typename: 'CampaignEntry', id: string, name: string } | null, counts: Array<{ __typename: 'TransferredVotes', votes: number, entry: { __typename: 'CampaignEntry', id: string, name: string } }>, elected: Array<{ __typename: 'CampaignEntry', id: string, name: string }> }>, elected: Array<{ __typename: 'CampaignEntry', id: string, name: string }> };

export type VoteTurnoutFragment = { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number };

export type VoteDetailsFragment = { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, durationHours: number, minRankLevelToVote: number, resultsVisibility: ResultsVisibility, earlyCloseIfAllVoted: boolean, createdAt: string, closeReason: CampaignCloseReason | null, cancelReason: string | null, outcome: string | null, viewerActions: Array<CampaignAction>, decidedByListedOrder: boolean | null, standingsHiddenReason: StandingsHiddenReason | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }>, winners: Array<{ __typename: 'CampaignEntry', id: string, name: string }> | null, viewerBallot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null };

export type OpenVotesQueryVariables = Exact<{ [key: string]: never; }>;


export type OpenVotesQuery = { __typename: 'Query', live: { __typename: 'CampaignConnection', nodes: Array<{ __typename: 'Campaign', id: string, title: string, method: VotingMethod, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, cancelReason: string | null, viewerCanVote: boolean, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number } }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean } }, drafts: { __typename: 'CampaignConnection', nodes: Array<{ __typename: 'Campaign', id: string, title: string, method: VotingMethod, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, cancelReason: string | null, viewerCanVote: boolean, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number } }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean } } };

export type PastVotesQueryVariables = Exact<{
  status: CampaignStatus;
  first: number;
  after?: string | null | undefined;
}>;


export type PastVotesQuery = { __typename: 'Query', campaigns: { __typename: 'CampaignConnection', nodes: Array<{ __typename: 'Campaign', id: string, title: string, method: VotingMethod, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, cancelReason: string | null, viewerCanVote: boolean, winners: Array<{ __typename: 'CampaignEntry', id: string, name: string }> | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number } }>, pageInfo: { __typename: 'PageInfo', hasNextPage: boolean, endCursor: string | null } } };

export type VoteQueryVariables = Exact<{
  id: string | number;
  managesVotes: boolean;
}>;


export type VoteQuery = { __typename: 'Query', campaign: { __typename: 'Campaign', activationBlockers?: Array<ActivationBlocker> | null, id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, durationHours: number, minRankLevelToVote: number, resultsVisibility: ResultsVisibility, earlyCloseIfAllVoted: boolean, createdAt: string, closeReason: CampaignCloseReason | null, cancelReason: string | null, outcome: string | null, viewerActions: Array<CampaignAction>, decidedByListedOrder: boolean | null, standingsHiddenReason: StandingsHiddenReason | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }>, winners: Array<{ __typename: 'CampaignEntry', id: string, name: string }> | null, viewerBallot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } | null, ranks: Array<{ __typename: 'Rank', id: string, name: string, level: number }> };

export type VoteStandingsQueryVariables = Exact<{
  id: string | number;
}>;


export type VoteStandingsQuery = { __typename: 'Query', campaign: { __typename: 'Campaign', id: string, method: VotingMethod, ballotBox: { __typename: 'BallotBox', digest: string } | null, standings: Array<{ __typename: 'Standing', place: number, points: number, pickCounts: Array<number>, entry: { __typename: 'CampaignEntry', id: string, name: string } }> | null, runoffRounds: Array<{ __typename: 'RunoffRound', number: number, exhausted: number, tieBroken: boolean, counts: Array<{ __typename: 'RunoffCount', votes: number, entry: { __typename: 'CampaignEntry', id: string, name: string } }>, eliminated: Array<{ __typename: 'CampaignEntry', id: string, name: string }>, winner: { __typename: 'CampaignEntry', id: string, name: string } | null }> | null, pairwise: Array<{ __typename: 'PairwiseRow', preferred: Array<number>, strengths: Array<number>, entry: { __typename: 'CampaignEntry', id: string, name: string } }> | null, transfers: { __typename: 'TransferCount', quota: number, stages: Array<{ __typename: 'TransferStage', number: number, tieBroken: boolean, nonTransferable: number, surplusOf: { __typename: 'CampaignEntry', id: string, name: string } | null, excluded: { __typename: 'CampaignEntry', id: string, name: string } | null, counts: Array<{ __typename: 'TransferredVotes', votes: number, entry: { __typename: 'CampaignEntry', id: string, name: string } }>, elected: Array<{ __typename: 'CampaignEntry', id: string, name: string }> }>, elected: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } | null };

export type OwnBallotQueryVariables = Exact<{
  id: string | number;
}>;


export type OwnBallotQuery = { __typename: 'Query', campaign: { __typename: 'Campaign', id: string, viewerBallot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } | null };

export type BallotBoxFileQueryVariables = Exact<{
  id: string | number;
}>;


export type BallotBoxFileQuery = { __typename: 'Query', campaign: { __typename: 'Campaign', id: string, ballotBox: { __typename: 'BallotBox', count: number, digest: string, file: string } | null } | null };

export type CastBallotMutationVariables = Exact<{
  input: CastBallotInput;
}>;


export type CastBallotMutation = { __typename: 'Mutation', castBallot: { __typename: 'CastBallotPayload', ballot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> }, campaign: { __typename: 'Campaign', id: string, status: CampaignStatus, closesAt: string | null, closedAt: string | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, standingsHiddenReason: StandingsHiddenReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number }, viewerBallot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } } | null };

export type CloseVoteMutationVariables = Exact<{
  id: string | number;
}>;


export type CloseVoteMutation = { __typename: 'Mutation', closeCampaign: { __typename: 'CampaignPayload', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, durationHours: number, minRankLevelToVote: number, resultsVisibility: ResultsVisibility, earlyCloseIfAllVoted: boolean, createdAt: string, closeReason: CampaignCloseReason | null, cancelReason: string | null, outcome: string | null, viewerActions: Array<CampaignAction>, decidedByListedOrder: boolean | null, standingsHiddenReason: StandingsHiddenReason | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }>, winners: Array<{ __typename: 'CampaignEntry', id: string, name: string }> | null, viewerBallot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } } | null };

export type CancelVoteMutationVariables = Exact<{
  input: CancelCampaignInput;
}>;


export type CancelVoteMutation = { __typename: 'Mutation', cancelCampaign: { __typename: 'CampaignPayload', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, durationHours: number, minRankLevelToVote: number, resultsVisibility: ResultsVisibility, earlyCloseIfAllVoted: boolean, createdAt: string, closeReason: CampaignCloseReason | null, cancelReason: string | null, outcome: string | null, viewerActions: Array<CampaignAction>, decidedByListedOrder: boolean | null, standingsHiddenReason: StandingsHiddenReason | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }>, winners: Array<{ __typename: 'CampaignEntry', id: string, name: string }> | null, viewerBallot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } } | null };

export type ArchiveVoteMutationVariables = Exact<{
  id: string | number;
}>;


export type ArchiveVoteMutation = { __typename: 'Mutation', archiveCampaign: { __typename: 'CampaignPayload', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, durationHours: number, minRankLevelToVote: number, resultsVisibility: ResultsVisibility, earlyCloseIfAllVoted: boolean, createdAt: string, closeReason: CampaignCloseReason | null, cancelReason: string | null, outcome: string | null, viewerActions: Array<CampaignAction>, decidedByListedOrder: boolean | null, standingsHiddenReason: StandingsHiddenReason | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }>, winners: Array<{ __typename: 'CampaignEntry', id: string, name: string }> | null, viewerBallot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } } | null };

export type SetVoteOutcomeMutationVariables = Exact<{
  input: SetOutcomeInput;
}>;


export type SetVoteOutcomeMutation = { __typename: 'Mutation', setOutcome: { __typename: 'CampaignPayload', campaign: { __typename: 'Campaign', id: string, title: string, description: string | null, method: VotingMethod, picksPerVoter: number, seats: number, status: CampaignStatus, startAt: string | null, closesAt: string | null, closedAt: string | null, durationHours: number, minRankLevelToVote: number, resultsVisibility: ResultsVisibility, earlyCloseIfAllVoted: boolean, createdAt: string, closeReason: CampaignCloseReason | null, cancelReason: string | null, outcome: string | null, viewerActions: Array<CampaignAction>, decidedByListedOrder: boolean | null, standingsHiddenReason: StandingsHiddenReason | null, viewerCanVote: boolean, viewerCannotVoteReason: CannotVoteReason | null, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number }, entries: Array<{ __typename: 'CampaignEntry', id: string, name: string, description: string | null, imageUrl: string | null, associatedMember: { __typename: 'Member', id: string, displayName: string } | null }>, winners: Array<{ __typename: 'CampaignEntry', id: string, name: string }> | null, viewerBallot: { __typename: 'Ballot', id: string, castAt: string, receipt: string, nonce: string, picks: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } } | null };

export type VoteTallySubscriptionVariables = Exact<{
  id: string | number;
}>;


export type VoteTallySubscription = { voteTally: { __typename: 'VoteTally', revision: number, status: CampaignStatus, isFinal: boolean, countedAt: string, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number }, standings: Array<{ __typename: 'Standing', place: number, points: number, pickCounts: Array<number>, entry: { __typename: 'CampaignEntry', id: string, name: string } }>, runoffRounds: Array<{ __typename: 'RunoffRound', number: number, exhausted: number, tieBroken: boolean, counts: Array<{ __typename: 'RunoffCount', votes: number, entry: { __typename: 'CampaignEntry', id: string, name: string } }>, eliminated: Array<{ __typename: 'CampaignEntry', id: string, name: string }>, winner: { __typename: 'CampaignEntry', id: string, name: string } | null }> | null, pairwise: Array<{ __typename: 'PairwiseRow', preferred: Array<number>, strengths: Array<number>, entry: { __typename: 'CampaignEntry', id: string, name: string } }> | null, transfers: { __typename: 'TransferCount', quota: number, stages: Array<{ __typename: 'TransferStage', number: number, tieBroken: boolean, nonTransferable: number, surplusOf: { __typename: 'CampaignEntry', id: string, name: string } | null, excluded: { __typename: 'CampaignEntry', id: string, name: string } | null, counts: Array<{ __typename: 'TransferredVotes', votes: number, entry: { __typename: 'CampaignEntry', id: string, name: string } }>, elected: Array<{ __typename: 'CampaignEntry', id: string, name: string }> }>, elected: Array<{ __typename: 'CampaignEntry', id: string, name: string }> } | null } };

export type VoteTurnoutSubscriptionVariables = Exact<{
  id: string | number;
}>;


export type VoteTurnoutSubscription = { turnoutChanged: { __typename: 'TurnoutUpdate', campaignId: string, isFinal: boolean, turnout: { __typename: 'Turnout', eligible: number, voted: number, percent: number, awaitingRegistration: number } } };

export type VoteChangedSubscriptionVariables = Exact<{
  id: string | number;
}>;


export type VoteChangedSubscription = { campaignChanged: { __typename: 'Campaign', id: string, status: CampaignStatus, closesAt: string | null, closedAt: string | null } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const CharacterPartsFragmentDoc = new TypedDocumentString(`
    fragment CharacterParts on Character {
  __typename
  id
  name
  realm
  class
  spec
  role
  isMain
  armoryUrl
}
    `, {"fragmentName":"CharacterParts"}) as unknown as TypedDocumentString<CharacterPartsFragment, unknown>;
export const SyncChangeFragmentDoc = new TypedDocumentString(`
    fragment SyncChange on DiscordSyncChange {
  __typename
  discordId
  discordUsername
  previousUsername
  linked
  reason
  from {
    __typename
    id
    name
  }
  to {
    __typename
    id
    name
  }
}
    `, {"fragmentName":"SyncChange"}) as unknown as TypedDocumentString<SyncChangeFragment, unknown>;
export const SyncReportFragmentDoc = new TypedDocumentString(`
    fragment SyncReport on DiscordSyncReport {
  __typename
  at
  dryRun
  added
  promoted
  demoted
  renamed
  linked
  untouched
  conflictCount
  keptCount
  changes {
    __typename
    ...SyncChange
  }
  conflicts {
    __typename
    ...SyncChange
  }
}
    fragment SyncChange on DiscordSyncChange {
  __typename
  discordId
  discordUsername
  previousUsername
  linked
  reason
  from {
    __typename
    id
    name
  }
  to {
    __typename
    id
    name
  }
}`, {"fragmentName":"SyncReport"}) as unknown as TypedDocumentString<SyncReportFragment, unknown>;
export const DiscordLinkPartsFragmentDoc = new TypedDocumentString(`
    fragment DiscordLinkParts on DiscordLink {
  __typename
  serverId
  server {
    __typename
    name
    channels {
      __typename
      id
      name
    }
  }
  channelId
  logChannelId
  campaignUrl
  color
  thumbnailUrl
  syncIntervalMinutes
  nextSyncAt
  syncProblem
  newcomerRank {
    __typename
    id
    name
  }
  lastReport {
    __typename
    ...SyncReport
  }
}
    fragment SyncReport on DiscordSyncReport {
  __typename
  at
  dryRun
  added
  promoted
  demoted
  renamed
  linked
  untouched
  conflictCount
  keptCount
  changes {
    __typename
    ...SyncChange
  }
  conflicts {
    __typename
    ...SyncChange
  }
}
fragment SyncChange on DiscordSyncChange {
  __typename
  discordId
  discordUsername
  previousUsername
  linked
  reason
  from {
    __typename
    id
    name
  }
  to {
    __typename
    id
    name
  }
}`, {"fragmentName":"DiscordLinkParts"}) as unknown as TypedDocumentString<DiscordLinkPartsFragment, unknown>;
export const InviteeFragmentDoc = new TypedDocumentString(`
    fragment Invitee on Member {
  __typename
  id
  displayName
  discordUsername
  isRegistered
  rank {
    __typename
    id
    name
  }
  viewerActions
  openInvite {
    __typename
    createdAt
    expiresAt
    createdBy {
      __typename
      id
      displayName
    }
  }
}
    `, {"fragmentName":"Invitee"}) as unknown as TypedDocumentString<InviteeFragment, unknown>;
export const RankPartsFragmentDoc = new TypedDocumentString(`
    fragment RankParts on Rank {
  __typename
  id
  name
  level
  description
  permissions
  memberCount
  viewerActions
  discordRoleId @include(if: $withDiscord)
}
    `, {"fragmentName":"RankParts"}) as unknown as TypedDocumentString<RankPartsFragment, unknown>;
export const DraftEntryFragmentDoc = new TypedDocumentString(`
    fragment DraftEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
    `, {"fragmentName":"DraftEntry"}) as unknown as TypedDocumentString<DraftEntryFragment, unknown>;
export const DraftFragmentDoc = new TypedDocumentString(`
    fragment Draft on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  minRankLevelToVote
  minRankLevelToView
  startAt
  durationHours
  closesAt
  status
  earlyCloseIfAllVoted
  resultsVisibility
  announcements
  discordChannelId
  activationBlockers
  draftRevision
  viewerActions
  turnout {
    __typename
    eligible
    voted
    awaitingRegistration
  }
  entries {
    __typename
    ...DraftEntry
  }
}
    fragment DraftEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}`, {"fragmentName":"Draft"}) as unknown as TypedDocumentString<DraftFragment, unknown>;
export const HomeCampaignFragmentDoc = new TypedDocumentString(`
    fragment HomeCampaign on Campaign {
  __typename
  id
  title
  status
  closesAt
  viewerCanVote
  viewerCannotVoteReason
  turnout {
    __typename
    eligible
    voted
    percent
  }
}
    `, {"fragmentName":"HomeCampaign"}) as unknown as TypedDocumentString<HomeCampaignFragment, unknown>;
export const HomeDraftFragmentDoc = new TypedDocumentString(`
    fragment HomeDraft on Campaign {
  __typename
  id
  title
  startAt
  activationBlockers
}
    `, {"fragmentName":"HomeDraft"}) as unknown as TypedDocumentString<HomeDraftFragment, unknown>;
export const MemberPartsFragmentDoc = new TypedDocumentString(`
    fragment MemberParts on Member {
  __typename
  id
  displayName
  discordUsername
  discordId
  isRegistered
  isActive
  createdAt
  registeredAt
  lastSeenAt
  rank {
    __typename
    id
    name
    level
  }
  rankSource
  viewerActions
}
    `, {"fragmentName":"MemberParts"}) as unknown as TypedDocumentString<MemberPartsFragment, unknown>;
export const VoteRowFragmentDoc = new TypedDocumentString(`
    fragment VoteRow on Campaign {
  __typename
  id
  title
  method
  status
  startAt
  closesAt
  closedAt
  cancelReason
  turnout {
    __typename
    eligible
    voted
    percent
  }
  viewerCanVote
}
    `, {"fragmentName":"VoteRow"}) as unknown as TypedDocumentString<VoteRowFragment, unknown>;
export const VoteStandingFragmentDoc = new TypedDocumentString(`
    fragment VoteStanding on Standing {
  __typename
  place
  points
  pickCounts
  entry {
    __typename
    id
    name
  }
}
    `, {"fragmentName":"VoteStanding"}) as unknown as TypedDocumentString<VoteStandingFragment, unknown>;
export const VoteRunoffRoundFragmentDoc = new TypedDocumentString(`
    fragment VoteRunoffRound on RunoffRound {
  __typename
  number
  exhausted
  tieBroken
  counts {
    __typename
    entry {
      __typename
      id
      name
    }
    votes
  }
  eliminated {
    __typename
    id
    name
  }
  winner {
    __typename
    id
    name
  }
}
    `, {"fragmentName":"VoteRunoffRound"}) as unknown as TypedDocumentString<VoteRunoffRoundFragment, unknown>;
export const VotePairwiseRowFragmentDoc = new TypedDocumentString(`
    fragment VotePairwiseRow on PairwiseRow {
  __typename
  entry {
    __typename
    id
    name
  }
  preferred
  strengths
}
    `, {"fragmentName":"VotePairwiseRow"}) as unknown as TypedDocumentString<VotePairwiseRowFragment, unknown>;
export const VoteTransferCountFragmentDoc = new TypedDocumentString(`
    fragment VoteTransferCount on TransferCount {
  __typename
  quota
  stages {
    __typename
    number
    tieBroken
    nonTransferable
    surplusOf {
      __typename
      id
      name
    }
    excluded {
      __typename
      id
      name
    }
    counts {
      __typename
      entry {
        __typename
        id
        name
      }
      votes
    }
    elected {
      __typename
      id
      name
    }
  }
  elected {
    __typename
    id
    name
  }
}
    `, {"fragmentName":"VoteTransferCount"}) as unknown as TypedDocumentString<VoteTransferCountFragment, unknown>;
export const VoteTurnoutFragmentDoc = new TypedDocumentString(`
    fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}
    `, {"fragmentName":"VoteTurnout"}) as unknown as TypedDocumentString<VoteTurnoutFragment, unknown>;
export const VoteEntryFragmentDoc = new TypedDocumentString(`
    fragment VoteEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
    `, {"fragmentName":"VoteEntry"}) as unknown as TypedDocumentString<VoteEntryFragment, unknown>;
export const OwnBallotFragmentDoc = new TypedDocumentString(`
    fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}
    `, {"fragmentName":"OwnBallot"}) as unknown as TypedDocumentString<OwnBallotFragment, unknown>;
export const VoteDetailsFragmentDoc = new TypedDocumentString(`
    fragment VoteDetails on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  status
  startAt
  closesAt
  closedAt
  durationHours
  minRankLevelToVote
  resultsVisibility
  earlyCloseIfAllVoted
  createdAt
  closeReason
  cancelReason
  outcome
  viewerActions
  decidedByListedOrder
  standingsHiddenReason
  viewerCanVote
  viewerCannotVoteReason
  turnout {
    __typename
    ...VoteTurnout
  }
  entries {
    __typename
    ...VoteEntry
  }
  winners {
    __typename
    id
    name
  }
  viewerBallot {
    __typename
    ...OwnBallot
  }
}
    fragment VoteEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}
fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}`, {"fragmentName":"VoteDetails"}) as unknown as TypedDocumentString<VoteDetailsFragment, unknown>;
export const CampaignChangesDocument = new TypedDocumentString(`
    subscription CampaignChanges {
  campaignChanged {
    __typename
    id
    status
  }
}
    `, {"hash":"sha256:c562a3f6ac2e5737f06f3c744e603cbd33bd9692cb59133d70431d9144e22d96"}) as unknown as TypedDocumentString<CampaignChangesSubscription, CampaignChangesSubscriptionVariables>;
export const CreateCharacterDocument = new TypedDocumentString(`
    mutation CreateCharacter($input: CreateCharacterInput!) {
  __typename
  createCharacter(input: $input) {
    __typename
    character {
      __typename
      ...CharacterParts
      member {
        __typename
        id
        characters {
          __typename
          ...CharacterParts
        }
      }
    }
  }
}
    fragment CharacterParts on Character {
  __typename
  id
  name
  realm
  class
  spec
  role
  isMain
  armoryUrl
}`, {"hash":"sha256:3f0ca77f0950363c56363210e6849200f58800b42b097dd4c03184edd2ad89b1"}) as unknown as TypedDocumentString<CreateCharacterMutation, CreateCharacterMutationVariables>;
export const UpdateCharacterDocument = new TypedDocumentString(`
    mutation UpdateCharacter($input: UpdateCharacterInput!) {
  __typename
  updateCharacter(input: $input) {
    __typename
    character {
      __typename
      ...CharacterParts
      member {
        __typename
        id
        characters {
          __typename
          ...CharacterParts
        }
      }
    }
  }
}
    fragment CharacterParts on Character {
  __typename
  id
  name
  realm
  class
  spec
  role
  isMain
  armoryUrl
}`, {"hash":"sha256:5076e26b88bc3a8f13bf79020abb27725c99a132b7ca3191b771406cb428aa55"}) as unknown as TypedDocumentString<UpdateCharacterMutation, UpdateCharacterMutationVariables>;
export const DeleteCharacterDocument = new TypedDocumentString(`
    mutation DeleteCharacter($id: ID!) {
  __typename
  deleteCharacter(id: $id) {
    __typename
    deletedId
  }
}
    `, {"hash":"sha256:9e526832884cab195ee366f05e06e4036b6f4a102c17c67148affd3c6dd60c8d"}) as unknown as TypedDocumentString<DeleteCharacterMutation, DeleteCharacterMutationVariables>;
export const CharacterClassesDocument = new TypedDocumentString(`
    query CharacterClasses {
  __typename
  characterClasses {
    __typename
    class
    name
    specs {
      __typename
      name
      role
    }
  }
}
    `, {"hash":"sha256:9a4b2355927d6ead1078b9636d57b8670c73d0eb36b20d92ef56ba5a3b90bc3f"}) as unknown as TypedDocumentString<CharacterClassesQuery, CharacterClassesQueryVariables>;
export const LoginDocument = new TypedDocumentString(`
    mutation Login($input: LoginInput!) {
  __typename
  login(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:78b510a7993d6cc8f8be1bd6f846c87681b43a9441daeee602634a54e70999ff"}) as unknown as TypedDocumentString<LoginMutation, LoginMutationVariables>;
export const RefreshSessionDocument = new TypedDocumentString(`
    mutation RefreshSession($input: RefreshSessionInput!) {
  __typename
  refreshSession(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:ccbb443bdfe982c6cd2a096043f89b1243239095c8cb874489c88d490c0cb3d0"}) as unknown as TypedDocumentString<RefreshSessionMutation, RefreshSessionMutationVariables>;
export const LogoutDocument = new TypedDocumentString(`
    mutation Logout {
  __typename
  logout {
    __typename
    success
  }
}
    `, {"hash":"sha256:38fc496ac3a86024dba1a4a0ac73c13dc000212dc54a89b1faea293cfe2a7316"}) as unknown as TypedDocumentString<LogoutMutation, LogoutMutationVariables>;
export const ViewerDocument = new TypedDocumentString(`
    query Viewer {
  __typename
  me {
    __typename
    id
    displayName
    discordUsername
    rank {
      __typename
      id
      name
      level
      permissions
    }
  }
  guild {
    __typename
    id
    slug
    name
    region
  }
}
    `, {"hash":"sha256:aaf2fb194f64569fa096d7a5654ae8cdc784c82125f342339cdb762befe2cdcf"}) as unknown as TypedDocumentString<ViewerQuery, ViewerQueryVariables>;
export const AuditLogDocument = new TypedDocumentString(`
    query AuditLog($filter: AuditFilter!, $after: String) {
  __typename
  auditLog(first: 50, after: $after, filter: $filter) {
    __typename
    nodes {
      __typename
      id
      at
      action
      summary
      actorRank
      actor {
        __typename
        id
        displayName
      }
      subject {
        __typename
        id
      }
    }
    pageInfo {
      __typename
      endCursor
      hasNextPage
    }
  }
}
    `, {"hash":"sha256:e29e2bbe7ecdd24fa0ba76c96c7083cecdf2966c46a29935b989a743911d0daf"}) as unknown as TypedDocumentString<AuditLogQuery, AuditLogQueryVariables>;
export const DiscordAdminDocument = new TypedDocumentString(`
    query DiscordAdmin {
  __typename
  discordStatus {
    __typename
    connection
    since
    problem
    queued
    failed
    warnings
    link {
      __typename
      ...DiscordLinkParts
    }
  }
  ranks {
    __typename
    id
    name
    level
  }
}
    fragment DiscordLinkParts on DiscordLink {
  __typename
  serverId
  server {
    __typename
    name
    channels {
      __typename
      id
      name
    }
  }
  channelId
  logChannelId
  campaignUrl
  color
  thumbnailUrl
  syncIntervalMinutes
  nextSyncAt
  syncProblem
  newcomerRank {
    __typename
    id
    name
  }
  lastReport {
    __typename
    ...SyncReport
  }
}
fragment SyncReport on DiscordSyncReport {
  __typename
  at
  dryRun
  added
  promoted
  demoted
  renamed
  linked
  untouched
  conflictCount
  keptCount
  changes {
    __typename
    ...SyncChange
  }
  conflicts {
    __typename
    ...SyncChange
  }
}
fragment SyncChange on DiscordSyncChange {
  __typename
  discordId
  discordUsername
  previousUsername
  linked
  reason
  from {
    __typename
    id
    name
  }
  to {
    __typename
    id
    name
  }
}`, {"hash":"sha256:84a4f013af889827c47b964d56e74f43cefcadc69f7f0396afa2a9011f74ec1f"}) as unknown as TypedDocumentString<DiscordAdminQuery, DiscordAdminQueryVariables>;
export const DiscordFailuresDocument = new TypedDocumentString(`
    query DiscordFailures($after: String) {
  __typename
  discordMessages(first: 25, after: $after, filter: {state: [FAILED]}) {
    __typename
    nodes {
      __typename
      id
      kind
      state
      queuedAt
      problem
      campaign {
        __typename
        id
        title
      }
      member {
        __typename
        id
        displayName
      }
    }
    pageInfo {
      __typename
      endCursor
      hasNextPage
    }
  }
}
    `, {"hash":"sha256:e24e81ef295b999296b26d4ed59202a8ffd49f5b17c46364626be5a5fd8d593b"}) as unknown as TypedDocumentString<DiscordFailuresQuery, DiscordFailuresQueryVariables>;
export const LinkDiscordDocument = new TypedDocumentString(`
    mutation LinkDiscord($input: LinkDiscordInput!) {
  __typename
  linkDiscord(input: $input) {
    __typename
    link {
      __typename
      ...DiscordLinkParts
    }
  }
}
    fragment DiscordLinkParts on DiscordLink {
  __typename
  serverId
  server {
    __typename
    name
    channels {
      __typename
      id
      name
    }
  }
  channelId
  logChannelId
  campaignUrl
  color
  thumbnailUrl
  syncIntervalMinutes
  nextSyncAt
  syncProblem
  newcomerRank {
    __typename
    id
    name
  }
  lastReport {
    __typename
    ...SyncReport
  }
}
fragment SyncReport on DiscordSyncReport {
  __typename
  at
  dryRun
  added
  promoted
  demoted
  renamed
  linked
  untouched
  conflictCount
  keptCount
  changes {
    __typename
    ...SyncChange
  }
  conflicts {
    __typename
    ...SyncChange
  }
}
fragment SyncChange on DiscordSyncChange {
  __typename
  discordId
  discordUsername
  previousUsername
  linked
  reason
  from {
    __typename
    id
    name
  }
  to {
    __typename
    id
    name
  }
}`, {"hash":"sha256:805dfc1890ec02e0c73f8cb2c8bc865e3c7709d0c62c5e0d70fb13f579168276"}) as unknown as TypedDocumentString<LinkDiscordMutation, LinkDiscordMutationVariables>;
export const UnlinkDiscordDocument = new TypedDocumentString(`
    mutation UnlinkDiscord {
  __typename
  unlinkDiscord {
    __typename
    success
  }
}
    `, {"hash":"sha256:9ebc050af86a5770d2cf657c3d683512a0bd111a2242097b59b35981e91d394b"}) as unknown as TypedDocumentString<UnlinkDiscordMutation, UnlinkDiscordMutationVariables>;
export const SyncDiscordDocument = new TypedDocumentString(`
    mutation SyncDiscord($dryRun: Boolean!, $overwriteManual: Boolean!) {
  __typename
  syncDiscordRoles(dryRun: $dryRun, overwriteManual: $overwriteManual) {
    __typename
    report {
      __typename
      ...SyncReport
    }
  }
}
    fragment SyncReport on DiscordSyncReport {
  __typename
  at
  dryRun
  added
  promoted
  demoted
  renamed
  linked
  untouched
  conflictCount
  keptCount
  changes {
    __typename
    ...SyncChange
  }
  conflicts {
    __typename
    ...SyncChange
  }
}
fragment SyncChange on DiscordSyncChange {
  __typename
  discordId
  discordUsername
  previousUsername
  linked
  reason
  from {
    __typename
    id
    name
  }
  to {
    __typename
    id
    name
  }
}`, {"hash":"sha256:10aa4f9adeee38f72e00a2a072d0a0a9f0b4dae0d8f2a5c4ec51088b8c23d5d6"}) as unknown as TypedDocumentString<SyncDiscordMutation, SyncDiscordMutationVariables>;
export const RetryDiscordMessageDocument = new TypedDocumentString(`
    mutation RetryDiscordMessage($id: ID!) {
  __typename
  retryDiscordMessage(id: $id) {
    __typename
    message {
      __typename
      id
      state
    }
  }
}
    `, {"hash":"sha256:430e9193b2df92d9e30c1cca7abbfcff083dc604ddcb4bb2b74051dc0fdc5914"}) as unknown as TypedDocumentString<RetryDiscordMessageMutation, RetryDiscordMessageMutationVariables>;
export const GuildSettingsDocument = new TypedDocumentString(`
    query GuildSettings {
  __typename
  guild {
    __typename
    id
    slug
    name
    region
    memberCount
    createdAt
  }
}
    `, {"hash":"sha256:5f39faa9b5e0e74c77aed0a6a789dbb3dc334e23e8a3f6c375e5e4e1f45de6f8"}) as unknown as TypedDocumentString<GuildSettingsQuery, GuildSettingsQueryVariables>;
export const UpdateGuildDocument = new TypedDocumentString(`
    mutation UpdateGuild($input: UpdateGuildInput!) {
  __typename
  updateGuild(input: $input) {
    __typename
    guild {
      __typename
      id
      name
      region
    }
  }
}
    `, {"hash":"sha256:8832bb89380a6e4d4d0113d846698493548d3ec10623eb3092b1e213518a2d00"}) as unknown as TypedDocumentString<UpdateGuildMutation, UpdateGuildMutationVariables>;
export const ExportRosterDocument = new TypedDocumentString(`
    query ExportRoster($format: RosterFormat!) {
  __typename
  exportRoster(format: $format) {
    __typename
    fileName
    data
    members
  }
}
    `, {"hash":"sha256:115b45e1dd5481c0c49ca2653fb88ea818842099f4afad4807583ecb64aa7511"}) as unknown as TypedDocumentString<ExportRosterQuery, ExportRosterQueryVariables>;
export const ImportRosterDocument = new TypedDocumentString(`
    mutation ImportRoster($input: ImportRosterInput!) {
  __typename
  importRoster(input: $input) {
    __typename
    imported
    rows
    membersAdded
    membersChanged
    charactersAdded
    charactersChanged
    rowsUnchanged
    rowsLeftOut
    unknownColumns
    problems {
      __typename
      place
      field
      reason
      message
    }
    changes {
      __typename
      place
      kind
      name
      changes {
        __typename
        field
        from
        to
      }
      member {
        __typename
        id
        displayName
        isRegistered
        viewerActions
      }
    }
  }
}
    `, {"hash":"sha256:d8a1f3b43113ef1e958ed3e325b21c83cbed55d4bc2ec631bfd6e3436d077288"}) as unknown as TypedDocumentString<ImportRosterMutation, ImportRosterMutationVariables>;
export const UnregisteredDocument = new TypedDocumentString(`
    query Unregistered($first: Int!, $after: String, $search: String, $withTotal: Boolean!) {
  __typename
  members(
    first: $first
    after: $after
    filter: {registered: false, active: true, search: $search}
  ) {
    __typename
    nodes {
      __typename
      ...Invitee
    }
    pageInfo {
      __typename
      endCursor
      hasNextPage
    }
    totalCount @include(if: $withTotal)
  }
}
    fragment Invitee on Member {
  __typename
  id
  displayName
  discordUsername
  isRegistered
  rank {
    __typename
    id
    name
  }
  viewerActions
  openInvite {
    __typename
    createdAt
    expiresAt
    createdBy {
      __typename
      id
      displayName
    }
  }
}`, {"hash":"sha256:c2986c0ff1e71646cef8421df47832738f0c06ef3be54633fae55a0e251feac1"}) as unknown as TypedDocumentString<UnregisteredQuery, UnregisteredQueryVariables>;
export const SendInvitesDocument = new TypedDocumentString(`
    mutation SendInvites($memberIds: [ID!]!) {
  __typename
  sendInvites(input: {memberIds: $memberIds}) {
    __typename
    invites {
      __typename
      code
      expiresAt
      delivery
      member {
        __typename
        ...Invitee
      }
    }
    refusals {
      __typename
      memberId
      reason
      message
    }
  }
}
    fragment Invitee on Member {
  __typename
  id
  displayName
  discordUsername
  isRegistered
  rank {
    __typename
    id
    name
  }
  viewerActions
  openInvite {
    __typename
    createdAt
    expiresAt
    createdBy {
      __typename
      id
      displayName
    }
  }
}`, {"hash":"sha256:b5731b8069494c59fa09bce4b9906913bd3e0c605a4858adee144840c9857899"}) as unknown as TypedDocumentString<SendInvitesMutation, SendInvitesMutationVariables>;
export const RevokeInviteDocument = new TypedDocumentString(`
    mutation RevokeInvite($memberId: ID!) {
  __typename
  revokeInvite(memberId: $memberId) {
    __typename
    member {
      __typename
      ...Invitee
    }
  }
}
    fragment Invitee on Member {
  __typename
  id
  displayName
  discordUsername
  isRegistered
  rank {
    __typename
    id
    name
  }
  viewerActions
  openInvite {
    __typename
    createdAt
    expiresAt
    createdBy {
      __typename
      id
      displayName
    }
  }
}`, {"hash":"sha256:0cea91c1e38f474f7804630c74936131367703c983fca689456fed95b82dcbfd"}) as unknown as TypedDocumentString<RevokeInviteMutation, RevokeInviteMutationVariables>;
export const DeleteInviteeDocument = new TypedDocumentString(`
    mutation DeleteInvitee($id: ID!) {
  __typename
  deleteMember(id: $id) {
    __typename
    deletedId
  }
}
    `, {"hash":"sha256:ccfa045a88d2903599d03001b0a76c29a1d2b4ddf6da31894364bb3524a19e6e"}) as unknown as TypedDocumentString<DeleteInviteeMutation, DeleteInviteeMutationVariables>;
export const RanksAdminDocument = new TypedDocumentString(`
    query RanksAdmin($withDiscord: Boolean!) {
  __typename
  ranks {
    __typename
    ...RankParts
  }
  discordStatus @include(if: $withDiscord) {
    __typename
    link {
      __typename
      serverId
      server {
        __typename
        name
        roles {
          __typename
          id
          name
        }
      }
    }
  }
}
    fragment RankParts on Rank {
  __typename
  id
  name
  level
  description
  permissions
  memberCount
  viewerActions
  discordRoleId @include(if: $withDiscord)
}`, {"hash":"sha256:febf9019e3755a328d65453df3b1eae57ced97e25d193e52e802af1a334796ea"}) as unknown as TypedDocumentString<RanksAdminQuery, RanksAdminQueryVariables>;
export const CreateRankDocument = new TypedDocumentString(`
    mutation CreateRank($input: CreateRankInput!, $withDiscord: Boolean!) {
  __typename
  createRank(input: $input) {
    __typename
    rank {
      __typename
      ...RankParts
    }
    warnings
  }
}
    fragment RankParts on Rank {
  __typename
  id
  name
  level
  description
  permissions
  memberCount
  viewerActions
  discordRoleId @include(if: $withDiscord)
}`, {"hash":"sha256:ae41ee8a61d5aca7d29731b6227864d3e688a61fa36f409e216efe43fad3fee4"}) as unknown as TypedDocumentString<CreateRankMutation, CreateRankMutationVariables>;
export const UpdateRankDocument = new TypedDocumentString(`
    mutation UpdateRank($input: UpdateRankInput!, $withDiscord: Boolean!) {
  __typename
  updateRank(input: $input) {
    __typename
    rank {
      __typename
      ...RankParts
    }
    warnings
  }
}
    fragment RankParts on Rank {
  __typename
  id
  name
  level
  description
  permissions
  memberCount
  viewerActions
  discordRoleId @include(if: $withDiscord)
}`, {"hash":"sha256:f3df4bc3d4b57d72b2b1a49bfeaf915008a156f27480653784bddcf405f94328"}) as unknown as TypedDocumentString<UpdateRankMutation, UpdateRankMutationVariables>;
export const DeleteRankDocument = new TypedDocumentString(`
    mutation DeleteRank($id: ID!) {
  __typename
  deleteRank(id: $id) {
    __typename
    deletedId
  }
}
    `, {"hash":"sha256:85d46e9b377952a8e976fd3a306cc951e9b3ffc6890ab1eaf55478644ae9f3d9"}) as unknown as TypedDocumentString<DeleteRankMutation, DeleteRankMutationVariables>;
export const SetRankLevelsDocument = new TypedDocumentString(`
    mutation SetRankLevels($input: SetRankLevelsInput!) {
  __typename
  setRankLevels(input: $input) {
    __typename
    ranks {
      __typename
      id
      level
      viewerActions
    }
  }
}
    `, {"hash":"sha256:11fa4601e4601b54fbca34689cc19142452e3451626e927be46d06ddb6669e52"}) as unknown as TypedDocumentString<SetRankLevelsMutation, SetRankLevelsMutationVariables>;
export const DraftDocument = new TypedDocumentString(`
    query Draft($id: ID!) {
  __typename
  campaign(id: $id) {
    __typename
    ...Draft
  }
  ranks {
    __typename
    id
    name
    level
  }
}
    fragment DraftEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment Draft on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  minRankLevelToVote
  minRankLevelToView
  startAt
  durationHours
  closesAt
  status
  earlyCloseIfAllVoted
  resultsVisibility
  announcements
  discordChannelId
  activationBlockers
  draftRevision
  viewerActions
  turnout {
    __typename
    eligible
    voted
    awaitingRegistration
  }
  entries {
    __typename
    ...DraftEntry
  }
}`, {"hash":"sha256:f10454864377497a58405bfe3f93001a5327da9c0feee668c28f03a5fbf0fc53"}) as unknown as TypedDocumentString<DraftQuery, DraftQueryVariables>;
export const VoteChannelsDocument = new TypedDocumentString(`
    query VoteChannels {
  __typename
  discordChannels {
    __typename
    id
    name
  }
}
    `, {"hash":"sha256:cb334360d8daf242e4056d5d7913ae1c858de58fb6870dd90a348f7f72620315"}) as unknown as TypedDocumentString<VoteChannelsQuery, VoteChannelsQueryVariables>;
export const EarlierVotesDocument = new TypedDocumentString(`
    query EarlierVotes($search: String) {
  __typename
  campaigns(
    first: 25
    filter: {status: [DRAFT, LIVE, CLOSED, ARCHIVED], search: $search}
    orderBy: {field: CREATED_AT, direction: DESC}
  ) {
    __typename
    nodes {
      __typename
      id
      title
      method
      status
      createdAt
      createdBy {
        __typename
        id
      }
    }
  }
}
    `, {"hash":"sha256:2b11cd0b73b0aa8245b7358eab78a14fca89acd90e3b90f49b1831204c540408"}) as unknown as TypedDocumentString<EarlierVotesQuery, EarlierVotesQueryVariables>;
export const VoteToCopyDocument = new TypedDocumentString(`
    query VoteToCopy($id: ID!) {
  __typename
  campaign(id: $id) {
    __typename
    ...Draft
  }
}
    fragment DraftEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment Draft on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  minRankLevelToVote
  minRankLevelToView
  startAt
  durationHours
  closesAt
  status
  earlyCloseIfAllVoted
  resultsVisibility
  announcements
  discordChannelId
  activationBlockers
  draftRevision
  viewerActions
  turnout {
    __typename
    eligible
    voted
    awaitingRegistration
  }
  entries {
    __typename
    ...DraftEntry
  }
}`, {"hash":"sha256:16103c6288fb41e8fe84102887d7bd24c09db57c49908c6e3518622d13fd525d"}) as unknown as TypedDocumentString<VoteToCopyQuery, VoteToCopyQueryVariables>;
export const NewVoteRanksDocument = new TypedDocumentString(`
    query NewVoteRanks {
  __typename
  ranks {
    __typename
    id
    name
    level
  }
}
    `, {"hash":"sha256:cb5ff6b53b76e543b2f87cd2846a1cd4e2045398532817a633bc0eb130c714e8"}) as unknown as TypedDocumentString<NewVoteRanksQuery, NewVoteRanksQueryVariables>;
export const FindMembersDocument = new TypedDocumentString(`
    query FindMembers($search: String!) {
  __typename
  members(first: 20, filter: {search: $search, active: true}) {
    __typename
    nodes {
      __typename
      id
      displayName
      rank {
        __typename
        id
        name
      }
    }
  }
}
    `, {"hash":"sha256:29c10d201d9a099a4cc99586d9a194350a000a5fa538156f4f17233d3bb4250d"}) as unknown as TypedDocumentString<FindMembersQuery, FindMembersQueryVariables>;
export const CreateVoteDocument = new TypedDocumentString(`
    mutation CreateVote($input: CreateCampaignInput!) {
  __typename
  createCampaign(input: $input) {
    __typename
    campaign {
      __typename
      ...Draft
    }
  }
}
    fragment DraftEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment Draft on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  minRankLevelToVote
  minRankLevelToView
  startAt
  durationHours
  closesAt
  status
  earlyCloseIfAllVoted
  resultsVisibility
  announcements
  discordChannelId
  activationBlockers
  draftRevision
  viewerActions
  turnout {
    __typename
    eligible
    voted
    awaitingRegistration
  }
  entries {
    __typename
    ...DraftEntry
  }
}`, {"hash":"sha256:778d35f325dfce49a4779bfd3e302f61baefe713c47c42a5f27d5f5b1a37fbef"}) as unknown as TypedDocumentString<CreateVoteMutation, CreateVoteMutationVariables>;
export const UpdateVoteDocument = new TypedDocumentString(`
    mutation UpdateVote($input: UpdateCampaignInput!) {
  __typename
  updateCampaign(input: $input) {
    __typename
    campaign {
      __typename
      ...Draft
    }
  }
}
    fragment DraftEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment Draft on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  minRankLevelToVote
  minRankLevelToView
  startAt
  durationHours
  closesAt
  status
  earlyCloseIfAllVoted
  resultsVisibility
  announcements
  discordChannelId
  activationBlockers
  draftRevision
  viewerActions
  turnout {
    __typename
    eligible
    voted
    awaitingRegistration
  }
  entries {
    __typename
    ...DraftEntry
  }
}`, {"hash":"sha256:282b88e86d09631a481922a62dc5863812aac5239f89f4fa50fb839c57145b5b"}) as unknown as TypedDocumentString<UpdateVoteMutation, UpdateVoteMutationVariables>;
export const SetVoteEntriesDocument = new TypedDocumentString(`
    mutation SetVoteEntries($input: SetEntriesInput!) {
  __typename
  setEntries(input: $input) {
    __typename
    campaign {
      __typename
      ...Draft
    }
  }
}
    fragment DraftEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment Draft on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  minRankLevelToVote
  minRankLevelToView
  startAt
  durationHours
  closesAt
  status
  earlyCloseIfAllVoted
  resultsVisibility
  announcements
  discordChannelId
  activationBlockers
  draftRevision
  viewerActions
  turnout {
    __typename
    eligible
    voted
    awaitingRegistration
  }
  entries {
    __typename
    ...DraftEntry
  }
}`, {"hash":"sha256:0528aedc5374d6f87810788fe5525e4ad47d461a9b503195f6d2fa3003a18140"}) as unknown as TypedDocumentString<SetVoteEntriesMutation, SetVoteEntriesMutationVariables>;
export const StartVoteDocument = new TypedDocumentString(`
    mutation StartVote($id: ID!) {
  __typename
  activateCampaign(id: $id) {
    __typename
    campaign {
      __typename
      ...Draft
    }
  }
}
    fragment DraftEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment Draft on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  minRankLevelToVote
  minRankLevelToView
  startAt
  durationHours
  closesAt
  status
  earlyCloseIfAllVoted
  resultsVisibility
  announcements
  discordChannelId
  activationBlockers
  draftRevision
  viewerActions
  turnout {
    __typename
    eligible
    voted
    awaitingRegistration
  }
  entries {
    __typename
    ...DraftEntry
  }
}`, {"hash":"sha256:b23d7b3c7e68492d10b8af84f7cd9173cab7f698b4b289732b5acbd45374bdbc"}) as unknown as TypedDocumentString<StartVoteMutation, StartVoteMutationVariables>;
export const DeleteVoteDocument = new TypedDocumentString(`
    mutation DeleteVote($id: ID!) {
  __typename
  deleteCampaign(id: $id) {
    __typename
    deletedId
  }
}
    `, {"hash":"sha256:2f1f81e7d2e99fb9e971be970b857ddbdb27d5d96ed316df30ec380212e4bbea"}) as unknown as TypedDocumentString<DeleteVoteMutation, DeleteVoteMutationVariables>;
export const HomeDocument = new TypedDocumentString(`
    query Home($managesVotes: Boolean!, $managesDiscord: Boolean!, $firstSteps: Boolean!) {
  __typename
  campaigns(
    first: 50
    filter: {status: [LIVE]}
    orderBy: {field: CLOSES_AT, direction: ASC}
  ) {
    __typename
    nodes {
      __typename
      ...HomeCampaign
    }
  }
  pastVotes(first: 4) {
    __typename
    nodes {
      __typename
      closedAt
      campaign {
        __typename
        id
        title
        turnout {
          __typename
          eligible
          voted
        }
      }
      winners {
        __typename
        id
        name
      }
    }
  }
  drafts: campaigns(
    first: 50
    filter: {status: [DRAFT]}
    orderBy: {field: CLOSES_AT, direction: ASC}
  ) @include(if: $managesVotes) {
    __typename
    nodes {
      __typename
      ...HomeDraft
    }
  }
  discordStatus @include(if: $managesDiscord) {
    __typename
    connection
    problem
    failed
    link {
      __typename
      serverId
    }
  }
  members(first: 1) @include(if: $firstSteps) {
    __typename
    totalCount
  }
  registered: members(first: 1, filter: {registered: true}) @include(if: $firstSteps) {
    __typename
    totalCount
  }
  votes: campaigns(first: 1, filter: {status: [DRAFT, LIVE, CLOSED, ARCHIVED]}) @include(if: $firstSteps) {
    __typename
    totalCount
  }
}
    fragment HomeCampaign on Campaign {
  __typename
  id
  title
  status
  closesAt
  viewerCanVote
  viewerCannotVoteReason
  turnout {
    __typename
    eligible
    voted
    percent
  }
}
fragment HomeDraft on Campaign {
  __typename
  id
  title
  startAt
  activationBlockers
}`, {"hash":"sha256:cbf2da999c9ab7137864cf594ed7584e74fcad79021542c7ef3032954bf4e89b"}) as unknown as TypedDocumentString<HomeQuery, HomeQueryVariables>;
export const ProfileDocument = new TypedDocumentString(`
    query Profile {
  __typename
  me {
    __typename
    id
    displayName
    discordUsername
    createdAt
    registeredAt
    rank {
      __typename
      id
      name
    }
    characters {
      __typename
      ...CharacterParts
    }
  }
  sessions {
    __typename
    id
    createdAt
    lastUsedAt
    userAgent
    isCurrent
  }
}
    fragment CharacterParts on Character {
  __typename
  id
  name
  realm
  class
  spec
  role
  isMain
  armoryUrl
}`, {"hash":"sha256:afa983dd87ee9097ed5d67a128b0a247da805af0faabac90571ed21ce3616ebe"}) as unknown as TypedDocumentString<ProfileQuery, ProfileQueryVariables>;
export const UpdateMeDocument = new TypedDocumentString(`
    mutation UpdateMe($input: UpdateMeInput!) {
  __typename
  updateMe(input: $input) {
    __typename
    member {
      __typename
      id
      displayName
    }
  }
}
    `, {"hash":"sha256:90e686107139f018b4f73f80a14f2831d9c969bc90adb562c660abec1a5d8899"}) as unknown as TypedDocumentString<UpdateMeMutation, UpdateMeMutationVariables>;
export const ChangePasswordDocument = new TypedDocumentString(`
    mutation ChangePassword($input: ChangePasswordInput!) {
  __typename
  changePassword(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:6b21050862d139aeb627ea5ecd18d3bf33a33a6acb4329291fa98c11e971ebfe"}) as unknown as TypedDocumentString<ChangePasswordMutation, ChangePasswordMutationVariables>;
export const RevokeSessionDocument = new TypedDocumentString(`
    mutation RevokeSession($id: ID!) {
  __typename
  revokeSession(id: $id) {
    __typename
    deletedId
  }
}
    `, {"hash":"sha256:12ef08196ead719e4038f581106ab84f72327b6da7cb293be74e6e4954ace3ee"}) as unknown as TypedDocumentString<RevokeSessionMutation, RevokeSessionMutationVariables>;
export const MyDataDocument = new TypedDocumentString(`
    query MyData {
  __typename
  exportMyData {
    __typename
    fileName
    data
  }
}
    `, {"hash":"sha256:5d96d6a1e5ad595b7aa0f6e78179e08230378cef9ae4758133b3d925705b3bd2"}) as unknown as TypedDocumentString<MyDataQuery, MyDataQueryVariables>;
export const LogoutEverywhereDocument = new TypedDocumentString(`
    mutation LogoutEverywhere {
  __typename
  logoutEverywhere {
    __typename
    success
  }
}
    `, {"hash":"sha256:026e36bca781c7fb91d85d9d524871113acbcc868148f46405e38e0090ca67c0"}) as unknown as TypedDocumentString<LogoutEverywhereMutation, LogoutEverywhereMutationVariables>;
export const MemberDocument = new TypedDocumentString(`
    query Member($id: ID!, $canInvite: Boolean!) {
  __typename
  member(id: $id) {
    __typename
    ...MemberParts
    openInvite @include(if: $canInvite) {
      __typename
      createdAt
      expiresAt
      createdBy {
        __typename
        id
        displayName
      }
    }
    characters {
      __typename
      ...CharacterParts
    }
    participation {
      __typename
      eligible
      voted
      percent
    }
  }
}
    fragment CharacterParts on Character {
  __typename
  id
  name
  realm
  class
  spec
  role
  isMain
  armoryUrl
}
fragment MemberParts on Member {
  __typename
  id
  displayName
  discordUsername
  discordId
  isRegistered
  isActive
  createdAt
  registeredAt
  lastSeenAt
  rank {
    __typename
    id
    name
    level
  }
  rankSource
  viewerActions
}`, {"hash":"sha256:f617249db75924016e38abf8b73a24bf6cc7d79622a8ed50dc634decfb0d0338"}) as unknown as TypedDocumentString<MemberQuery, MemberQueryVariables>;
export const AssignableRanksDocument = new TypedDocumentString(`
    query AssignableRanks {
  __typename
  ranks {
    __typename
    id
    name
    level
    viewerActions
  }
}
    `, {"hash":"sha256:055c1b520fab39c05b498351164a7f530af3b305906ce748a2cb77082f4717fb"}) as unknown as TypedDocumentString<AssignableRanksQuery, AssignableRanksQueryVariables>;
export const MemberParticipationDocument = new TypedDocumentString(`
    query MemberParticipation($id: ID!, $after: String) {
  __typename
  member(id: $id) {
    __typename
    id
    participation {
      __typename
      campaigns(first: 10, after: $after) {
        __typename
        nodes {
          __typename
          voted
          campaign {
            __typename
            id
            title
            closesAt
            status
          }
        }
        pageInfo {
          __typename
          endCursor
          hasNextPage
        }
      }
    }
  }
}
    `, {"hash":"sha256:dedfd0004d808c4fabf2e5e23581780721a42b1cc930fe8e37ee255ebf7eedf7"}) as unknown as TypedDocumentString<MemberParticipationQuery, MemberParticipationQueryVariables>;
export const MemberAuditDocument = new TypedDocumentString(`
    query MemberAudit($id: ID!, $after: String) {
  __typename
  auditLog(first: 10, after: $after, filter: {subjectId: $id}) {
    __typename
    nodes {
      __typename
      id
      at
      action
      summary
      actor {
        __typename
        id
        displayName
      }
    }
    pageInfo {
      __typename
      endCursor
      hasNextPage
    }
  }
}
    `, {"hash":"sha256:daf02b30d0d8b7a9984236870cf77afc06ae23dd66bd3635fb2c60722810c6a9"}) as unknown as TypedDocumentString<MemberAuditQuery, MemberAuditQueryVariables>;
export const CreateMemberDocument = new TypedDocumentString(`
    mutation CreateMember($input: CreateMemberInput!) {
  __typename
  createMember(input: $input) {
    __typename
    member {
      __typename
      ...MemberParts
    }
  }
}
    fragment MemberParts on Member {
  __typename
  id
  displayName
  discordUsername
  discordId
  isRegistered
  isActive
  createdAt
  registeredAt
  lastSeenAt
  rank {
    __typename
    id
    name
    level
  }
  rankSource
  viewerActions
}`, {"hash":"sha256:2328936298b450422d56c870b867862b259e4685e7472182d128c65c19d4ddd1"}) as unknown as TypedDocumentString<CreateMemberMutation, CreateMemberMutationVariables>;
export const UpdateMemberDocument = new TypedDocumentString(`
    mutation UpdateMember($input: UpdateMemberInput!) {
  __typename
  updateMember(input: $input) {
    __typename
    member {
      __typename
      ...MemberParts
    }
  }
}
    fragment MemberParts on Member {
  __typename
  id
  displayName
  discordUsername
  discordId
  isRegistered
  isActive
  createdAt
  registeredAt
  lastSeenAt
  rank {
    __typename
    id
    name
    level
  }
  rankSource
  viewerActions
}`, {"hash":"sha256:75aba14f4b839aa1f5d8072bf06f82cfd06d7ad7e8aad614aff58a151fc63638"}) as unknown as TypedDocumentString<UpdateMemberMutation, UpdateMemberMutationVariables>;
export const DeleteMemberDocument = new TypedDocumentString(`
    mutation DeleteMember($id: ID!) {
  __typename
  deleteMember(id: $id) {
    __typename
    deletedId
  }
}
    `, {"hash":"sha256:272557fb5fb6803c7a68bfd2ab581f693cb2f285b3ce9fa4f7060e7dba112e20"}) as unknown as TypedDocumentString<DeleteMemberMutation, DeleteMemberMutationVariables>;
export const EraseMemberDocument = new TypedDocumentString(`
    mutation EraseMember($id: ID!) {
  __typename
  eraseMember(id: $id) {
    __typename
    member {
      __typename
      ...MemberParts
    }
  }
}
    fragment MemberParts on Member {
  __typename
  id
  displayName
  discordUsername
  discordId
  isRegistered
  isActive
  createdAt
  registeredAt
  lastSeenAt
  rank {
    __typename
    id
    name
    level
  }
  rankSource
  viewerActions
}`, {"hash":"sha256:f1fe7962dda7852bd3e2b4e29a2c50d654cb5145395fb80877601a30e00473d7"}) as unknown as TypedDocumentString<EraseMemberMutation, EraseMemberMutationVariables>;
export const InviteMemberDocument = new TypedDocumentString(`
    mutation InviteMember($id: ID!) {
  __typename
  sendInvite(memberId: $id) {
    __typename
    code
    expiresAt
    delivery
    member {
      __typename
      ...MemberParts
      openInvite {
        __typename
        createdAt
        expiresAt
        createdBy {
          __typename
          id
          displayName
        }
      }
    }
  }
}
    fragment MemberParts on Member {
  __typename
  id
  displayName
  discordUsername
  discordId
  isRegistered
  isActive
  createdAt
  registeredAt
  lastSeenAt
  rank {
    __typename
    id
    name
    level
  }
  rankSource
  viewerActions
}`, {"hash":"sha256:aa67306aec7288e2c623f1e3ab787399c66d45e6ce1bd224f2e220a5c8872b5a"}) as unknown as TypedDocumentString<InviteMemberMutation, InviteMemberMutationVariables>;
export const RevokeMemberInviteDocument = new TypedDocumentString(`
    mutation RevokeMemberInvite($id: ID!) {
  __typename
  revokeInvite(memberId: $id) {
    __typename
    member {
      __typename
      ...MemberParts
      openInvite {
        __typename
        createdAt
        expiresAt
        createdBy {
          __typename
          id
          displayName
        }
      }
    }
  }
}
    fragment MemberParts on Member {
  __typename
  id
  displayName
  discordUsername
  discordId
  isRegistered
  isActive
  createdAt
  registeredAt
  lastSeenAt
  rank {
    __typename
    id
    name
    level
  }
  rankSource
  viewerActions
}`, {"hash":"sha256:f8dfa39ffc5273c8a305018df1381bb2d29ad805306baad944778ae7fe108c5b"}) as unknown as TypedDocumentString<RevokeMemberInviteMutation, RevokeMemberInviteMutationVariables>;
export const SendResetCodeDocument = new TypedDocumentString(`
    mutation SendResetCode($id: ID!) {
  __typename
  sendResetCode(memberId: $id) {
    __typename
    code
    expiresAt
    delivery
    member {
      __typename
      id
      viewerActions
    }
  }
}
    `, {"hash":"sha256:4ec39f6ce3a60eb7a89f0462bf9a2387e44d6547db86979840d63140de3b4cd3"}) as unknown as TypedDocumentString<SendResetCodeMutation, SendResetCodeMutationVariables>;
export const RosterFiltersDocument = new TypedDocumentString(`
    query RosterFilters {
  __typename
  ranks {
    __typename
    id
    name
    level
    viewerActions
  }
}
    `, {"hash":"sha256:e33f6ddc8e4b7f7c6c01ada22d31d851aaf6e969de8e3b5fc3ab9f116a5d7ec5"}) as unknown as TypedDocumentString<RosterFiltersQuery, RosterFiltersQueryVariables>;
export const RosterPageDocument = new TypedDocumentString(`
    query RosterPage($first: Int!, $after: String, $filter: MemberFilter, $orderBy: MemberOrder, $withTotal: Boolean!) {
  __typename
  members(first: $first, after: $after, filter: $filter, orderBy: $orderBy) {
    __typename
    nodes {
      __typename
      id
      displayName
      discordUsername
      isRegistered
      isActive
      rank {
        __typename
        id
        name
      }
      mainCharacter {
        __typename
        id
        name
        realm
        class
        spec
        role
      }
    }
    pageInfo {
      __typename
      endCursor
      hasNextPage
    }
    totalCount @include(if: $withTotal)
  }
}
    `, {"hash":"sha256:f5d30ad908b725dbec4893850cebcacfa916e6cfccd82c6e2d587d67d4a35cd0"}) as unknown as TypedDocumentString<RosterPageQuery, RosterPageQueryVariables>;
export const RegisterDocument = new TypedDocumentString(`
    mutation Register($input: RegisterInput!) {
  __typename
  register(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:231e3e06c0b385196aa74a006a94ed7ceaeea8d095a086083a7b540309382892"}) as unknown as TypedDocumentString<RegisterMutation, RegisterMutationVariables>;
export const ResetPasswordDocument = new TypedDocumentString(`
    mutation ResetPassword($input: ResetPasswordInput!) {
  __typename
  resetPassword(input: $input) {
    __typename
    accessToken
    accessTokenExpiresAt
    refreshToken
  }
}
    `, {"hash":"sha256:23091d527085a5e55b0d885cf3b8fb0c41b803ae6a4887d412c75a1e5077302a"}) as unknown as TypedDocumentString<ResetPasswordMutation, ResetPasswordMutationVariables>;
export const ResetHelpDocument = new TypedDocumentString(`
    query ResetHelp {
  __typename
  ranks {
    __typename
    id
    name
    permissions
  }
}
    `, {"hash":"sha256:357ad82ff93ac3338624a3e7f009f841aa2089a61166eefca2b375e6f2dfea5e"}) as unknown as TypedDocumentString<ResetHelpQuery, ResetHelpQueryVariables>;
export const OpenVotesDocument = new TypedDocumentString(`
    query OpenVotes {
  __typename
  live: campaigns(
    first: 50
    filter: {status: [LIVE]}
    orderBy: {field: CLOSES_AT, direction: ASC}
  ) {
    __typename
    nodes {
      __typename
      ...VoteRow
    }
    pageInfo {
      __typename
      hasNextPage
    }
  }
  drafts: campaigns(
    first: 50
    filter: {status: [DRAFT]}
    orderBy: {field: CREATED_AT, direction: DESC}
  ) {
    __typename
    nodes {
      __typename
      ...VoteRow
    }
    pageInfo {
      __typename
      hasNextPage
    }
  }
}
    fragment VoteRow on Campaign {
  __typename
  id
  title
  method
  status
  startAt
  closesAt
  closedAt
  cancelReason
  turnout {
    __typename
    eligible
    voted
    percent
  }
  viewerCanVote
}`, {"hash":"sha256:75bb7caa0811d6d81c597afd9964ad0b9505dc33ce030add3e87d068aac66827"}) as unknown as TypedDocumentString<OpenVotesQuery, OpenVotesQueryVariables>;
export const PastVotesDocument = new TypedDocumentString(`
    query PastVotes($status: CampaignStatus!, $first: Int!, $after: String) {
  __typename
  campaigns(
    first: $first
    after: $after
    filter: {status: [$status]}
    orderBy: {field: CLOSES_AT, direction: DESC}
  ) {
    __typename
    nodes {
      __typename
      ...VoteRow
      winners {
        __typename
        id
        name
      }
    }
    pageInfo {
      __typename
      hasNextPage
      endCursor
    }
  }
}
    fragment VoteRow on Campaign {
  __typename
  id
  title
  method
  status
  startAt
  closesAt
  closedAt
  cancelReason
  turnout {
    __typename
    eligible
    voted
    percent
  }
  viewerCanVote
}`, {"hash":"sha256:26de9f812e48bcc0210e4422762e4c8f61ccf312e0473295ae1a0641b82d807a"}) as unknown as TypedDocumentString<PastVotesQuery, PastVotesQueryVariables>;
export const VoteDocument = new TypedDocumentString(`
    query Vote($id: ID!, $managesVotes: Boolean!) {
  __typename
  campaign(id: $id) {
    __typename
    ...VoteDetails
    activationBlockers @include(if: $managesVotes)
  }
  ranks {
    __typename
    id
    name
    level
  }
}
    fragment VoteEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}
fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}
fragment VoteDetails on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  status
  startAt
  closesAt
  closedAt
  durationHours
  minRankLevelToVote
  resultsVisibility
  earlyCloseIfAllVoted
  createdAt
  closeReason
  cancelReason
  outcome
  viewerActions
  decidedByListedOrder
  standingsHiddenReason
  viewerCanVote
  viewerCannotVoteReason
  turnout {
    __typename
    ...VoteTurnout
  }
  entries {
    __typename
    ...VoteEntry
  }
  winners {
    __typename
    id
    name
  }
  viewerBallot {
    __typename
    ...OwnBallot
  }
}`, {"hash":"sha256:781d5662891ad5b543b26551a4992dbe0ba4f53a5cd443588ad8ebaffc5e0d99"}) as unknown as TypedDocumentString<VoteQuery, VoteQueryVariables>;
export const VoteStandingsDocument = new TypedDocumentString(`
    query VoteStandings($id: ID!) {
  __typename
  campaign(id: $id) {
    __typename
    id
    method
    ballotBox {
      __typename
      digest
    }
    standings {
      __typename
      ...VoteStanding
    }
    runoffRounds {
      __typename
      ...VoteRunoffRound
    }
    pairwise {
      __typename
      ...VotePairwiseRow
    }
    transfers {
      __typename
      ...VoteTransferCount
    }
  }
}
    fragment VoteStanding on Standing {
  __typename
  place
  points
  pickCounts
  entry {
    __typename
    id
    name
  }
}
fragment VoteRunoffRound on RunoffRound {
  __typename
  number
  exhausted
  tieBroken
  counts {
    __typename
    entry {
      __typename
      id
      name
    }
    votes
  }
  eliminated {
    __typename
    id
    name
  }
  winner {
    __typename
    id
    name
  }
}
fragment VotePairwiseRow on PairwiseRow {
  __typename
  entry {
    __typename
    id
    name
  }
  preferred
  strengths
}
fragment VoteTransferCount on TransferCount {
  __typename
  quota
  stages {
    __typename
    number
    tieBroken
    nonTransferable
    surplusOf {
      __typename
      id
      name
    }
    excluded {
      __typename
      id
      name
    }
    counts {
      __typename
      entry {
        __typename
        id
        name
      }
      votes
    }
    elected {
      __typename
      id
      name
    }
  }
  elected {
    __typename
    id
    name
  }
}`, {"hash":"sha256:6072c2fe3d5c6af48e39e194488d1121ffd880ca6a564d7ba6003e6656eaa800"}) as unknown as TypedDocumentString<VoteStandingsQuery, VoteStandingsQueryVariables>;
export const OwnBallotDocument = new TypedDocumentString(`
    query OwnBallot($id: ID!) {
  __typename
  campaign(id: $id) {
    __typename
    id
    viewerBallot {
      __typename
      ...OwnBallot
    }
  }
}
    fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}`, {"hash":"sha256:58e9843b395698b212bb4909b77449397e45fc05c67ceee53232faf03d29dba2"}) as unknown as TypedDocumentString<OwnBallotQuery, OwnBallotQueryVariables>;
export const BallotBoxFileDocument = new TypedDocumentString(`
    query BallotBoxFile($id: ID!) {
  __typename
  campaign(id: $id) {
    __typename
    id
    ballotBox {
      __typename
      count
      digest
      file
    }
  }
}
    `, {"hash":"sha256:958f1cd1984d7e4c051de33248e12d3d5a819c52f56d4e30309b7bacf05b6318"}) as unknown as TypedDocumentString<BallotBoxFileQuery, BallotBoxFileQueryVariables>;
export const CastBallotDocument = new TypedDocumentString(`
    mutation CastBallot($input: CastBallotInput!) {
  __typename
  castBallot(input: $input) {
    __typename
    ballot {
      __typename
      ...OwnBallot
    }
    campaign {
      __typename
      id
      status
      closesAt
      closedAt
      viewerCanVote
      viewerCannotVoteReason
      standingsHiddenReason
      turnout {
        __typename
        ...VoteTurnout
      }
      viewerBallot {
        __typename
        ...OwnBallot
      }
    }
  }
}
    fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}
fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}`, {"hash":"sha256:38146cf54b5f9ac3e5323384ebeb253c6208b7d2939bb45fe816b0ecd3f16828"}) as unknown as TypedDocumentString<CastBallotMutation, CastBallotMutationVariables>;
export const CloseVoteDocument = new TypedDocumentString(`
    mutation CloseVote($id: ID!) {
  __typename
  closeCampaign(id: $id) {
    __typename
    campaign {
      __typename
      ...VoteDetails
    }
  }
}
    fragment VoteEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}
fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}
fragment VoteDetails on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  status
  startAt
  closesAt
  closedAt
  durationHours
  minRankLevelToVote
  resultsVisibility
  earlyCloseIfAllVoted
  createdAt
  closeReason
  cancelReason
  outcome
  viewerActions
  decidedByListedOrder
  standingsHiddenReason
  viewerCanVote
  viewerCannotVoteReason
  turnout {
    __typename
    ...VoteTurnout
  }
  entries {
    __typename
    ...VoteEntry
  }
  winners {
    __typename
    id
    name
  }
  viewerBallot {
    __typename
    ...OwnBallot
  }
}`, {"hash":"sha256:80bca8bd4433826f536ebf2f2572a4d3069500717599a077ede5531a6ac8acf8"}) as unknown as TypedDocumentString<CloseVoteMutation, CloseVoteMutationVariables>;
export const CancelVoteDocument = new TypedDocumentString(`
    mutation CancelVote($input: CancelCampaignInput!) {
  __typename
  cancelCampaign(input: $input) {
    __typename
    campaign {
      __typename
      ...VoteDetails
    }
  }
}
    fragment VoteEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}
fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}
fragment VoteDetails on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  status
  startAt
  closesAt
  closedAt
  durationHours
  minRankLevelToVote
  resultsVisibility
  earlyCloseIfAllVoted
  createdAt
  closeReason
  cancelReason
  outcome
  viewerActions
  decidedByListedOrder
  standingsHiddenReason
  viewerCanVote
  viewerCannotVoteReason
  turnout {
    __typename
    ...VoteTurnout
  }
  entries {
    __typename
    ...VoteEntry
  }
  winners {
    __typename
    id
    name
  }
  viewerBallot {
    __typename
    ...OwnBallot
  }
}`, {"hash":"sha256:06f79238d32edb3df6f1023988396499126b8c0438e7356f990070c8b6954338"}) as unknown as TypedDocumentString<CancelVoteMutation, CancelVoteMutationVariables>;
export const ArchiveVoteDocument = new TypedDocumentString(`
    mutation ArchiveVote($id: ID!) {
  __typename
  archiveCampaign(id: $id) {
    __typename
    campaign {
      __typename
      ...VoteDetails
    }
  }
}
    fragment VoteEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}
fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}
fragment VoteDetails on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  status
  startAt
  closesAt
  closedAt
  durationHours
  minRankLevelToVote
  resultsVisibility
  earlyCloseIfAllVoted
  createdAt
  closeReason
  cancelReason
  outcome
  viewerActions
  decidedByListedOrder
  standingsHiddenReason
  viewerCanVote
  viewerCannotVoteReason
  turnout {
    __typename
    ...VoteTurnout
  }
  entries {
    __typename
    ...VoteEntry
  }
  winners {
    __typename
    id
    name
  }
  viewerBallot {
    __typename
    ...OwnBallot
  }
}`, {"hash":"sha256:5e932a3a08ae9a9a21fe181b154d65a3773c622d8f57897c275c1b360d4eb9f8"}) as unknown as TypedDocumentString<ArchiveVoteMutation, ArchiveVoteMutationVariables>;
export const SetVoteOutcomeDocument = new TypedDocumentString(`
    mutation SetVoteOutcome($input: SetOutcomeInput!) {
  __typename
  setOutcome(input: $input) {
    __typename
    campaign {
      __typename
      ...VoteDetails
    }
  }
}
    fragment VoteEntry on CampaignEntry {
  __typename
  id
  name
  description
  imageUrl
  associatedMember {
    __typename
    id
    displayName
  }
}
fragment OwnBallot on Ballot {
  __typename
  id
  castAt
  receipt
  nonce
  picks {
    __typename
    id
    name
  }
}
fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}
fragment VoteDetails on Campaign {
  __typename
  id
  title
  description
  method
  picksPerVoter
  seats
  status
  startAt
  closesAt
  closedAt
  durationHours
  minRankLevelToVote
  resultsVisibility
  earlyCloseIfAllVoted
  createdAt
  closeReason
  cancelReason
  outcome
  viewerActions
  decidedByListedOrder
  standingsHiddenReason
  viewerCanVote
  viewerCannotVoteReason
  turnout {
    __typename
    ...VoteTurnout
  }
  entries {
    __typename
    ...VoteEntry
  }
  winners {
    __typename
    id
    name
  }
  viewerBallot {
    __typename
    ...OwnBallot
  }
}`, {"hash":"sha256:8f1a75e20c8dcd2c9bdd0f6779cf497aee5a02aa034940235fb060dff50a0c6c"}) as unknown as TypedDocumentString<SetVoteOutcomeMutation, SetVoteOutcomeMutationVariables>;
export const VoteTallyDocument = new TypedDocumentString(`
    subscription VoteTally($id: ID!) {
  voteTally(campaignId: $id) {
    __typename
    revision
    status
    isFinal
    countedAt
    turnout {
      __typename
      ...VoteTurnout
    }
    standings {
      __typename
      ...VoteStanding
    }
    runoffRounds {
      __typename
      ...VoteRunoffRound
    }
    pairwise {
      __typename
      ...VotePairwiseRow
    }
    transfers {
      __typename
      ...VoteTransferCount
    }
  }
}
    fragment VoteStanding on Standing {
  __typename
  place
  points
  pickCounts
  entry {
    __typename
    id
    name
  }
}
fragment VoteRunoffRound on RunoffRound {
  __typename
  number
  exhausted
  tieBroken
  counts {
    __typename
    entry {
      __typename
      id
      name
    }
    votes
  }
  eliminated {
    __typename
    id
    name
  }
  winner {
    __typename
    id
    name
  }
}
fragment VotePairwiseRow on PairwiseRow {
  __typename
  entry {
    __typename
    id
    name
  }
  preferred
  strengths
}
fragment VoteTransferCount on TransferCount {
  __typename
  quota
  stages {
    __typename
    number
    tieBroken
    nonTransferable
    surplusOf {
      __typename
      id
      name
    }
    excluded {
      __typename
      id
      name
    }
    counts {
      __typename
      entry {
        __typename
        id
        name
      }
      votes
    }
    elected {
      __typename
      id
      name
    }
  }
  elected {
    __typename
    id
    name
  }
}
fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}`, {"hash":"sha256:91aeb9e152568653f06dc2a99e4fc46d185f4ebb6d882c1b1541c60376983dbb"}) as unknown as TypedDocumentString<VoteTallySubscription, VoteTallySubscriptionVariables>;
export const VoteTurnoutDocument = new TypedDocumentString(`
    subscription VoteTurnout($id: ID!) {
  turnoutChanged(campaignId: $id) {
    __typename
    campaignId
    isFinal
    turnout {
      __typename
      ...VoteTurnout
    }
  }
}
    fragment VoteTurnout on Turnout {
  __typename
  eligible
  voted
  percent
  awaitingRegistration
}`, {"hash":"sha256:2ab0b6e7aa7d14f5adf253d1d1442301e9b2e553269bb37c2fc1fe0692883089"}) as unknown as TypedDocumentString<VoteTurnoutSubscription, VoteTurnoutSubscriptionVariables>;
export const VoteChangedDocument = new TypedDocumentString(`
    subscription VoteChanged($id: ID!) {
  campaignChanged(campaignId: $id) {
    __typename
    id
    status
    closesAt
    closedAt
  }
}
    `, {"hash":"sha256:6bb0506695b16ae1b4a7ca66deba886dbbe67f202be89076a457351df0731ed8"}) as unknown as TypedDocumentString<VoteChangedSubscription, VoteChangedSubscriptionVariables>;