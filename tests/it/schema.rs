//! The published schema, and the list of error reasons.

use guildhall::api::Graph;
use serde_json::{Value, json};

use crate::support::{TestApp, on_both, strings};

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

/// The schema as clients introspect it: every type, field, argument, enum value and directive has a description.
#[on_both]
async fn everything_in_the_introspected_schema_is_described(app: TestApp) {
    const QUERY: &str = "{ __schema { \
        types { name kind description specifiedByURL enumValues { name description } \
            fields { name description args { name description } } inputFields { name description } } \
        directives { name description args { name description } } } }";
    // The names and descriptions of these are the specification's and the library's.
    const BUILT_IN: [&str; 9] =
        ["Int", "Float", "String", "Boolean", "ID", "include", "skip", "deprecated", "specifiedBy"];
    let mut undescribed = Vec::new();
    let schema = app.guild("gg").await.anonymous().ok(QUERY, json!({})).await["__schema"].take();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for item in [list(&schema["types"]), list(&schema["directives"])].concat() {
        let name = item["name"].as_str().unwrap().to_owned();
        if name.starts_with("__") || BUILT_IN.contains(&name.as_str()) || name == "oneOf" {
            continue;
        }
        let mut described = vec![(name.clone(), item.clone())];
        for field in ["enumValues", "fields", "inputFields", "args"].iter().flat_map(|part| list(&item[*part])) {
            let path = format!("{name}.{}", field["name"].as_str().unwrap());
            let arguments = list(&field["args"]);
            described.extend(arguments.into_iter().map(|it| (format!("{path}({})", it["name"]), it)));
            described.push((path, field));
        }
        let missing =
            described.iter().filter(|(_, it)| it["description"].as_str().is_none_or(|it| it.trim().is_empty()));
        undescribed.extend(missing.map(|(path, _)| path.clone()));
        // Tools take types of this name for Relay's connections.
        if name.ends_with("Connection") {
            let fields: Vec<String> = strings(&item["fields"], "/name");
            assert!(
                ["edges", "pageInfo"].iter().all(|it| fields.iter().any(|field| field == it)),
                "{name}: {fields:?}"
            );
        }
        if item["kind"] == "SCALAR" {
            assert!(item["specifiedByURL"].as_str().is_some_and(|url| url.starts_with("https://")), "{name}");
        }
    }
    assert!(undescribed.is_empty(), "without a description: {undescribed:#?}");
}

#[test]
fn scalars_name_their_specification_in_the_printed_schema() {
    let sdl = Graph::new().unwrap().sdl();
    let scalars: Vec<&str> = sdl.lines().filter(|line| line.starts_with("scalar ")).collect();
    assert_eq!(scalars, ["scalar DateTime @specifiedBy(url: \"https://datatracker.ietf.org/doc/html/rfc3339\")"]);
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
