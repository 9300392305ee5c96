//! Counters by the names of operations, which clients choose.

use std::{collections::BTreeMap, time::Duration};

use guildhall::kernel::metrics::{MAX_GUILDS, MAX_NAMES, Metrics, OTHERS, OperationSample, UNNAMED};
use prometheus_client::{encoding::text::encode, registry::Registry};

/// The number of operations under each name.
fn counted(metrics: &Metrics) -> BTreeMap<String, u64> {
    let (mut registry, mut text) = (Registry::default(), String::new());
    metrics.register(&mut registry);
    encode(&mut text, &registry).unwrap();
    let counts = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("requests_total{operation=\"")?;
        let (name, rest) = rest.split_once('"')?;
        Some((name.to_owned(), rest.rsplit_once(' ')?.1.parse().ok()?))
    });
    counts.collect()
}

#[test]
fn the_number_of_names_from_clients_is_limited() {
    let metrics = Metrics::default();
    let count = |name: &str| {
        let duration = Duration::ZERO;
        metrics.count(&OperationSample {
            name,
            guild: "gg",
            kind: "query",
            transport: "http",
            outcome: "OK",
            duration,
            statements: 0,
        });
    };
    let names: Vec<String> = (0..MAX_NAMES).map(|number| format!("Query{number}")).collect();
    for name in &names {
        count(name);
    }
    let mut expected: BTreeMap<String, u64> = names.into_iter().map(|name| (name, 1)).collect();
    assert_eq!(counted(&metrics), expected);
    for name in ["OneMore", "Query7", UNNAMED] {
        count(name);
    }
    expected.extend([(OTHERS.to_owned(), 1), ("Query7".to_owned(), 2), (UNNAMED.to_owned(), 1)]);
    assert_eq!(counted(&metrics), expected, "known names keep their own count");
}

#[test]
fn the_number_of_guilds_in_labels_is_limited() {
    let metrics = Metrics::default();
    let guilds: Vec<String> = (0..MAX_GUILDS + 5).map(|number| format!("guild-{number}")).collect();
    for guild in guilds.iter().map(String::as_str).chain([UNNAMED, "guild-7"]) {
        let duration = Duration::from_millis(500);
        let (kind, transport, outcome) = ("query", "http", "OK");
        let sample = OperationSample { name: UNNAMED, guild, kind, transport, outcome, duration, statements: 3 };
        metrics.count(&sample);
    }
    let (mut registry, mut text) = (Registry::default(), String::new());
    metrics.register(&mut registry);
    encode(&mut text, &registry).unwrap();
    for expected in [
        "guild_requests_total{guild=\"guild-7\",kind=\"query\",outcome=\"OK\"} 2",
        "guild_requests_total{guild=\"(others)\",kind=\"query\",outcome=\"OK\"} 5",
        "guild_requests_total{guild=\"-\",kind=\"query\",outcome=\"OK\"} 1",
        "guild_statements_total{guild=\"guild-7\"} 6",
        "guild_request_seconds_total{guild=\"guild-7\"} 1",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert_eq!(text.matches("guild_statements_total{").count(), MAX_GUILDS + 2);
}
