//! Finds campaigns that a viewer can see or watch.

use super::{
    rows::{Campaign, StandingsHiddenReason},
    rules::{self, may_see, standings_hidden},
    service::Voting,
    store,
};
use crate::{
    access::Viewer,
    kernel::{
        error::{Refusal, Result},
        id::{CampaignId, GuildId},
    },
};

/// Returns a campaign that the viewer can see.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn visible_campaign(
    voting: &Voting,
    guild: GuildId,
    viewer: Option<&Viewer>,
    id: CampaignId,
) -> Result<Campaign> {
    let campaign = voting.db.read(async move |conn| Ok(store::campaign(conn, guild, id).await?)).await?;
    Ok(check_visible(campaign, viewer)?)
}

fn check_visible(campaign: Option<Campaign>, viewer: Option<&Viewer>) -> Result<Campaign, Refusal> {
    campaign.filter(|campaign| may_see(campaign, viewer)).ok_or_else(|| Refusal::not_found("campaign").at("campaignId"))
}

/// Returns a campaign whose standings the viewer can see.
///
/// # Errors
/// `NOT_FOUND` if the viewer cannot see the campaign; `FORBIDDEN` (`STANDINGS_HIDDEN`).
pub async fn watchable_campaign(
    voting: &Voting,
    guild: GuildId,
    viewer: Option<&Viewer>,
    id: CampaignId,
) -> Result<Campaign> {
    let viewer = viewer.cloned();
    voting
        .db
        .read(async move |conn| {
            let campaign = check_visible(store::campaign(conn, guild, id).await?, viewer.as_ref())?;
            let mut hidden = standings_hidden(&campaign, viewer.as_ref(), false);
            // Most votes need no second statement, because it makes no difference whether the viewer has voted.
            if let (Some(StandingsHiddenReason::VoteFirst), Some(viewer)) = (hidden, &viewer)
                && store::has_voted(conn, guild, id, viewer.member).await?
            {
                hidden = None;
            }
            match hidden {
                Some(reason) => Err(rules::standings_refused(reason).into()),
                None => Ok(campaign),
            }
        })
        .await
}
