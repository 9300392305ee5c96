//! The plan of an import into the test guild.

use guildhall::identity::{
    Character, RankSource,
    import::{Actor, Format, ImportPlan, MemberDiff, ParsedFile, Record, Roster, plan, read},
};
use proptest::{
    prelude::*,
    sample::{select, subsequence},
};

use super::{applied, guild, now, officer, outcome, rows, summary};

/// Checks the summaries of these rows, each imported by an operator.
fn check(cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(outcome(&Actor::Operator, text), *expected, "{text}");
    }
}

/// Checks the summaries of these rows, each imported by this actor.
fn check_for(actor: &Actor, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(outcome(actor, text), *expected, "{text}");
    }
}

/// The messages of all problems.
fn message(text: &str) -> String {
    let problems = plan(&guild(), &Actor::Operator, &rows(text), now()).problems;
    problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("\n")
}

#[test]
fn members_are_added_or_changed_if_a_row_differs() {
    check(&[
        ("newbie", &["+ newbie (newbie) 1"]),
        ("@Newbie,200,New Bie,member", &["+ Newbie (New Bie) 2 200"]),
        ("BRYN,,bryn,MEMBER", &["~ bryn (bryn) 2"]),
        ("bryn,,Bryn,Member", &[]),
        ("BRYN", &[]),
        ("bryn,7,,Treasurer", &["~ bryn (Bryn) 3 7"]),
        ("gone,,Back", &["! line 2 discordUsername MEMBER_INACTIVE"]),
        ("gone,,Gone,Initiate", &[]),
        (",,Nameless", &["! line 2 discordUsername"]),
        ("newbie,12a", &["! line 2 discordId"]),
        ("newbie,,,Lord\nother", &["+ other (other) 1", "! line 2 rank"]),
    ]);
    assert!(message("newbie,,,Lord").contains("“Lord”"));
}

#[test]
fn a_row_with_unreadable_cells_reports_its_other_problems_too() {
    // The first cell was lost in another encoding, or has several lines.
    for username in ["new\u{fffd}bie", "\"new\nbie\""] {
        let text = format!("{username},12a,\u{200b},Lord,Ne\u{fffd}w,,Wizard,,Jester,maybe\nother");
        let mut found = outcome(&Actor::Operator, &text);
        found.sort();
        let expected = ["class", "discordId", "discordUsername", "displayName", "isMain", "name", "rank", "role"];
        let mut expected: Vec<String> = expected.iter().map(|field| format!("! line 2 {field}")).collect();
        expected.push("+ other (other) 1".to_owned());
        expected.sort();
        assert_eq!(found, expected, "{username:?}");
    }
    let file = r#"{"members": [{"username": ["x"], "rank": "Lord"},
        {"username": "y", "characters": [{"name": 1, "class": {}, "role": "Jester", "realm": "Area 52"}]}]}"#;
    let plan = plan(&guild(), &Actor::Operator, &read(Format::Json, file.as_bytes()).unwrap(), now());
    let problems: Vec<_> = plan.problems.iter().map(|it| (it.location.to_string(), it.field.unwrap())).collect();
    let of = |location: &str, field| (location.to_owned(), field);
    let of_character = "members[1].characters[0]";
    let (username, rank) = (of("members[0]", "discordUsername"), of("members[0]", "rank"));
    assert_eq!(problems[..2], [username, rank]);
    for field in ["class", "role"] {
        assert!(problems.contains(&of(of_character, field)), "{problems:?}");
    }
    assert_eq!((plan.rows, plan.left_out), (2, 2));
}

#[test]
fn planned_members_are_complete_rows() {
    let plan = plan(&guild(), &Actor::Operator, &rows("newbie,,,\nbryn,,Brýn,Treasurer"), now());
    let new = &plan.new_members[0];
    assert!(new.is_active && new.registered_at.is_none());
    assert_eq!((new.username_key.as_str(), new.created_at), ("newbie", now()));
    let MemberDiff { before, after } = &plan.changed_members[0];
    assert_eq!(*before, guild().members[3]);
    assert_eq!((after.sort_key.as_str(), after.rank_source), ("bryn\u{1}bryn", RankSource::Manual));
    assert_eq!((plan.rows, plan.left_out, plan.unchanged), (2, 0, 0));
}

