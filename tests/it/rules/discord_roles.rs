//! The plan of a sync: which ranks change with Discord roles.

use std::collections::{HashMap, HashSet};

use guildhall::{
    access::Permissions,
    discord::{
        ServerMember, User,
        sync::{
            SyncChange, SyncPlan,
            plan::{GuildRoster, ServerSnapshot, plan},
        },
    },
    identity::{Ladder, LeaderCounts, Member, NewMember, Rank, RankSource},
    kernel::{
        clock::Timestamp,
        id::{GuildId, MemberId, RankId},
    },
};
use proptest::prelude::*;

const LEVELS: [i64; 4] = [1, 2, 3, 5];
/// The id of the Discord server.
const SERVER: &str = "900";

fn ladder() -> Ladder {
    let rank = |level: &i64| Rank {
        guild_id: GuildId(1),
        id: RankId(*level),
        name: format!("rank {level}"),
        name_key: format!("rank {level}"),
        level: *level,
        description: None,
        permissions: Permissions::default(),
        // The lowest rank has no role.
        discord_role_id: (*level > 1).then(|| level.to_string()),
    };
    Ladder::new(LEVELS.iter().rev().map(rank).collect())
}

fn member(id: i64, level: i64, rank_source: RankSource, discord_id: Option<&str>) -> Member {
    let new = NewMember {
        discord_username: format!("user{id}"),
        discord_id: discord_id.map(str::to_owned),
        display_name: None,
        rank: None,
    };
    let ladder = ladder();
    let row = new.into_row(ladder.rank(RankId(level)).unwrap(), Timestamp::default()).unwrap();
    Member { id: MemberId(id), rank_source, registered_at: Some(Timestamp::default()), ..row }
}

/// A member of the Discord server.
fn server_member(id: u64, username: &str, roles: &[&str]) -> ServerMember {
    let user = User { id: id.to_string(), username: username.to_owned(), global_name: None, bot: false };
    ServerMember { user, nick: None, pending: false, roles: roles.iter().map(|role| (*role).to_owned()).collect() }
}

/// The plan for a guild of these members.
fn planned(members: Vec<Member>, users: &[ServerMember]) -> SyncPlan {
    let leads = |member: &&Member| member.rank_level == 5 && member.is_active;
    let number = |count: usize| i64::try_from(count).unwrap();
    let active = number(members.iter().filter(leads).count());
    let registered = number(members.iter().filter(leads).filter(|member| member.is_registered()).count());
    let guild = GuildRoster {
        ladder: ladder(),
        members,
        leaders: LeaderCounts { active, registered },
        newcomer: None,
        server_id: SERVER.to_owned(),
    };
    plan(&guild, &all(users), None, Timestamp::default())
}

/// All members of a server.
fn all(users: &[ServerMember]) -> ServerSnapshot {
    ServerSnapshot::All { users: users.to_vec(), changed: HashSet::new(), since: Timestamp::default() }
}

/// Each change as `username level`, and each conflict as `username level reason`.
fn summary(plan: &SyncPlan) -> Vec<String> {
    let line = |change: &SyncChange| {
        let to = change.to.map_or(0, |rank| rank.0);
        let conflict = change.conflict.map(|it| format!(" {it}")).unwrap_or_default();
        format!("{} {to}{conflict}", change.discord_username)
    };
    plan.changes.iter().chain(&plan.conflicts).map(line).collect()
}

#[test]
fn newcomers_get_their_roles_rank_or_the_lowest_mapped_one() {
    let plan = planned(
        Vec::new(),
        &[
            server_member(1, "veteran", &["2", "3", "77"]),
            server_member(2, "guest", &[]),
            server_member(3, "b\u{7}d", &[]),
        ],
    );
    assert_eq!(summary(&plan), ["veteran 3", "guest 2", "b\u{7}d 2 USERNAME_UNUSABLE"]);
    assert!(plan.added.iter().all(|member| member.rank_source == RankSource::DiscordSync));
    let long = "x".repeat(150);
    let named = |nick: Option<&str>| {
        let user = ServerMember { nick: nick.map(str::to_owned), ..server_member(1, "thal", &[]) };
        planned(Vec::new(), &[user]).added.remove(0).display_name
    };
    assert_eq!([named(Some("Thal the Bold")), named(Some(&long)), named(None)], ["Thal the Bold", "thal", "thal"]);
}

