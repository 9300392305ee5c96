//! Between servers on one PostgreSQL: what one changes, the others hear of.

use std::{collections::HashSet, time::Duration};

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::{Event, Live};
use crate::{
    app::App,
    error::Result,
    id::{CampaignId, GuildId},
};

const CHANNEL: &str = "guildhall";
/// Events that come together within this time are told in one statement. Telling takes a lock that commits of all
/// tellers share, so it is done apart from the changes themselves.
const GATHER: Duration = Duration::from_millis(10);
/// How often a quiet connection is asked whether it still stands.
const PING: Duration = Duration::from_secs(10);
/// How long to wait before connecting anew.
const RECONNECT: Duration = Duration::from_secs(1);

/// Tells and hears until dropped. On SQLite there is nobody to tell.
pub(super) async fn run(app: &App, mut outgoing: mpsc::UnboundedReceiver<Event>) {
    let own: u64 = rand::random();
    if !app.db.is_shared() {
        while outgoing.recv().await.is_some() {}
        return;
    }
    tokio::join!(tell(app, own, outgoing), async {
        loop {
            if let Err(error) = hear(app, own).await {
                tracing::warn!(%error, "not hearing the other servers; connecting again");
            }
            tokio::time::sleep(RECONNECT).await;
        }
    });
}

async fn tell(app: &App, own: u64, mut outgoing: mpsc::UnboundedReceiver<Event>) {
    let mut gathered = Vec::new();
    while outgoing.recv_many(&mut gathered, 10_000).await > 0 {
        tokio::time::sleep(GATHER).await;
        while let Ok(event) = outgoing.try_recv() {
            gathered.push(event);
        }
        let events: HashSet<Event> = gathered.drain(..).collect();
        let payloads: Vec<String> = events.into_iter().map(|event| write(own, event)).collect();
        let told = app.db.read(async move |conn| Ok(conn.notify(CHANNEL, payloads).await?)).await;
        if let Err(error) = told {
            tracing::warn!(%error, "the other servers could not be told of a change");
        }
    }
}

async fn hear(app: &App, own: u64) -> Result<()> {
    let Some(mut conn) = app.db.listener(CHANNEL).await? else { return Ok(()) };
    app.live.missed_events();
    loop {
        let heard = {
            let mut notifications = std::pin::pin!(conn.notifications_stream());
            tokio::time::timeout(PING, notifications.next()).await
        };
        match heard {
            Ok(Some(notification)) => hear_one(&app.live, own, &notification?.payload),
            Ok(None) => return Ok(()),
            Err(_) => {
                diesel_async::SimpleAsyncConnection::batch_execute(&mut conn, "SELECT 1").await?;
            }
        }
    }
}

fn hear_one(live: &Live, own: u64, payload: &str) {
    match read(payload) {
        Some((from, _)) if from == own => {}
        Some((_, event)) => live.hear(event),
        // A newer server may say what this one does not know.
        None => tracing::debug!(payload, "not understood"),
    }
}

fn write(from: u64, event: Event) -> String {
    match event {
        Event::Ballots(guild, campaign) => format!("{from} ballots {} {}", guild.0, campaign.0),
        Event::Access(guild) => format!("{from} access {}", guild.0),
        Event::Schedule => format!("{from} schedule"),
    }
}

fn read(payload: &str) -> Option<(u64, Event)> {
    let words: Vec<&str> = payload.split(' ').collect();
    let event = match *words.get(1..)? {
        ["ballots", guild, campaign] => {
            Event::Ballots(GuildId(guild.parse().ok()?), CampaignId(campaign.parse().ok()?))
        }
        ["access", guild] => Event::Access(GuildId(guild.parse().ok()?)),
        ["schedule"] => Event::Schedule,
        _ => return None,
    };
    Some((words.first()?.parse().ok()?, event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_server_tells_another_hears() {
        for event in [Event::Ballots(GuildId(1), CampaignId(2)), Event::Access(GuildId(3)), Event::Schedule] {
            assert_eq!(read(&write(7, event)), Some((7, event)));
        }
        assert_eq!(read("7 something else"), None);
    }
}
