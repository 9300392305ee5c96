//! Where a campaign is in its life. Beside the tables, because the audit log filters by it and lies below voting.

use super::text::text_enum;

text_enum! {
    /// Where a campaign is in its life.
    pub enum CampaignStatus {
        /// Being prepared; seen only by those who manage campaigns.
        Draft,
        /// Taking ballots.
        Live,
        /// Over, with its result.
        Closed,
        /// Over, and hidden from default lists.
        Archived,
    }
}

impl CampaignStatus {
    /// The statuses that come after an earlier one, up to this.
    pub fn since(self, earlier: Self) -> Vec<Self> {
        let life = [Self::Draft, Self::Live, Self::Closed, Self::Archived];
        let is_before = |it: &Self| *it != self;
        let until: Vec<Self> = life.iter().copied().take_while(is_before).chain([self]).collect();
        until.into_iter().skip_while(|it| *it != earlier).skip(1).collect()
    }
}
