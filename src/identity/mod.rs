//! Guilds, ranks, members and their characters.

mod actions;
mod armory;
mod bounds;
mod bounds_store;
mod characters;
pub mod classes;
mod deletion;
mod deletion_store;
mod former_electors;
mod guild_import;
mod guilds;
pub mod import;
mod key_refresh;
mod members;
mod policy;
mod rank_levels;
mod ranks;
mod roster;
mod roster_cache;
mod rows;
pub mod store;

pub use self::{
    actions::{MemberAction, RankAction, SEND_INVITE, SEND_RESET_CODE, member_actions, rank_actions},
    armory::{RealmFile, armory_url},
    bounds::{keep_meaning, moves_of_bounds},
    characters::{CharacterChange, NewCharacter, create_character, delete_character, update_character},
    deletion::delete_member,
    deletion_store::members_in_use,
    guild_import::import_guild,
    guilds::{GuildChange, Guilds, check_guild, check_slug, create_guild, delete_guild, suspend_guild, update_guild},
    key_refresh::refresh_keys,
    members::{MemberChange, NewMember, create_member, revoke_access, summarize_change, update_me, update_member},
    policy::{Ladder, MANAGE_GUILD, MANAGE_MEMBERS, MANAGE_RANKS, check_leader_remains, lock_roster},
    rank_levels::{RankLevel, set_rank_levels},
    ranks::{NewRank, RankChange, create_rank, delete_rank, move_ranks, update_rank},
    roster::{ImportOptions, ImportOutcome, RosterFile, export_roster, import_roster},
    roster_cache::{Characters, MemberPage, RosterCache, RosterVersion},
    rows::{
        CHARACTER_VALUES, Character, CharacterClass, CharacterFilter, CharacterKey, CharacterRole, Guild, LeaderCounts,
        Member, MemberFilter, MemberKey, MemberList, MemberOrder, MemberOrderField, Rank, RankSource, Region,
    },
};
