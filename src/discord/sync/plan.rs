//! Plans the changes of a guild's roster that follow from the members of its Discord server, without I/O.

use std::collections::{HashMap, HashSet};

use super::{
    changes::{DiscordSyncConflict, SyncChange, SyncPlan},
    renames::{self, Rename},
};
use crate::{
    access::Viewer,
    discord::rest::ServerMember,
    identity::{Ladder, LeaderCounts, Member, NewMember, Rank, RankSource},
    kernel::{
        clock::Timestamp,
        id::{MemberId, RankId},
        text,
    },
};

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
    /// The id of the Discord server, which is also the id of its role `@everyone`.
    pub server_id: String,
}

/// The members of a Discord server at one time.
#[derive(Clone, Debug)]
pub enum ServerSnapshot {
    /// All members.
    All {
        /// The members.
        users: Vec<ServerMember>,
        /// The ids of members who changed meanwhile. They were synced by their event, which is newer.
        changed: HashSet<String>,
        /// When the list was begun.
        since: Timestamp,
    },
    /// One member.
    One(Box<ServerMember>),
}

impl ServerSnapshot {
    /// The members that the sync is about.
    pub fn users(&self) -> &[ServerMember] {
        match self {
            Self::All { users, .. } => users,
            Self::One(user) => std::slice::from_ref(user),
        }
    }

    /// The list without members who have changed since its start.
    #[must_use]
    pub fn without_changed(self, has_changed: impl Fn(&ServerMember, Timestamp) -> bool) -> Self {
        match self {
            Self::All { users, mut changed, since } => {
                let (newer, users): (Vec<_>, Vec<_>) = users.into_iter().partition(|user| has_changed(user, since));
                changed.extend(newer.into_iter().map(|user| user.user.id));
                Self::All { users, changed, since }
            }
            Self::One(_) => self,
        }
    }

    /// Whether this user has left the server.
    fn misses(&self, id: &str, present: &HashSet<&str>) -> bool {
        match self {
            Self::All { changed, .. } => !present.contains(id) && !changed.contains(id),
            Self::One(_) => false,
        }
    }
}

/// Plans the sync of a guild with members of its server. Ranks that were set by hand stay, unless `by` overrides them.
pub fn plan(guild: &GuildRoster, snapshot: &ServerSnapshot, by: Option<&Viewer>, now: Timestamp) -> SyncPlan {
    let mut planner = Planner::new(guild, by, now);
    // Discord gives no roles to members who have not passed the server's membership screening. They may never do.
    let users = || snapshot.users().iter().filter(|seen| !seen.user.bot && !seen.pending);
    planner.match_users(users());
    planner.plan_renames(users());
    users().for_each(|user| planner.plan_user(user));
    let mut plan = planner.finish();
    plan.kept = kept(guild, snapshot);
    plan
}

/// A guild and its users while they are planned.
struct Planner<'g> {
    guild: &'g GuildRoster,
    by: Option<&'g Viewer>,
    now: Timestamp,
    by_name: HashMap<&'g str, &'g Member>,
    /// The members who are users of the server, by the users' ids.
    matched: HashMap<String, &'g Member>,
    /// The members' usernames after the sync.
    renames: HashMap<MemberId, Rename>,
    /// The usernames that are in use after the sync, normalized.
    names: HashSet<String>,
    plan: SyncPlan,
    /// The changes of members whose rank stays.
    unmoved: Vec<SyncChange>,
    moves: Vec<(Member, Member, SyncChange)>,
}

impl<'g> Planner<'g> {
    fn new(guild: &'g GuildRoster, by: Option<&'g Viewer>, now: Timestamp) -> Self {
        let by_name = guild.members.iter().map(|member| (member.username_key.as_str(), member)).collect();
        Self {
            guild,
            by,
            now,
            by_name,
            matched: HashMap::new(),
            renames: HashMap::new(),
            names: HashSet::new(),
            plan: SyncPlan::default(),
            unmoved: Vec::new(),
            moves: Vec::new(),
        }
    }

