//! The lease of the gateway connection. Only the server that holds it connects to Discord's gateway, runs the scheduled
//! syncs and announces campaigns. When the holder stops, another server with the bot's token acquires the lease.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;

use super::gateway;
use crate::{
    app::App,
    discord::{Bot, GatewayStatus, announcements, rows::GatewayLease, store, sync},
    kernel::{clock::Timestamp, error::Result},
    outbox,
};

/// Duration of the lease.
const LEASE: Duration = Duration::from_secs(15);
/// Time between two renewals.
const RENEWAL: Duration = Duration::from_secs(5);
/// Time after which failed messages are deleted.
const FAILED_MESSAGES_KEPT: Duration = Duration::from_hours(30 * 24);

/// Holds the lease whenever no other server does, until the task is dropped.
pub(super) async fn run(app: Arc<App>) {
    let Some(bot) = app.discord.bot.as_deref() else { return };
    let mut status = bot.status();
    let mut tasks: Option<JoinSet<()>> = None;
    loop {
        match (renew(&app, bot).await, tasks.is_some()) {
            (Ok(true), false) => {
                tracing::info!("acquired the gateway lease");
                tasks = Some(start_tasks(&app));
            }
            (Ok(false), true) => {
                tracing::warn!("another server has acquired the gateway lease");
                tasks = None;
            }
            (Ok(_), _) => {}
            // Another server may acquire the lease meanwhile. Even with two holders, all work happens only once.
            (Err(error), _) => tracing::warn!(%error, "could not renew the gateway lease; retrying"),
        }
        let renewal = app.clock.now() + RENEWAL;
        tokio::select! {
            () = app.clock.sleep_until(renewal) => {}
            // The sender belongs to the bot, so the channel never closes.
            _ = status.changed() => {}
            // A task ends only because of a bug.
            () = task_ended(&mut tasks) => {
                tracing::error!("a task of the lease holder ended; restarting its tasks");
                tasks = None;
            }
        }
    }
}

/// Returns when one of the holder's tasks has ended.
async fn task_ended(tasks: &mut Option<JoinSet<()>>) {
    match tasks {
        Some(tasks) => {
            tasks.join_next().await;
        }
        None => std::future::pending().await,
    }
}

async fn renew(app: &App, bot: &Bot) -> Result<bool> {
    let now = app.clock.now();
    let GatewayStatus { connection, since, problem } = bot.status().borrow().clone();
    let row = GatewayLease {
        id: 1,
        holder: bot.server(),
        held_until: now + LEASE,
        state: connection.to_string(),
        since,
        problem,
    };
    // Reads first, so that a server without the lease does not occupy SQLite's only writer.
    let current = app.db.read(async |conn| Ok(store::gateway_lease(conn).await?)).await?;
    // On SQLite there is one server, so a lease of another is obsolete. A lease longer than `LEASE` is invalid: the
    // clock was set back.
    let is_shared = app.db.is_shared();
    let is_held = |until: Timestamp| is_shared && now < until && until <= now + LEASE;
    if current.is_some_and(|current| current.holder != row.holder && is_held(current.held_until)) {
        return Ok(false);
    }
    app.db
        .write(async move |conn| {
            Ok(store::acquire_gateway_lease(conn, &row, now, if is_shared { now + LEASE } else { now }).await?)
        })
        .await
}

fn start_tasks(app: &Arc<App>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(gateway::run(Arc::clone(app)));
    tasks.spawn(announcements::run(Arc::clone(&app.discord)));
    tasks.spawn(sync::run(Arc::clone(&app.discord)));
    tasks.spawn(delete_old_messages(Arc::clone(app)));
    tasks
}

/// Deletes messages that failed long ago.
async fn delete_old_messages(app: Arc<App>) {
    loop {
        let now = app.clock.now();
        if let Err(error) = app
            .db
            .write(async move |conn| Ok(outbox::store::delete_old_messages(conn, now - FAILED_MESSAGES_KEPT).await?))
            .await
        {
            tracing::warn!(%error, "could not delete old failed messages");
        }
        app.clock.sleep_until(now + Duration::from_hours(1)).await;
    }
}

/// Releases the lease when the server shuts down, so that another server can acquire it immediately.
pub async fn release(app: &App) {
    let Some(bot) = &app.discord.bot else { return };
    let (server, now) = (bot.server(), app.clock.now());
    let released = app.db.write(async move |conn| Ok(store::release_gateway_lease(conn, server, now).await?));
    if !matches!(tokio::time::timeout(Duration::from_secs(2), released).await, Ok(Ok(()))) {
        tracing::warn!("could not release the gateway lease; another server acquires it after it expires");
    }
}
