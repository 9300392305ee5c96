//! The audit log in the schema.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use crate::{
    api::{
        connection::{Connection, ConnectionNode, PageArgs},
        context::RequestContext,
        node::{self, Node},
    },
    audit::{self, AuditEvent, AuditEventKey, AuditScope, store},
    db::Conn,
    identity::Member,
    kernel::error::Result,
};

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
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.actor_id {
            Some(actor) => RequestContext::of(ctx).loaders.member.load(actor).await,
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
    /// `campaign.delete`, `campaign.activate`, `campaign.close`, `campaign.archive`, `discord.link`, `discord.unlink`,
    /// `discord.sync` or `discord.retry`.
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
    type Filter = AuditScope;
    type Key = AuditEventKey;

    fn key(&self) -> AuditEventKey {
        (self.at, self.id)
    }

    async fn count(ctx: &Context<'_>, scope: &AuditScope) -> Result<i64> {
        let (guild, scope) = (RequestContext::of(ctx).guild, *scope);
        RequestContext::of(ctx).app.db.read(async move |conn| Ok(store::count_events(conn, guild, &scope).await?)).await
    }
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
    ) -> Result<Connection<AuditEvent>> {
        let context = RequestContext::of(ctx);
        let (guild, scope) = (context.guild, AuditScope::from(&*context.signed_in()?));
        let request = PageArgs { first, after, last, before }.check(context)?;
        let list = async move |conn: &mut Conn| {
            let rows = store::list_events(conn, guild, &scope, &request.page).await?;
            Ok(request.connection(rows, scope))
        };
        context.app.db.read(list).await
    }
}