    /// Finds the member of each user: by the Discord id, or else by the username.
    fn match_users<'u>(&mut self, users: impl Iterator<Item = &'u ServerMember>) {
        let members = self.guild.members.iter();
        let by_id: HashMap<&str, &Member> =
            members.filter_map(|member| Some((member.discord_id.as_deref()?, member))).collect();
        // Two users whose normalized usernames are equal can't both be the same member.
        let mut named = HashSet::new();
        for user in users {
            let id = user.user.id.as_str();
            let known = by_id.get(id).copied().or_else(|| {
                let member = self.by_name.get(key(user)?.as_str()).copied()?;
                (self.may_link_by_name(member) && named.insert(member.id)).then_some(member)
            });
            self.matched.extend(known.map(|member| (id.to_owned(), member)));
        }
    }

    /// Whether the username alone proves that a user is this member. A username that someone gave up can be taken by
    /// anyone, so it must not lead to an account or to permissions.
    fn may_link_by_name(&self, member: &Member) -> bool {
        let ladder = &self.guild.ladder;
        let grants = member.rank_level >= ladder.highest_level()
            || ladder.rank(member.rank_id).is_none_or(|rank| !rank.permissions.is_empty());
        member.discord_id.is_none() && !member.is_registered() && !grants
    }

    /// Decides which members get the usernames that they have on Discord now.
    fn plan_renames<'u>(&mut self, users: impl Iterator<Item = &'u ServerMember>) {
        let mut wanted = Vec::new();
        for user in users {
            let Some(member) = self.matched.get(&user.user.id) else { continue };
            match text::discord_username(&user.user.username) {
                // A username that differs in its case only is the same.
                Ok(name) if text::key(&name) == member.username_key => {}
                Ok(name) => wanted.push(Rename { member: member.id, key: text::key(&name), name }),
                Err(_) => self.plan.conflicts.push(SyncChange {
                    conflict: Some(DiscordSyncConflict::UsernameUnusable),
                    ..change(user, Some(member), None)
                }),
            }
        }
        let owners = self.guild.members.iter().map(|member| (member.id, member.username_key.as_str()));
        let (accepted, refused) = renames::settle(owners, wanted);
        self.renames = accepted.into_iter().map(|rename| (rename.member, rename)).collect();
        let final_key = |member: &Member| {
            self.renames.get(&member.id).map_or_else(|| member.username_key.clone(), |rename| rename.key.clone())
        };
        self.names = self.guild.members.iter().map(final_key).collect();
        let refused: HashSet<MemberId> = refused.into_iter().map(|rename| rename.member).collect();
        self.plan.refused_renames = refused;
    }

    fn plan_user(&mut self, user: &ServerMember) {
        let role_rank = highest_mapped(&self.guild.ladder, &user.roles, &self.guild.server_id);
        match self.matched.get(&user.user.id).copied() {
            Some(member) => self.plan_member(user, member, role_rank),
            None => self.plan_newcomer(user, role_rank),
        }
    }

    fn plan_newcomer(&mut self, user: &ServerMember, role_rank: Option<&Rank>) {
        let Some(rank) = role_rank.or_else(|| newcomer_rank(&self.guild.ladder, self.guild.newcomer)) else { return };
        let conflict = |conflict| SyncChange { conflict: Some(conflict), ..change(user, None, Some(rank)) };
        match (newcomer_row(user, rank, self.now), key(user)) {
            (Some(row), Some(key)) if self.names.insert(key.clone()) => {
                self.plan.changes.push(SyncChange { member: Some(row.id), ..change(user, None, Some(rank)) });
                self.plan.added.push(row);
            }
            (Some(_), Some(key)) => {
                let owner = self.by_name.get(key.as_str()).filter(|owner| !self.renames.contains_key(&owner.id));
                let member = owner.map(|owner| owner.id);
                self.plan.conflicts.push(SyncChange { member, ..conflict(DiscordSyncConflict::UsernameTaken) });
            }
            _ => self.plan.conflicts.push(conflict(DiscordSyncConflict::UsernameUnusable)),
        }
    }

    fn plan_member(&mut self, user: &ServerMember, member: &Member, role_rank: Option<&Rank>) {
        let mut after = Member { discord_id: Some(user.user.id.clone()), ..member.clone() };
        let mut reported = change(user, Some(member), Some(member.rank_id).and_then(|id| self.guild.ladder.rank(id)));
        reported.linked = member.discord_id.is_none();
        self.plan.linked += usize::from(reported.linked);
        if let Some(rename) = self.renames.get(&member.id) {
            // A display name that is the username by default stays so.
            if member.display_name == member.discord_username {
                after.display_name.clone_from(&rename.name);
            }
            after.discord_username.clone_from(&rename.name);
            after.username_key.clone_from(&rename.key);
            after.sort_key = text::sort_key(&[&after.display_name, &after.discord_username]);
            reported.previous_username = Some(member.discord_username.clone());
            self.plan.renamed += 1;
        }
        if self.plan.refused_renames.contains(&member.id) {
            let conflict = Some(DiscordSyncConflict::UsernameTaken);
            self.plan.conflicts.push(SyncChange { conflict, ..change(user, Some(member), None) });
        }
        match role_rank.filter(|rank| member.is_active && rank.id != member.rank_id) {
            None => self.plan.untouched += 1,
            Some(rank) => {
                let changed = SyncChange { to: Some(rank.id), ..reported.clone() };
                if let Some(conflict) = rank_conflict(&self.guild.ladder, member, rank, self.by) {
                    self.plan.conflicts.push(SyncChange { conflict: Some(conflict), ..changed });
                } else {
                    (after.rank_id, after.rank_level) = (rank.id, rank.level);
                    after.rank_source = RankSource::DiscordSync;
                    self.moves.push((member.clone(), after, changed));
                    return;
                }
            }
        }
        if after != *member {
            self.plan.changed.push((member.clone(), after));
            self.unmoved.push(reported);
        }
    }

    fn finish(mut self) -> SyncPlan {
        self.plan.changes.append(&mut self.unmoved);
        self.plan.apply_moves(self.moves, self.guild.leaders, &self.guild.ladder);
        self.plan
    }
}

