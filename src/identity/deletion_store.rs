//! Queries of the deletion of members.

use diesel::{dsl::exists, prelude::*};
use diesel_async::RunQueryDsl;

use crate::{
    db::{
        AnyOf, Conn, on,
        schema::{abstentions, audit_events, ballots, campaigns, entries, former_electors, members},
    },
    kernel::id::{GuildId, MemberId},
};

/// Deletes a member with their characters, codes and sessions. Violates a foreign key if anything else refers to them.
pub async fn delete_member(conn: &mut Conn, guild: GuildId, id: MemberId) -> QueryResult<()> {
    on!(conn, c => diesel::delete(members::table.find((guild, id))).execute(c))?;
    Ok(())
}

/// The members among these to whom votes or the audit log refer: by ballots, missed votes, lost rights to vote, entries
/// about them, and what they created or changed.
pub async fn members_in_use(conn: &mut Conn, guild: GuildId, ids: &[MemberId]) -> QueryResult<Vec<MemberId>> {
    macro_rules! is_referred_to {
        ($table:ident, $column:ident) => {
            exists($table::table.filter($table::guild_id.eq(members::guild_id)).filter($table::$column.eq(members::id)))
        };
        ($table:ident, nullable $column:ident) => {
            exists(
                $table::table
                    .filter($table::guild_id.eq(members::guild_id))
                    .filter($table::$column.eq(members::id.nullable())),
            )
        };
    }
    let in_votes = || {
        is_referred_to!(ballots, member_id)
            .or(is_referred_to!(abstentions, member_id))
            .or(is_referred_to!(former_electors, member_id))
            .or(is_referred_to!(entries, nullable associated_member_id))
            .or(is_referred_to!(campaigns, nullable created_by))
    };
    on!(conn, c => members::table
        .filter(members::guild_id.eq(guild).and(members::id.any_of(ids)))
        .filter(in_votes().or(is_referred_to!(audit_events, nullable actor_id)))
        .select(members::id)
        .load(c))
}
