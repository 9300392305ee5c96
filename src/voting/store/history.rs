//! Queries over the participation of members, and over past campaigns.

use diesel::{
    dsl::{count_star, exists, not},
    prelude::*,
    sql_types::{BigInt, Bool},
};
use diesel_async::RunQueryDsl;

use crate::{
    access::store::current_level,
    db::{
        AnyOf, CampaignStatus, Conn, on, on_rows,
        schema::{abstentions, ballots, campaigns, former_electors, members},
    },
    kernel::{
        clock::Timestamp,
        id::{CampaignId, GuildId, MemberId},
        page::Page,
    },
    voting::{
        campaign_list::PastKey,
        rows::{Campaign, CampaignCloseReason, KnownCampaigns, ResultsVisibility},
    },
};

/// The columns of a campaign that a member's participation needs.
#[derive(Clone, Copy, Debug, Queryable, Selectable)]
#[diesel(table_name = campaigns)]
pub struct CampaignHeader {
    pub id: CampaignId,
    pub created_at: Timestamp,
    pub status: CampaignStatus,
    pub results_visibility: ResultsVisibility,
    pub close_reason: Option<CampaignCloseReason>,
}

/// Stores which electors of a campaign have not voted. Deletes its former electors, who are among them or have voted.
pub async fn insert_abstentions(conn: &mut Conn, campaign: &Campaign) -> QueryResult<()> {
    let (guild, id, level) = (campaign.guild_id, campaign.id, campaign.min_rank_level_to_vote);
    let rows = || non_voters!(guild, id, level).select((members::guild_id, id.0.into_sql::<BigInt>(), members::id));
    let columns = (abstentions::guild_id, abstentions::campaign_id, abstentions::member_id);
    on!(conn, c => diesel::insert_into(abstentions::table).values(rows()).into_columns(columns).execute(c))?;
    let is_stored = || {
        exists(
            abstentions::table.filter(
                abstentions::guild_id
                    .eq(former_electors::guild_id)
                    .and(abstentions::campaign_id.eq(former_electors::campaign_id))
                    .and(abstentions::member_id.eq(former_electors::member_id)),
            ),
        )
    };
    let rows = || former_non_voters!(guild, id).filter(not(is_stored())).select(former_electors::all_columns);
    on!(conn, c => diesel::insert_into(abstentions::table).values(rows()).into_columns(columns).execute(c))?;
    delete_former_electors(conn, campaign).await
}

/// Deletes the former electors of a campaign, which only live campaigns have.
pub async fn delete_former_electors(conn: &mut Conn, campaign: &Campaign) -> QueryResult<()> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    let former = former_electors::guild_id.eq(guild).and(former_electors::campaign_id.eq(id));
    on!(conn, c => diesel::delete(former_electors::table.filter(former)).execute(c))?;
    Ok(())
}

/// Whether this viewer's rank can see a campaign. Without a viewer, every campaign can be seen.
macro_rules! is_in_sight {
    ($guild:expr, $viewer:expr) => {{
        let viewer: Option<MemberId> = $viewer;
        // No member has the id 0.
        let level = current_level!($guild, viewer.unwrap_or(MemberId(0)));
        let bound = || campaigns::min_rank_level_to_view;
        viewer.is_none().into_sql::<Bool>().or(bound().is_null()).or(bound().assume_not_null().le(level))
    }};
}

/// The campaigns in which these members have voted, and that this viewer can see.
pub async fn voted(
    conn: &mut Conn,
    guild: GuildId,
    viewer: Option<MemberId>,
    ids: &[MemberId],
) -> QueryResult<Vec<(MemberId, CampaignHeader)>> {
    on!(conn, c => ballots::table
        .inner_join(campaigns::table.on(
            campaigns::guild_id.eq(ballots::guild_id).and(campaigns::id.eq(ballots::campaign_id)),
        ))
        .filter(ballots::guild_id.eq(guild).and(ballots::member_id.any_of(ids)).and(KnownCampaigns))
        .filter(is_in_sight!(guild, viewer))
        .select((ballots::member_id, CampaignHeader::as_select()))
        .load(c))
}

