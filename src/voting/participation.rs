//! The participation of members: the campaigns they could vote in, and whether they voted. Cancelled campaigns do not
//! count.

use std::{cmp::Reverse, collections::HashMap};

use super::{
    rows::{CampaignCloseReason, ResultsVisibility, Turnout},
    rules::MANAGE,
    store,
};
use crate::{
    access::Viewer,
    db::{CampaignStatus, Conn},
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{CampaignId, GuildId, MemberId},
    },
};

/// A member's participation in the live and past campaigns that they could vote in or have voted in.
#[derive(Clone, Debug)]
pub struct Participation {
    /// The member.
    pub member: MemberId,
    /// Newest campaign first.
    parts: Vec<CampaignParticipation>,
}

/// A member's participation in a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignParticipation {
    /// The member.
    pub member: MemberId,
    /// The campaign.
    pub campaign: CampaignId,
    /// Whether they voted.
    pub voted: bool,
    /// When the campaign was created, by which lists are sorted.
    pub campaign_created_at: Timestamp,
    /// Whether others can see it.
    is_public: bool,
}

impl CampaignParticipation {
    fn new((member, campaign): (MemberId, store::CampaignHeader), voted: bool) -> Self {
        Self {
            member,
            campaign: campaign.id,
            voted,
            campaign_created_at: campaign.created_at,
            // Standings that change while someone votes would reveal how they voted.
            is_public: campaign.status != CampaignStatus::Live
                || campaign.results_visibility == ResultsVisibility::AfterClose,
        }
    }
}

impl Participation {
    /// Creates the participation of a member who could not vote in any campaign.
    pub const fn none(member: MemberId) -> Self {
        Self { member, parts: Vec::new() }
    }

    /// Returns the participation that this viewer can see, for whom it was loaded. Unless it is the viewer's own, it
    /// leaves out live campaigns that show their standings.
    #[must_use]
    pub fn visible_to(&self, viewer: &Viewer) -> Self {
        let is_visible = |part: &&CampaignParticipation| viewer.member == self.member || part.is_public;
        Self { member: self.member, parts: self.parts.iter().filter(is_visible).copied().collect() }
    }

    /// Returns the participation by campaign, newest first.
    pub fn parts(&self) -> &[CampaignParticipation] {
        &self.parts
    }

    /// Returns the number of campaigns, and the number in which the member voted.
    pub fn turnout(&self) -> Turnout {
        let count = |parts: usize| i64::try_from(parts).unwrap_or(i64::MAX);
        let voted = self.parts.iter().filter(|part| part.voted).count();
        Turnout { eligible: count(self.parts.len()), voted: count(voted), ..Turnout::default() }
    }
}

/// Whether this viewer may see a member's participation: their own, or any with the permission to manage campaigns.
pub fn may_see_participation(viewer: &Viewer, member: MemberId) -> bool {
    viewer.member == member || viewer.may(MANAGE)
}

/// Loads the participation of these members, without the campaigns that this viewer cannot see. Call it in a snapshot.
///
/// # Errors
/// A database error.
pub async fn participations(
    conn: &mut Conn,
    guild: GuildId,
    viewer: MemberId,
    ids: &[MemberId],
) -> Result<HashMap<MemberId, Participation>> {
    let mut parts: Vec<CampaignParticipation> = Vec::new();
    let viewer = Some(viewer);
    let voted = store::voted(conn, guild, viewer, ids).await?;
    // No other query finds cancelled campaigns: they are not live, and have no abstentions.
    let counts =
        |(_, campaign): &(_, store::CampaignHeader)| campaign.close_reason != Some(CampaignCloseReason::Cancelled);
    parts.extend(voted.into_iter().filter(counts).map(|part| CampaignParticipation::new(part, true)));
    let abstained = store::abstained(conn, guild, viewer, ids).await?;
    parts.extend(abstained.into_iter().map(|part| CampaignParticipation::new(part, false)));
    let yet_to_vote = store::yet_to_vote(conn, guild, viewer, ids).await?;
    parts.extend(yet_to_vote.into_iter().map(|part| CampaignParticipation::new(part, false)));
    parts.sort_by_key(|part| Reverse((part.campaign_created_at, part.campaign)));
    let mut participations: HashMap<MemberId, Participation> = HashMap::new();
    for part in parts {
        let of_member = participations.entry(part.member).or_insert_with(|| Participation::none(part.member));
        of_member.parts.push(part);
    }
    Ok(participations)
}
