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

/// Something that was done: an entry of the audit log.
#[Object]
impl AuditEvent {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// When it was done.
    async fn at(&self) -> DateTime<Utc> {
        self.at.and_utc()
    }

    /// Who did it; `null` for an operator on the command line.
    async fn actor(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.actor_id {
            Some(actor) => RequestContext::of(ctx).load.member.maybe(actor).await,
            None => Ok(None),
        }
    }

    /// The name of the rank that the actor held then.
    async fn actor_rank(&self) -> Option<&str> {
        self.actor_rank.as_deref()
    }

    /// The level of the rank that the actor held then.
    async fn actor_rank_level(&self) -> Option<i64> {
        self.actor_rank_level
    }

    /// What was done: what it was done to, and how. One of `guild.update`, `rank.create`, `rank.update`, `rank.delete`,
    /// `member.create`, `member.update`, `member.invite`, `member.send_reset_code`, `character.create`,
    /// `character.update`, `character.delete` (of another member's), `roster.import`, `campaign.create`,
    /// `campaign.update` (its entries too), `campaign.delete`, `campaign.activate`, `campaign.close`, `campaign.archive`,
    /// `discord.link`, `discord.unlink`, `discord.sync`, `discord.retry`.
    async fn action(&self) -> &str {
        &self.action
    }

    /// Whom or what it was done to; `null` when that is gone.
    async fn subject(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        match &self.subject {
            Some(id) => node::find(ctx, &ID(id.clone())).await,
            None => Ok(None),
        }
    }

    /// What was done, in words.
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

/// What is asked of the audit log.
#[derive(Default)]
pub struct AuditQuery;

#[guarded]
#[Object]
impl AuditQuery {
    /// Who did what to whom, newest first. What was done with campaigns that the viewer may not see is left out.
    #[requires_permission(audit::VIEW)]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Connection<AuditEvent>> {
        let caller = RequestContext::of(ctx);
        let (guild, scope) = (caller.guild, AuditScope::from(&*caller.signed_in()?));
        let request = PageArgs { first, after, last, before }.check(caller)?;
        let list = async move |conn: &mut Conn| {
            let rows = store::list_events(conn, guild, &scope, &request.page).await?;
            Ok(request.connection(rows, scope))
        };
        caller.app.db.read(list).await
    }
}
