//! Objects of the Discord integration.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use crate::{
    api::{connection::ConnectionNode, context::RequestContext},
    db::Conn,
    discord::{
        self, Link, LinkedServer, SyncReport,
        links::format_color,
        sync::{self, DiscordSyncConflict},
    },
    identity::{Member, Rank},
    kernel::{error::Result, id::RankId},
    outbox::{self, Message, MessageKey, MessageKind, MessageState},
    voting::Campaign,
};

/// The guild's link to its Discord server.
#[Object(name = "DiscordLink")]
impl Link {
    /// Id of the Discord server.
    async fn server_id(&self) -> &str {
        &self.server_id
    }

    /// Id of the default channel for announcements, if any.
    async fn channel_id(&self) -> Option<&str> {
        self.channel_id.as_deref()
    }

    /// Id of the channel in which officers see conflicts of the role sync, messages that could not be delivered and drafts
    /// that could not start, if any.
    async fn log_channel_id(&self) -> Option<&str> {
        self.log_channel_id.as_deref()
    }

    /// URL to which a campaign's title links, with `{id}` for the campaign's id; `null` for no link.
    async fn campaign_url(&self) -> Option<&str> {
        self.campaign_url.as_deref()
    }

    /// Colour of the bot's embeds, as `#RRGGBB`.
    async fn color(&self) -> String {
        format_color(self.color)
    }

    /// URL of the image for campaigns without one, if any.
    async fn thumbnail_url(&self) -> Option<&str> {
        self.thumbnail_url.as_deref()
    }

    /// Rank for new members without a mapped role; `null` for the lowest rank with a role, or else the lowest rank.
    async fn newcomer_rank(&self, ctx: &Context<'_>) -> Result<Option<Rank>> {
        match self.newcomer_rank_id {
            Some(rank) => RequestContext::of(ctx).loaders.rank.load(rank).await,
            None => Ok(None),
        }
    }

    /// Interval of the automatic role sync, in minutes.
    async fn sync_interval_minutes(&self) -> i64 {
        self.sync_minutes
    }

    /// Time of the next automatic role sync.
    async fn next_sync_at(&self) -> DateTime<Utc> {
        self.next_sync_at.and_utc()
    }

    /// Summary of the last completed role sync; `null` before the first.
    async fn last_sync(&self) -> Option<DiscordSyncSummary> {
        let (at, report) = self.synced_at.zip(self.report.as_ref())?;
        let sync::SyncCounts { added, promoted, demoted, renamed, linked, untouched, kept, conflicts, .. } =
            serde_json::from_str(report).unwrap_or_default();
        Some(DiscordSyncSummary {
            at: at.and_utc(),
            added,
            promoted,
            demoted,
            renamed,
            linked,
            untouched,
            kept_count: kept,
            conflict_count: conflicts,
        })
    }

    /// Report of the last completed role sync, which was no dry run; `null` before the first. It leaves out members who were
    /// erased since.
    async fn last_report(&self, ctx: &Context<'_>) -> Result<Option<SyncReport>> {
        let link = self.clone();
        let read = async move |conn: &mut Conn| discord::last_report(conn, &link).await;
        RequestContext::of(ctx).read_once("discordLastReport".to_owned(), read).await
    }

    /// The linked server as Discord describes it; `null` while Discord does not respond, without a bot, and if the bot is
    /// not in the server. The server waits two seconds for Discord, and keeps the answer for half a minute.
    #[graphql(name = "server")]
    async fn shown_server(&self, ctx: &Context<'_>) -> Option<Arc<LinkedServer>> {
        discord::linked_server(&RequestContext::of(ctx).app.discord, self).await
    }

    /// Why the last role sync failed; `null` if it succeeded, and before the first.
    async fn sync_problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

/// Summary of a role sync.
#[derive(SimpleObject)]
struct DiscordSyncSummary {
    /// Time of the sync.
    at: DateTime<Utc>,
    /// Number of members added.
    added: usize,
    /// Number of members promoted.
    promoted: usize,
    /// Number of members demoted.
    demoted: usize,
    /// Number of members whose Discord username was changed.
    renamed: usize,
    /// Number of members whose Discord id was stored.
    linked: usize,
    /// Number of members who kept their rank.
    untouched: usize,
    /// Number of members who kept their rank without a mapped role, or after leaving the server.
    kept_count: usize,
    /// Number of users who were not changed or added because of a conflict.
    conflict_count: usize,
}

/// Report of a role sync.
#[Object(name = "DiscordSyncReport")]
impl SyncReport {
    /// Time of the sync.
    async fn at(&self) -> DateTime<Utc> {
        self.at.and_utc()
    }

    /// Whether the sync only reported the changes (`dryRun`).
    async fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// Number of members added.
    async fn added(&self) -> usize {
        self.counts.added
    }

    /// Number of members promoted.
    async fn promoted(&self) -> usize {
        self.counts.promoted
    }

    /// Number of members demoted.
    async fn demoted(&self) -> usize {
        self.counts.demoted
    }

    /// Number of members whose Discord username was changed.
    async fn renamed(&self) -> usize {
        self.counts.renamed
    }

    /// Number of members whose Discord id was stored.
    async fn linked(&self) -> usize {
        self.counts.linked
    }

