//! Records which members can no longer vote in live campaigns. They still count as eligible, so that the turnout does not
//! reveal whether they voted.

use diesel::{
    dsl::{exists, not},
    prelude::*,
    sql_types::BigInt,
};
use diesel_async::RunQueryDsl;

use super::rows::Member;
use crate::{
    db::{
        CampaignStatus, Conn, on,
        schema::{campaigns, former_electors, members},
    },
    kernel::id::GuildId,
};

/// Whether a member is recorded for a campaign.
macro_rules! is_recorded {
    ($member:expr) => {
        exists(
            former_electors::table.filter(
                former_electors::guild_id
                    .eq(campaigns::guild_id)
                    .and(former_electors::campaign_id.eq(campaigns::id))
                    .and(former_electors::member_id.eq($member)),
            ),
        )
    };
}

/// Records the live campaigns in which the change of a member ends their right to vote. The caller must have locked the
/// roster.
pub(super) async fn record(conn: &mut Conn, before: &Member, after: &Member) -> QueryResult<()> {
    if !before.is_registered() || (after.is_registered() && after.rank_level >= before.rank_level) {
        return Ok(());
    }
    let (guild, member) = (before.guild_id, before.id);
    // Without an account or deactivated, no level suffices.
    let level = if after.is_registered() { after.rank_level } else { 0 };
    let lost = || {
        campaigns::table
            .filter(campaigns::guild_id.eq(guild).and(campaigns::status.eq(CampaignStatus::Live)))
            .filter(campaigns::min_rank_level_to_vote.le(before.rank_level))
            .filter(campaigns::min_rank_level_to_vote.gt(level))
            .filter(not(is_recorded!(member)))
            .select((campaigns::guild_id, campaigns::id, member.0.into_sql::<BigInt>()))
    };
    let columns = (former_electors::guild_id, former_electors::campaign_id, former_electors::member_id);
    on!(conn, c => diesel::insert_into(former_electors::table).values(lost()).into_columns(columns).execute(c))?;
    Ok(())
}

/// Records everyone who can vote in a live campaign of a guild, because they all lose their account. The caller must
/// have locked the roster.
pub(super) async fn record_all(conn: &mut Conn, guild: GuildId) -> QueryResult<()> {
    let electors = || {
        campaigns::table
            .inner_join(members::table.on(members::guild_id.eq(campaigns::guild_id)))
            .filter(campaigns::guild_id.eq(guild).and(campaigns::status.eq(CampaignStatus::Live)))
            .filter(members::is_active.and(members::registered_at.is_not_null()))
            .filter(members::rank_level.ge(campaigns::min_rank_level_to_vote))
            .filter(not(is_recorded!(members::id)))
            .select((campaigns::guild_id, campaigns::id, members::id))
    };
    let columns = (former_electors::guild_id, former_electors::campaign_id, former_electors::member_id);
    on!(conn, c => diesel::insert_into(former_electors::table).values(electors()).into_columns(columns).execute(c))?;
    Ok(())
}
