//! Between servers on one PostgreSQL: what one changes, the others hear of.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{FutureExt, StreamExt};
use tokio::{sync::mpsc, task::unconstrained};

use super::Event;
use crate::{
    app::App,
    error::{Error, Result},
    id::{CampaignId, GuildId, MemberId},
    identity,
    voting::{self, CampaignStatus},
};

/// Events that come together within this time are told in one statement. Telling takes a lock that commits of all
/// tellers share, so it is done apart from the changes themselves.
const GATHER: Duration = Duration::from_millis(10);
/// How often a connection is asked whether it still stands when nobody asks for a viewer. While someone does, it is asked
/// three times within the viewers' lease.
const PING: Duration = Duration::from_secs(10);
/// How long to wait before connecting anew.
const RECONNECT: Duration = Duration::from_secs(1);

/// What a server says to hear itself.
const HELLO: &str = "hello";

/// How often a server on SQLite looks whether a command beside it has changed a roster.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait before telling again what could not be told.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// Tells and hears until dropped. On SQLite there is nobody to tell, and only commands to hear of.
pub(super) async fn run(app: &Arc<App>, outgoing: &mut mpsc::UnboundedReceiver<Event>) {
    if !app.db.is_shared() {
        tokio::join!(async { while outgoing.recv().await.is_some() {} }, look(app));
        return;
    }
    tokio::join!(tell(app, outgoing), reconcile(app), async {
        loop {
            if let Err(error) = hear(app).await {
                tracing::warn!(%error, "not hearing the other servers; connecting again");
            }
            tokio::time::sleep(RECONNECT).await;
        }
    });
}

