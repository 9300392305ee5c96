//! Looks up the Discord servers of guilds.

use std::{sync::Arc, time::Duration};

use serenity::all::GuildId as ServerId;
use tracing::Instrument;

use super::{client::Bot, linked_server::LinkedServer, rest::DiscordError, rows::Link, service::Discord};
use crate::kernel::id::GuildId;

/// Longest time that a client waits for Discord. The look-up goes on without it.
const WAIT: Duration = Duration::from_secs(2);

/// The server of a guild's link, as Discord describes it. `None` while Discord does not respond, without a bot, and if
/// the bot is not in the server.
pub async fn linked_server(discord: &Discord, link: &Link) -> Option<Arc<LinkedServer>> {
    let (bot, guild, server) = (discord.bot.as_ref()?, link.guild_id, link.server()?);
    let clock = &discord.access.clock;
    let (mut lookup, sender) = bot.servers().slot((guild, server), clock.elapsed());
    if let Some(sender) = sender {
        let (bot, clock) = (Arc::clone(bot), clock.clone());
        let look_up = async move {
            let found = look_up(&bot, guild, server).await;
            if let Err(failure) = &found {
                tracing::debug!(guild = guild.0, %failure, "could not look up a Discord server");
            }
            // Fails if nobody waits any longer and the cache was emptied.
            let _ = sender.send(Some((clock.elapsed(), found.ok().map(Arc::new))));
        };
        // On a task of its own, so that the next request finds the answer if this one stops waiting.
        tokio::spawn(look_up.in_current_span());
    }
    let answer = async {
        let looked_up = lookup.wait_for(Option::is_some).await.ok()?;
        looked_up.as_ref().and_then(|(_, server)| server.clone())
    };
    clock.timeout(WAIT, answer).await.flatten()
}

async fn look_up(bot: &Bot, guild: GuildId, server: ServerId) -> Result<LinkedServer, DiscordError> {
    let rest = bot.rest();
    // One request before the others, because a breaker that has been open lets a single one through.
    let described = rest.server(guild, server).await?;
    let user = bot.user().await?;
    let (channels, member) = tokio::try_join!(rest.channels(guild, server), rest.member(guild, server, user))?;
    Ok(LinkedServer::new(&described, &channels, &member))
}
