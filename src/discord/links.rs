//! A guild's link to its Discord server.

use async_graphql::MaybeUndefined;

use super::{
    rows::Link,
    service::{self, Discord},
    store,
};
use crate::{
    access::Viewer,
    audit::{self, Action, Changes},
    db::violated_constraint,
    identity::{self, Ladder},
    kernel::{
        error::{Error, Refusal, Result},
        id::RankId,
        input::InputCheck,
        text,
    },
    outbox::{self, MessageKind},
};

/// Discord's brand colour, for guilds that have not chosen one.
const BLURPLE: i64 = 0x0058_65F2;
/// Default interval between syncs of roles, in minutes, and the allowed range.
const SYNC_MINUTES: i64 = 60;
const SYNC_RANGE: std::ops::RangeInclusive<i64> = 5..=10_080;

/// A change of a guild's link. Undefined fields stay as they are.
#[derive(Clone)]
pub struct LinkChange {
    /// The Discord server.
    pub server_id: String,
    /// The channel for campaigns without a channel of their own; null is none.
    pub channel_id: MaybeUndefined<String>,
    /// The channel in which officers see what needs their attention; null is none.
    pub log_channel_id: MaybeUndefined<String>,
    /// The URL that a campaign's title links to, with `{id}` for the campaign's id; null is none.
    pub campaign_url: MaybeUndefined<String>,
    /// The colour of the bot's embeds, as `#RRGGBB`; null is Discord's own.
    pub color: MaybeUndefined<String>,
    /// The image for campaigns without one; null is none.
    pub thumbnail_url: MaybeUndefined<String>,
    /// The rank of newcomers without a mapped role; null is the lowest rank with one.
    pub newcomer_rank: MaybeUndefined<RankId>,
    /// The interval between syncs of roles, in minutes.
    pub sync_interval_minutes: Option<i64>,
}

/// Links the guild to a Discord server, or changes the bot's settings there.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND` for the newcomers' rank; `FORBIDDEN`, `RANK_TOO_LOW` for one out of the viewer's
/// reach; `CONFLICT`, `DISCORD_SERVER_TAKEN` for another guild's server, `DISCORD_OFF` without a bot.
pub async fn link_server(discord: &Discord, viewer: &Viewer, change: LinkChange) -> Result<Link> {
    discord.bot()?;
    let (officer, now) = (viewer.clone(), discord.access.clock.now());
    discord
        .access
        .db
        .write(async move |conn| {
            let officer = service::officer(conn, &officer).await?;
            let guild = officer.guild;
            // The guild before its rows, in the same order as a sync, to avoid deadlocks.
            identity::store::lock_guild(conn, guild).await?;
            let before = store::lock_link(conn, guild).await?;
            let blank = Link {
                guild_id: guild,
                server_id: String::new(),
                channel_id: None,
                campaign_url: None,
                color: BLURPLE,
                thumbnail_url: None,
                newcomer_rank_id: None,
                sync_minutes: SYNC_MINUTES,
                next_sync_at: now,
                synced_at: None,
                report: None,
                problem: None,
                log_channel_id: None,
            };
            let ladder = Ladder::load(conn, guild).await?;
            let mut after = InputCheck::run(|check| {
                let after = change.apply(check, before.clone().unwrap_or(blank));
                if after.newcomer_rank_id != before.as_ref().and_then(|link| link.newcomer_rank_id) {
                    check.valid(check_newcomers(&ladder, &officer, after.newcomer_rank_id));
                }
                after
            })?;
            let is_same_server = before.as_ref().is_some_and(|before| before.server_id == after.server_id);
            if !is_same_server {
                // The results of earlier syncs belong to the previous server.
                (after.synced_at, after.report, after.problem) = (None, None, None);
            }
            let is_same_interval = before.as_ref().is_some_and(|before| before.sync_minutes == after.sync_minutes);
            if !is_same_server || !is_same_interval {
                // The first sync is delayed, so that officers can try a dry run before it.
                after.next_sync_at = now + chrono::TimeDelta::minutes(after.sync_minutes);
            }
            if before.as_ref() == Some(&after) {
                return Ok(after);
            }
            let stored = match &before {
                Some(_) => store::update_link(conn, &after).await,
                None => store::insert_link(conn, &after).await,
            };
            stored.map_err(taken)?;
            if !is_same_server {
                store::set_sync_report(conn, guild, None).await?;
            }
            let summary = match &before {
                None => "Linked the guild to a Discord server".to_owned(),
                Some(before) => format!("Changed the link to Discord: {}", changes(before, &after)),
            };
            let entry = audit::event(Action::DiscordLink, guild, summary);
            audit::record(conn, guild, Some(&officer), now, entry).await?;
            Ok(after)
        })
        .await
}

