//! The Discord bot: its connection to the gateway, and its slash commands.

pub mod commands;
mod gateway;
mod gateway_lease;
mod member_sync;
mod relay;
pub mod session_pauses;

use std::sync::Arc;

use tokio::task::JoinSet;

pub use self::gateway_lease::release;
use crate::{app::App, kernel::supervise::spawn_supervised};

/// Starts the server's background tasks and, with a token, the bot's. They end when the set is dropped.
pub fn start(app: &Arc<App>) -> JoinSet<()> {
    let mut tasks = app.start();
    if app.discord.bot.is_some() {
        let app = Arc::clone(app);
        spawn_supervised(&mut tasks, "the connection to Discord", move || gateway_lease::run(Arc::clone(&app)));
    }
    tasks
}
