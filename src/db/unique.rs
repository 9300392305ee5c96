//! Identifies violated unique constraints.

use diesel::result::DatabaseErrorKind;

/// The unique constraints that an operation can violate: the name that PostgreSQL reports, and the columns that SQLite
/// does.
const UNIQUE: [(&str, &str); 11] = [
    ("guilds_slug", "guilds.slug"),
    ("ranks_name", "ranks.guild_id, ranks.name_key"),
    ("ranks_level", "ranks.guild_id, ranks.level"),
    ("members_username", "members.guild_id, members.username_key"),
    ("members_discord_id", "members.guild_id, members.discord_id"),
    ("characters_name", "characters.guild_id, characters.name_key, characters.realm_key"),
    ("characters_one_main", "characters.guild_id, characters.member_id"),
    ("ballots_one_per_member", "ballots.guild_id, ballots.campaign_id, ballots.member_id"),
    ("ballots_nonce", "ballots.guild_id, ballots.nonce, ballots.campaign_id"),
    ("discord_links_server", "discord_links.server_id"),
    ("picks_no_entry_twice", "picks.guild_id, picks.campaign_id, picks.member_id, picks.entry_id"),
];

/// Returns the name of the violated unique constraint, which is the same on both databases.
pub fn violated_constraint(error: &diesel::result::Error) -> Option<&'static str> {
    let diesel::result::Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info) = error else { return None };
    let columns = info.message().rsplit(": ").next().unwrap_or_default();
    UNIQUE
        .iter()
        .find(|(name, sqlite)| info.constraint_name() == Some(name) || columns == *sqlite)
        .map(|(name, _)| *name)
}