#[test]
fn newcomers_without_a_role_get_no_permissions() {
    let permits = |rank: &Rank| match rank.level {
        5 => Rank { permissions: Permissions::all(), ..rank.clone() },
        _ => Rank { discord_role_id: None, ..rank.clone() },
    };
    let ladder = Ladder::new(ladder().ranks().map(permits).collect());
    let guild = GuildRoster {
        ladder,
        members: Vec::new(),
        leaders: LeaderCounts { active: 1, registered: 1 },
        newcomer: None,
        server_id: SERVER.to_owned(),
    };
    assert_eq!(
        summary(&plan(
            &guild,
            &all(&[server_member(1, "guest", &[]), server_member(2, "boss", &["5"])]),
            None,
            Timestamp::default()
        )),
        ["guest 1", "boss 5"]
    );
}

#[test]
fn a_username_has_one_owner() {
    let known = member(1, 2, RankSource::DiscordSync, Some("11"));
    let users = [
        server_member(11, "renamed", &["3"]),
        server_member(12, "USER1", &["3"]),
        server_member(13, "twin", &[]),
        server_member(14, "Twin", &[]),
    ];
    let plan = planned(vec![known], &users);
    // The username that the first one has given up is free for another.
    assert_eq!(summary(&plan), ["USER1 3", "twin 2", "renamed 3", "Twin 2 USERNAME_TAKEN"]);
    assert_eq!(plan.changed[0].1.discord_username, "renamed");
    // A member without a Discord id is matched by username.
    let plan = planned(vec![unregistered(1, 2)], &[server_member(21, "User1", &["3"])]);
    assert_eq!((summary(&plan), plan.linked), (vec!["User1 3".to_owned()], 1));
}

/// A member without an account and without a Discord id.
fn unregistered(id: i64, level: i64) -> Member {
    Member { registered_at: None, ..member(id, level, RankSource::DiscordSync, None) }
}

#[test]
fn a_username_alone_links_no_account_and_no_permissions() {
    let user = [server_member(21, "user1", &["2"])];
    let refused = |member: Member| {
        let plan = planned(vec![member], &user);
        assert!(plan.changed.is_empty() && plan.added.is_empty() && plan.linked == 0);
        summary(&plan)
    };
    assert_eq!(refused(member(1, 2, RankSource::Manual, None)), ["user1 2 USERNAME_TAKEN"], "registered");
    assert_eq!(refused(unregistered(1, 5)), ["user1 2 USERNAME_TAKEN"], "the highest rank has every permission");
    let ranks = ladder();
    let ladder = ranks.ranks().map(|rank| match rank.level {
        3 => Rank { permissions: Permissions::all(), ..rank.clone() },
        _ => rank.clone(),
    });
    let leaders = LeaderCounts { active: 1, registered: 1 };
    let guild = GuildRoster {
        ladder: Ladder::new(ladder.collect()),
        members: vec![unregistered(1, 3)],
        leaders,
        newcomer: None,
        server_id: SERVER.to_owned(),
    };
    let plan = plan(&guild, &all(&user), None, Timestamp::default());
    assert_eq!(
        (summary(&plan), plan.conflicts[0].member),
        (vec!["user1 2 USERNAME_TAKEN".to_owned()], Some(MemberId(1)))
    );
}

