//! The parts of the server that operations on Discord need.

use std::sync::Arc;

use super::client::Bot;
use crate::{
    access::{Access, Permission, Viewer},
    auth::Cipher,
    db::Conn,
    kernel::{
        error::{Refusal, Result},
        public_url::PublicUrl,
    },
};

/// The permission for the link to Discord, role sync and messages.
pub const MANAGE: Permission = Permission::DiscordManage;

/// The parts of the server that operations on Discord need.
pub struct Discord {
    /// Viewers and changes of rights.
    pub access: Access,
    /// Encrypts codes in the outbox.
    pub cipher: Cipher,
    /// The bot, if the operator has set a token.
    pub bot: Option<Arc<Bot>>,
    /// The address of the site, for links in messages.
    pub public_url: Option<PublicUrl>,
}

impl Discord {
    /// The bot.
    ///
    /// # Errors
    /// `CONFLICT`, `DISCORD_OFF` without a bot.
    pub fn bot(&self) -> Result<&Bot, Refusal> {
        self.bot.as_deref().ok_or_else(|| {
            Refusal::conflict(
                "DISCORD_OFF",
                "This deployment has no Discord bot, because its operator has set no token.",
            )
        })
    }
}

/// Confirms within this transaction that the viewer may manage the guild's Discord.
pub(super) async fn officer(conn: &mut Conn, viewer: &Viewer) -> Result<Viewer> {
    let officer = viewer.confirm(conn).await?;
    officer.require(MANAGE)?;
    Ok(officer)
}
