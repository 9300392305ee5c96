//! Closes campaigns after changes of the roster: without the last member who had not voted, a campaign is complete.

use futures_util::future::BoxFuture;

use super::{lifecycle, service::Voting};
use crate::{
    bus::{BusEvent, BusSubscriber, Publisher},
    kernel::id::GuildId,
};

impl BusSubscriber for Voting {
    fn apply(&self, event: BusEvent, publisher: Publisher) {
        // A server closes campaigns after its own changes in `roster_changed`. A command does not, so the servers do
        // it.
        if let (BusEvent::Access(guild, _), Publisher::Remote) = (event, publisher) {
            spawn_close_complete_campaigns(self, Some(guild));
        }
    }

    fn resync(&self) {
        spawn_close_complete_campaigns(self, None);
    }

    fn roster_changed(&self, guild: GuildId) -> BoxFuture<'_, ()> {
        Box::pin(lifecycle::close_complete_campaigns(self, Some(guild)))
    }
}

fn spawn_close_complete_campaigns(voting: &Voting, guild: Option<GuildId>) {
    let voting = voting.clone();
    tokio::spawn(async move { lifecycle::close_complete_campaigns(&voting, guild).await });
}
