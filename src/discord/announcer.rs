//! Announces the steps of campaigns: implements the port of `voting`.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{announcements, client::Bot};
use crate::{
    db::Conn,
    kernel::{clock::Timestamp, error::Result, public_url::PublicUrl},
    voting::{Announcer, Campaign},
};

/// Queues announcements in the outbox.
pub struct DiscordAnnouncer {
    /// The bot, if the operator has set a token.
    pub bot: Option<Arc<Bot>>,
    /// The address of the site, for links in messages.
    pub public_url: Option<PublicUrl>,
}

impl Announcer for DiscordAnnouncer {
    fn announce<'c>(&'c self, conn: &'c mut Conn, campaign: &'c Campaign, now: Timestamp) -> BoxFuture<'c, Result<()>> {
        Box::pin(announcements::announce_campaign(conn, self.public_url.as_ref(), campaign, now))
    }

    fn on_commit(&self) {
        self.bot.iter().for_each(|bot| bot.outbox().wake());
    }
}
