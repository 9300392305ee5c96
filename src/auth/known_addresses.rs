//! The addresses from which a member signed in. Failures from other addresses do not lock the account there.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::{
    db::{
        AnyOf, Conn, on,
        schema::{known_addresses, members},
    },
    kernel::{
        clock::Timestamp,
        id::{GuildId, MemberId},
    },
};

/// How long an address stays known after its last use.
pub const KNOWN_FOR: Duration = Duration::from_hours(24 * 90);

/// Maximum number of known addresses of a member. A new one replaces the one that was used longest ago.
const MAX_KNOWN: usize = 20;

/// How often the last use of an address is stored.
const REFRESH_AFTER: Duration = Duration::from_hours(24);

/// Stores that a member signed in from an address or renewed a session there. `address` is its hash
/// ([`super::AddressHasher`]).
pub async fn remember(
    conn: &mut Conn,
    guild: GuildId,
    member: MemberId,
    address: &str,
    now: Timestamp,
) -> QueryResult<()> {
    let known: Vec<(String, Timestamp)> = on!(conn, c => known_addresses::table
        .filter(known_addresses::guild_id.eq(guild).and(known_addresses::member_id.eq(member)))
        .order((known_addresses::last_used_at.desc(), known_addresses::address))
        .select((known_addresses::address, known_addresses::last_used_at))
        .load(c))?;
    if known.iter().any(|(known, last_used_at)| known == address && *last_used_at > now - REFRESH_AFTER) {
        return Ok(());
    }
    let others = known.into_iter().filter(|(known, _)| known != address);
    let forgotten: Vec<String> = others.skip(MAX_KNOWN - 1).map(|(address, _)| address).collect();
    if !forgotten.is_empty() {
        on!(conn, c => diesel::delete(known_addresses::table)
            .filter(known_addresses::guild_id.eq(guild).and(known_addresses::member_id.eq(member)))
            .filter(known_addresses::address.any_of(&forgotten))
            .execute(c))?;
    }
    let row = (
        known_addresses::guild_id.eq(guild),
        known_addresses::member_id.eq(member),
        known_addresses::address.eq(address),
        known_addresses::last_used_at.eq(now),
    );
    on!(conn, c => diesel::insert_into(known_addresses::table)
        .values(row)
        .on_conflict((known_addresses::guild_id, known_addresses::member_id, known_addresses::address))
        .do_update()
        .set(known_addresses::last_used_at.eq(now))
        .execute(c))?;
    Ok(())
}

/// Whether the member with this username key is known at an address.
pub async fn is_known(
    conn: &mut Conn,
    guild: GuildId,
    username_key: &str,
    address: &str,
    now: Timestamp,
) -> QueryResult<bool> {
    let known =
        || {
            known_addresses::table
                .inner_join(members::table.on(
                    members::guild_id.eq(known_addresses::guild_id).and(members::id.eq(known_addresses::member_id)),
                ))
                .filter(members::guild_id.eq(guild).and(members::username_key.eq(username_key)))
                .filter(known_addresses::address.eq(address).and(known_addresses::last_used_at.gt(now - KNOWN_FOR)))
        };
    on!(conn, c => diesel::select(diesel::dsl::exists(known())).get_result(c))
}
