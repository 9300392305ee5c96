//! Rules without I/O, by examples and by properties of random input (`proptest`).

mod announcement_events;
mod bounds;
mod characters;
mod ciphers;
mod client_addresses;
mod clock;
mod databases;
mod discord_announcements;
mod discord_ballots;
mod discord_breaker;
mod discord_pauses;
mod discord_refused_parts;
mod discord_replies;
mod discord_roles;
mod discord_server;
mod discord_wording;
mod documents;
mod ids;
mod import;
mod ladder;
mod login_limits;
mod media_types;
mod metrics;
mod notifications;
mod pruning;
mod public_urls;
mod rate_limits;
mod redaction;
mod refusals;
mod response_cache;
mod response_memory;
mod text;
mod tokens;
mod unknown_values;
mod viewer_cache;
mod voting_methods;

use guildhall::{
    access::{Permissions, Viewer},
    kernel::{
        clock::Timestamp,
        id::{GuildId, MemberId, RankId},
    },
};

/// A viewer of this rank level with every permission. The highest level of their guild is 5.
fn viewer(rank_level: i64) -> Viewer {
    Viewer {
        guild: GuildId(1),
        member: MemberId(1),
        rank: RankId(rank_level),
        rank_name: rank_level.to_string(),
        rank_level,
        ladder_version: 0,
        permissions: Permissions::all(),
        is_registered: true,
        session: None,
        credentials_version: 0,
        token_expires_at: Timestamp::default(),
    }
}
