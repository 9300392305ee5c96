//! Plans the changes of a guild's roster that follow from the members of its Discord server, without I/O.

use std::collections::{HashMap, HashSet};

use crate::{
    access::Viewer,
    db::text_enum,
    discord::rest::ServerMember,
    identity::{Ladder, LeaderCounts, Member, NewMember, Rank, RankSource, check_leader_remains},
    kernel::{
        clock::Timestamp,
        id::{MemberId, RankId},
        text,
    },
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
        /// The Discord username belongs to a member with another Discord id.
        UsernameTaken,
        /// The Discord username is not allowed for members.
        UsernameUnusable,
    }
}

/// The current state of a guild.
pub struct GuildRoster {
    /// Its ranks.
    pub ladder: Ladder,
    /// Its members; for the sync of one user, only the members that may be this user.
    pub members: Vec<Member>,
    /// The number of leaders among all members.
    pub leaders: LeaderCounts,
    /// The rank for newcomers without a mapped role, if an officer chose one.
    pub newcomer: Option<RankId>,
}

/// A change of a rank, or a conflict that prevented it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncChange {
    /// The user's Discord id.
    pub discord_id: String,
    /// The user's Discord username.
    pub discord_username: String,
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
    /// Additions, promotions and demotions, in this order.
    pub changes: Vec<SyncChange>,
    /// Changes that were not made, and why.
    pub conflicts: Vec<SyncChange>,
    /// Number of promotions.
    pub promoted: usize,
    /// Number of demotions.
    pub demoted: usize,
    /// Number of members whose Discord id was added.
    pub linked: usize,
    /// Number of members whose rank was kept.
    pub untouched: usize,
}

/// Plans the sync of a guild with members of its server. Ranks that were set by hand stay, unless `by` overrides them.
pub fn plan(guild: &GuildRoster, seen: &[ServerMember], by: Option<&Viewer>, now: Timestamp) -> SyncPlan {
    let GuildRoster { ladder, members, leaders, newcomer } = guild;
    let mut plan = SyncPlan::default();
    let mut by_id: HashMap<String, usize> = HashMap::new();
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for (index, member) in members.iter().enumerate() {
        by_id.extend(member.discord_id.clone().map(|id| (id, index)));
        by_name.insert(member.username_key.clone(), index);
    }
    let mut new_names = HashSet::new();
    // Two users whose normalized usernames are equal can't both be the same member.
    let mut named = HashSet::new();
    let mut moves = Vec::new();
    for user in seen.iter().filter(|seen| !seen.user.bot) {
        let role_rank = highest_mapped(ladder, &user.roles);
        let username = text::discord_username(&user.user.username);
        let key = username.as_deref().map(text::key).unwrap_or_default();
        let known = by_id.get(&user.user.id).or_else(|| by_name.get(&key)).and_then(|index| members.get(*index));
        let change = |member: Option<&Member>, to: Option<&Rank>, conflict| SyncChange {
            discord_id: user.user.id.clone(),
            discord_username: user.user.username.clone(),
            member: member.map(|member| member.id),
            from: member.map(|member| member.rank_id),
            to: to.map(|rank| rank.id),
            conflict,
        };
        let Some(member) = known else {
            let rank = role_rank.or_else(|| newcomer_rank(ladder, *newcomer));
            let Some(rank) = rank else { continue };
            let conflict = |why| change(None, Some(rank), Some(why));
            match newcomer_row(user, rank, now) {
                None => plan.conflicts.push(conflict(DiscordSyncConflict::UsernameUnusable)),
                Some(_) if !new_names.insert(key) => plan.conflicts.push(conflict(DiscordSyncConflict::UsernameTaken)),
                Some(row) => {
                    plan.changes.push(SyncChange { member: Some(row.id), ..change(None, Some(rank), None) });
                    plan.added.push(row);
                }
            }
            continue;
        };
        let is_another = match &member.discord_id {
            Some(id) => *id != user.user.id,
            None => !named.insert(member.id),
        };
        if is_another {
            plan.conflicts.push(change(None, role_rank, Some(DiscordSyncConflict::UsernameTaken)));
            continue;
        }
        let mut after = Member { discord_id: Some(user.user.id.clone()), ..member.clone() };
        plan.linked += usize::from(member.discord_id.is_none());
        match role_rank.filter(|rank| member.is_active && rank.id != member.rank_id) {
            None => plan.untouched += 1,
            Some(rank) => {
                if let Some(conflict) = rank_conflict(ladder, member, rank, by) {
                    plan.conflicts.push(change(Some(member), Some(rank), Some(conflict)));
                } else {
                    (after.rank_id, after.rank_level) = (rank.id, rank.level);
                    after.rank_source = RankSource::DiscordSync;
                    moves.push((member.clone(), after, change(Some(member), Some(rank), None)));
                    continue;
                }
            }
        }
        if after != *member {
            plan.changed.push((member.clone(), after));
        }
    }
    plan.apply_moves(moves, *leaders, ladder.highest_level());
    plan
}

