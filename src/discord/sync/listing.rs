//! Lists the members of a Discord server.

use std::{collections::HashSet, time::Duration};

use super::plan::ServerSnapshot;
use crate::{
    discord::{
        client::Bot,
        rest::{DiscordError, PAGE, ServerMember},
        rows::Link,
        service::Discord,
    },
    kernel::error::Refusal,
};

/// What has started a sync of a whole server.
#[derive(Clone, Copy)]
pub(super) enum SyncTrigger {
    /// An officer, who waits for it.
    Officer,
    /// The schedule.
    Schedule,
}

impl SyncTrigger {
    /// Longest wait for a rate limit.
    const fn max_wait(self) -> Duration {
        match self {
            Self::Officer => Duration::from_secs(10),
            Self::Schedule => Duration::from_mins(10),
        }
    }
}

/// Fetches all members of a server, page by page.
pub(super) async fn list_members(
    discord: &Discord,
    bot: &Bot,
    link: &Link,
    trigger: SyncTrigger,
) -> Result<ServerSnapshot, DiscordError> {
    let started = discord.access.clock.now();
    let listed = |users| ServerSnapshot::All { users, changed: HashSet::new(), since: started };
    let Some(server) = link.server() else { return Ok(listed(Vec::new())) };
    let latest = started + trigger.max_wait();
    let mut seen: Vec<ServerMember> = Vec::new();
    let mut has_retried = false;
    loop {
        let after = seen.last().map(|last| last.user.id.clone());
        let turn = match trigger {
            SyncTrigger::Officer => None,
            SyncTrigger::Schedule => bot.listings().acquire().await.ok(),
        };
        let page = bot.rest().members(link.guild_id, server, after.as_deref()).await;
        drop(turn);
        match page {
            Ok(page) => {
                let is_last = page.len() < PAGE;
                seen.extend(page);
                if is_last {
                    return Ok(listed(seen));
                }
            }
            Err(DiscordError::NotBefore(until)) if until <= latest && !bot.is_down_for(link.guild_id) => {
                discord.access.clock.sleep_until(until).await;
            }
            // One failed page is retried.
            Err(DiscordError::Down(_)) if !has_retried => has_retried = true,
            Err(failure) => return Err(failure),
        }
    }
}

pub(super) fn refusal(failure: &DiscordError) -> Refusal {
    match failure {
        DiscordError::Refused { status: 403 | 404, .. } => Refusal::conflict(
            "DISCORD_REFUSED",
            "Discord does not let the bot list the server's members. Check that the bot is in the server and that the Server \
             Members Intent is on.",
        ),
        DiscordError::Refused { .. } => Refusal::conflict("DISCORD_REFUSED", failure.to_string()),
        DiscordError::Unauthorized => Refusal::conflict("DISCORD_UNAVAILABLE", "Discord rejects the bot's token."),
        DiscordError::NotBefore(_) | DiscordError::Down(_) => {
            Refusal::conflict("DISCORD_UNAVAILABLE", "Discord does not respond at the moment. Try again later.")
        }
    }
}