#[test]
fn all_problems_of_a_row_are_reported_at_once() {
    check(&[
        (
            ",12a,,Lord,Second,,Bard,Fire,dps,perhaps",
            &[
                "! line 2 discordUsername",
                "! line 2 discordId",
                "! line 2 rank",
                "! line 2 realm",
                "! line 2 class",
                "! line 2 role",
                "! line 2 isMain",
            ],
        ),
        // Problems of cells, of the member and of the character.
        ("new,1,A\nnew,2,B,Lord,Second,R", &["+ new (A) 1 1", "! line 3 rank", "! line 3 class", "! line 3 role"]),
        (
            "new,1,A\nnew,2,B,,Bryn,Area 52,Rogue,Holy",
            &["+ new (A) 1 1", "! line 3 spec", "! line 3 displayName", "! line 3 discordId"],
        ),
    ]);
    let listed = message("new,,,Lord,A,R,Bard,,dps");
    for names in ["Guild Leader, Officer, Treasurer, Member, Initiate", "DEATH_KNIGHT, DEMON_HUNTER", "TANK, HEALER"] {
        assert!(listed.contains(names), "{listed}");
    }
}

#[test]
fn deactivated_members_are_named() {
    let inactive = &["! line 2 discordUsername MEMBER_INACTIVE"][..];
    check(&[("gone,,,,New,R,Mage,Fire", inactive), ("gone,5", inactive), ("gone", &[])]);
    assert!(message("gone,,,,New,R,Mage,Fire").contains("gone is deactivated"));
    let mut roster = guild();
    roster.members[3].is_active = false;
    let plan = plan(&roster, &Actor::Operator, &rows("korr,,,,Bryn,Area 52,Mage,Fire"), now());
    assert!(plan.problems[0].message.contains("bryn, who is deactivated"), "{:?}", plan.problems);
}

#[test]
fn rows_of_one_member_must_agree() {
    check(&[
        ("new,1,N,Member\nnew,,,\nNEW,1,N,member", &["+ new (N) 2 1"]),
        ("new\nnew,,,Member", &["+ new (new) 2"]),
        ("new,,,Member\nnew,,,Initiate", &["+ new (new) 2", "! line 3 rank"]),
        ("new,,A\nnew,,B\nnew,1\nnew,2", &["+ new (A) 1 1", "! line 3 displayName", "! line 5 discordId"]),
        ("bryn,,,Member\nbryn,,,Initiate", &["! line 3 rank"]),
        ("new,x,,Member\nnew,,,Initiate", &["+ new (new) 1", "! line 2 discordId"]),
    ]);
    assert!(message("new,,,Member\nnew,,,Initiate").contains("line 2"));
}

#[test]
fn a_discord_id_has_one_owner() {
    check(&[
        ("thal,100", &[]),
        ("new,100", &["~ new (Thalindra) 5 100"]),
        ("korr,100", &["! line 2 discordId"]),
        ("a,7\nb,7\nc,8", &["+ a (a) 1 7", "+ c (c) 1 8", "! line 3 discordId"]),
        ("thal,101\nnew,100", &["~ new (Thalindra) 5 100", "+ thal (thal) 1 101"]),
    ]);
}

