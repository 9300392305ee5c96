//! The changes of a role sync, as its report lists them.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    db::text_enum,
    identity::{Ladder, LeaderCounts, Member, check_leader_remains},
    kernel::id::{MemberId, RankId},
};

text_enum! {
    /// Why a role sync did not change or add a user.
    pub enum DiscordSyncConflict {
        /// An officer set the member's rank, and the roles map to another rank.
        ManualRank,
        /// The member is the last leader of the guild, or the last leader with an account.
        LastLeader,
        /// The officer cannot change the member's rank to the rank that the roles map to.
        RankTooLow,
        /// The Discord username belongs to a member with another Discord id. Or it belongs to a member without a Discord
        /// id who is registered or whose rank has permissions: set the Discord id of this member by hand.
        UsernameTaken,
        /// The Discord username is not allowed for members.
        UsernameUnusable,
        /// The member's rank came from Discord, and none of their roles maps to a rank any more. The rank stays.
        NoMappedRole,
        /// The member has left the server. The rank stays.
        LeftServer,
    }
}

impl DiscordSyncConflict {
    /// The conflict in words, for officers.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::ManualRank => "an officer set the rank by hand, so it stays.",
            Self::LastLeader => "the last leader keeps the rank.",
            Self::RankTooLow => "the officer cannot change this rank.",
            Self::UsernameTaken => "a member has this username. Set their Discord id by hand if it is the same person.",
            Self::UsernameUnusable => "the username is not allowed for members.",
            Self::NoMappedRole => "none of their roles is for a rank any more. The rank stays.",
            Self::LeftServer => "they have left the server. The rank stays.",
        }
    }
}

/// A change of a member, or a conflict that prevented it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncChange {
    /// The user's Discord id.
    pub discord_id: String,
    /// The user's Discord username.
    pub discord_username: String,
    /// The member's Discord username before, if it has changed.
    pub previous_username: Option<String>,
    /// Whether the member's Discord id was stored.
    pub linked: bool,
    /// The member, also a newly added one; `None` for a user who was not added.
    pub member: Option<MemberId>,
    /// The rank before; `None` for a newcomer.
    pub from: Option<RankId>,
    /// The rank after; for a conflict, the rank that their roles map to.
    pub to: Option<RankId>,
    /// What prevented the change.
    pub conflict: Option<DiscordSyncConflict>,
}

/// The changes to make.
#[derive(Clone, Default)]
pub struct SyncPlan {
    /// New members.
    pub added: Vec<Member>,
    /// Members before and after.
    pub changed: Vec<(Member, Member)>,
    /// The changes of members: additions, changes without a new rank, promotions and demotions.
    pub changes: Vec<SyncChange>,
    /// Changes that were not made, and why.
    pub conflicts: Vec<SyncChange>,
    /// Members whose rank stays, although it came from Discord and they have no mapped role, or they have left.
    pub kept: Vec<SyncChange>,
    /// Members whose new username belongs to another member.
    pub refused_renames: HashSet<MemberId>,
    /// Number of promotions.
    pub promoted: usize,
    /// Number of demotions.
    pub demoted: usize,
    /// Number of members whose username was changed.
    pub renamed: usize,
    /// Number of members whose Discord id was added.
    pub linked: usize,
    /// Number of members whose rank was kept.
    pub untouched: usize,
}

impl SyncPlan {
    /// Whether the roster is in sync already.
    pub const fn changes_nothing(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty()
    }

    /// A digest of the conflicts and the kept ranks.
    pub fn digest(&self) -> String {
        let mut lines: Vec<String> = self
            .conflicts
            .iter()
            .chain(&self.kept)
            .map(|it| format!("{} {:?} {:?} {:?}", it.discord_id, it.from, it.to, it.conflict))
            .collect();
        lines.sort();
        base16ct::lower::encode_string(&Sha256::digest(lines.join("\n")))
    }

    /// Promotes first, then demotes, but never the last leader.
    pub(super) fn apply_moves(
        &mut self,
        moves: Vec<(Member, Member, SyncChange)>,
        before: LeaderCounts,
        ladder: &Ladder,
    ) {
        let highest = ladder.highest_level();
        let (up, down): (Vec<_>, Vec<_>) =
            moves.into_iter().partition(|(before, after, _)| after.rank_level > before.rank_level);
        let mut leaders = before;
        leaders.active += count(self.added.iter().filter(|member| member.rank_level == highest));
        for (member, after, change) in up {
            if after.rank_level == highest {
                leaders.active += 1;
                leaders.registered += i64::from(after.is_registered());
            }
            self.promoted += 1;
            self.changes.push(change);
            self.changed.push((member, after));
        }
        for (member, after, change) in down {
            if member.rank_level == highest {
                let left = LeaderCounts {
                    active: leaders.active - 1,
                    registered: leaders.registered - i64::from(member.is_registered()),
                };
                if check_leader_remains(before, left).is_err() {
                    self.conflicts.push(SyncChange { conflict: Some(DiscordSyncConflict::LastLeader), ..change });
                    // Everything but the rank changes.
                    let Member { rank_id, rank_level, rank_source, .. } = member;
                    let same_rank = Member { rank_id, rank_level, rank_source, ..after };
                    self.changed.extend((same_rank != member).then_some((member, same_rank)));
                    continue;
                }
                leaders = left;
            }
            self.demoted += 1;
            self.changes.push(change);
            self.changed.push((member, after));
        }
    }
}

fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}
