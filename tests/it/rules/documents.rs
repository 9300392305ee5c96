//! Limits of documents, which are checked before a document runs.

use std::fmt::Write;

use async_graphql::{ServerError, Variables, parser::parse_schema};
use guildhall::engine::{DocumentRef, Documents, Limits};
use proptest::prelude::*;

const SDL: &str = "type Query {
        members(first: Int): MemberConnection tags: [Tag] name: String search(y: String, z: String): String
        nodes(ids: [ID!]!): [Tag]
    }
    type MemberConnection { nodes: [Member] } type Member { friends(first: Int): MemberConnection name: String }
    type Tag { tags: [Tag] name: String }";

fn choose(text: &str) -> Result<(), Vec<ServerError>> {
    let documents = Documents::from_schema((SDL, &parse_schema(SDL).unwrap()), Limits::DEFAULT, true, true).unwrap();
    documents.select(&DocumentRef::Text(text.to_owned()), None, Variables::default()).map(drop)
}

/// The code of the first error.
fn code(text: &str) -> Option<String> {
    let error = choose(text).err()?.remove(0);
    error.extensions.and_then(|it| it.get("code").map(ToString::to_string))
}

#[test]
fn fragments_that_double_thirty_times_are_measured_quickly() {
    let mut text = String::from("{ ...F0 }");
    for i in 0..30 {
        write!(text, " fragment F{i} on Query {{ ...F{} ...F{} }}", i + 1, i + 1).unwrap();
    }
    for leaf in ["name", "...Missing"] {
        let text = format!("{text} fragment F30 on Query {{ {leaf} }}");
        assert_eq!(code(&text).as_deref(), Some("\"QUERY_TOO_COMPLEX\""), "{leaf}");
    }
}

#[test]
fn a_hundred_spreads_on_each_of_five_levels_are_measured_quickly() {
    let mut text = String::from("{ ...F0 }");
    for i in 0..5 {
        write!(text, " fragment F{i} on Query {{ {} }}", format!("...F{} ", i + 1).repeat(100)).unwrap();
    }
    text += " fragment F5 on Query { name }";
    assert_eq!(code(&text).as_deref(), Some("\"QUERY_TOO_COMPLEX\""));
}

#[test]
fn circular_malformed_and_expensive_documents_are_refused() {
    let deep = format!("{}name{}", "{ tags ".repeat(70), "}".repeat(70));
    let paged = "{ members(first: 100) { nodes { friends(first: 100) { nodes { friends { nodes { name } } } } } } }";
    let defaulted = "query($n: Int = 100) { members(first: $n) { nodes {
        friends(first: $n) { nodes { friends(first: $n) { nodes { name } } } }
    } } }";
    let ids = format!("{{ nodes(ids: [{}]) {{ {} }} }}", "1 ".repeat(100), "tags { tags { tags { name } } }");
    let wide = (0..60).map(|i| format!("a{i}: name")).collect::<Vec<_>>().join(" ");
    for (text, expected) in [
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "\"BAD_USER_INPUT\""),
        ("{ name ", "\"BAD_USER_INPUT\""),
        ("query A { name } query B { name }", "\"BAD_USER_INPUT\""),
        (deep.as_str(), "\"QUERY_TOO_COMPLEX\""),
        (paged, "\"QUERY_TOO_COMPLEX\""),
        (defaulted, "\"QUERY_TOO_COMPLEX\""),
        (ids.as_str(), "\"QUERY_TOO_COMPLEX\""),
        (&format!("{{ {wide} }}"), "\"QUERY_TOO_COMPLEX\""),
        (&"{".repeat(60_000), "\"QUERY_TOO_COMPLEX\""),
        ("{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }", "\"QUERY_TOO_COMPLEX\""),
    ] {
        assert_eq!(code(text).as_deref(), Some(expected), "{text:.80}");
    }
}

#[test]
fn brackets_in_strings_and_comments_do_not_nest() {
    let text = format!(
        "# {0}\n{{ members(first: 1) {{ nodes {{ name }} }} a: search(y: \"{0}\", z: \"\"\"{0}\"\"\") }}",
        "{".repeat(90)
    );
    assert_eq!(code(&text), None);
}

proptest! {
    #[test]
    fn no_document_causes_a_panic(text in "[{}\\[\\]()\"\\\\#a-z.:@$!\n ]{0,200}") {
        let _ = choose(&text);
    }
}
