//! The plan of a sync: which ranks change with Discord roles.

use std::collections::{HashMap, HashSet};

use guildhall::{
    access::Permissions,
    discord::{
        ServerMember, User,
        sync::plan::{GuildRoster, SyncChange, SyncPlan, plan},
    },
    identity::{Ladder, LeaderCounts, Member, NewMember, Rank, RankSource},
    kernel::{
        clock::Timestamp,
        id::{GuildId, MemberId, RankId},
    },
};
use proptest::prelude::*;

const LEVELS: [i64; 4] = [1, 2, 3, 5];

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
    ServerMember { user, nick: None, roles: roles.iter().map(|role| (*role).to_owned()).collect() }
}

/// The plan for a guild of these members.
fn planned(members: Vec<Member>, users: &[ServerMember]) -> SyncPlan {
    let leads = |member: &&Member| member.rank_level == 5 && member.is_active;
    let number = |count: usize| i64::try_from(count).unwrap();
    let active = number(members.iter().filter(leads).count());
    let registered = number(members.iter().filter(leads).filter(|member| member.is_registered()).count());
    let guild = GuildRoster { ladder: ladder(), members, leaders: LeaderCounts { active, registered }, newcomer: None };
    plan(&guild, users, None, Timestamp::default())
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
    let ladder = Ladder::new(ladder().ranks().iter().map(permits).collect());
    let guild =
        GuildRoster { ladder, members: Vec::new(), leaders: LeaderCounts { active: 1, registered: 1 }, newcomer: None };
    assert_eq!(
        summary(&plan(
            &guild,
            &[server_member(1, "guest", &[]), server_member(2, "boss", &["5"])],
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
    assert_eq!(summary(&plan), ["twin 2", "renamed 3", "USER1 3 USERNAME_TAKEN", "Twin 2 USERNAME_TAKEN"]);
    // A member without a Discord id is matched by username.
    let plan = planned(vec![member(1, 2, RankSource::DiscordSync, None)], &[server_member(21, "User1", &["3"])]);
    assert_eq!((summary(&plan), plan.linked), (vec!["User1 3".to_owned()], 1));
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