/// Notices when a roster changes, by whatever hand.
async fn look(app: &Arc<App>) {
    let mut known: Option<HashMap<GuildId, i64>> = None;
    loop {
        match app.db.read(async |conn| Ok(identity::store::roster_versions(conn).await?)).await {
            Ok(versions) => {
                let versions: HashMap<GuildId, i64> = versions.into_iter().collect();
                for (guild, version) in &versions {
                    // A new guild too: much may have happened since the last look.
                    if known.as_ref().is_some_and(|known| known.get(guild) != Some(version)) {
                        hear_from_afar(app, Event::Access(*guild, None));
                    }
                }
                if known.replace(versions).is_none() {
                    missed_everything(app);
                }
            }
            Err(error) => tracing::warn!(%error, "could not look whether a roster has changed"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn tell(app: &App, outgoing: &mut mpsc::UnboundedReceiver<Event>) {
    let mut gathered = Vec::new();
    // What could not be told is told again, whether or not there is more.
    while !gathered.is_empty() || outgoing.recv_many(&mut gathered, 10_000).await > 0 {
        tokio::time::sleep(GATHER).await;
        while let Ok(event) = outgoing.try_recv() {
            gathered.push(event);
        }
        let events: HashSet<Event> = gathered.drain(..).collect();
        let payloads: Vec<String> = events.iter().map(|event| write(app.live.server, *event)).collect();
        let channel = app.live.channel;
        let told = app.db.read(async move |conn| Ok(conn.notify(channel, payloads).await?)).await;
        if let Err(error) = told {
            tracing::warn!(%error, "the other servers could not be told of a change; trying again");
            gathered.extend(events);
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }
}

/// Holds what is watched against the database now and then.
async fn reconcile(app: &Arc<App>) {
    let mut known: HashMap<GuildId, i64> = HashMap::new();
    loop {
        tokio::time::sleep(app.live.reconcile_every).await;
        let followed = app.live.followed_guilds();
        let guilds: Vec<GuildId> = app.live.watched_guilds().into_iter().collect();
        let tallies = app.live.watched_tallies();
        let watched: Vec<(GuildId, CampaignId)> = tallies.iter().map(|(key, _)| *key).collect();
        if guilds.is_empty() && watched.is_empty() && followed.is_empty() {
            known.clear();
            continue;
        }
        let found = app.db.snapshot(async move |conn| {
            conn.force_custom_plans().await?;
            let rosters = identity::store::roster_versions_of(conn, &guilds).await?;
            let progress = voting::store::progress(conn, &watched).await?;
            Ok((rosters, progress, voting::store::unarchived(conn, &followed).await?))
        });
        let (rosters, progress, campaigns) = match found.await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "what is watched could not be held against the database");
                continue;
            }
        };
        let rosters: HashMap<GuildId, i64> = rosters.into_iter().collect();
        for (guild, version) in &rosters {
            if known.get(guild).is_some_and(|known| known != version) {
                app.live.hear(Event::Access(*guild, None));
            }
        }
        app.live.campaigns_found(&campaigns);
        for ((guild, campaign), revision) in tallies {
            let Some((status, voted)) = progress.get(&campaign).copied() else { continue };
            let is_newer = rosters.get(&guild).is_some_and(|version| version + voted > revision);
            if is_newer || status != CampaignStatus::Live {
                app.live.hear(Event::Campaign(guild, campaign));
            }
        }
        known = rosters;
    }
}

async fn hear(app: &Arc<App>) -> Result<()> {
    let Some(mut conn) = app.db.listener(app.live.channel).await? else { return Ok(()) };
    make_sure(app, &mut conn).await?;
    missed_everything(app);
    let mut quiet_since = Instant::now();
    loop {
        let viewers = &app.live.viewers;
        if viewers.take_asked() || quiet_since.elapsed() >= PING {
            let asked_at = Instant::now();
            let answer = tokio::time::timeout(PING, conn.batch_execute("SELECT 1")).await;
            answer.map_err(|_| Error::internal("the connection gives no sign of life"))??;
            // PostgreSQL sends what it has to tell before it answers, so by now all that is older is here. Unconstrained,
            // for a forced yield would look like the end of it.
            while let Some(heard) = unconstrained(next(&mut conn)).now_or_never() {
                hear_one(app, &heard?);
            }
            viewers.heard_all_before(asked_at);
            quiet_since = asked_at;
        }
        let pause = tokio::time::sleep(viewers.lease / 3);
        let mut pause = pin!(pause);
        loop {
            tokio::select! {
                heard = next(&mut conn) => hear_one(app, &heard?),
                () = &mut pause => break,
            }
        }
    }
}

/// Makes sure that what is told is heard: through a pooler it is not, and nothing else would show it.
async fn make_sure(app: &App, conn: &mut AsyncPgConnection) -> Result<()> {
    let (channel, hello) = (app.live.channel, format!("{} {HELLO}", app.live.server));
    let said = hello.clone();
    app.db.read(async move |conn| Ok(conn.notify(channel, vec![said]).await?)).await?;
    let heard = async {
        while next(conn).await? != hello {}
        Ok(())
    };
    let deaf = "LISTEN hears nothing: through a pooler, it needs GUILDHALL_DIRECT_URL";
    tokio::time::timeout(PING, heard).await.map_err(|_| Error::internal(deaf))?
}

/// Takes in what another process did.
fn hear_from_afar(app: &Arc<App>, event: Event) {
    app.live.hear(event);
    if let Event::Access(guild, _) = event {
        // Whoever had not voted yet may have been the last; a command, unlike a server, leaves closing to us.
        close_complete(app, Some(guild));
    }
}

/// At the start, and after a time of not hearing the others.
fn missed_everything(app: &Arc<App>) {
    app.live.missed_events();
    close_complete(app, None);
}

fn close_complete(app: &Arc<App>, guild: Option<GuildId>) {
    let app = Arc::clone(app);
    tokio::spawn(async move { voting::close_complete(&app, guild).await });
}

/// What the connection hears next.
async fn next(conn: &mut AsyncPgConnection) -> Result<String> {
    match pin!(conn.notifications_stream()).next().await {
        Some(notification) => Ok(notification?.payload),
        None => Err(Error::internal("the connection was closed")),
    }
}

fn hear_one(app: &Arc<App>, payload: &str) {
    match read(payload) {
        // Heard already, unless it was never known here that the change was made.
        Some((from, event @ Event::Access(..))) if from == app.live.server => app.live.hear(event),
        Some((from, _)) if from == app.live.server => {}
        Some((_, event)) => hear_from_afar(app, event),
        None if payload.ends_with(HELLO) => {}
        None => {
            tracing::warn!(payload, "another server says what this one does not understand");
            missed_everything(app);
        }
    }
}

pub(super) fn write(from: u64, event: Event) -> String {
    match event {
        Event::Ballots(guild, campaign) => format!("{from} ballots {} {}", guild.0, campaign.0),
        Event::Access(guild, None) => format!("{from} access {}", guild.0),
        Event::Access(guild, Some(member)) => format!("{from} access {} {}", guild.0, member.0),
        Event::Campaign(guild, campaign) => format!("{from} campaign {} {}", guild.0, campaign.0),
    }
}

fn read(payload: &str) -> Option<(u64, Event)> {
    let words: Vec<&str> = payload.split(' ').collect();
    let event = match *words.get(1..)? {
        ["ballots", guild, campaign] => {
            Event::Ballots(GuildId(guild.parse().ok()?), CampaignId(campaign.parse().ok()?))
        }
        ["access", guild] => Event::Access(GuildId(guild.parse().ok()?), None),
        ["access", guild, member] => Event::Access(GuildId(guild.parse().ok()?), Some(MemberId(member.parse().ok()?))),
        ["campaign", guild, campaign] => {
            Event::Campaign(GuildId(guild.parse().ok()?), CampaignId(campaign.parse().ok()?))
        }
        _ => return None,
    };
    Some((words.first()?.parse().ok()?, event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_server_tells_another_hears() {
        for event in [
            Event::Ballots(GuildId(1), CampaignId(2)),
            Event::Campaign(GuildId(1), CampaignId(2)),
            Event::Access(GuildId(3), None),
            Event::Access(GuildId(3), Some(MemberId(4))),
        ] {
            assert_eq!(read(&write(7, event)), Some((7, event)));
        }
        assert_eq!(read("7 something else"), None);
    }
}