#[test]
fn characters_are_added_to_the_rows_member() {
    check(&[
        ("korr,,,,Second,Sen'jin,death knight,FROST", &["+ Second-Sen'jin of korr: DEATH_KNIGHT Frost MELEE_DPS alt"]),
        ("korr,,,,Second,Area 52,Mage,,ranged", &["+ Second-Area 52 of korr: MAGE - RANGED_DPS alt"]),
        ("korr,,,,Second,Area 52,Mage,Fire,tank", &["+ Second-Area 52 of korr: MAGE Fire TANK alt"]),
        ("korr,,,,,Area 52", &["! line 2 name"]),
        ("korr,,,,,Area 52,Bard", &["! line 2 name", "! line 2 class"]),
        ("korr,,,,,,,,,main", &["! line 2 name"]),
        ("korr,,,,Second,,Mage,Fire", &["! line 2 realm"]),
        ("korr,,,,Second,Area 52,,Fire", &["! line 2 class"]),
        ("korr,,,,Second,Area 52", &["! line 2 class", "! line 2 role"]),
        ("korr,,,,Second,Area 52,DK,Frost", &["+ Second-Area 52 of korr: DEATH_KNIGHT Frost MELEE_DPS alt"]),
        ("korr,,,,Second,Area 52,d.h.,Havoc", &["+ Second-Area 52 of korr: DEMON_HUNTER Havoc MELEE_DPS alt"]),
        ("korr,,,,Second,Area 52,Bard,Fire", &["! line 2 class"]),
        ("korr,,,,Second,Area 52,Mage", &["! line 2 role"]),
        ("korr,,,,Second,Area 52,Mage,Holy", &["! line 2 spec"]),
        ("korr,,,,Second,Area 52,Mage,Fire,dps", &["! line 2 role"]),
        ("korr,,,,Second,Area 52,Mage,Fire,,perhaps", &["! line 2 isMain"]),
        ("new,,,,Second,Area 52,Mage", &["! line 2 role"]),
    ]);
    assert!(message("korr,,,,S,R,Mage,Holy").contains("Arcane, Fire, Frost"));
    let long = "x".repeat(51);
    check(&[(&format!("korr,,,,{long},Area 52,Mage,Fire"), &["! line 2 name"])]);
}

#[test]
fn characters_change_if_a_row_differs() {
    check(&[
        ("bryn,,,,BRYN,area 52,mage,frost,ranged,main", &[]),
        ("bryn,,,,Bryn,Area 52", &[]),
        ("bryn,,,,Bryn,Area 52,,Fire", &["~ Bryn-Area 52 of bryn: MAGE Fire RANGED_DPS main"]),
        ("bryn,,,,Bryn,Area 52,,,healer", &["~ Bryn-Area 52 of bryn: MAGE Frost HEALER main"]),
        ("bryn,,,,Bryn,Area 52,Rogue,Outlaw", &["~ Bryn-Area 52 of bryn: ROGUE Outlaw MELEE_DPS main"]),
        ("bryn,,,,Bryn,Area 52,Death Knight", &["~ Bryn-Area 52 of bryn: DEATH_KNIGHT Frost MELEE_DPS main"]),
        ("bryn,,,,Bryn,Area 52,Rogue", &["! line 2 spec"]),
        ("bryn,,,,Bryn,Area 52,,Outlaw", &["! line 2 spec"]),
    ]);
}

#[test]
fn a_character_has_one_owner_and_one_row() {
    check(&[
        ("korr,,,,Bryn,Area 52,Mage,Fire", &["! line 2 name"]),
        ("bryn,,,,Brynalt,Area 52\nbryn,,,,brynalt,AREA 52", &["! line 3 name"]),
        ("korr,,,,S,R,Mage,Fire\nmira,,,,S,R,Mage,Fire", &["+ S-R of korr: MAGE Fire RANGED_DPS alt", "! line 3 name"]),
        ("korr,,,,S,R,Mage\nmira,,,,S,R,Mage,Fire", &["+ S-R of mira: MAGE Fire RANGED_DPS main", "! line 2 role"]),
    ]);
    let many: String = (0..201).map(|n| "mira,,,,C".to_owned() + &n.to_string() + ",R,Mage,Fire\n").collect();
    assert_eq!(outcome(&Actor::Operator, &many).pop().as_deref(), Some("! line 202 name"));
    assert!(message("korr,,,,Bryn,Area 52,Mage,Fire").contains("bryn"));
    assert!(message("bryn,,,,Brynalt,Area 52\nbryn,,,,Brynalt,Area 52").contains("line 2"));
}

