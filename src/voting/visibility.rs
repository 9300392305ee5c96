//! Campaigns as a viewer may see and watch them.

use super::{
    rows::Campaign,
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

/// A campaign that the viewer may see.
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
    Ok(seen(campaign, viewer)?)
}

fn seen(campaign: Option<Campaign>, viewer: Option<&Viewer>) -> Result<Campaign, Refusal> {
    campaign.filter(|campaign| may_see(campaign, viewer)).ok_or_else(|| Refusal::not_found("campaign").at("campaignId"))
}

/// The campaign, if its standings are open to this viewer.
///
/// # Errors
/// `NOT_FOUND` when it does not exist for them; `FORBIDDEN`, `STANDINGS_HIDDEN`.
pub async fn watchable_campaign(
    voting: &Voting,
    guild: GuildId,
    viewer: Option<&Viewer>,
    id: CampaignId,
) -> Result<Campaign> {
    let member = viewer.map(|viewer| viewer.member);
    let (campaign, has_voted) = voting
        .db
        .read(async move |conn| {
            let campaign = store::campaign(conn, guild, id).await?;
            let has_voted = match member {
                Some(member) => store::has_voted(conn, guild, id, member).await?,
                None => false,
            };
            Ok((campaign, has_voted))
        })
        .await?;
    let campaign = seen(campaign, viewer)?;
    match standings_hidden(&campaign, viewer, has_voted) {
        Some(reason) => Err(rules::hidden(reason).into()),
        None => Ok(campaign),
    }
}
