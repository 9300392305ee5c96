//! Reads the demo of an earlier start.

use std::collections::HashSet;

use super::{
    fill::{self, Filled, LiveVote},
    roster::is_account,
};
use crate::{
    app::App,
    cli::output::BoxError,
    db::CampaignStatus,
    identity,
    kernel::{
        error::Refusal,
        id::{EntryId, GuildId, MemberId},
    },
    voting::{self, CampaignFilter},
};

/// Reads the demo's guild. If its live vote is over, adds another.
///
/// # Errors
/// A database error.
pub(super) async fn read(app: &App, guild: GuildId) -> Result<Filled, BoxError> {
    let now = app.clock.now();
    let (row, members, campaigns, live) = app
        .db
        .snapshot(async move |conn| {
            let row = identity::store::guild(conn, guild).await?.ok_or_else(|| Refusal::not_found("guild"))?;
            let members = identity::store::all_members(conn, guild).await?;
            let campaigns = voting::store::count_campaigns(conn, guild, &CampaignFilter::default()).await?;
            let unarchived = voting::store::unarchived_campaigns(conn, guild).await?;
            let is_live = |it: &voting::Campaign| it.status == CampaignStatus::Live && it.closes_at > Some(now);
            let Some(campaign) = unarchived.into_iter().filter(is_live).max_by_key(|it| it.closes_at) else {
                return Ok((row, members, campaigns, None));
            };
            let entries = voting::store::entries_of(conn, guild, &[campaign.id]).await?;
            let non_voters = voting::store::non_voters(conn, &campaign).await?;
            Ok((row, members, campaigns, Some((campaign, entries, non_voters))))
        })
        .await?;
    let live = match live {
        Some((campaign, entries, non_voters)) => {
            let non_voters: HashSet<MemberId> = non_voters.into_iter().collect();
            let may_vote = |it: &&identity::Member| it.is_active && non_voters.contains(&it.id);
            let entries: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
            LiveVote { simulated_voters: fill::simulated(members.iter().filter(may_vote)), campaign, entries }
        }
        None => fill::another_live_vote(app, guild, &members).await?,
    };
    let accounts = members.iter().filter(|it| it.is_active && is_account(it)).cloned().collect();
    Ok(Filled { guild: row, members: members.len(), campaigns: usize::try_from(campaigns)?, accounts, live })
}