/// The past campaigns in which these members could have voted but did not, and that this viewer can see.
pub async fn abstained(
    conn: &mut Conn,
    guild: GuildId,
    viewer: Option<MemberId>,
    ids: &[MemberId],
) -> QueryResult<Vec<(MemberId, CampaignHeader)>> {
    on!(conn, c => abstentions::table
        .inner_join(campaigns::table.on(
            campaigns::guild_id.eq(abstentions::guild_id).and(campaigns::id.eq(abstentions::campaign_id)),
        ))
        .filter(abstentions::guild_id.eq(guild).and(abstentions::member_id.any_of(ids)).and(KnownCampaigns))
        .filter(is_in_sight!(guild, viewer))
        .select((abstentions::member_id, CampaignHeader::as_select()))
        .load(c))
}

/// The live campaigns in which these members are eligible, or were since it went live, and have not voted yet, and that
/// this viewer can see.
pub async fn yet_to_vote(
    conn: &mut Conn,
    guild: GuildId,
    viewer: Option<MemberId>,
    ids: &[MemberId],
) -> QueryResult<Vec<(MemberId, CampaignHeader)>> {
    let own_ballot = || {
        ballots::table.filter(
            ballots::guild_id
                .eq(campaigns::guild_id)
                .and(ballots::campaign_id.eq(campaigns::id))
                .and(ballots::member_id.eq(members::id)),
        )
    };
    let was_elector = || {
        exists(
            former_electors::table.filter(
                former_electors::guild_id
                    .eq(campaigns::guild_id)
                    .and(former_electors::campaign_id.eq(campaigns::id))
                    .and(former_electors::member_id.eq(members::id)),
            ),
        )
    };
    let is_eligible = || {
        members::rank_level
            .ge(campaigns::min_rank_level_to_vote)
            .and(members::is_active)
            .and(members::registered_at.is_not_null())
    };
    on!(conn, c => campaigns::table
        .inner_join(members::table.on(members::guild_id.eq(campaigns::guild_id)))
        .filter(campaigns::guild_id.eq(guild).and(campaigns::status.eq(CampaignStatus::Live)).and(KnownCampaigns))
        .filter(members::id.any_of(ids).and(is_eligible().or(was_elector())))
        .filter(not(exists(own_ballot())))
        .filter(is_in_sight!(guild, viewer))
        .select((members::id, CampaignHeader::as_select()))
        .load(c))
}

/// Filters a boxed query for the past campaigns of a guild that this viewer can see. Cancelled campaigns are left out.
macro_rules! past {
    ($query:expr, $guild:expr, $viewer:expr) => {{
        let query = $query
            .filter(campaigns::guild_id.eq($guild).and(campaigns::status.any_of(&CampaignStatus::OVER)))
            .filter(campaigns::closed_at.is_not_null())
            .filter(
                campaigns::close_reason
                    .is_null()
                    .or(campaigns::close_reason.assume_not_null().ne(CampaignCloseReason::Cancelled)),
            );
        let unlimited = campaigns::min_rank_level_to_view.is_null();
        let bound = campaigns::min_rank_level_to_view.assume_not_null();
        match $viewer {
            Some(viewer) => query.filter(unlimited.or(bound.le(current_level!($guild, viewer)))),
            None => query.filter(unlimited),
        }
    }};
}

/// A page of past campaigns, last closed first; a backward page is in reverse order.
pub async fn list_past(
    conn: &mut Conn,
    guild: GuildId,
    viewer: Option<MemberId>,
    page: &Page<PastKey>,
) -> QueryResult<Vec<Campaign>> {
    let closed_at = || campaigns::closed_at.assume_not_null();
    on_rows!(conn, Campaign::load, all => {
        let mut query = past!(all, guild, viewer).limit(page.limit());
        if let Some((at, id)) = page.after {
            query = query.filter(closed_at().lt(at).or(closed_at().eq(at).and(campaigns::id.lt(id))));
        }
        if let Some((at, id)) = page.before {
            query = query.filter(closed_at().gt(at).or(closed_at().eq(at).and(campaigns::id.gt(id))));
        }
        if page.backward {
            query.order((campaigns::closed_at.asc(), campaigns::id.asc()))
        } else {
            query.order((campaigns::closed_at.desc(), campaigns::id.desc()))
        }
    })
}

pub async fn count_past(conn: &mut Conn, guild: GuildId, viewer: Option<MemberId>) -> QueryResult<i64> {
    let all = || campaigns::table.filter(KnownCampaigns).select(count_star());
    on!(conn, c => past!(all().into_boxed(), guild, viewer).first(c))
}