#[test]
fn a_member_has_one_main() {
    let brynalt_is_main =
        ["~ Bryn-Area 52 of bryn: MAGE Frost RANGED_DPS alt", "~ Brynalt-Area 52 of bryn: MAGE Frost RANGED_DPS main"];
    check(&[
        ("bryn,,,,Brynalt,Area 52,,,,MAIN", &brynalt_is_main),
        ("bryn,,,,Brynalt,Area 52,,,,x\nbryn,,,,Bryn,Area 52,,,,a", &brynalt_is_main),
        ("bryn,,,,Bryn,Area 52,,,,no\nbryn,,,,Brynalt,Area 52,,,,yes", &brynalt_is_main),
        ("bryn,,,,Bryn,Area 52,,,,alt", &brynalt_is_main[..1]),
        ("bryn,,,,Bryn,Area 52,,,,1\nbryn,,,,Brynalt,Area 52,,,,1", &["! line 3 isMain"]),
        (
            "bryn,,,,Next,Area 52,Mage,Fire,,main",
            &["~ Bryn-Area 52 of bryn: MAGE Frost RANGED_DPS alt", "+ Next-Area 52 of bryn: MAGE Fire RANGED_DPS main"],
        ),
    ]);
    assert!(message("bryn,,,,Bryn,Area 52,,,,m\nbryn,,,,Brynalt,Area 52,,,,m").contains("line 2"));
}

#[test]
fn a_members_first_characters_include_a_main() {
    let (a, b) = ("mira,,,,A,R,Mage,Fire,,", "mira,,,,B,R,Mage,Fire,,");
    let added = |main_a, main_b| {
        [("A", main_a), ("B", main_b)].map(|(name, main)| format!("+ {name}-R of mira: MAGE Fire RANGED_DPS {main}"))
    };
    for (mains, expected) in [
        (["", ""], added("main", "alt")),
        (["alt", ""], added("alt", "main")),
        (["", "main"], added("alt", "main")),
        (["alt", "alt"], added("alt", "alt")),
    ] {
        let [first, second] = mains;
        assert_eq!(outcome(&Actor::Operator, &format!("{a}{first}\n{b}{second}")), expected, "{mains:?}");
    }
    // A member whose earlier characters include no main gets none.
    check(&[("korr,,,,S,R,Mage,Fire", &["+ S-R of korr: MAGE Fire RANGED_DPS alt"])]);
}

#[test]
fn officers_change_only_lower_ranks() {
    let low = &["! line 2 - RANK_TOO_LOW"][..];
    check_for(
        &officer(2),
        &[
            ("new", &["+ new (new) 1"]),
            ("bryn,5,B,Initiate", &["~ bryn (B) 1 5"]),
            ("new,,,Officer", &["! line 2 rank RANK_TOO_LOW"]),
            ("bryn,,,Guild Leader", &["! line 2 rank RANK_TOO_LOW"]),
            ("mira,5", low),
            ("mira,,Other", low),
            ("mira,,,Member", low),
            ("thal,,,,New,R,Mage,Fire", low),
            ("thal,,,,Thalindra,Sen'jin,,Fire", low),
            ("thal,,,,Thalindra,Sen'jin,,,,alt", low),
            ("mira,,Mira,Officer\nthal,100,,,Thalindra,Sen'jin,,,,main", &[]),
        ],
    );
}

#[test]
fn leaders_can_change_each_other() {
    check_for(
        &officer(1),
        &[
            ("mira,,,Guild Leader", &["~ mira (Mira) 5"]),
            ("new,,,Guild Leader\nthal,,,Guild Leader", &["+ new (new) 5"]),
            ("thal,101", &["~ thal (Thalindra) 5 101"]),
        ],
    );
}

#[test]
fn members_can_change_their_own_name_and_characters() {
    check_for(
        &officer(2),
        &[
            (
                "korr,,Korr,,Korr,Sen'jin,,Fire,,main",
                &["~ korr (Korr) 4", "~ Korr-Sen'jin of korr: MAGE Fire RANGED_DPS main"],
            ),
            ("korr,5", &["! line 2 - RANK_TOO_LOW"]),
            ("korr,,Korr,Member", &["! line 2 - RANK_TOO_LOW"]),
            ("korr,,,Guild Leader", &["! line 2 - RANK_TOO_LOW"]),
        ],
    );
}

#[test]
fn officers_cannot_grant_permissions_they_lack() {
    let refused = &["! line 2 rank RANK_TOO_LOW"][..];
    check_for(&officer(1), &[("bryn,,,Treasurer", refused), ("new,,,Treasurer", refused)]);
    check_for(&officer(2), &[("bryn,,,Treasurer", refused)]);
    check(&[("bryn,,,Treasurer", &["~ bryn (Bryn) 3"])]);
}

