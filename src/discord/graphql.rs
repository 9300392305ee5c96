//! A guild's Discord in the schema.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::{
    DiscordConnection, DiscordMessageKind, DiscordMessageState, Link, LinkChange, Message, MessageKey, Report,
    Standing, link_server,
    links::written_color,
    retry_message, standing, store,
    sync::{self, DiscordSyncConflict},
    sync_roles, unlink_server,
};
use guildhall_macros::guarded;

use crate::{
    db::Conn,
    error::{Refusal, Result},
    graphql::caller::Caller,
    id::{DiscordMessageId, RankId},
    identity::{Member, Rank},
    page::{Connection, Listed, PageArgs},
    voting::{Campaign, may_see},
};

/// Most changes, and most conflicts, that a report lists.
const MAX_LISTED: usize = 1_000;

/// How the guild's Discord stands.
#[derive(SimpleObject)]
struct DiscordStatus {
    /// How the bot stands with Discord, for all guilds.
    connection: DiscordConnection,
    /// Since when; `null` without a bot.
    since: Option<DateTime<Utc>>,
    /// Why it is not connected, as far as is known.
    problem: Option<String>,
    /// The guild's Discord server; `null` until it is linked.
    link: Option<Link>,
    /// Messages of the guild on their way.
    queued: i64,
    /// Messages of the guild that were given up: `discordMessages` lists them.
    failed: i64,
}

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
        written_color(self.color)
    }

    /// The picture beside votes without any of their own.
    async fn thumbnail_url(&self) -> Option<&str> {
        self.thumbnail_url.as_deref()
    }

    /// The rank of newcomers without a role that goes with a rank; `null`: the lowest rank with a role, or the lowest.
    async fn newcomer_rank(&self, ctx: &Context<'_>) -> Result<Option<Rank>> {
        match self.newcomer_rank_id {
            Some(rank) => Caller::of(ctx).load.rank.maybe(rank).await,
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
        let sync::Figures { added, promoted, demoted, linked, untouched, conflicts } =
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
impl Report {
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
struct DiscordSyncChange(sync::Change);

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

    /// The member they are; `null` of newcomers.
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.0.member {
            Some(member) => Caller::of(ctx).load.member.maybe(member).await,
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
        Some(id) => Caller::of(ctx).load.rank.maybe(id).await,
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
    async fn kind(&self) -> DiscordMessageKind {
        self.kind
    }

    /// How far it has come.
    async fn state(&self) -> DiscordMessageState {
        self.state
    }

    /// The vote it tells of; `null` of other messages, and of a vote that the viewer may not see.
    async fn campaign(&self, ctx: &Context<'_>) -> Result<Option<Campaign>> {
        let Some(campaign) = self.campaign_id else { return Ok(None) };
        let campaign = Caller::of(ctx).load.campaign.maybe(campaign).await?;
        Ok(campaign.filter(|campaign| may_see(campaign, Caller::of(ctx).viewer().as_deref())))
    }

    /// Whom it is for; `null` of a message to a channel.
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match self.member_id {
            Some(member) => Caller::of(ctx).load.member.maybe(member).await,
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
        (self.state == DiscordMessageState::Queued).then(|| self.due_at.and_utc())
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

impl Listed for Message {
    const NAME: &'static str = "DiscordMessage";
    type Filter = Vec<DiscordMessageState>;
    type Key = MessageKey;

    fn key(&self) -> MessageKey {
        (self.queued_at, self.id)
    }

    async fn count(ctx: &Context<'_>, states: &Vec<DiscordMessageState>) -> Result<i64> {
        let (guild, states) = (Caller::of(ctx).guild, states.clone());
        Caller::of(ctx).app.db.read(async move |conn| Ok(store::count_messages(conn, guild, &states).await?)).await
    }
}

/// Which messages to list.
#[derive(Default, InputObject)]
struct DiscordMessageFilter {
    /// In one of these states; all unless given.
    state: Option<Vec<DiscordMessageState>>,
}

/// A guild's Discord server, and how the bot is to behave there. What is left out stays as it is.
#[derive(InputObject)]
struct LinkDiscordInput {
    /// The Discord server's id.
    server_id: String,
    /// The channel that is told of votes which name none of their own; `null` is none.
    channel_id: MaybeUndefined<String>,
    /// What a vote's title links to, with `{id}` where the vote's id goes; `null` is nothing.
    campaign_url: MaybeUndefined<String>,
    /// The colour of what the bot posts, as `#RRGGBB`; `null` is Discord's own.
    color: MaybeUndefined<String>,
    /// The picture beside votes without any of their own; `null` is none.
    thumbnail_url: MaybeUndefined<String>,
    /// The rank of newcomers without a role that goes with a rank; `null` is the lowest rank with a role.
    newcomer_rank_id: MaybeUndefined<ID>,
    /// How often roles are synced by themselves, in minutes: 5 to 10,080, 60 unless given.
    sync_interval_minutes: Option<i64>,
}

/// The guild's link to Discord.
#[derive(SimpleObject)]
struct DiscordLinkPayload {
    /// The link as it is now.
    link: Link,
}

/// The guild has no link to Discord any more.
#[derive(SimpleObject)]
struct UnlinkDiscordPayload {
    /// Always true: what fails is an error.
    success: bool,
}

/// What a sync of roles did, or would do.
#[derive(SimpleObject)]
struct DiscordSyncPayload {
    /// The report.
    report: Report,
}

/// A message to Discord.
#[derive(SimpleObject)]
struct DiscordMessagePayload {
    /// The message as it is now.
    message: Message,
}

/// What is asked of Discord.
#[derive(Default)]
pub struct DiscordQuery;

#[guarded]
#[Object]
impl DiscordQuery {
    /// How the guild's Discord stands.
    #[requires_permission(DiscordManage)]
    async fn discord_status(&self, ctx: &Context<'_>) -> Result<DiscordStatus> {
        let caller = Caller::of(ctx);
        let guild = caller.guild;
        let (link, queued, failed) = caller
            .app
            .db
            .read(async move |conn| {
                let link = store::link(conn, guild).await?;
                let queued = store::count_messages(conn, guild, &[DiscordMessageState::Queued]).await?;
                Ok((link, queued, store::count_messages(conn, guild, &[DiscordMessageState::Failed]).await?))
            })
            .await?;
        let (connection, since, problem) = match standing(&caller.app).await? {
            Some(Standing { connection, since, problem }) => (connection, Some(since.and_utc()), problem),
            None => (DiscordConnection::Off, None, None),
        };
        Ok(DiscordStatus { connection, since, problem, link, queued, failed })
    }

    /// Messages of the guild that Discord does not have yet, newest first: on their way, or given up. What was delivered is
    /// not listed.
    #[requires_permission(DiscordManage)]
    async fn discord_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which messages; all unless given.")] filter: Option<DiscordMessageFilter>,
    ) -> Result<Connection<Message>> {
        let caller = Caller::of(ctx);
        let (guild, seal) = (caller.guild, caller.app.keys.cursors.clone());
        let page = PageArgs { first, after, last, before }.page::<Message>(&seal, guild)?;
        let all = || vec![DiscordMessageState::Queued, DiscordMessageState::Failed];
        let states = filter.unwrap_or_default().state.unwrap_or_else(all);
        let list = async move |conn: &mut Conn| {
            let rows = store::list_messages(conn, guild, &states, &page).await?;
            Ok(Connection::new(seal, guild, &page, rows, states))
        };
        caller.app.db.read(list).await
    }
}

/// What is changed of Discord.
#[derive(Default)]
pub struct DiscordMutation;

#[guarded]
#[Object]
impl DiscordMutation {
    /// Links the guild to its Discord server, or changes how the bot is to behave there.
    #[requires_permission(DiscordManage)]
    async fn link_discord(&self, ctx: &Context<'_>, input: LinkDiscordInput) -> Result<DiscordLinkPayload> {
        let caller = Caller::of(ctx);
        let newcomer_rank = match input.newcomer_rank_id {
            MaybeUndefined::Undefined => MaybeUndefined::Undefined,
            MaybeUndefined::Null => MaybeUndefined::Null,
            MaybeUndefined::Value(id) => MaybeUndefined::Value(
                RankId::try_from(&id).map_err(|_| Refusal::not_found("rank").at("newcomerRankId"))?,
            ),
        };
        let change = LinkChange {
            server_id: input.server_id,
            channel_id: input.channel_id,
            campaign_url: input.campaign_url,
            color: input.color,
            thumbnail_url: input.thumbnail_url,
            newcomer_rank,
            sync_interval_minutes: input.sync_interval_minutes,
        };
        let link = link_server(&caller.app, &*caller.signed_in()?, change).await?;
        Ok(DiscordLinkPayload { link })
    }

    /// Forgets the guild's Discord server. Members, ranks and their roles stay as they are.
    #[requires_permission(DiscordManage)]
    async fn unlink_discord(&self, ctx: &Context<'_>) -> Result<UnlinkDiscordPayload> {
        let caller = Caller::of(ctx);
        unlink_server(&caller.app, &*caller.signed_in()?).await?;
        Ok(UnlinkDiscordPayload { success: true })
    }

    /// Brings ranks in step with Discord roles, now: whoever has a role that goes with a rank gets that rank, the highest of
    /// several; users of Discord who are no members yet become members. Ranks set by hand stay, and are reported.
    #[requires_permission(DiscordManage)]
    async fn sync_discord_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only tell what would be done.", default)] dry_run: bool,
        #[graphql(
            desc = "Also change ranks that were set by hand, as far as the viewer could do that by hand; they follow Discord from then on.",
            default
        )]
        overwrite_manual: bool,
    ) -> Result<DiscordSyncPayload> {
        let caller = Caller::of(ctx);
        let report = sync_roles(&caller.app, &*caller.signed_in()?, dry_run, overwrite_manual).await?;
        Ok(DiscordSyncPayload { report })
    }

    /// Tries a message to Discord anew that was given up.
    #[requires_permission(DiscordManage)]
    async fn retry_discord_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which message.")] id: ID,
    ) -> Result<DiscordMessagePayload> {
        let caller = Caller::of(ctx);
        let id = DiscordMessageId::try_from(&id).map_err(|_| Refusal::not_found("message").at("id"))?;
        let message = retry_message(&caller.app, &*caller.signed_in()?, id).await?;
        Ok(DiscordMessagePayload { message })
    }
}
