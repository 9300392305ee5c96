//! The outcome of a vote: what the officers made of the result, in their own words.

use super::{
    editing::{lock, quoted, record},
    rows::Campaign,
    service::Voting,
    store,
};
use crate::{
    access::Viewer,
    audit::Action,
    kernel::{
        error::{Refusal, Result},
        id::CampaignId,
        input::{both, refused_field},
        text,
    },
};

/// Longest outcome, in Unicode characters.
const MAX_OUTCOME: usize = 2_000;

/// Sets the outcome of a campaign that is over, or takes it back.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `CONFLICT` (`NOT_CLOSED`).
pub async fn set_outcome(
    voting: &Voting,
    viewer: &Viewer,
    id: CampaignId,
    outcome: Option<String>,
) -> Result<Campaign> {
    let (officer, now) = (viewer.clone(), voting.clock.now());
    voting
        .change_campaign(async move |conn| {
            let officer = officer.confirm(conn).await?;
            let campaign = refused_field(lock(conn, &officer, id, "campaignId").await)?;
            let outcome = outcome.map_or(Ok(None), |text| text::paragraphs("outcome", &text, MAX_OUTCOME));
            let (campaign, outcome) = both(campaign, outcome)?;
            if !campaign.is_over() {
                return Err(Refusal::conflict("NOT_CLOSED", "Only a closed vote can have an outcome.").into());
            }
            if outcome == campaign.outcome {
                return Ok(campaign);
            }
            let verb = if outcome.is_some() { "Set" } else { "Took back" };
            let campaign = Campaign { outcome, ..campaign };
            store::update_campaign(conn, &campaign).await?;
            let summary = format!("{verb} the outcome of {}", quoted(&campaign));
            record(conn, &campaign, Some(&officer), now, Action::CampaignOutcome, summary).await?;
            Ok(campaign)
        })
        .await
}
