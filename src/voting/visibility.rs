//! Finds campaigns that a viewer can see or watch.

use super::{
    rows::{Campaign, StandingsHiddenReason},
    rules::{self, are_on_one_ladder, may_see, standings_hidden},
    service::Voting,
    store,
};
use crate::{
    access::Viewer,
    db::Conn,
    kernel::{
        error::{Refusal, Result},
        id::{CampaignId, GuildId},
    },
};

/// Confirms a viewer and reads a campaign, both on the same ladder. Reads them again as long as a change of the ladder
/// was committed between the two statements.
///
/// # Errors
/// `UNAUTHENTICATED` when the viewer's token has been revoked.
pub(super) async fn confirm_with_campaign(
    conn: &mut Conn,
    viewer: &Viewer,
    id: CampaignId,
) -> Result<(Viewer, Option<Campaign>)> {
    loop {
        let viewer = viewer.confirm(conn).await?;
        let campaign = store::campaign(conn, viewer.guild, id).await?;
        if campaign.as_ref().is_none_or(|campaign| are_on_one_ladder(campaign, &viewer)) {
            return Ok((viewer, campaign));
        }
    }
}

/// Reads a campaign. Returns it with the viewer, who is read again if the ladder has changed.
///
/// # Errors
/// `UNAUTHENTICATED` when the viewer is read again and their token has been revoked.
pub async fn campaign_with_viewer(
    voting: &Voting,
    guild: GuildId,
    viewer: Option<&Viewer>,
    id: CampaignId,
) -> Result<(Option<Viewer>, Option<Campaign>)> {
    let viewer = viewer.cloned();
    voting
        .db
        .read(async move |conn| {
            let campaign = store::campaign(conn, guild, id).await?;
            match (viewer, campaign) {
                (Some(viewer), Some(campaign)) if !are_on_one_ladder(&campaign, &viewer) => {
                    let (viewer, campaign) = confirm_with_campaign(conn, &viewer, id).await?;
                    Ok((Some(viewer), campaign))
                }
                found => Ok(found),
            }
        })
        .await
}

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
    let (viewer, campaign) = campaign_with_viewer(voting, guild, viewer, id).await?;
    Ok(check_visible(campaign, viewer.as_ref())?)
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
    let (viewer, campaign) = campaign_with_viewer(voting, guild, viewer, id).await?;
    let campaign = check_visible(campaign, viewer.as_ref())?;
    let mut hidden = standings_hidden(&campaign, viewer.as_ref(), false);
    // Most votes need no second statement, because it makes no difference whether the viewer has voted.
    if let (Some(StandingsHiddenReason::VoteFirst), Some(viewer)) = (hidden, &viewer) {
        let member = viewer.member;
        if voting.db.read(async move |conn| Ok(store::has_voted(conn, guild, id, member).await?)).await? {
            hidden = None;
        }
    }
    match hidden {
        Some(reason) => Err(rules::standings_refused(reason).into()),
        None => Ok(campaign),
    }
}
