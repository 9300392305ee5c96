//! Who voted when they could.

use std::{cmp::Reverse, collections::HashMap};

use super::{
    rows::{ResultsVisibility, Turnout},
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

/// A member's part in the votes they could vote in, or did: those that are over and those that are live.
#[derive(Clone, Debug)]
pub struct Participation {
    /// Whose.
    pub member: MemberId,
    /// Newest first, as campaigns are listed.
    parts: Vec<CampaignParticipation>,
}

/// A member's part in a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignParticipation {
    /// Whose.
    pub member: MemberId,
    /// In which campaign.
    pub campaign: CampaignId,
    /// Whether they voted.
    pub voted: bool,
    /// The campaign's place in lists.
    pub campaign_created_at: Timestamp,
    min_rank_level_to_view: Option<i64>,
    /// Whether others may know of it by now.
    is_open: bool,
}

impl CampaignParticipation {
    fn new((member, campaign): (MemberId, store::PartIn), voted: bool) -> Self {
        Self {
            member,
            campaign: campaign.id,
            voted,
            campaign_created_at: campaign.created_at,
            min_rank_level_to_view: campaign.min_rank_level_to_view,
            // Whoever sees the standings move and who has just voted sees how they voted.
            is_open: campaign.status != CampaignStatus::Live
                || campaign.results_visibility == ResultsVisibility::AfterClose,
        }
    }
}

impl Participation {
    /// Of a member who never could vote.
    pub const fn none(member: MemberId) -> Self {
        Self { member, parts: Vec::new() }
    }

    /// The part in the votes that exist for this viewer, and of others in those whose voters may be known by now: not as
    /// long as someone sees what each ballot adds to the standings.
    #[must_use]
    pub fn seen_by(&self, viewer: &Viewer) -> Self {
        let exists =
            |part: &CampaignParticipation| part.min_rank_level_to_view.is_none_or(|level| viewer.rank_level >= level);
        let seen = |part: &&CampaignParticipation| exists(part) && (viewer.member == self.member || part.is_open);
        Self { member: self.member, parts: self.parts.iter().filter(seen).copied().collect() }
    }

    /// Newest first.
    pub fn parts(&self) -> &[CampaignParticipation] {
        &self.parts
    }

    /// Of how many votes, and in how many they voted.
    pub fn turnout(&self) -> Turnout {
        let count = |parts: usize| i64::try_from(parts).unwrap_or(i64::MAX);
        let voted = self.parts.iter().filter(|part| part.voted).count();
        Turnout { eligible: count(self.parts.len()), voted: count(voted) }
    }
}

/// Whether this viewer may know in which votes a member has voted: the member does, and who manages campaigns.
pub fn may_see_participation(viewer: &Viewer, member: MemberId) -> bool {
    viewer.member == member || viewer.may(MANAGE)
}

/// The participation of these members. Meant for a snapshot.
///
/// # Errors
/// The database's.
pub async fn participations(
    conn: &mut Conn,
    guild: GuildId,
    of: &[MemberId],
) -> Result<HashMap<MemberId, Participation>> {
    let mut parts: Vec<CampaignParticipation> = Vec::new();
    parts.extend(store::voted(conn, guild, of).await?.into_iter().map(|part| CampaignParticipation::new(part, true)));
    parts.extend(
        store::abstained(conn, guild, of).await?.into_iter().map(|part| CampaignParticipation::new(part, false)),
    );
    parts.extend(
        store::yet_to_vote(conn, guild, of).await?.into_iter().map(|part| CampaignParticipation::new(part, false)),
    );
    parts.sort_by_key(|part| Reverse((part.campaign_created_at, part.campaign)));
    let mut participations: HashMap<MemberId, Participation> = HashMap::new();
    for part in parts {
        let of_member = participations.entry(part.member).or_insert_with(|| Participation::none(part.member));
        of_member.parts.push(part);
    }
    Ok(participations)
}
