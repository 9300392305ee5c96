//! The Discord integration of a guild in the schema.

mod server;
mod types;

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};

use guildhall_macros::guarded;

use crate::{
    api::{
        connection::{Connection, PageArgs},
        context::RequestContext,
    },
    db::Conn,
    discord::{
        self, DiscordConnectionState, GatewayStatus, Link, LinkChange, ServerChannel, SyncReport, gateway_status,
        link_server, linked_server, retry_message, store, sync_roles, unlink_server,
    },
    kernel::{
        error::Result,
        id::{MessageId, RankId},
    },
    outbox::{self, Message, MessageState},
    voting,
};

/// State of the guild's Discord integration.
#[derive(SimpleObject)]
#[graphql(complex)]
struct DiscordStatus {
    /// State of the bot's connection to Discord, which all guilds share.
    connection: DiscordConnectionState,
    /// Time of the last change of `connection`; `null` without a bot.
    since: Option<DateTime<Utc>>,
    /// Why the bot is not connected, if known.
    problem: Option<String>,
    /// The link to the guild's Discord server; `null` without one.
    link: Option<Link>,
    /// Number of messages of the guild that wait for delivery.
    queued: i64,
    /// Number of messages of the guild that failed. `discordMessages` lists them.
    failed: i64,
}

#[ComplexObject]
impl DiscordStatus {
    /// Settings that the linked Discord server does not match, a sentence each: a server without the bot, and channels and
    /// roles that the server does not have. `null` while Discord does not respond, and without a bot or a link.
    async fn warnings(&self, ctx: &Context<'_>) -> Result<Option<Vec<String>>> {
        let context = RequestContext::of(ctx);
        let (app, guild) = (Arc::clone(&context.app), context.guild);
        let check = async move { discord::warnings(&app.discord, guild, None).await };
        context.once("discordWarnings".to_owned(), check).await
    }
}

/// Conditions that all listed messages meet.
#[derive(Default, InputObject)]
struct DiscordMessageFilter {
    /// States of the messages. Without it, all.
    state: Option<Vec<MessageState>>,
}

/// The guild's Discord server and the bot's settings there. An omitted field keeps its value.
#[derive(InputObject)]
struct LinkDiscordInput {
    /// Id of the Discord server.
    server_id: String,
    /// Id of the default channel for announcements; `null` for none.
    channel_id: MaybeUndefined<String>,
    /// Id of the channel in which officers see what needs their attention; `null` for none.
    log_channel_id: MaybeUndefined<String>,
    /// URL to which a campaign's title links, at most 2,048 characters. It must contain `{id}`, which stands for the
    /// campaign's id. `null` for no link.
    campaign_url: MaybeUndefined<String>,
    /// Colour of the bot's embeds, as `#RRGGBB`; `null` for the default, Discord's `#5865F2`.
    color: MaybeUndefined<String>,
    /// URL of the image for campaigns without one, at most 2,048 characters; `null` for none.
    thumbnail_url: MaybeUndefined<String>,
    /// Id of the rank for new members without a mapped role; `null` as in `DiscordLink`.
    newcomer_rank_id: MaybeUndefined<ID>,
    /// Interval of the automatic role sync, in minutes: 5 to 10,080, 60 by default.
    sync_interval_minutes: Option<i64>,
}

/// A created or changed link to a Discord server.
#[derive(SimpleObject)]
#[graphql(complex)]
struct DiscordLinkPayload {
    /// The link after the change.
    link: Link,
}

#[ComplexObject]
impl DiscordLinkPayload {
    /// See `DiscordStatus.warnings`.
    async fn warnings(&self, ctx: &Context<'_>) -> Result<Option<Vec<String>>> {
        let context = RequestContext::of(ctx);
        discord::warnings(&context.app.discord, context.guild, None).await
    }
}

/// Confirms that the link to Discord is removed.
#[derive(SimpleObject)]
struct UnlinkDiscordPayload {
    /// Always `true`: a failure is an error instead.
    success: bool,
}

/// The result of a role sync.
#[derive(SimpleObject)]
struct DiscordSyncPayload {
    /// Report of the changes.
    report: SyncReport,
}

/// A retried message.
#[derive(SimpleObject)]
struct DiscordMessagePayload {
    /// The message after the change.
    message: Message,
}

/// Queries of the Discord integration.
#[derive(Default)]
pub struct DiscordQuery;

#[guarded]
#[Object]
impl DiscordQuery {
    /// State of the guild's Discord integration.
    #[requires_permission(discord::MANAGE)]
    async fn discord_status(&self, ctx: &Context<'_>) -> Result<DiscordStatus> {
        let context = RequestContext::of(ctx);
        let guild = context.guild;
        let read = async move |conn: &mut Conn| {
            let link = store::link(conn, guild).await?;
            let queued = outbox::store::count_messages(conn, guild, &[MessageState::Queued]).await?;
            Ok((link, queued, outbox::store::count_messages(conn, guild, &[MessageState::Failed]).await?))
        };
        let (link, queued, failed) = context.read_once("discordStatus".to_owned(), read).await?;
        let (connection, since, problem) = match gateway_status(&context.app.discord).await? {
            Some(GatewayStatus { connection, since, problem }) => (connection, Some(since.and_utc()), problem),
            None => (DiscordConnectionState::Off, None, None),
        };
        Ok(DiscordStatus { connection, since, problem, link, queued, failed })
    }