#[test]
fn known_members_exchange_their_usernames() {
    let members =
        || (1..=3).map(|id| member(id, 2, RankSource::DiscordSync, Some(&id.to_string()))).collect::<Vec<_>>();
    let named = |names: [&str; 3]| {
        let users: Vec<ServerMember> = (1..).zip(names).map(|(id, name)| server_member(id, name, &["2"])).collect();
        let plan = planned(members(), &users);
        let mut renamed: Vec<String> = plan
            .changes
            .iter()
            .map(|it| format!("{} {}", it.previous_username.as_deref().unwrap_or("-"), it.discord_username))
            .collect();
        renamed.sort();
        assert_eq!(plan.renamed, renamed.len());
        (renamed, plan.conflicts.len())
    };
    assert_eq!(named(["user1", "User2", "user3"]), (Vec::new(), 0), "the same username");
    assert_eq!(named(["user2", "user1", "user3"]).0, ["user1 user2", "user2 user1"]);
    assert_eq!(named(["user2", "user3", "user1"]).0, ["user1 user2", "user2 user3", "user3 user1"]);
    // The third member keeps the username, so the first and the second can't move up.
    let users = [server_member(1, "user2", &["3"]), server_member(2, "user3", &["2"])];
    let plan = planned(members(), &users);
    assert_eq!(plan.renamed, 0);
    assert_eq!(summary(&plan), ["user2 3", "user2 0 USERNAME_TAKEN", "user3 0 USERNAME_TAKEN"]);
}

#[test]
fn members_before_the_membership_screening_are_skipped() {
    let user = ServerMember { pending: true, ..server_member(21, "newcomer", &[]) };
    let plan = planned(Vec::new(), &[user]);
    assert!(plan.added.is_empty() && plan.conflicts.is_empty());
}

#[test]
fn ranks_that_stay_without_a_role_are_reported() {
    let synced = |id: i64, level: i64| member(id, level, RankSource::DiscordSync, Some(&id.to_string()));
    let members = vec![
        synced(1, 3),
        synced(2, 3),
        synced(3, 2),
        Member { is_active: false, ..synced(4, 3) },
        member(5, 3, RankSource::Manual, Some("5")),
    ];
    let reasons = |snapshot: &ServerSnapshot| {
        let leaders = LeaderCounts { active: 1, registered: 1 };
        let members = members.clone();
        let guild = GuildRoster { ladder: ladder(), members, leaders, newcomer: None, server_id: SERVER.to_owned() };
        let plan = plan(&guild, snapshot, None, Timestamp::default());
        assert!(plan.changes_nothing());
        let line = |it: &SyncChange| format!("{} {} {}", it.discord_username, it.to.unwrap().0, it.conflict.unwrap());
        plan.kept.iter().map(line).collect::<Vec<_>>()
    };
    let users = [server_member(1, "user1", &["77"]), server_member(3, "user3", &[])];
    assert_eq!(reasons(&all(&users)), ["user1 3 NO_MAPPED_ROLE", "user2 3 LEFT_SERVER", "user5 3 LEFT_SERVER"]);
    let changed = [server_member(2, "user2", &["2"])];
    let listed = all(&[&users[..], &changed].concat()).without_changed(|user, _| user.user.id == "2");
    assert_eq!(
        reasons(&listed),
        ["user1 3 NO_MAPPED_ROLE", "user5 3 LEFT_SERVER"],
        "an event has synced the second member"
    );
    assert_eq!(reasons(&ServerSnapshot::One(Box::new(users[0].clone()))), ["user1 3 NO_MAPPED_ROLE"]);
}

#[test]
fn everyone_has_the_role_of_everyone_and_a_shared_role_is_for_the_lowest_rank() {
    let roles = |roles: [&str; 4]| {
        let ranks = ladder();
        let ranks = ranks.ranks().zip(roles);
        Ladder::new(ranks.map(|(rank, role)| Rank { discord_role_id: Some(role.to_owned()), ..rank.clone() }).collect())
    };
    let ranked = |ladder: Ladder| {
        let leaders = LeaderCounts { active: 1, registered: 1 };
        let guild = GuildRoster { ladder, members: Vec::new(), leaders, newcomer: None, server_id: SERVER.to_owned() };
        let users = all(&[server_member(1, "guest", &[]), server_member(2, "raider", &["7"])]);
        summary(&plan(&guild, &users, None, Timestamp::default()))
    };
    assert_eq!(ranked(roles(["5", "7", "2", SERVER])), ["guest 1", "raider 3"]);
    assert_eq!(ranked(roles(["7", "3", "7", "1"])), ["guest 1", "raider 2"]);
}

