//! A member's names in the summaries of the audit log.

use guildhall::privacy::{FormerNames, redact};

fn names() -> FormerNames {
    let mut names = FormerNames::new(["Now".to_owned(), "now.user".to_owned()]);
    for summary in [
        "Added Born: as to as Initiate",
        "Changed Born: as to: display name from Born: as to to A to B, of C",
        "Promoted A to B, of C: rank from Initiate to Member, Discord username from old.user to now.user, \
            display name from A to B, of C to Now, active from true to false, Discord id",
    ] {
        names.learn(summary);
    }
    names
}

#[test]
fn characters_are_recognised_by_each_former_name_of_their_owner() {
    for (summary, is_own) in [
        ("Added Foo-Bar, a character of Now", true),
        ("Deleted Foo-Bar, a character of Born: as to", true),
        ("Deleted Foo-Bar, a character of A to B, of C", true),
        ("Changed Foo-Bar of A to B, of C: name from Foo to Baz", true),
        ("Changed Foo-Bar of Now: level", true),
        ("Deleted Foo-Bar, a character of Nowhere", false),
        ("Deleted Foo-Bar, a character of Someone else", false),
        ("Changed Now-Bar of Someone else: name from Now to Baz", false),
    ] {
        assert_eq!(names().own_character_of(summary), is_own, "{summary}");
    }
}

#[test]
fn summaries_keep_what_happened_and_lose_the_names() {
    for (action, summary, redacted) in [
        ("member.create", "Added Now as Member", "Added X"),
        ("member.update", "Promoted Now: rank from Initiate to Member", "Promoted X"),
        ("member.invite", "Issued an invite code for Now", "Issued an invite code for X"),
        ("member.send_reset_code", "Issued a reset code for Now", "Issued a reset code for X"),
        ("character.update", "Changed Foo-Bar of Now: name from Foo to Baz", "Changed a character of X"),
        ("character.delete", "Deleted Foo-Bar, a character of Now", "Deleted a character of X"),
    ] {
        assert_eq!(redact(action, summary, "X"), redacted);
    }
}

#[test]
fn an_entry_with_a_members_name_is_redacted_and_others_are_not() {
    for (summary, redacted) in [
        ("Added the entry Now to \"Who leads?\"", Some("Added the entry X to \"Who leads?\"")),
        ("Took the entry A to B, of C off \"Who leads?\"", Some("Took the entry X off \"Who leads?\"")),
        ("Added the entry Nowhere to \"Where next?\"", None),
        ("Reordered the entries of \"Now\"", None),
    ] {
        assert_eq!(names().redact_entry(summary, "X").as_deref(), redacted, "{summary}");
    }
}
