//! Exchanges events with the other servers on one PostgreSQL database, by `NOTIFY` and `LISTEN`.

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

/// Events within this time share one statement. `NOTIFY` takes a lock that serializes all notifying commits, so events
/// that may be late are sent separately from the changes themselves.
const BATCH_WINDOW: Duration = Duration::from_millis(10);
/// Interval of checks of an idle listening connection, and their timeout. While subscribers rely on [`Bus::caught_up`],
/// the connection is checked three times per lease instead.
const PING_INTERVAL: Duration = Duration::from_secs(10);
/// Delay before reconnecting.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);
/// Interval at which a server on SQLite looks for rosters that a command has changed in another process.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Delay before sending events again after a failure.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// The payload by which a server checks that it receives notifications, including its own.
const HELLO: &str = "hello";

/// Exchanges events until dropped.
pub(super) async fn run(bus: &Bus, db: &Db, queue: &mut mpsc::UnboundedReceiver<BusEvent>) {
    if !db.is_shared() {
        tokio::join!(async { while queue.recv().await.is_some() {} }, poll(bus, db));
        return;
    }
    tokio::join!(send(bus, db, queue), async {
        loop {
            if let Err(error) = listen(bus, db).await {
                tracing::warn!(%error, "not receiving the other servers' notifications; reconnecting");
            }
            tokio::time::sleep(RECONNECT_DELAY).await;
        }
    });
}

/// On SQLite, publishes changes of rosters by commands in other processes.
async fn poll(bus: &Bus, db: &Db) {
    let mut known: Option<HashMap<GuildId, i64>> = None;
    loop {
        match db.read(async |conn| Ok(roster_versions(conn).await?)).await {
            Ok(versions) => {
                let versions: HashMap<GuildId, i64> = versions.into_iter().collect();
                let deleted = known.iter().flat_map(HashMap::keys).filter(|guild| !versions.contains_key(guild));
                deleted.for_each(|guild| bus.apply(BusEvent::Access(*guild, None), Publisher::Remote));
                for (guild, version) in &versions {
                    // Includes new guilds, whose members may have changed since they were founded.
                    if known.as_ref().is_some_and(|known| known.get(guild) != Some(version)) {
                        bus.apply(BusEvent::Access(*guild, None), Publisher::Remote);
                    }
                }
                if known.replace(versions).is_none() {
                    bus.resync();
                }
            }
            Err(error) => tracing::warn!(%error, "could not check for changes of rosters"),
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

async fn roster_versions(conn: &mut Conn) -> QueryResult<Vec<(GuildId, i64)>> {
    on!(conn, c => guilds::table.select((guilds::id, guilds::roster_version)).load(c))
}

/// Sends events to the other servers, in batches.
async fn send(bus: &Bus, db: &Db, queue: &mut mpsc::UnboundedReceiver<BusEvent>) {
    let mut pending = Vec::new();
    // After a failure, `pending` contains the unsent events, which are sent again even if there are no new ones.
    while !pending.is_empty() || queue.recv_many(&mut pending, 10_000).await > 0 {
        tokio::time::sleep(BATCH_WINDOW).await;
        while let Ok(event) = queue.try_recv() {
            pending.push(event);
        }
        let events: HashSet<BusEvent> = pending.drain(..).collect();
        let payloads: Vec<String> = events.iter().map(|event| event.encode(bus.server)).collect();
        let channel = bus.channel;
        let sent = db.read(async move |conn| Ok(conn.notify(channel, payloads).await?)).await;
        if let Err(error) = sent {
            tracing::warn!(%error, "could not notify the other servers of a change; retrying");
            pending.extend(events);
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }
}

/// Applies the other servers' events until the connection fails.
async fn listen(bus: &Bus, db: &Db) -> Result<()> {
    let Some(mut conn) = db.listener(bus.channel).await? else { return Ok(()) };
    check_delivery(bus, db, &mut conn).await?;
    bus.resync();
    let mut last_ping = Instant::now();
    loop {
        if bus.take_demand() || last_ping.elapsed() >= PING_INTERVAL {
            let pinged_at = Instant::now();
            let response = tokio::time::timeout(PING_INTERVAL, conn.batch_execute("SELECT 1")).await;
            response.map_err(|_| Error::internal("the connection does not respond"))??;
            // PostgreSQL delivers pending notifications before its response, so all older ones have been received.
            // Unconstrained, because tokio's budget would end this loop early.
            while let Some(payload) = unconstrained(next(&mut conn)).now_or_never() {
                receive(bus, &payload?);
            }
            bus.caught_up(pinged_at);
            last_ping = pinged_at;
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

/// Checks that notifications arrive. Behind a pooler they don't, and no other error would show it.
async fn check_delivery(bus: &Bus, db: &Db, conn: &mut AsyncPgConnection) -> Result<()> {
    let (channel, hello) = (bus.channel, format!("{} {HELLO}", bus.server));
    let payload = hello.clone();
    db.read(async move |conn| Ok(conn.notify(channel, vec![payload]).await?)).await?;
    let received = async {
        while next(conn).await? != hello {}
        Ok(())
    };
    let not_received = "LISTEN receives no notifications: behind a pooler, set GUILDHALL_DIRECT_URL";
    tokio::time::timeout(PING_INTERVAL, received).await.map_err(|_| Error::internal(not_received))?
}

/// Waits for the next payload on the connection.
async fn next(conn: &mut AsyncPgConnection) -> Result<String> {
    match pin!(conn.notifications_stream()).next().await {
        Some(notification) => Ok(notification?.payload),
        None => Err(Error::internal("the connection was closed")),
    }
}

fn receive(bus: &Bus, payload: &str) {
    match BusEvent::decode(payload) {
        // Usually applied already, but not if this server lost the connection before the commit's response.
        Some((from, event @ BusEvent::Access(..))) if from == bus.server => bus.apply(event, Publisher::Local),
        Some((from, _)) if from == bus.server => {}
        Some((_, event)) => bus.apply(event, Publisher::Remote),
        None if payload.ends_with(HELLO) => {}
        None => {
            tracing::warn!(payload, "unknown notification of another server");
            bus.resync();
        }
    }
}
