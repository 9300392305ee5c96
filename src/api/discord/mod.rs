//! A guild's Discord in the schema.

mod types;

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};

use guildhall_macros::guarded;

use crate::{
    api::{
        connection::{Connection, PageArgs},
        context::RequestContext,
    },
    db::Conn,
    discord::{
        self, DiscordConnection, GatewayStatus, Link, LinkChange, SyncReport, gateway_status, link_server,
        retry_message, store, sync_roles, unlink_server,
    },
    kernel::{
        error::{Refusal, Result},
        id::{MessageId, RankId},
    },
    outbox::{self, Message, MessageState},
};

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

/// Which messages to list.
#[derive(Default, InputObject)]
struct DiscordMessageFilter {
    /// In one of these states; all unless given.
    state: Option<Vec<MessageState>>,
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
    report: SyncReport,
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
    #[requires_permission(discord::MANAGE)]
    async fn discord_status(&self, ctx: &Context<'_>) -> Result<DiscordStatus> {
        let caller = RequestContext::of(ctx);
        let guild = caller.guild;
        let (link, queued, failed) = caller
            .app
            .db
            .read(async move |conn| {
                let link = store::link(conn, guild).await?;
                let queued = outbox::store::count_messages(conn, guild, &[MessageState::Queued]).await?;
                Ok((link, queued, outbox::store::count_messages(conn, guild, &[MessageState::Failed]).await?))
            })
            .await?;
        let (connection, since, problem) = match gateway_status(&caller.app.discord).await? {
            Some(GatewayStatus { connection, since, problem }) => (connection, Some(since.and_utc()), problem),
            None => (DiscordConnection::Off, None, None),
        };
        Ok(DiscordStatus { connection, since, problem, link, queued, failed })
    }

    /// Messages of the guild that Discord does not have yet, newest first: on their way, or given up. What was delivered is
    /// not listed.
    #[requires_permission(discord::MANAGE)]
    async fn discord_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which messages; all unless given.")] filter: Option<DiscordMessageFilter>,
    ) -> Result<Connection<Message>> {
        let caller = RequestContext::of(ctx);
        let guild = caller.guild;
        let request = PageArgs { first, after, last, before }.check(caller)?;
        let all = || vec![MessageState::Queued, MessageState::Failed];
        let states = filter.unwrap_or_default().state.unwrap_or_else(all);
        let list = async move |conn: &mut Conn| {
            let rows = outbox::store::list_messages(conn, guild, &states, &request.page).await?;
            Ok(request.connection(rows, states))
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
    #[requires_permission(discord::MANAGE)]
    async fn link_discord(&self, ctx: &Context<'_>, input: LinkDiscordInput) -> Result<DiscordLinkPayload> {
        let caller = RequestContext::of(ctx);
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
        let link = link_server(&caller.app.discord, &*caller.signed_in()?, change).await?;
        Ok(DiscordLinkPayload { link })
    }

    /// Forgets the guild's Discord server. Members, ranks and their roles stay as they are.
    #[requires_permission(discord::MANAGE)]
    async fn unlink_discord(&self, ctx: &Context<'_>) -> Result<UnlinkDiscordPayload> {
        let caller = RequestContext::of(ctx);
        unlink_server(&caller.app.discord, &*caller.signed_in()?).await?;
        Ok(UnlinkDiscordPayload { success: true })
    }

    /// Brings ranks in step with Discord roles, now: whoever has a role that goes with a rank gets that rank, the highest of
    /// several; users of Discord who are no members yet become members. Ranks set by hand stay, and are reported.
    #[requires_permission(discord::MANAGE)]
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
        let caller = RequestContext::of(ctx);
        let report = sync_roles(&caller.app.discord, &*caller.signed_in()?, dry_run, overwrite_manual).await?;
        Ok(DiscordSyncPayload { report })
    }

    /// Tries a message to Discord anew that was given up.
    #[requires_permission(discord::MANAGE)]
    async fn retry_discord_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which message.")] id: ID,
    ) -> Result<DiscordMessagePayload> {
        let caller = RequestContext::of(ctx);
        let id = MessageId::try_from(&id).map_err(|_| Refusal::not_found("message").at("id"))?;
        let message = retry_message(&caller.app.discord, &*caller.signed_in()?, id).await?;
        Ok(DiscordMessagePayload { message })
    }
}
