//! Syncs members after their changes on Discord.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    app::App,
    discord::{ServerMember, sync},
};

/// Maximum number of servers whose changes are processed at once.
const MAX_SERVERS: usize = 16;

/// Syncs members after their changes: those of one server in their order, those of several servers at once, so that no
/// server waits for another.
pub(super) async fn run(app: Arc<App>, mut changes: mpsc::Receiver<(String, ServerMember)>) {
    let mut waiting: HashMap<String, VecDeque<ServerMember>> = HashMap::new();
    let mut syncs = JoinSet::new();
    loop {
        tokio::select! {
            change = changes.recv(), if syncs.len() < MAX_SERVERS => {
                let Some((server, member)) = change else { return };
                if let Some(queue) = waiting.get_mut(&server) {
                    queue.push_back(member);
                } else {
                    waiting.insert(server.clone(), VecDeque::new());
                    syncs.spawn(sync_one(Arc::clone(&app), server, member));
                }
            }
            Some(done) = syncs.join_next() => match done {
                Ok(server) => match waiting.get_mut(&server).and_then(VecDeque::pop_front) {
                    Some(member) => {
                        syncs.spawn(sync_one(Arc::clone(&app), server, member));
                    }
                    None => {
                        waiting.remove(&server);
                    }
                },
                Err(error) => {
                    // A sync panicked, and the error does not say which. The next scheduled sync makes up for the rest.
                    tracing::error!(%error, "a sync of a member after a change on Discord ended; dropping the others");
                    waiting.clear();
                }
            },
        }
    }
}

/// Syncs one member, and returns the server.
async fn sync_one(app: Arc<App>, server: String, member: ServerMember) -> String {
    if let Err(error) = sync::sync_member(&app.discord, &server, member).await {
        // The next scheduled sync makes up for the failure.
        tracing::warn!(%error, server, "could not sync a member after a change on Discord");
    }
    server
}
