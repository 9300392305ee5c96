//! The objects of a guild's Discord.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use crate::{
    api::{connection::ConnectionNode, context::RequestContext},
    discord::{
        Link, SyncReport,
        links::format_color,
        sync::{self, DiscordSyncConflict},
    },
    identity::{Member, Rank},
    kernel::{error::Result, id::RankId},
    outbox::{self, Message, MessageKey, MessageKind, MessageState},
    voting::{Campaign, may_see},
};

/// Most changes, and most conflicts, that a report lists.
const MAX_LISTED: usize = 1_000;

/// The guild's link to its Discord server.
#[Object(name = "DiscordLink")]
impl Link {
    /// The Discord server's id.
    async fn server_id(&self) -> &str {
        &self.server_id
    }

    /// The channel that is told of votes which name none of their own.
    async fn channel_id(&self) -> Option<&str> {
        self.channel_id.as_deref()
    }

    /// What a vote's title links to; `{id}` stands for the vote's id.
    async fn campaign_url(&self) -> Option<&str> {
        self.campaign_url.as_deref()
    }

    /// The colour of what the bot posts, as `#RRGGBB`.
    async fn color(&self) -> String {
        format_color(self.color)
    }

    /// The picture beside votes without any of their own.
    async fn thumbnail_url(&self) -> Option<&str> {
        self.thumbnail_url.as_deref()
    }

    /// The rank of newcomers without a role that goes with a rank; `null`: the lowest rank with a role, or the lowest.
    async fn newcomer_rank(&self, ctx: &Context<'_>) -> Result<Option<Rank>> {
        match self.newcomer_rank_id {
            Some(rank) => RequestContext::of(ctx).load.rank.maybe(rank).await,
            None => Ok(None),
        }
    }

    /// How often roles are synced by themselves, in minutes.
    async fn sync_interval_minutes(&self) -> i64 {
        self.sync_minutes
    }

    /// When roles are synced by themselves next.
    async fn next_sync_at(&self) -> DateTime<Utc> {
        self.next_sync_at.and_utc()
    }

    /// How the last sync that came to its end went.
    async fn last_sync(&self) -> Option<DiscordSyncSummary> {
        let (at, report) = self.synced_at.zip(self.report.as_ref())?;
        let sync::SyncCounts { added, promoted, demoted, linked, untouched, conflicts } =
            serde_json::from_str(report).unwrap_or_default();
        let at = at.and_utc();
        Some(DiscordSyncSummary { at, added, promoted, demoted, linked, untouched, conflict_count: conflicts })
    }

    /// Why the last sync failed; `null` if it did not.
    async fn sync_problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

/// A sync of roles in figures.
#[derive(SimpleObject)]
struct DiscordSyncSummary {
    /// When.
    at: DateTime<Utc>,
    /// Members added.
    added: usize,
    /// Members promoted.
    promoted: usize,
    /// Members demoted.
    demoted: usize,
    /// Members who became known by their Discord id.
    linked: usize,
    /// Members who kept the rank they had.
    untouched: usize,
    /// Members left as they were, though their roles say otherwise.
    conflict_count: usize,
}

/// A sync of roles.
#[Object(name = "DiscordSyncReport")]
impl SyncReport {
    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.at.and_utc()
    }

    /// Whether it was only asked what would be done.
    async fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// Members added.
    async fn added(&self) -> usize {
        self.plan.added.len()
    }

    /// Members promoted.
    async fn promoted(&self) -> usize {
        self.plan.promoted
    }

    /// Members demoted.
    async fn demoted(&self) -> usize {
        self.plan.demoted
    }

    /// Members who became known by their Discord id.
    async fn linked(&self) -> usize {
        self.plan.linked
    }

    /// Members who kept the rank they had.
    async fn untouched(&self) -> usize {
        self.plan.untouched
    }

    /// Members left as they were, though their roles say otherwise.
    async fn conflict_count(&self) -> usize {
        self.plan.conflicts.len()
    }