    /// Text and announcement channels of the linked Discord server in which the bot can post, for editors who choose one:
    /// members with `CAMPAIGNS_MANAGE`. `null` as `DiscordLink.server`, and without a link.
    ///
    /// Error reasons: `PERMISSION_REQUIRED`.
    #[authenticated]
    async fn discord_channels(&self, ctx: &Context<'_>) -> Result<Option<Vec<ServerChannel>>> {
        let context = RequestContext::of(ctx);
        context.signed_in()?.require(voting::MANAGE)?;
        let guild = context.guild;
        let read = async move |conn: &mut Conn| Ok(store::link(conn, guild).await?);
        let Some(link) = context.read_once("discordLink".to_owned(), read).await? else { return Ok(None) };
        let server = linked_server(&context.app.discord, &link).await;
        Ok(server.map(|server| server.channels.clone()))
    }

    /// Undelivered messages of the guild to Discord, newest first: queued and failed ones.
    #[requires_permission(discord::MANAGE)]
    async fn discord_messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Messages to list. Without it, all.")] filter: Option<DiscordMessageFilter>,
    ) -> Result<Connection<Message>> {
        let context = RequestContext::of(ctx);
        let guild = context.guild;
        let request = PageArgs { first, after, last, before }.check(context)?;
        let all = || vec![MessageState::Queued, MessageState::Failed];
        let states = filter.unwrap_or_default().state.unwrap_or_else(all);
        let key = format!("discordMessages {states:?} {:?}", request.page);
        let (page, listed) = (request.page.clone(), states.clone());
        let list = async move |conn: &mut Conn| Ok(outbox::store::list_messages(conn, guild, &listed, &page).await?);
        Ok(request.connection(context.read_once(key, list).await?, states))
    }
}

/// Mutations of the Discord integration.
#[derive(Default)]
pub struct DiscordMutation;

#[guarded(mutations)]
#[Object]
impl DiscordMutation {
    /// Links the guild to a Discord server, or changes the bot's settings there.
    ///
    /// Error reasons: `DISCORD_OFF`, `DISCORD_SERVER_TAKEN`, `RANK_TOO_LOW`.
    #[requires_permission(discord::MANAGE)]
    async fn link_discord(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The Discord server and the settings.")] input: LinkDiscordInput,
    ) -> Result<DiscordLinkPayload> {
        let context = RequestContext::of(ctx);
        let change = LinkChange {
            server_id: input.server_id,
            channel_id: input.channel_id,
            log_channel_id: input.log_channel_id,
            campaign_url: input.campaign_url,
            color: input.color,
            thumbnail_url: input.thumbnail_url,
            newcomer_rank: input.newcomer_rank_id.map_value(|id| RankId::from_input(&id)),
            sync_interval_minutes: input.sync_interval_minutes,
        };
        let link = link_server(&context.app.discord, &*context.signed_in()?, change).await?;
        Ok(DiscordLinkPayload { link })
    }

    /// Removes the link to the guild's Discord server. Members, ranks and the mapped roles remain.
    ///
    /// Error reasons: `DISCORD_NOT_LINKED`.
    #[requires_permission(discord::MANAGE)]
    async fn unlink_discord(&self, ctx: &Context<'_>) -> Result<UnlinkDiscordPayload> {
        let context = RequestContext::of(ctx);
        unlink_server(&context.app.discord, &*context.signed_in()?).await?;
        Ok(UnlinkDiscordPayload { success: true })
    }

    /// Syncs ranks from Discord roles now. A user gets the highest rank that a role of theirs maps to. Users of the
    /// Discord server who are not members yet are added. Ranks that an officer set remain, and the report lists them.
    ///
    /// Error reasons: `DISCORD_OFF`, `DISCORD_NOT_LINKED`, `DISCORD_UNAVAILABLE`, `DISCORD_REFUSED`.
    #[requires_permission(discord::MANAGE)]
    async fn sync_discord_roles(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only report the changes, without making them.", default)] dry_run: bool,
        #[graphql(
            desc = "Also change ranks that an officer set, if the viewer may change them. Later syncs then change them too.",
            default
        )]
        overwrite_manual: bool,
    ) -> Result<DiscordSyncPayload> {
        let context = RequestContext::of(ctx);
        let report = sync_roles(&context.app.discord, &*context.signed_in()?, dry_run, overwrite_manual).await?;
        Ok(DiscordSyncPayload { report })
    }

    /// Queues a failed message to Discord again.
    ///
    /// Error reasons: `DISCORD_OFF`, `NOT_FAILED`, `CODE_EXPIRED`.
    #[requires_permission(discord::MANAGE)]
    async fn retry_discord_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the message.")] id: ID,
    ) -> Result<DiscordMessagePayload> {
        let context = RequestContext::of(ctx);
        let message = retry_message(&context.app.discord, &*context.signed_in()?, MessageId::from_input(&id)).await?;
        Ok(DiscordMessagePayload { message })
    }
}
