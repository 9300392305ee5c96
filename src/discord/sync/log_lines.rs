//! What officers see of a role sync in their channel.

use super::changes::{DiscordSyncConflict, SyncChange, SyncPlan};
use crate::{discord::wording::escape, identity::Ladder};

/// Longest name in a line, in characters.
const MAX_NAME: usize = 60;

/// The lines about a sync's conflicts, and about ranks that stay without a role.
pub(super) fn sync_lines(plan: &SyncPlan, ladder: &Ladder) -> Vec<String> {
    let rank = |id| ladder.rank(id).map_or_else(|| "no rank".to_owned(), |rank| escape(&rank.name, MAX_NAME));
    let line = |change: &SyncChange| {
        let name = escape(&change.discord_username, MAX_NAME);
        let (from, to) = (change.from.map(rank), change.to.map(rank));
        let ranks = match (from, to) {
            (Some(from), Some(to)) if from != to => format!(" ({from}, by their roles {to})"),
            (Some(rank), _) | (None, Some(rank)) => format!(" ({rank})"),
            (None, None) => String::new(),
        };
        let why = change.conflict.map(DiscordSyncConflict::sentence).unwrap_or_default();
        format!("• **{name}**{ranks}: {why}")
    };
    let heading = "The role sync needs your attention:".to_owned();
    std::iter::once(heading).chain(plan.conflicts.iter().chain(&plan.kept).map(line)).collect()
}
