//! The list of campaigns: its filter and orders in SQL, and the keys of titles.

use diesel::{
    dsl::{count_star, exists, not, sql},
    expression::SqlLiteral,
    prelude::*,
    sql_types,
};
use diesel_async::RunQueryDsl;

use crate::{
    access::store::current_level,
    db::{
        AnyOf, CampaignStatus, Conn, NameContains, SearchScope, in_order, on, on_rows,
        schema::{ballots, campaigns},
    },
    kernel::{
        id::{CampaignId, GuildId},
        page::Page,
    },
    voting::{
        campaign_list::{CampaignFilter, CampaignOrder, CampaignOrderField, CampaignPosition, Voter},
        rows::{Campaign, KnownCampaigns},
    },
};

/// Applies a filter to a boxed query over campaigns.
macro_rules! filtered_campaigns {
    ($query:expr, $guild:expr, $filter:expr) => {{
        let mut query = $query.filter(campaigns::guild_id.eq($guild));
        let (unlimited, bound) = (campaigns::min_rank_level_to_view.is_null(), campaigns::min_rank_level_to_view);
        query = match $filter.viewer {
            Some(viewer) => query.filter(unlimited.or(bound.assume_not_null().le(current_level!($guild, viewer)))),
            None => query.filter(unlimited),
        };
        if !$filter.drafts {
            query = query.filter(campaigns::status.ne(CampaignStatus::Draft));
        }
        if let Some(search) = &$filter.search {
            query = query.filter(NameContains::new(SearchScope::Campaigns, $guild, search));
        }
        query = match $filter.viewer_can_vote {
            // Registered: the rest depends on the campaign.
            Some((can_vote, Voter { registered: Some(member), now })) => {
                let level = current_level!($guild, member);
                let closes_at = || campaigns::closes_at.assume_not_null();
                let own_ballot = exists(
                    ballots::table.filter(
                        ballots::guild_id
                            .eq($guild)
                            .and(ballots::campaign_id.eq(campaigns::id))
                            .and(ballots::member_id.eq(member)),
                    ),
                );
                if can_vote {
                    query
                        .filter(campaigns::status.eq(CampaignStatus::Live).and(closes_at().gt(now)))
                        .filter(campaigns::min_rank_level_to_vote.le(level).and(not(own_ballot)))
                } else {
                    let is_closed = campaigns::status
                        .ne(CampaignStatus::Live)
                        .or(campaigns::closes_at.is_null())
                        .or(closes_at().le(now));
                    query.filter(is_closed.or(campaigns::min_rank_level_to_vote.gt(level)).or(own_ballot))
                }
            }
            Some((true, _)) => query.filter(false.into_sql::<sql_types::Bool>()),
            Some((false, _)) | None => query,
        };
        match &$filter.status {
            Some(statuses) => query.filter(campaigns::status.any_of(statuses.clone())),
            None => query.filter(campaigns::status.ne(CampaignStatus::Archived)),
        }
    }};
}

/// The end of a campaign, or the year 9999 without one. An index contains the same expression.
fn end() -> SqlLiteral<sql_types::Timestamp> {
    sql("coalesce(campaigns.closes_at, '9999-12-31 23:59:59')")
}

/// A page of campaigns; a backward page is in reverse order.
///
/// # Errors
/// A database error.
pub async fn list_campaigns(
    conn: &mut Conn,
    guild: GuildId,
    filter: &CampaignFilter,
    CampaignOrder { field, direction }: CampaignOrder,
    page: &Page<CampaignPosition>,
) -> QueryResult<Vec<Campaign>> {
    on_rows!(conn, Campaign::load, all => {
        let query = filtered_campaigns!(all, guild, filter).limit(page.limit());
        match field {
            CampaignOrderField::CreatedAt => in_order!(
                query, page, direction, CampaignPosition::At(at, id) => (*at, *id), campaigns::created_at, campaigns::id
            ),
            CampaignOrderField::ClosesAt => in_order!(
                query, page, direction, CampaignPosition::At(at, id) => (*at, *id), end(), campaigns::id
            ),
            CampaignOrderField::Title => in_order!(
                query, page, direction, CampaignPosition::Title(key, id) => (key.clone(), *id),
                campaigns::sort_key, campaigns::id
            ),
        }
    })
}

/// Counts the campaigns that match a filter.
pub async fn count_campaigns(conn: &mut Conn, guild: GuildId, filter: &CampaignFilter) -> QueryResult<i64> {
    let all = || campaigns::table.filter(KnownCampaigns).select(count_star());
    on!(conn, c => filtered_campaigns!(all().into_boxed(), guild, filter).first(c))
}

/// A title with its stored sort key.
type StoredTitle = (GuildId, CampaignId, String, String);

/// The titles of at most `limit` campaigns of all guilds after this one, in the order of the primary key; for the server
/// only.
pub async fn titles_after(
    conn: &mut Conn,
    (guild, id): (GuildId, CampaignId),
    limit: i64,
) -> QueryResult<Vec<StoredTitle>> {
    let later = campaigns::guild_id.gt(guild).or(campaigns::id.gt(id));
    on!(conn, c => campaigns::table
        .filter(campaigns::guild_id.ge(guild).and(later))
        .order((campaigns::guild_id, campaigns::id))
        .limit(limit)
        .select((campaigns::guild_id, campaigns::id, campaigns::title, campaigns::sort_key))
        .load(c))
}

/// Sets the sort key of a title, unless the title has changed.
pub async fn set_sort_key(
    conn: &mut Conn,
    guild: GuildId,
    id: CampaignId,
    title: &str,
    sort_key: &str,
) -> QueryResult<()> {
    on!(conn, c => diesel::update(campaigns::table.find((guild, id)))
        .filter(campaigns::title.eq(title))
        .set(campaigns::sort_key.eq(sort_key))
        .execute(c))?;
    Ok(())
}
