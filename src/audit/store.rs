//! Queries over the audit log.
#![expect(missing_docs, reason = "most names say what the query does; the others have comments")]

use diesel::{dsl::count_star, prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;

use super::{AuditEvent, AuditEventKey, AuditFilter, AuditScope};
use crate::{
    access::store::current_level,
    db::{
        AnyOf, CampaignStatus, Conn, in_order, insert_all, on,
        schema::{audit_events, campaigns},
    },
    kernel::{
        id::{AuditEventId, GuildId, MemberId},
        page::{OrderDirection, Page},
    },
};

pub async fn insert_events(conn: &mut Conn, rows: Vec<AuditEvent>) -> QueryResult<()> {
    insert_all!(conn, audit_events::table, rows)
}

/// A boxed query that selects `$select` of the visible events.
///
/// For an event of a campaign, the viewer needs the rank level that the campaign requires now, and the one it required
/// at the time of the event. Only viewers who see drafts see the events of drafts, and of deleted campaigns, since only
/// drafts can be deleted. A campaign whose status this release doesn't know counts as a draft.
macro_rules! visible_events {
    ($select:expr, $guild:expr, $scope:expr) => {{
        let query = audit_events::table
            .left_join(
                campaigns::table.on(campaigns::guild_id
                    .eq(audit_events::guild_id)
                    .and(campaigns::id.nullable().eq(audit_events::campaign_id))),
            )
            .filter(audit_events::guild_id.eq($guild))
            .select($select)
            .into_boxed();
        match *$scope {
            AuditScope::All => query,
            AuditScope::Of { viewer, sees_drafts } => {
                let level = || current_level!($guild, viewer);
                let sees_drafts = || sees_drafts.into_sql::<Bool>();
                let campaign = campaigns::id.nullable();
                let level_suffices_now = campaigns::min_rank_level_to_view
                    .is_null()
                    .or(campaigns::min_rank_level_to_view.assume_not_null().le(level()));
                let status_is_visible =
                    campaigns::status.assume_not_null().any_of(&CampaignStatus::LAUNCHED).or(sees_drafts());
                let level_sufficed_then = audit_events::min_rank_level
                    .is_null()
                    .or(audit_events::min_rank_level.assume_not_null().le(level()));
                let existing = campaign.is_not_null().and(level_suffices_now).and(status_is_visible);
                let deleted = campaign.is_null().and(sees_drafts());
                query.filter(audit_events::campaign_id.is_null().or(level_sufficed_then.and(existing.or(deleted))))
            }
        }
    }};
}

/// Applies a filter to a boxed query over events.
macro_rules! filtered {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        if let Some(actor) = $filter.actor {
            query = query.filter(audit_events::actor_id.eq(actor));
        }
        if let Some(subject) = &$filter.subject {
            query = query.filter(audit_events::subject.eq(subject.clone()));
        }
        if let Some(actions) = &$filter.actions {
            query = query.filter(audit_events::action.any_of(actions.clone()));
        }
        if let Some(from) = $filter.from {
            query = query.filter(audit_events::at.ge(from));
        }
        if let Some(to) = $filter.to {
            query = query.filter(audit_events::at.lt(to));
        }
        query
    }};
}

/// Visible events by id.
pub async fn events_by_id(
    conn: &mut Conn,
    guild: GuildId,
    scope: &AuditScope,
    ids: &[AuditEventId],
) -> QueryResult<Vec<AuditEvent>> {
    on!(conn, c => visible_events!(AuditEvent::as_select(), guild, scope).filter(audit_events::id.any_of(ids)).load(c))
}

/// The visible events that a member caused, or whose subject is one of `subjects`, oldest first.
pub async fn events_about(
    conn: &mut Conn,
    guild: GuildId,
    scope: &AuditScope,
    actor: MemberId,
    subjects: &[String],
) -> QueryResult<Vec<AuditEvent>> {
    on!(conn, c => visible_events!(AuditEvent::as_select(), guild, scope)
        .filter(audit_events::actor_id.eq(actor).or(audit_events::subject.any_of(subjects)))
        .order((audit_events::at.asc(), audit_events::id.asc()))
        .load(c))
}

/// The id, action, subject and summary of each event of a guild with one of these actions, oldest first; for the server
/// only.
pub async fn summaries(
    conn: &mut Conn,
    guild: GuildId,
    actions: &[String],
) -> QueryResult<Vec<(AuditEventId, String, Option<String>, String)>> {
    on!(conn, c => audit_events::table
        .filter(audit_events::guild_id.eq(guild).and(audit_events::action.any_of(actions)))
        .order((audit_events::at.asc(), audit_events::id.asc()))
        .select((audit_events::id, audit_events::action, audit_events::subject, audit_events::summary))
        .load(c))
}

pub async fn set_summary(conn: &mut Conn, guild: GuildId, id: AuditEventId, summary: &str) -> QueryResult<()> {
    on!(conn, c => diesel::update(audit_events::table.find((guild, id)))
        .set(audit_events::summary.eq(summary))
        .execute(c))?;
    Ok(())
}

/// A page of visible events, newest first; a backward page is in reverse order.
pub async fn list_events(
    conn: &mut Conn,
    guild: GuildId,
    scope: &AuditScope,
    filter: &AuditFilter,
    page: &Page<AuditEventKey>,
) -> QueryResult<Vec<AuditEvent>> {
    on!(conn, c => {
        let query = filtered!(visible_events!(AuditEvent::as_select(), guild, scope), filter).limit(page.limit());
        let newest_first = OrderDirection::Desc;
        in_order!(query, page, newest_first, (at, id) => (*at, *id), audit_events::at, audit_events::id).load(c)
    })
}

pub async fn count_events(
    conn: &mut Conn,
    guild: GuildId,
    scope: &AuditScope,
    filter: &AuditFilter,
) -> QueryResult<i64> {
    on!(conn, c => filtered!(visible_events!(count_star(), guild, scope), filter).first(c))
}