#[test]
fn the_guild_keeps_a_leader() {
    check(&[
        ("thal,,,Member\nbryn,7", &["~ bryn (Bryn) 2 7", "! line 2 rank LAST_LEADER"]),
        ("thal,,,Member\nkorr,,,Guild Leader", &["~ thal (Thalindra) 2 100", "~ korr (Korrigan) 5"]),
        ("thal,,,Member\nnew,,,Guild Leader", &["+ new (new) 5", "! line 2 rank LAST_LEADER"]),
        (
            "thal,,,Member\ngone,,,Guild Leader",
            &["! line 2 rank LAST_LEADER", "! line 3 discordUsername MEMBER_INACTIVE"],
        ),
        ("thal,,A,Member\nthal,,B", &["~ thal (B) 5 100", "! line 2 rank LAST_LEADER"]),
    ]);
    let mut two = guild();
    let korr = &mut two.members[1];
    (korr.rank_id, korr.rank_level, korr.registered_at) = (two.ranks[0].id, 5, None);
    let demote = |text| summary(&two, &plan(&two, &Actor::Operator, &rows(text), now()));
    assert_eq!(demote("korr,,,Member"), ["~ korr (Korrigan) 2"]);
    assert_eq!(demote("thal,,,Member"), ["! line 2 rank LAST_LEADER"]);
    assert_eq!(demote("thal,,,Member\nkorr,,,Member"), ["! line 2 rank LAST_LEADER", "! line 3 rank LAST_LEADER"]);
}

#[test]
fn a_listed_members_problem_is_reported_once() {
    let text = r#"{"members": [
        {"discordUsername": "new", "rank": "Lord", "characters": [
            {"name": "A", "realm": "R", "class": "Mage", "spec": "Fire"}, {"name": []},
            {"name": "B", "realm": "R", "class": "Mage", "spec": "Fire"}]},
        {"discordUsername": "korr", "characters": [
            {"name": "A", "realm": "R", "class": "Mage"},
            {"name": "B", "realm": "R", "class": "Mage", "spec": "Fire"}]},
        {"discordUsername": "bryn", "rank": "Officer", "characters": [
            {"name": "Bryn", "realm": "Area 52"}, {"name": "C", "realm": "R"}, {"name": "Brynalt", "realm": "Area 52"}]}
    ]}"#;
    let roster = guild();
    let plan = plan(&roster, &officer(2), &read(Format::Json, text.as_bytes()).unwrap(), now());
    let expected = [
        "+ B-R of korr: MAGE Fire RANGED_DPS alt",
        "! members[0] rank",
        "! members[0].characters[1] name",
        "! members[1].characters[0] role",
        "! members[2] rank RANK_TOO_LOW",
        "! members[2].characters[1] class",
        "! members[2].characters[1] role",
    ];
    assert_eq!(summary(&roster, &plan), expected);
    assert_eq!((plan.rows, plan.left_out), (8, 7));
}

#[test]
fn large_rosters_are_planned_completely() {
    let row = |n: i32| format!("u{},,,Member,C{n},Area 52,Hunter,Survival,,", n / 4);
    let text: Vec<String> = (0..20_000).map(row).collect();
    let plan = plan(&guild(), &Actor::Operator, &rows(&text.join("\n")), now());
    assert_eq!((plan.new_members.len(), plan.new_characters.len(), plan.problems.len()), (5_000, 20_000, 0));
}

/// A row about members of the test guild or new ones, valid or not.
fn row() -> impl Strategy<Value = String> {
    let of_member = (
        select(vec!["thal", "korr", "mira", "bryn", "Bryn", "gone", "new", "other"]),
        select(vec!["", "", "", "7", "8", "bad"]),
        select(vec!["", "", "Bryn", "Zoë"]),
        select(vec!["", "", "Member", "Initiate", "Officer", "Guild Leader", "Treasurer", "Lord"]),
    );
    let of_character = (
        select(vec!["", "Bryn", "Brynalt", "Korr", "Thalindra", "A", "B"]),
        select(vec!["Area 52", "Sen'jin"]),
        select(vec!["", "Mage", "Death Knight", "Rogue"]),
        select(vec!["", "Frost", "Fire", "Outlaw"]),
        select(vec!["", "", "tank", "dps"]),
        select(vec!["", "", "main", "alt"]),
    );
    (of_member, of_character).prop_map(|((user, id, name, rank), (character, realm, class, spec, role, main))| {
        let character = match character {
            "" => String::new(),
            _ => format!("{character},{realm},{class},{spec},{role},{main}"),
        };
        format!("{user},{id},{name},{rank},{character}\n")
    })
}