#[test]
fn the_last_leader_is_not_demoted() {
    let leader = |id: i64, user: &str| member(id, 5, RankSource::DiscordSync, Some(user));
    let down = [server_member(1, "a", &["2"]), server_member(2, "b", &["2"])];
    let plan = planned(vec![leader(1, "1"), leader(2, "2")], &down);
    assert_eq!(summary(&plan), ["a 2", "b 2 LAST_LEADER"]);
    let with_heir = vec![leader(1, "1"), leader(2, "2"), member(3, 2, RankSource::DiscordSync, Some("3"))];
    let plan = planned(with_heir, &[&down[..], &[server_member(3, "c", &["5"])]].concat());
    assert_eq!(summary(&plan), ["c 5", "a 2", "b 2"]);
}

fn any_member() -> impl Strategy<Value = (i64, bool, bool, Option<u64>)> {
    (prop::sample::select(&LEVELS[..]), any::<bool>(), any::<bool>(), prop::option::of(1..12_u64))
}

fn any_user() -> impl Strategy<Value = (u64, i64, Vec<i64>)> {
    (1..12_u64, 0..12_i64, prop::collection::vec(0..6_i64, 0..3))
}

proptest! {
    #[test]
    fn an_applied_plan_leaves_a_consistent_guild_and_nothing_to_change(
        members in prop::collection::vec(any_member(), 0..10),
        users in prop::collection::btree_map(1..12_u64, any_user(), 0..10),
    ) {
        let mut taken = HashSet::new();
        let members: Vec<Member> = (1..)
            .zip(members)
            .map(|(id, (level, is_manual, is_active, user))| {
                let user = user.filter(|user| taken.insert(*user)).map(|user| user.to_string());
                let source = if is_manual { RankSource::Manual } else { RankSource::DiscordSync };
                Member { is_active, ..member(id, level, source, user.as_deref()) }
            })
            .collect();
        let users: Vec<ServerMember> = users
            .into_iter()
            .map(|(id, (_, name, roles))| {
                let roles: Vec<String> = roles.iter().map(i64::to_string).collect();
                let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
                server_member(id, &format!("User{name}"), &roles)
            })
            .collect();
        let leads = |member: &&Member| member.rank_level == 5 && member.is_active;
        let before = members.iter().filter(leads).count();
        let plan = planned(members.clone(), &users);
        let mut after: HashMap<MemberId, Member> = members.into_iter().map(|member| (member.id, member)).collect();
        for (was, is) in &plan.changed {
            prop_assert_eq!(after.insert(is.id, is.clone()), Some(was.clone()));
            prop_assert!(was.rank_id == is.rank_id || (was.rank_source == RankSource::DiscordSync && was.is_active));
        }
        for member in &plan.added {
            prop_assert!(after.insert(member.id, member.clone()).is_none());
        }
        let distinct = |keys: Vec<String>| keys.len() == keys.iter().collect::<HashSet<_>>().len();
        prop_assert!(distinct(after.values().map(|member| member.username_key.clone()).collect()));
        prop_assert!(distinct(after.values().filter_map(|member| member.discord_id.clone()).collect()));
        prop_assert!(before == 0 || after.values().filter(leads).count() > 0);
        let again = planned(after.into_values().collect(), &users);
        let rest: Vec<_> = again.changed.iter().map(|(_, is)| is.id).collect();
        prop_assert!(again.added.is_empty() && rest.is_empty(), "{:?}", summary(&again));
    }
}
