//! The published schema, and the list of error reasons.

use guildhall::api::Graph;

#[test]
fn the_committed_schema_is_current() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql")).unwrap();
    assert!(
        committed == Graph::new().unwrap().sdl(),
        "schema.graphql is stale: run `cargo run -- schema > schema.graphql`"
    );
}

/// Every type, field, argument and enum value has a description.
#[test]
fn everything_in_the_schema_is_documented() {
    let sdl = Graph::new().unwrap().sdl();
    let mut documented = false;
    let mut in_comment = false;
    let mut undocumented = Vec::new();
    for line in sdl.lines().map(str::trim) {
        if line == "\"\"\"" {
            in_comment = !in_comment;
            documented = true;
            continue;
        }
        if in_comment || line.is_empty() || line.starts_with(['}', ')']) || line.starts_with("schema {") {
            continue;
        }
        let is_root = ["query: ", "mutation: ", "subscription: "].iter().any(|it| line.starts_with(it));
        if !documented && !is_root {
            undocumented.push(line.to_owned());
        }
        documented = false;
    }
    assert!(undocumented.is_empty(), "without a description: {undocumented:#?}");
}

/// `docs/errors.md` lists every error reason in the source.
#[test]
fn every_error_reason_is_documented() {
    fn sources(folder: &std::path::Path, found: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else {
                found.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut source = String::new();
    sources(&root.join("src"), &mut source);
    let listed = std::fs::read_to_string(root.join("docs/errors.md")).unwrap();
    let given = ["because(\"", "conflict(\""].iter().flat_map(|start| {
        source.split(start).skip(1).filter_map(|rest| rest.split_once('"')).map(|(reason, _)| reason)
    });
    let reasons: std::collections::BTreeSet<&str> = given.filter(|reason| !reason.is_empty()).collect();
    assert!(reasons.len() > 15, "{reasons:?}");
    let missing: Vec<&&str> = reasons.iter().filter(|reason| !listed.contains(&format!("`{reason}`"))).collect();
    assert!(missing.is_empty(), "not in docs/errors.md: {missing:?}");
}
