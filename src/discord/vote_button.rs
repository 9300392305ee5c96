//! The button below an announcement, with which members open their ballot.

use serenity::{
    all::ButtonStyle,
    builder::{CreateActionRow, CreateButton},
};

use crate::kernel::id::CampaignId;

/// Prefix of the button's id.
const PREFIX: &str = "vote1:open:";

/// A row with the button.
pub(super) fn row(campaign: CampaignId) -> CreateActionRow {
    let button = CreateButton::new(id(campaign)).label("Vote").style(ButtonStyle::Success);
    CreateActionRow::Buttons(vec![button])
}

/// The id of a campaign's button.
pub fn id(campaign: CampaignId) -> String {
    format!("{PREFIX}{}", encode_campaign(campaign))
}

/// The campaign of a button's id; `None` for any other id.
pub fn campaign_of(id: &str) -> Option<CampaignId> {
    id.strip_prefix(PREFIX).and_then(decode_campaign)
}

/// Encodes a campaign for a component's id.
pub fn encode_campaign(campaign: CampaignId) -> String {
    format!("{:x}", campaign.0.cast_unsigned())
}

/// The campaign that [`encode_campaign`] has encoded.
pub fn decode_campaign(campaign: &str) -> Option<CampaignId> {
    u64::from_str_radix(campaign, 16).ok().map(|id| CampaignId(id.cast_signed()))
}