/// A user's normalized username; `None` if it is not allowed for members.
fn key(user: &ServerMember) -> Option<String> {
    text::discord_username(&user.user.username).ok().map(|name| text::key(&name))
}

/// The change of a user, from the member's rank to this one.
fn change(user: &ServerMember, member: Option<&Member>, to: Option<&Rank>) -> SyncChange {
    SyncChange {
        discord_id: user.user.id.clone(),
        discord_username: user.user.username.clone(),
        previous_username: None,
        linked: false,
        member: member.map(|member| member.id),
        from: member.map(|member| member.rank_id),
        to: to.map(|rank| rank.id),
        conflict: None,
    }
}

/// The members whose rank stays, although it came from Discord and they have no mapped role, or they have left.
fn kept(guild: &GuildRoster, snapshot: &ServerSnapshot) -> Vec<SyncChange> {
    let roles: HashMap<&str, &[String]> =
        snapshot.users().iter().map(|seen| (seen.user.id.as_str(), seen.roles.as_slice())).collect();
    let present = roles.keys().copied().collect();
    // Whoever has the newcomers' rank never needed a role for it.
    let newcomer = newcomer_rank(&guild.ladder, guild.newcomer).map(|rank| rank.id);
    let reported = guild.members.iter().filter(|it| it.is_active).filter_map(|member| {
        let id = member.discord_id.as_deref()?;
        let is_synced = member.rank_source == RankSource::DiscordSync;
        let conflict = match roles.get(id) {
            None => snapshot.misses(id, &present).then_some(DiscordSyncConflict::LeftServer),
            Some(roles) => {
                let has_none = highest_mapped(&guild.ladder, roles, &guild.server_id).is_none();
                let is_kept = is_synced && has_none && Some(member.rank_id) != newcomer;
                is_kept.then_some(DiscordSyncConflict::NoMappedRole)
            }
        };
        Some(SyncChange {
            discord_id: id.to_owned(),
            discord_username: member.discord_username.clone(),
            previous_username: None,
            linked: false,
            member: Some(member.id),
            from: Some(member.rank_id),
            to: Some(member.rank_id),
            conflict: Some(conflict?),
        })
    });
    let mut kept: Vec<SyncChange> = reported.collect();
    kept.sort_by(|one, other| one.discord_username.cmp(&other.discord_username));
    kept
}

/// The highest rank that one of these roles maps to. Every member of the server has the role `@everyone`, which Discord
/// does not list. If ranks share a role, only the lowest of them counts.
fn highest_mapped<'l>(ladder: &'l Ladder, roles: &[String], server_id: &str) -> Option<&'l Rank> {
    let mut lower_roles = HashSet::new();
    let mut highest = None;
    for rank in ladder.ranks().rev() {
        let Some(role) = rank.discord_role_id.as_deref() else { continue };
        if lower_roles.insert(role) && (role == server_id || roles.iter().any(|it| it == role)) {
            highest = Some(rank);
        }
    }
    highest
}

/// The rank for newcomers without a mapped role: the chosen one, else the lowest rank with a role, else the lowest
/// rank. The lowest rank with a role is skipped if it has permissions: a guild that maps only its officers doesn't want
/// newcomers to be officers.
fn newcomer_rank(ladder: &Ladder, chosen: Option<RankId>) -> Option<&Rank> {
    let mapped = || ladder.ranks().rfind(|rank| rank.discord_role_id.is_some());
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
        && ladder.check_assignment(officer, Some(member.rank_id), rank).is_ok();
    (!may).then_some(DiscordSyncConflict::RankTooLow)
}
