//! The audit log in the schema.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};
use chrono::{DateTime, NaiveDate, Utc};
use guildhall_macros::guarded;

use crate::{
    api::{
        connection::{Connection, ConnectionNode, PageArgs},
        context::RequestContext,
        node::{self, Node},
    },
    audit::{self, AuditEvent, AuditEventKey, AuditFilter, AuditScope, store},
    db::Conn,
    identity::Member,
    kernel::{
        clock::Timestamp,
        error::{Refusal, Result},
        id::MemberId,
        input::both,
        text,
    },
};

/// Maximum number of kinds of changes in a filter.
const MAX_ACTIONS: usize = 100;

/// A change that the audit log records.
#[Object]
impl AuditEvent {
    /// Global id of the event.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// Time of the change.
    async fn at(&self) -> DateTime<Utc> {
        self.at.and_utc()
    }

    /// The member who made the change; `null` for a step that the server took, and for an operator on the command line.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Arc<Member>>> {
        match self.actor_id {
            Some(actor) => RequestContext::of(ctx).member(actor).await,
            None => Ok(None),
        }
    }

    /// Name of the actor's rank at that time; `null` without an actor.
    async fn actor_rank(&self) -> Option<&str> {
        self.actor_rank.as_deref()
    }

    /// Level of the actor's rank at that time; `null` without an actor.
    async fn actor_rank_level(&self) -> Option<i64> {
        self.actor_rank_level
    }

    /// Kind of the change: `guild.update`, `rank.create`, `rank.update`, `rank.delete`, `member.create`,
    /// `member.update`, `member.invite`, `member.send_reset_code`, `member.erase`, `character.create`,
    /// `character.update`, `character.delete`, `roster.import`, `campaign.create`, `campaign.update`,
    /// `campaign.delete`, `campaign.activate`, `campaign.close`, `campaign.cancel`, `campaign.archive`,
    /// `campaign.outcome`, `discord.link`, `discord.unlink`, `discord.sync` or `discord.retry`.
    ///
    /// `campaign.update` includes changes to entries. Members' changes to their own characters are not recorded.
    async fn action(&self) -> &str {
        &self.action
    }

    /// The changed object; `null` if it no longer exists or the viewer cannot see it.
    async fn subject(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        match &self.subject {
            Some(id) => node::find(ctx, &ID(id.clone())).await,
            None => Ok(None),
        }
    }

    /// Description of the change for the user.
    async fn summary(&self) -> &str {
        &self.summary
    }
}

impl ConnectionNode for AuditEvent {
    const NAME: &'static str = "AuditEvent";
    type Filter = (AuditScope, AuditFilter);
    type Order = ();
    type Key = AuditEventKey;

    fn key(&self, (): ()) -> AuditEventKey {
        (self.at, self.id)
    }

    async fn count(ctx: &Context<'_>, (scope, filter): &Self::Filter) -> Result<i64> {
        let (context, scope, filter) = (RequestContext::of(ctx), *scope, filter.clone());
        let guild = context.guild;
        let key = format!("auditLog count {filter:?}");
        let count = async move |conn: &mut Conn| Ok(store::count_events(conn, guild, &scope, &filter).await?);
        context.read_once(key, count).await
    }
}

/// Conditions that all listed events meet.
#[derive(InputObject)]
#[graphql(name = "AuditFilter")]
struct AuditFilterInput {
    /// Id of the member who made the change.
    actor_id: Option<ID>,
    /// Id of the changed object.
    subject_id: Option<ID>,
    /// Kinds of the change, as in `AuditEvent.action`: at most 100.
    actions: Option<Vec<String>>,
    /// Only events at this time or later.
    from: Option<DateTime<Utc>>,
    /// Only events before this time.
    to: Option<DateTime<Utc>>,
}

impl AuditFilterInput {
    fn into_filter(self) -> Result<AuditFilter, Refusal> {
        if self.actions.as_ref().is_some_and(|actions| actions.len() > MAX_ACTIONS) {
            return Err(Refusal::input("actions", format!("actions must have at most {MAX_ACTIONS} items.")));
        }
        Ok(AuditFilter {
            actor: self.actor_id.as_ref().map(MemberId::from_input),
            subject: self.subject_id.map(|id| text::replace_nul(&id)),
            actions: self.actions.map(|actions| actions.iter().map(|action| text::replace_nul(action)).collect()),
            from: self.from.map(stored_time),
            to: self.to.map(stored_time),
        })
    }
}

/// The time, or the nearest one that both databases can compare.
fn stored_time(at: DateTime<Utc>) -> Timestamp {
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).map_or(Timestamp::MAX, Timestamp::from);
    at.naive_utc().clamp(Timestamp::default(), last)
}

/// Queries of the audit log.
#[derive(Default)]
pub struct AuditQuery;

#[guarded]
#[Object]
impl AuditQuery {
    /// The audit log, newest first. It omits changes to campaigns that the viewer cannot see.
    #[requires_permission(audit::VIEW)]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Events to list. Without it, all.")] filter: Option<AuditFilterInput>,
    ) -> Result<Connection<AuditEvent>> {
        let context = RequestContext::of(ctx);
        let (guild, scope) = (context.guild, AuditScope::from(&*context.signed_in()?));
        let request = PageArgs { first, after, last, before }.check(context);
        let (request, filter) = both(request, filter.map(AuditFilterInput::into_filter).transpose())?;
        let filter = filter.unwrap_or_default();
        let key = format!("auditLog {filter:?} {:?}", request.page);
        let (page, listed) = (request.page.clone(), filter.clone());
        let list = async move |conn: &mut Conn| Ok(store::list_events(conn, guild, &scope, &listed, &page).await?);
        Ok(request.connection(context.read_once(key, list).await?, (scope, filter)))
    }
}
