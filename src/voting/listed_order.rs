//! Whether the listed order of the entries decided a result.
//!
//! Closing stores it with the result. Results that a release before 0.2 has stored lack it. It then follows from the
//! stored ballots, which only results with a broken tie need.

use std::collections::HashMap;

use guildhall_count::{Ranking, decided_by_listed_order};

use super::{
    rows::{Campaign, Entry, Outcome},
    store,
};
use crate::{
    db::Conn,
    kernel::{
        error::Result,
        id::{CampaignId, EntryId, GuildId},
    },
};

/// Returns whether the listed order decided the results of the campaigns that have one. Call it in a snapshot.
///
/// # Errors
/// A database error.
pub async fn decided_results(
    conn: &mut Conn,
    guild: GuildId,
    campaigns: &[Campaign],
) -> Result<HashMap<CampaignId, bool>> {
    let over: Vec<CampaignId> = campaigns.iter().filter(|it| it.has_result()).map(|it| it.id).collect();
    let (mut decided, mut unknown) = (HashMap::new(), Vec::new());
    for result in store::results(conn, guild, &over).await? {
        match known(&result.parse()?.outcome) {
            Some(value) => {
                decided.insert(result.campaign_id, value);
            }
            None => unknown.push(result.campaign_id),
        }
    }
    let rankings = store::rankings(conn, guild, &unknown).await?;
    let mut entries: HashMap<CampaignId, Vec<Entry>> = HashMap::new();
    if !unknown.is_empty() {
        for entry in store::entries_of(conn, guild, &unknown).await? {
            entries.entry(entry.campaign_id).or_default().push(entry);
        }
    }
    for campaign in campaigns.iter().filter(|campaign| unknown.contains(&campaign.id)) {
        let order: Vec<EntryId> = entries.get(&campaign.id).into_iter().flatten().map(|entry| entry.id).collect();
        let rankings = rankings.get(&campaign.id).map(Vec::as_slice).unwrap_or_default();
        decided.insert(campaign.id, decided_by_listed_order(campaign.rules(), &order, rankings));
    }
    Ok(decided)
}

/// Completes the count of a campaign that is about to close.
///
/// # Errors
/// A database error.
pub(super) async fn complete(
    conn: &mut Conn,
    campaign: &Campaign,
    order: &[EntryId],
    outcome: &Outcome,
) -> Result<Outcome> {
    let decided = if let Some(known) = known(outcome) {
        known
    } else {
        let mut rankings = store::rankings(conn, campaign.guild_id, &[campaign.id]).await?;
        let rankings = rankings.remove(&campaign.id).unwrap_or_default();
        decided_by_listed_order(campaign.rules(), order, &rankings)
    };
    Ok(Outcome { decided_by_listed_order: Some(decided), ..outcome.clone() })
}

/// Completes a stored result, whose ballots are at hand.
pub(super) fn complete_from(
    campaign: &Campaign,
    order: &[EntryId],
    rankings: impl FnOnce() -> Vec<Ranking<EntryId>>,
    outcome: Outcome,
) -> Outcome {
    let decided = known(&outcome).unwrap_or_else(|| decided_by_listed_order(campaign.rules(), order, &rankings()));
    Outcome { decided_by_listed_order: Some(decided), ..outcome }
}

/// The stored value, or what follows from the steps of the count.
fn known(outcome: &Outcome) -> Option<bool> {
    outcome.decided_by_listed_order.or_else(|| (!outcome.has_broken_ties()).then_some(false))
}
