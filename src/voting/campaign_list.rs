//! Lists of campaigns: their filters, orders and positions.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::rows::Campaign;
use crate::{
    db::CampaignStatus,
    kernel::{
        clock::Timestamp,
        id::{CampaignId, MemberId},
        page::OrderDirection,
    },
};

/// What campaigns can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum CampaignOrderField {
    /// Time at which the campaign was created.
    CreatedAt,
    /// Scheduled end of the voting. Drafts without one count as ending last.
    ClosesAt,
    /// Title.
    Title,
}

/// The order of a list of campaigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignOrder {
    /// The property by which the campaigns are sorted.
    pub field: CampaignOrderField,
    /// The direction.
    pub direction: OrderDirection,
}

impl Default for CampaignOrder {
    fn default() -> Self {
        Self { field: CampaignOrderField::CreatedAt, direction: OrderDirection::Desc }
    }
}

/// A campaign's position in a list by a time: this time, and the id.
pub type CampaignKey = (Timestamp, CampaignId);

/// A campaign's position in a list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum CampaignPosition {
    /// In the order by title: sort key, id.
    Title(String, CampaignId),
    /// In an order by time. In cursors without a name, as servers of an earlier release write it.
    #[serde(untagged)]
    At(Timestamp, CampaignId),
}

impl Campaign {
    /// Returns the campaign's position in a list of this order.
    pub fn position(&self, order: CampaignOrder) -> CampaignPosition {
        match order.field {
            CampaignOrderField::CreatedAt => CampaignPosition::At(self.created_at, self.id),
            CampaignOrderField::ClosesAt => CampaignPosition::At(self.closes_at.unwrap_or(*NO_END), self.id),
            CampaignOrderField::Title => CampaignPosition::Title(self.sort_key.clone(), self.id),
        }
    }
}

/// Stands for the end of a campaign without one in orders and in the index of ends.
static NO_END: LazyLock<Timestamp> = LazyLock::new(|| {
    let end = chrono::NaiveDate::from_ymd_opt(9999, 12, 31).and_then(|day| day.and_hms_opt(23, 59, 59));
    end.unwrap_or_default()
});

/// The position of a campaign in the list of past ones: the time of closing (latest first), and the id.
pub type PastKey = (Timestamp, CampaignId);

/// Which campaigns to list.
#[derive(Clone, Debug, Default)]
pub struct CampaignFilter {
    /// The statuses to list; all except archived by default.
    pub status: Option<Vec<CampaignStatus>>,
    /// The viewer, if signed in. Campaigns for ranks above the viewer's are not listed.
    pub viewer: Option<MemberId>,
    /// Whether the viewer can see drafts.
    pub drafts: bool,
    /// A part of the title, ignoring case and accents.
    pub search: Option<String>,
    /// Only campaigns in which the viewer can vote, or only the others.
    pub viewer_can_vote: Option<(bool, Voter)>,
}

/// The viewer, as far as it decides in which campaigns they can vote.
#[derive(Clone, Copy, Debug)]
pub struct Voter {
    /// The registered viewer; `None` for everyone else, who cannot vote.
    pub registered: Option<MemberId>,
    /// The time at which they vote.
    pub now: Timestamp,
}
