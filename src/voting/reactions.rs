//! How voting reacts to changes of a roster: with the last member who had not voted gone, a campaign may be complete.

use futures_util::future::BoxFuture;

use super::{lifecycle, service::Voting};
use crate::{
    bus::{BusEvent, BusSubscriber, Publisher},
    kernel::id::GuildId,
};

impl BusSubscriber for Voting {
    fn apply(&self, event: BusEvent, publisher: Publisher) {
        // Someone who had not voted may have been the last. A command, unlike a server, leaves closing to the servers.
        if let (BusEvent::Access(guild, _), Publisher::Remote) = (event, publisher) {
            close_complete_later(self, Some(guild));
        }
    }

    fn resync(&self) {
        close_complete_later(self, None);
    }

    fn roster_changed(&self, guild: GuildId) -> BoxFuture<'_, ()> {
        Box::pin(lifecycle::close_complete(self, Some(guild)))
    }
}

fn close_complete_later(voting: &Voting, guild: Option<GuildId>) {
    let voting = voting.clone();
    tokio::spawn(async move { lifecycle::close_complete(&voting, guild).await });
}