    /// Number of members who kept their rank.
    async fn untouched(&self) -> usize {
        self.counts.untouched
    }

    /// Number of users who were not changed or added because of a conflict.
    async fn conflict_count(&self) -> usize {
        self.counts.conflicts
    }

    /// Number of members in `kept`, without its limit.
    async fn kept_count(&self) -> usize {
        self.counts.kept
    }

    /// The first 1,000 members who kept their rank, although it came from Discord and no role of theirs maps to a rank any
    /// more, or although they have left the server. `from` and `to` are both that rank, and `reason` says why.
    async fn kept(&self) -> Vec<DiscordSyncChange> {
        self.kept.iter().cloned().map(DiscordSyncChange).collect()
    }

    /// The first 1,000 users who were added, promoted, demoted or renamed, or whose Discord id was stored.
    async fn changes(&self) -> Vec<DiscordSyncChange> {
        self.changes.iter().cloned().map(DiscordSyncChange).collect()
    }

    /// The first 1,000 users who were not changed or added because of a conflict.
    async fn conflicts(&self) -> Vec<DiscordSyncChange> {
        self.conflicts.iter().cloned().map(DiscordSyncChange).collect()
    }
}

/// The change of one Discord user.
struct DiscordSyncChange(sync::SyncChange);

/// The change of one Discord user in a role sync, or the conflict that prevented it.
#[Object]
impl DiscordSyncChange {
    /// Id of the Discord user.
    async fn discord_id(&self) -> &str {
        &self.0.discord_id
    }

    /// Username of the Discord user.
    async fn discord_username(&self) -> &str {
        &self.0.discord_username
    }

    /// Discord username of the member before the sync; `null` if it has not changed.
    async fn previous_username(&self) -> Option<&str> {
        self.0.previous_username.as_deref()
    }

    /// Whether the member's Discord id was stored, because their username is that of the Discord user.
    async fn linked(&self) -> bool {
        self.0.linked
    }

    /// The member for this user; `null` if none was added.
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Arc<Member>>> {
        match self.0.member {
            Some(member) => RequestContext::of(ctx).member(member).await,
            None => Ok(None),
        }
    }

    /// Rank before the sync; `null` for a user who was not a member.
    async fn from(&self, ctx: &Context<'_>) -> Result<Option<Rank>> {
        rank(ctx, self.0.from).await
    }

    /// Rank after the sync. For a conflict, the rank to which the user's roles map; `null` if they map to none.
    async fn to(&self, ctx: &Context<'_>) -> Result<Option<Rank>> {
        rank(ctx, self.0.to).await
    }

    /// Why the user was not changed or added; `null` for a change.
    async fn reason(&self) -> Option<DiscordSyncConflict> {
        self.0.conflict
    }
}

async fn rank(ctx: &Context<'_>, id: Option<RankId>) -> Result<Option<Rank>> {
    match id {
        Some(id) => RequestContext::of(ctx).loaders.rank.load(id).await,
        None => Ok(None),
    }
}

/// An undelivered message to Discord: queued or failed.
#[Object(name = "DiscordMessage")]
impl Message {
    /// Global id of the message.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// Kind of the message.
    async fn kind(&self) -> MessageKind {
        self.kind
    }

    /// State of the delivery.
    async fn state(&self) -> MessageState {
        self.state
    }

    /// The announced campaign; `null` for other messages, and if the viewer cannot see the campaign.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Option<Campaign>> {
        let Some(campaign) = self.campaign_id else { return Ok(None) };
        let context = RequestContext::of(ctx);
        context.if_visible(context.loaders.campaign.load(campaign).await?).await
    }

    /// The recipient of a direct message; `null` for a message to a channel.
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Arc<Member>>> {
        match self.member_id {
            Some(member) => RequestContext::of(ctx).member(member).await,
            None => Ok(None),
        }
    }

    /// Time at which the message was queued.
    async fn queued_at(&self) -> DateTime<Utc> {
        self.queued_at.and_utc()
    }

    /// Time after which the message is no longer delivered.
    async fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at.and_utc()
    }

    /// Time of the next delivery attempt; `null` for a failed message.
    async fn next_attempt_at(&self) -> Option<DateTime<Utc>> {
        (self.state == MessageState::Queued).then(|| self.due_at.and_utc())
    }

    /// Number of delivery attempts so far.
    async fn attempts(&self) -> i64 {
        self.attempts
    }

    /// Why the last attempt failed, or the message was given up; `null` if no attempt has failed.
    async fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

impl ConnectionNode for Message {
    const NAME: &'static str = "DiscordMessage";
    type Filter = Vec<MessageState>;
    type Order = ();
    type Key = MessageKey;

    fn key(&self, (): ()) -> MessageKey {
        (self.queued_at, self.id)
    }

    async fn count(ctx: &Context<'_>, states: &Vec<MessageState>) -> Result<i64> {
        let (guild, states) = (RequestContext::of(ctx).guild, states.clone());
        let key = format!("discordMessages count {states:?}");
        let count = async move |conn: &mut Conn| Ok(outbox::store::count_messages(conn, guild, &states).await?);
        RequestContext::of(ctx).read_once(key, count).await
    }
}
