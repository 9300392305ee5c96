//! Members with a known Discord id and a new username.

use guildhall::identity::{
    Member,
    import::{Actor, ParsedFile, Roster, plan},
};
use proptest::{prelude::*, sample::select};

use super::{applied, guild, member, now, officer, rows, summary};

/// Members `a`, `b`, `c` with the ids 1001, 1002, 1003, a member `d` without an id, and the leader `thal` (100).
fn roster() -> Roster {
    let identified = |number: i64, name: &str| Member {
        discord_id: Some((1_000 + number).to_string()),
        ..member(number + 10, name, &name.to_uppercase(), 2)
    };
    let mut roster = Roster { characters: Vec::new(), ..guild() };
    roster.members.truncate(2);
    roster.members.extend([identified(1, "a"), identified(2, "b"), identified(3, "c"), member(14, "d", "D", 2)]);
    roster
}

fn outcome(actor: &Actor, text: &str) -> Vec<String> {
    let roster = roster();
    summary(&roster, &plan(&roster, actor, &rows(text), now()))
}

#[test]
fn a_known_id_with_a_new_username_is_a_rename() {
    for (text, expected) in [
        ("new,1001", &["~ new (A) 2 1001"][..]),
        ("@New#0,1001,Anna,Initiate", &["~ New (Anna) 1 1001"]),
        ("A,1001", &[]),
        // Rows with and without the id are about the same member.
        ("new,,Anna\nnew,1001", &["~ new (Anna) 2 1001"]),
        // Exchanged, in a circle, and into a name that another gives up.
        ("a,1002\nb,1001", &["~ b (A) 2 1001", "~ a (B) 2 1002"]),
        ("b,1001\nc,1002\na,1003", &["~ b (A) 2 1001", "~ c (B) 2 1002", "~ a (C) 2 1003"]),
        ("b,1001\nnew,1002", &["~ b (A) 2 1001", "~ new (B) 2 1002"]),
        ("new,1002\nb,1001", &["~ b (A) 2 1001", "~ new (B) 2 1002"]),
        // The former name is free for a newcomer.
        ("new,1001\na,1009", &["~ new (A) 2 1001", "+ a (a) 1 1009"]),
        ("a\nnew,1001", &["~ new (A) 2 1001", "+ a (a) 1"]),
    ] {
        assert_eq!(outcome(&Actor::Operator, text), expected, "{text}");
    }
}

#[test]
fn a_username_has_one_member() {
    for (text, expected) in [
        ("d,1001", &["! line 2 discordId"][..]),
        ("b,1001", &["! line 2 discordId"]),
        ("new,1001\nother,1001", &["~ new (A) 2 1001", "! line 3 discordUsername"]),
        ("new,1001\nnew,1002", &["~ new (A) 2 1001", "! line 3 discordId"]),
        ("x,9\ny,9", &["+ x (x) 1 9", "! line 3 discordId"]),
        ("new,1009\nnew,1001\nnew,1009", &["~ new (A) 2 1001", "! line 2 discordId", "! line 4 discordId"]),
        // b keeps its name, because its row is bad, so a cannot have it, so c cannot have a's.
        ("b,1001\na,1003\nnew,1002,,Lord", &["! line 2 discordId", "! line 3 discordId", "! line 4 rank"]),
        ("b,1001\na,1003\nd,1002", &["! line 2 discordId", "! line 3 discordId", "! line 4 discordId"]),
    ] {
        assert_eq!(outcome(&Actor::Operator, text), expected, "{text}");
    }
    // An officer may not rename the leader, who therefore keeps the name that the second row needs.
    assert_eq!(outcome(&officer(2), "new,100\nthal,1001"), ["! line 2 - RANK_TOO_LOW", "! line 3 discordId"]);
    assert_eq!(outcome(&Actor::Operator, "new,100\nthal,1001"), ["~ new (Thalindra) 5 100", "~ thal (A) 2 1001"]);
}

#[test]
fn long_chains_of_bad_renames_are_refused_quickly() {
    let count = 5_000;
    let mut roster = roster();
    roster.members.extend((0..count).map(|number| Member {
        discord_id: Some((10_000 + number).to_string()),
        ..member(100 + number, &format!("u{number}"), "U", 2)
    }));
    // Each takes the name of the next, and the last one's row is bad.
    let mut lines: Vec<String> =
        (0..count - 1).map(|number| format!("u{},{}\n", number + 1, 10_000 + number)).collect();
    lines.push("thal,14999\n".to_owned());
    let text = lines.concat();
    let plan = plan(&roster, &Actor::Operator, &rows(&text), now());
    assert!(plan.changes_nothing());
    assert_eq!(plan.left_out, usize::try_from(count).unwrap());
}

fn file() -> impl Strategy<Value = ParsedFile> {
    let row = (
        select(vec!["a", "b", "c", "d", "thal", "new", "@B"]),
        select(vec!["", "", "100", "1001", "1002", "1003", "1009"]),
        select(vec!["", "", "Anna"]),
        select(vec!["", "", "", "Initiate", "Officer", "Lord"]),
    );
    let row = row.prop_map(|(name, id, display_name, rank)| format!("{name},{id},{display_name},{rank}\n"));
    proptest::collection::vec(row, 0..9).prop_map(|lines| rows(&lines.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn names_and_ids_stay_unique_and_a_second_import_changes_nothing(
        actor in select(vec![Actor::Operator, officer(1), officer(2)]),
        file in file(),
    ) {
        let first = plan(&roster(), &actor, &file, now());
        let after = applied(&roster(), &first);
        let mut names: Vec<&str> = after.members.iter().map(|member| member.username_key.as_str()).collect();
        let mut ids: Vec<&str> = after.members.iter().filter_map(|member| member.discord_id.as_deref()).collect();
        let counts = (names.len(), ids.len());
        names.sort_unstable();
        names.dedup();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!((names.len(), ids.len()), counts);

        let good = |location| first.problems.iter().all(|problem| problem.location != location);
        let records = file.records.iter().filter(|record| good(record.location)).cloned().collect();
        let good = ParsedFile { records, ..ParsedFile::default() };
        let alone = plan(&roster(), &actor, &good, now());
        prop_assert_eq!(&alone.problems, &[]);
        prop_assert_eq!(
            summary(&roster(), &alone),
            summary(&roster(), &first).into_iter().filter(|line| !line.starts_with('!')).collect::<Vec<_>>()
        );
        let again = plan(&after, &actor, &good, now());
        prop_assert!(again.changes_nothing(), "{:?}", summary(&after, &again));
        prop_assert_eq!(&again.problems, &[]);
    }
}
