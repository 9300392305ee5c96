//! The bot's slash commands.

use std::sync::Arc;

use serenity::{all::Interaction, builder::CreateCommand};

use crate::app::App;

/// The commands, as Discord is told of them.
pub(super) fn all() -> Vec<CreateCommand> {
    Vec::new()
}

/// Answers whoever used a command, a button or a menu.
pub(super) async fn answer(_app: &Arc<App>, _interaction: Interaction) {}