impl SyncPlan {
    /// Whether the roster is in sync already.
    pub const fn changes_nothing(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty()
    }

    /// Promotes first, then demotes, but never the last leader.
    fn apply_moves(&mut self, moves: Vec<(Member, Member, SyncChange)>, before: LeaderCounts, highest: i64) {
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
                    let linked = Member { discord_id: after.discord_id, ..member.clone() };
                    self.changed.extend((linked != member).then_some((member, linked)));
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

/// The highest rank that one of these roles maps to.
fn highest_mapped<'l>(ladder: &'l Ladder, roles: &[String]) -> Option<&'l Rank> {
    ladder.ranks().iter().find(|rank| rank.discord_role_id.as_ref().is_some_and(|role| roles.contains(role)))
}

/// The rank for newcomers without a mapped role: the chosen one, else the lowest rank with a role, else the lowest
/// rank. The lowest rank with a role is skipped if it has permissions: a guild that maps only its officers doesn't want
/// newcomers to be officers.
fn newcomer_rank(ladder: &Ladder, chosen: Option<RankId>) -> Option<&Rank> {
    let mapped = || ladder.ranks().iter().rfind(|rank| rank.discord_role_id.is_some());
    let mapped = || mapped().filter(|rank| rank.permissions.is_empty());
    chosen.and_then(|id| ladder.rank(id)).or_else(mapped).or_else(|| ladder.lowest())
}

fn newcomer_row(user: &ServerMember, rank: &Rank, now: Timestamp) -> Option<Member> {
    let name = user.nick.clone().or_else(|| user.user.global_name.clone());
    let new = |display_name| NewMember {
        discord_username: user.user.username.clone(),
        discord_id: Some(user.user.id.clone()),
        display_name,
        rank: None,
    };
    // The nickname may be too long for a display name. The username never is.
    let row = new(name).into_row(rank, now).or_else(|_| new(None).into_row(rank, now)).ok()?;
    Some(Member { rank_source: RankSource::DiscordSync, ..row })
}

/// The conflict that prevents a change of a member's rank, if there is one.
fn rank_conflict(ladder: &Ladder, member: &Member, rank: &Rank, by: Option<&Viewer>) -> Option<DiscordSyncConflict> {
    if member.rank_source == RankSource::DiscordSync {
        return None;
    }
    let Some(officer) = by else { return Some(DiscordSyncConflict::ManualRank) };
    // The officer must be allowed to make the same change by hand.
    let may = ladder.check_reach(officer, member.rank_level).is_ok()
        && ladder.check_reach(officer, rank.level).is_ok()
        && ladder.check_grant(officer, Some(member.rank_id), rank.id).is_ok();
    (!may).then_some(DiscordSyncConflict::RankTooLow)
}
