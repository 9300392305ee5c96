//! The state of the bot's connection to Discord.

use super::{client::GatewayStatus, rows::DiscordConnectionState, service::Discord, store};
use crate::kernel::error::Result;

/// The state of the bot's connection, which any server may hold; `None` without a bot.
///
/// # Errors
/// A database error.
pub async fn gateway_status(discord: &Discord) -> Result<Option<GatewayStatus>> {
    if discord.bot.is_none() {
        return Ok(None);
    }
    let now = discord.access.clock.now();
    let row = discord.access.db.read(async |conn| Ok(store::gateway_lease(conn).await?)).await?;
    Ok(Some(match row {
        Some(row) if now < row.held_until => {
            GatewayStatus { connection: row.connection(), since: row.since, problem: row.problem }
        }
        // The lease has expired, and no other server has acquired it yet.
        row => GatewayStatus::new(DiscordConnectionState::Connecting, row.map_or(now, |row| row.held_until)),
    }))
}
