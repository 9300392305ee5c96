//! Exchanges events with the other servers on one PostgreSQL, by `NOTIFY` and `LISTEN`.

use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    time::{Duration, Instant},
};

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::{FutureExt, StreamExt};
use tokio::{sync::mpsc, task::unconstrained};

use super::{Bus, Publisher, event::BusEvent};
use crate::{
    db::{Conn, Db, on, schema::guilds},
    kernel::{
        error::{Error, Result},
        id::GuildId,
    },
};

/// Events within this time share one statement. `NOTIFY` takes a lock that all notifying commits share, so events that may be
/// late are sent apart from the changes themselves.
const GATHER: Duration = Duration::from_millis(10);
/// How often an idle listening connection is checked. While subscribers rely on being caught up, the bus's lease applies.
const PING: Duration = Duration::from_secs(10);
/// Pause before reconnecting.
const RECONNECT: Duration = Duration::from_secs(1);
/// How often a server on SQLite looks for rosters that a command beside it has changed.
const POLL: Duration = Duration::from_millis(500);
/// Pause before sending events again after a failure.
const AFTER_FAILURE: Duration = Duration::from_millis(500);

/// The payload with which a server checks that it receives its own notices.
const HELLO: &str = "hello";

/// Runs until dropped.
pub(super) async fn run(bus: &Bus, db: &Db, queue: &mut mpsc::UnboundedReceiver<BusEvent>) {
    if !db.is_shared() {
        tokio::join!(async { while queue.recv().await.is_some() {} }, poll(bus, db));
        return;
    }
    tokio::join!(send(bus, db, queue), async {
        loop {
            if let Err(error) = listen(bus, db).await {
                tracing::warn!(%error, "not hearing the other servers; connecting again");
            }
            tokio::time::sleep(RECONNECT).await;
        }
    });
}

/// Publishes changes of rosters by commands beside this server, on SQLite.
async fn poll(bus: &Bus, db: &Db) {
    let mut known: Option<HashMap<GuildId, i64>> = None;
    loop {
        match db.read(async |conn| Ok(roster_versions(conn).await?)).await {
            Ok(versions) => {
                let versions: HashMap<GuildId, i64> = versions.into_iter().collect();
                for (guild, version) in &versions {
                    // A new guild too: much may have happened since the last poll.
                    if known.as_ref().is_some_and(|known| known.get(guild) != Some(version)) {
                        bus.apply(BusEvent::Access(*guild, None), Publisher::Remote);
                    }
                }
                if known.replace(versions).is_none() {
                    bus.resync();
                }
            }
            Err(error) => tracing::warn!(%error, "could not look whether a roster has changed"),
        }
        tokio::time::sleep(POLL).await;
    }
}

async fn roster_versions(conn: &mut Conn) -> QueryResult<Vec<(GuildId, i64)>> {
    on!(conn, c => guilds::table.select((guilds::id, guilds::roster_version)).load(c))
}

/// Sends events to the other servers, in batches.
async fn send(bus: &Bus, db: &Db, queue: &mut mpsc::UnboundedReceiver<BusEvent>) {
    let mut gathered = Vec::new();
    // Events that could not be sent are sent again, whether or not there are more.
    while !gathered.is_empty() || queue.recv_many(&mut gathered, 10_000).await > 0 {
        tokio::time::sleep(GATHER).await;
        while let Ok(event) = queue.try_recv() {
            gathered.push(event);
        }
        let events: HashSet<BusEvent> = gathered.drain(..).collect();
        let payloads: Vec<String> = events.iter().map(|event| event.encode(bus.server)).collect();
        let channel = bus.channel;
        let sent = db.read(async move |conn| Ok(conn.notify(channel, payloads).await?)).await;
        if let Err(error) = sent {
            tracing::warn!(%error, "the other servers could not be told of a change; trying again");
            gathered.extend(events);
            tokio::time::sleep(AFTER_FAILURE).await;
        }
    }
}

/// Applies the other servers' events until the connection fails.
async fn listen(bus: &Bus, db: &Db) -> Result<()> {
    let Some(mut conn) = db.listener(bus.channel).await? else { return Ok(()) };
    check_delivery(bus, db, &mut conn).await?;
    bus.resync();
    let mut quiet_since = Instant::now();
    loop {
        if bus.take_demand() || quiet_since.elapsed() >= PING {
            let asked_at = Instant::now();
            let answer = tokio::time::timeout(PING, conn.batch_execute("SELECT 1")).await;
            answer.map_err(|_| Error::internal("the connection gives no sign of life"))??;
            // PostgreSQL delivers pending notices before it answers, so all older ones are here by now. Unconstrained, because
            // tokio's budget would end this loop early.
            while let Some(payload) = unconstrained(next(&mut conn)).now_or_never() {
                receive(bus, &payload?);
            }
            bus.caught_up(asked_at);
            quiet_since = asked_at;
        }
        let mut pause = pin!(tokio::time::sleep(bus.lease / 3));
        loop {
            tokio::select! {
                payload = next(&mut conn) => receive(bus, &payload?),
                () = &mut pause => break,
            }
        }
    }
}

/// Checks that notices arrive: through a pooler they don't, and nothing else would show it.
async fn check_delivery(bus: &Bus, db: &Db, conn: &mut AsyncPgConnection) -> Result<()> {
    let (channel, hello) = (bus.channel, format!("{} {HELLO}", bus.server));
    let payload = hello.clone();
    db.read(async move |conn| Ok(conn.notify(channel, vec![payload]).await?)).await?;
    let received = async {
        while next(conn).await? != hello {}
        Ok(())
    };
    let deaf = "LISTEN hears nothing: through a pooler, it needs GUILDHALL_DIRECT_URL";
    tokio::time::timeout(PING, received).await.map_err(|_| Error::internal(deaf))?
}

/// The next payload on the connection.
async fn next(conn: &mut AsyncPgConnection) -> Result<String> {
    match pin!(conn.notifications_stream()).next().await {
        Some(notification) => Ok(notification?.payload),
        None => Err(Error::internal("the connection was closed")),
    }
}

fn receive(bus: &Bus, payload: &str) {
    match BusEvent::decode(payload) {
        // Applied already, unless the server never learned that its commit succeeded.
        Some((from, event @ BusEvent::Access(..))) if from == bus.server => bus.apply(event, Publisher::Local),
        Some((from, _)) if from == bus.server => {}
        Some((_, event)) => bus.apply(event, Publisher::Remote),
        None if payload.ends_with(HELLO) => {}
        None => {
            tracing::warn!(payload, "another server says what this one does not understand");
            bus.resync();
        }
    }
}