    /// Who was added, promoted or demoted: the first 1,000 of them.
    async fn changes(&self) -> Vec<DiscordSyncChange> {
        self.plan.changes.iter().take(MAX_LISTED).cloned().map(DiscordSyncChange).collect()
    }

    /// Who was left as they were, though their roles say otherwise: the first 1,000 of them.
    async fn conflicts(&self) -> Vec<DiscordSyncChange> {
        self.plan.conflicts.iter().take(MAX_LISTED).cloned().map(DiscordSyncChange).collect()
    }
}

/// What became of one user of Discord.
struct DiscordSyncChange(sync::SyncChange);

/// What a sync did with one user of Discord, or would have, or did not.
#[Object]
impl DiscordSyncChange {
    /// Their Discord id.
    async fn discord_id(&self) -> &str {
        &self.0.discord_id
    }

    /// Their Discord username.
    async fn discord_username(&self) -> &str {
        &self.0.discord_username
    }

    /// The member they are; `null` of those who were not added.
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.member {
            Some(member) => RequestContext::of(ctx).load.member.maybe(member).await,
            None => Ok(None),
        }
    }

    /// The rank they had; `null` of newcomers.
    async fn from(&self, ctx: &Context<'_>) -> Result<Option<Rank>> {
        rank(ctx, self.0.from).await
    }

    /// The rank that their roles say.
    async fn to(&self, ctx: &Context<'_>) -> Result<Option<Rank>> {
        rank(ctx, self.0.to).await
    }

    /// Why they were left as they were; `null` if they were not.
    async fn reason(&self) -> Option<DiscordSyncConflict> {
        self.0.conflict
    }
}

async fn rank(ctx: &Context<'_>, id: Option<RankId>) -> Result<Option<Rank>> {
    match id {
        Some(id) => RequestContext::of(ctx).load.rank.maybe(id).await,
        None => Ok(None),
    }
}

/// A message on its way to Discord, or given up.
#[Object(name = "DiscordMessage")]
impl Message {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// What it is.
    async fn kind(&self) -> MessageKind {
        self.kind
    }

    /// How far it has come.
    async fn state(&self) -> MessageState {
        self.state
    }

    /// The vote it tells of; `null` of other messages, and of a vote that the viewer may not see.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Option<Campaign>> {
        let Some(campaign) = self.campaign_id else { return Ok(None) };
        let campaign = RequestContext::of(ctx).load.campaign.maybe(campaign).await?;
        Ok(campaign.filter(|campaign| may_see(campaign, RequestContext::of(ctx).viewer().as_deref())))
    }

    /// Whom it is for; `null` of a message to a channel.
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.member_id {
            Some(member) => RequestContext::of(ctx).load.member.maybe(member).await,
            None => Ok(None),
        }
    }

    /// When it was queued.
    async fn queued_at(&self) -> DateTime<Utc> {
        self.queued_at.and_utc()
    }

    /// When it is not worth delivering any more.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at.and_utc()
    }

    /// When it is tried next; `null` of what was given up.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        (self.state == MessageState::Queued).then(|| self.due_at.and_utc())
    }

    /// How often it was tried.
    async fn attempts(&self) -> i64 {
        self.attempts
    }

    /// Why it was not delivered yet, or was given up.
    async fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

impl ConnectionNode for Message {
    const NAME: &'static str = "DiscordMessage";
    type Filter = Vec<MessageState>;
    type Key = MessageKey;

    fn key(&self) -> MessageKey {
        (self.queued_at, self.id)
    }

    async fn count(ctx: &Context<'_>, states: &Vec<MessageState>) -> Result<i64> {
        let (guild, states) = (RequestContext::of(ctx).guild, states.clone());
        RequestContext::of(ctx)
            .app
            .db
            .read(async move |conn| Ok(outbox::store::count_messages(conn, guild, &states).await?))
            .await
    }
}
