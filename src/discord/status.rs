//! The state of the bot's connection to Discord, whichever server keeps it.

use super::{rows::DiscordConnection, service::Discord, store};
use crate::kernel::{clock::Timestamp, error::Result};

/// The state of the bot's connection to Discord.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayStatus {
    /// Whether it is connected.
    pub connection: DiscordConnection,
    /// Since when.
    pub since: Timestamp,
    /// Why it is not connected, as far as is known.
    pub problem: Option<String>,
}

impl GatewayStatus {
    pub(super) const fn new(connection: DiscordConnection, since: Timestamp) -> Self {
        Self { connection, since, problem: None }
    }
}

/// The state of the bot's connection, whichever server keeps it; `None` without a bot.
///
/// # Errors
/// The database's.
pub async fn gateway_status(discord: &Discord) -> Result<Option<GatewayStatus>> {
    if discord.bot.is_none() {
        return Ok(None);
    }
    let now = discord.access.clock.now();
    let row = discord.access.db.read(async |conn| Ok(store::keeper(conn).await?)).await?;
    Ok(Some(match row {
        Some(row) if now < row.held_until => {
            GatewayStatus { connection: row.state, since: row.since, problem: row.problem }
        }
        // The server that kept it is gone, and none has taken over yet.
        row => GatewayStatus::new(DiscordConnection::Connecting, row.map_or(now, |row| row.held_until)),
    }))
}
