//! Finds settings of a guild that its Discord server does not have: the server, channels and roles.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use super::{
    client::Bot,
    rest::{DiscordError, Role},
    rows::{Destination, Link},
    service::Discord,
    store,
};
use crate::{
    identity::{Ladder, Rank},
    kernel::{
        error::Result,
        id::{GuildId, RankId},
    },
};

/// Longest time that a client waits for Discord.
const WAIT: Duration = Duration::from_secs(3);
/// Maximum number of channels of votes that are checked.
const MAX_CHANNELS: i64 = 20;

/// The settings to check.
struct Settings {
    link: Link,
    ladder: Ladder,
    /// The channels for announcements.
    channels: BTreeSet<String>,
}

/// What is wrong with the guild's settings, a sentence each: with those of one rank, or with all. `None` while Discord
/// does not respond, and without a bot or a link.
///
/// # Errors
/// A database error.
pub async fn warnings(discord: &Discord, guild: GuildId, rank: Option<RankId>) -> Result<Option<Vec<String>>> {
    let Some(bot) = discord.bot.as_deref() else { return Ok(None) };
    let settings = discord.access.db.read(async move |conn| {
        let Some(link) = store::link(conn, guild).await? else { return Ok(None) };
        let mut channels: BTreeSet<String> = match rank {
            Some(_) => BTreeSet::new(),
            None => store::campaign_channels(conn, guild, MAX_CHANNELS).await?.into_iter().flatten().collect(),
        };
        channels
            .extend([&link.channel_id, &link.log_channel_id].into_iter().flatten().filter(|_| rank.is_none()).cloned());
        Ok(Some(Settings { link, ladder: Ladder::load(conn, guild).await?, channels }))
    });
    let Some(settings) = settings.await? else { return Ok(None) };
    let checked = discord.access.clock.timeout(WAIT, check(bot, &settings, rank)).await;
    Ok(checked.and_then(Result::ok))
}

async fn check(bot: &Bot, settings: &Settings, rank: Option<RankId>) -> Result<Vec<String>, DiscordError> {
    let Settings { link, ladder, channels } = settings;
    let id = &link.server_id;
    let Some(server) = link.server() else { return Ok(vec![format!("{id} is not the id of a Discord server.")]) };
    let roles = match bot.rest().roles(link.guild_id, server).await {
        Ok(roles) => roles,
        Err(DiscordError::Refused { status: 403 | 404, .. }) => {
            return Ok(vec![format!(
                "The bot is not in the Discord server {id}. Install it there, or link the server that it is in."
            )]);
        }
        Err(failure) => return Err(failure),
    };
    let ranks = ladder.ranks().filter(|it| rank.is_none_or(|rank| it.id == rank));
    let mut warnings = role_warnings(ranks, &roles, ladder, id);
    for channel in channels {
        warnings.extend(channel_warning(bot, link, channel).await?);
    }
    Ok(warnings)
}

fn role_warnings<'r>(
    ranks: impl Iterator<Item = &'r Rank>,
    roles: &[Role],
    ladder: &Ladder,
    server_id: &str,
) -> Vec<String> {
    let mut holders: HashMap<&str, usize> = HashMap::new();
    for role in ladder.ranks().filter_map(|rank| rank.discord_role_id.as_deref()) {
        *holders.entry(role).or_default() += 1;
    }
    let warning = |rank: &Rank| {
        let (name, role) = (&rank.name, rank.discord_role_id.as_deref()?);
        if !roles.iter().any(|it| it.id == role) {
            return Some(format!("The linked Discord server has no role {role}, which the rank {name} is for."));
        }
        if role == server_id && (!rank.permissions.is_empty() || rank.level == ladder.highest_level()) {
            return Some(format!(
                "The rank {name} has permissions, and is for everyone in the Discord server (@everyone)."
            ));
        }
        let is_shared = holders.get(role).is_some_and(|holders| *holders > 1);
        is_shared.then(|| format!("Several ranks have the Discord role {role}, also {name}. Only the lowest counts."))
    };
    ranks.filter_map(warning).collect()
}

async fn channel_warning(bot: &Bot, link: &Link, id: &str) -> Result<Option<String>, DiscordError> {
    let Some(Destination::Channel(channel)) = Destination::channel(id) else {
        return Ok(Some(format!("{id} is not the id of a Discord channel.")));
    };
    match bot.server_of(link.guild_id, channel).await {
        Ok(Some(server)) if server != link.server_id => {
            Ok(Some(format!("The linked Discord server has no channel {id}: it belongs to another server.")))
        }
        Ok(_) => Ok(None),
        Err(DiscordError::Refused { status: 403, .. }) => Ok(Some(format!("The bot cannot see the channel {id}."))),
        Err(DiscordError::Refused { .. }) => Ok(Some(format!("The linked Discord server has no channel {id}."))),
        Err(failure) => Err(failure),
    }
}