fn file() -> impl Strategy<Value = ParsedFile> {
    proptest::collection::vec(row(), 0..12).prop_map(|lines| rows(&lines.concat()))
}

fn actor() -> impl Strategy<Value = Actor> {
    select(vec![Actor::Operator, officer(1), officer(2)])
}

/// The rows without a problem.
fn good_rows(reading: &ParsedFile, plan: &ImportPlan) -> ParsedFile {
    let bad = |record: &Record| plan.problems.iter().any(|problem| problem.location == record.location);
    let records = reading.records.iter().filter(|record| !bad(record)).cloned().collect();
    ParsedFile { records, ..ParsedFile::default() }
}

/// The summary without the problems.
fn changes(roster: &Roster, plan: &ImportPlan) -> Vec<String> {
    summary(roster, plan).into_iter().filter(|line| !line.starts_with('!')).collect()
}

proptest! {
    #[test]
    fn a_bad_row_has_no_effect_on_the_others(actor in actor(), reading in file()) {
        let roster = guild();
        let whole = plan(&roster, &actor, &reading, now());
        let good = plan(&roster, &actor, &good_rows(&reading, &whole), now());
        prop_assert_eq!(changes(&roster, &good), changes(&roster, &whole));
        prop_assert_eq!(&good.problems, &[]);
        prop_assert_eq!(whole.left_out + good.rows, whole.rows);
    }

    #[test]
    fn importing_the_same_rows_again_changes_nothing(actor in actor(), reading in file()) {
        let first = plan(&guild(), &actor, &reading, now());
        let after = applied(&guild(), &first);
        let again = plan(&after, &actor, &good_rows(&reading, &first), now());
        prop_assert!(again.changes_nothing(), "{:?}", summary(&after, &again));
        prop_assert_eq!(&again.problems, &[]);
        prop_assert_eq!(again.unchanged, again.rows);
    }

    #[test]
    fn the_guild_stays_consistent(actor in actor(), reading in file()) {
        let before = guild();
        let plan = plan(&before, &actor, &reading, now());
        let after = applied(&before, &plan);
        let distinct = |mut keys: Vec<String>| {
            let all = keys.len();
            keys.sort();
            keys.dedup();
            keys.len() == all
        };
        prop_assert!(distinct(after.members.iter().map(|member| member.username_key.clone()).collect()));
        prop_assert!(distinct(after.members.iter().filter_map(|member| member.discord_id.clone()).collect()));
        let named = |character: &Character| format!("{}-{}", character.name_key, character.realm_key);
        prop_assert!(distinct(after.characters.iter().map(named).collect()));
        let mains = after.characters.iter().filter(|character| character.is_main);
        prop_assert!(distinct(mains.map(|character| character.member_id.0.to_string()).collect()));
        prop_assert!(after.members.iter().any(|member| member.rank_level == 5 && member.is_registered()));
        if let Actor::Officer(viewer) = actor && viewer.rank_level < 5 {
            prop_assert!(plan.changed_members.iter().all(|diff| diff.after.rank_level <= viewer.rank_level));
            prop_assert!(plan.new_members.iter().all(|member| member.rank_level < viewer.rank_level));
        }
    }

    #[test]
    fn valid_rows_can_come_in_any_order(
        lines in subsequence(vec!["bryn,7,,Initiate\n", "a,,,Member,A,R,Mage,Fire,,main\n", "a,,A\n",
            "bryn,,,,Bryn,Area 52,,,,alt\n", "bryn,,,,Brynalt,Area 52,,,,main\n"], 0..=5).prop_shuffle(),
    ) {
        let mut sorted = lines.clone();
        sorted.sort_unstable();
        let outcome = |lines: Vec<&str>| {
            let mut summary = outcome(&Actor::Operator, &lines.concat());
            summary.sort_unstable();
            summary
        };
        prop_assert_eq!(outcome(lines), outcome(sorted));
    }
}