/// Removes the guild's link to its Discord server. Ranks and members stay as they are.
///
/// # Errors
/// `CONFLICT`, `DISCORD_NOT_LINKED`.
pub async fn unlink_server(discord: &Discord, viewer: &Viewer) -> Result<()> {
    let (officer, now) = (viewer.clone(), discord.access.clock.now());
    discord
        .access
        .db
        .write(async move |conn| {
            let officer = service::officer(conn, &officer).await?;
            let guild = officer.guild;
            identity::store::lock_guild(conn, guild).await?;
            store::lock_link(conn, guild).await?.ok_or_else(not_linked)?;
            store::delete_link(conn, guild).await?;
            store::delete_boards(conn, guild).await?;
            for kind in [MessageKind::Announcement, MessageKind::Edit, MessageKind::Log] {
                outbox::store::delete_messages(conn, guild, kind).await?;
            }
            let entry = audit::event(Action::DiscordUnlink, guild, "Unlinked the guild from its Discord server");
            audit::record(conn, guild, Some(&officer), now, entry).await
        })
        .await
}

impl LinkChange {
    fn apply(self, check: &mut InputCheck, mut link: Link) -> Link {
        check.set(&mut link.server_id, text::discord_id("serverId", &self.server_id));
        match self.channel_id {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => link.channel_id = None,
            MaybeUndefined::Value(id) => link.channel_id = Some(check.valid(text::discord_id("channelId", &id))),
        }
        match self.log_channel_id {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => link.log_channel_id = None,
            MaybeUndefined::Value(id) => link.log_channel_id = Some(check.valid(text::discord_id("logChannelId", &id))),
        }
        match self.campaign_url {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => link.campaign_url = None,
            MaybeUndefined::Value(url) => link.campaign_url = Some(check.valid(campaign_url(&url))),
        }
        match self.color {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => link.color = BLURPLE,
            MaybeUndefined::Value(color) => check.set(&mut link.color, parse_color(&color)),
        }
        match self.thumbnail_url {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => link.thumbnail_url = None,
            MaybeUndefined::Value(url) => link.thumbnail_url = Some(check.valid(text::web_url("thumbnailUrl", &url))),
        }
        match self.newcomer_rank {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => link.newcomer_rank_id = None,
            MaybeUndefined::Value(rank) => link.newcomer_rank_id = Some(rank),
        }
        if let Some(minutes) = self.sync_interval_minutes {
            check.set(&mut link.sync_minutes, sync_minutes(minutes));
        }
        link
    }
}

/// Checks the rank for newcomers. All newcomers get it, so the officer must be allowed to grant it.
fn check_newcomers(ladder: &Ladder, officer: &Viewer, rank: Option<RankId>) -> Result<(), Refusal> {
    let Some(rank) = rank else { return Ok(()) };
    let rank = ladder.rank(rank).ok_or_else(|| Refusal::not_found("rank").at("newcomerRankId"))?;
    ladder.check_assignment(officer, None, rank).map_err(|refusal| refusal.at("newcomerRankId"))
}

fn sync_minutes(minutes: i64) -> Result<i64, Refusal> {
    if SYNC_RANGE.contains(&minutes) {
        return Ok(minutes);
    }
    let message = format!("syncIntervalMinutes must be from {} to {}.", SYNC_RANGE.start(), SYNC_RANGE.end());
    Err(Refusal::input("syncIntervalMinutes", message))
}

fn campaign_url(url: &str) -> Result<String, Refusal> {
    /// Stands for `{id}` in the check of the URL. It can't be part of a host.
    const SAMPLE: &str = "~campaign~";

    let url = text::web_url("campaignUrl", &url.replace("{id}", SAMPLE))?.replace(SAMPLE, "{id}");
    if !url.contains("{id}") {
        return Err(Refusal::input(
            "campaignUrl",
            "campaignUrl must contain {id}, which stands for the campaign's id.",
        ));
    }
    Ok(url)
}

fn parse_color(color: &str) -> Result<i64, Refusal> {
    let digits = color.trim().strip_prefix('#').filter(|digits| digits.len() == 6 && !digits.starts_with('+'));
    let color = digits.and_then(|digits| i64::from_str_radix(digits, 16).ok());
    color.ok_or_else(|| Refusal::input("color", "color must be #RRGGBB, six hexadecimal digits."))
}

/// A colour as `#RRGGBB`.
pub fn format_color(color: i64) -> String {
    format!("#{color:06X}")
}

pub(super) fn not_linked() -> Refusal {
    Refusal::conflict("DISCORD_NOT_LINKED", "The guild is not linked to a Discord server.")
}

fn taken(error: diesel::result::Error) -> Error {
    match violated_constraint(&error) {
        Some("discord_links_server") => {
            let message = "Another guild of this deployment is linked to this Discord server.";
            Refusal::conflict("DISCORD_SERVER_TAKEN", message).at("serverId").into()
        }
        _ => error.into(),
    }
}

fn changes(before: &Link, after: &Link) -> Changes {
    let mut changes = Changes::default();
    changes.note("color", &format_color(before.color), &format_color(after.color));
    changes.note("sync interval in minutes", &before.sync_minutes, &after.sync_minutes);
    // More members can read the audit log than the link.
    changes.note_hidden("server", before.server_id != after.server_id);
    changes.note_hidden("channel", before.channel_id != after.channel_id);
    changes.note_hidden("log channel", before.log_channel_id != after.log_channel_id);
    changes.note_hidden("campaign URL", before.campaign_url != after.campaign_url);
    changes.note_hidden("thumbnail", before.thumbnail_url != after.thumbnail_url);
    changes.note_hidden("newcomers' rank", before.newcomer_rank_id != after.newcomer_rank_id);
    changes
}
