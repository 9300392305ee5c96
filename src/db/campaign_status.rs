//! The status of a campaign. It is in this layer because the audit log, which is below `voting`, filters by it.

use super::text::text_enum;

text_enum! {
    /// The status of a campaign.
    pub enum CampaignStatus {
        /// In preparation, and visible only with `CAMPAIGNS_MANAGE`.
        Draft,
        /// Accepts ballots until `closesAt`.
        Live,
        /// Closed, with a final result unless it was cancelled.
        Closed,
        /// Closed, and omitted from `campaigns` by default.
        Archived,
    }
}

impl CampaignStatus {
    /// The statuses of a campaign that has been live.
    pub const LAUNCHED: [Self; 3] = [Self::Live, Self::Closed, Self::Archived];

    /// The statuses of a campaign that is over.
    pub const OVER: [Self; 2] = [Self::Closed, Self::Archived];

    /// Returns the statuses after `earlier`, up to and including this one.
    pub fn since(self, earlier: Self) -> Vec<Self> {
        let order = [Self::Draft, Self::Live, Self::Closed, Self::Archived];
        let is_before = |it: &Self| *it != self;
        let until: Vec<Self> = order.iter().copied().take_while(is_before).chain([self]).collect();
        until.into_iter().skip_while(|it| *it != earlier).skip(1).collect()
    }
}
