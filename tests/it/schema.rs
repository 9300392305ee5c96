//! The schema as it is published.

use guildhall::graphql::Graph;

#[test]
fn the_committed_schema_is_fresh() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql")).unwrap();
    assert!(
        committed == Graph::new().unwrap().sdl(),
        "schema.graphql is stale: run `cargo run -- schema > schema.graphql`"
    );
}

/// Everything a client sees says what it is.
#[test]
fn everything_in_the_schema_is_documented() {
    let sdl = Graph::new().unwrap().sdl();
    let mut documented = false;
    let mut in_comment = false;
    let mut bare = Vec::new();
    for line in sdl.lines().map(str::trim) {
        if line == "\"\"\"" {
            in_comment = !in_comment;
            documented = true;
            continue;
        }
        if in_comment || line.is_empty() || line.starts_with(['}', ')']) || line.starts_with("schema {") {
            continue;
        }
        let of_the_schema_itself = ["query: ", "mutation: ", "subscription: "].iter().any(|it| line.starts_with(it));
        if !documented && !of_the_schema_itself {
            bare.push(line.to_owned());
        }
        documented = false;
    }
    assert!(bare.is_empty(), "without a description: {bare:#?}");
}
