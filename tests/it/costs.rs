//! The cost of requests: what is loaded once, and how much of the database one client can use.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::join_all;
use guildhall::db::{ClientKey, Conn, Db, Usage};
use serde_json::json;
use tokio::sync::{Notify, Semaphore};

use crate::support::{TestApp, documents::GUILD_SLUG, on_both, refusal_in, sql};

/// A query with this many aliases of one field.
fn aliases(number: usize, field: impl Fn(usize) -> String) -> String {
    let fields: Vec<String> = (0..number).map(|number| format!("a{number}: {}", field(number))).collect();
    format!("{{ {} }}", fields.join(" "))
}

#[on_both]
async fn the_same_load_under_many_aliases_reads_the_database_once(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    for field in [
        "characters(filter: { search: \"ra\" }) { totalCount }",
        "characters(filter: { search: \"ra\" }) { nodes { id } }",
        "members(filter: { search: \"ra\" }) { totalCount nodes { id } }",
        "members(orderBy: { field: NAME }) { nodes { id } }",
        "campaigns(filter: { viewerCanVote: true }) { totalCount nodes { id } }",
        "pastVotes { totalCount nodes { closedAt } }",
        "auditLog { totalCount nodes { id } }",
        "discordMessages { totalCount nodes { id } }",
        "discordStatus { queued }",
        "sessions { id }",
        "ranks { id }",
    ] {
        // The caches are filled.
        leader.ok(&aliases(1, |_| field.to_owned()), json!({})).await;
        let one = leader.count_statements(&aliases(1, |_| field.to_owned()), json!({})).await;
        let many = leader.count_statements(&aliases(50, |_| field.to_owned()), json!({})).await;
        assert_eq!(one, many, "{field}");
    }
    // Another argument is another load.
    let field = |number| format!("characters(first: {}) {{ nodes {{ id }} }}", number + 1);
    assert_eq!(leader.count_statements(&aliases(3, field), json!({})).await, 3);
}

#[on_both]
async fn a_mutation_reads_again_what_it_has_changed(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let rename = |alias: &str, name: &str| {
        format!("{alias}: updateMe(input: {{ displayName: \"{name}\" }}) {{ member {{ displayName }} }}")
    };
    let data = leader.ok(&format!("mutation {{ {} {} }}", rename("a", "One"), rename("b", "Two")), json!({})).await;
    assert_eq!(data["a"]["member"]["displayName"], "One");
    assert_eq!(data["b"]["member"]["displayName"], "Two");
}

#[on_both]
async fn searches_and_counts_are_part_of_the_cost(app: TestApp) {
    let guild = app.guild("gg").await;
    let visitor = guild.anonymous();
    let count = |number: usize| format!("characters(filter: {{ search: \"{number}\" }}) {{ totalCount }}");
    visitor.ok(&aliases(9, count), json!({})).await;
    for query in [
        aliases(50, count),
        aliases(21, |number| format!("members(filter: {{ search: \"{number}\" }}) {{ nodes {{ id }} }}")),
        aliases(50, |number| format!("members(filter: {{ rankLevelAtLeast: {number} }}) {{ ...M }}"))
            + " fragment M on MemberConnection { totalCount }",
    ] {
        assert_eq!(refusal_in(&visitor.run(&query, json!({})).await), "QUERY_TOO_COMPLEX", "{query}");
    }
    // The search is in a variable.
    let fields = aliases(50, |number| format!("characters(filter: $filter, first: {}) {{ totalCount }}", number + 1));
    let query = format!("query($filter: CharacterFilter) {fields}");
    let searching = visitor.run(&query, json!({ "filter": { "search": "x" } })).await;
    assert_eq!(refusal_in(&searching), "QUERY_TOO_COMPLEX");
    let field = |number| format!("characters(filter: {{ search: $search }}, first: {}) {{ totalCount }}", number + 1);
    let fields = aliases(30, field);
    let query = format!("query($search: String) {fields}");
    assert_eq!(refusal_in(&visitor.run(&query, json!({ "search": "x" })).await), "QUERY_TOO_COMPLEX");
    visitor.ok(&query, json!({ "search": null })).await;
    // Nested lists are loaded together with their size.
    let nested = "{ members(first: 100) { nodes { id participation { campaigns { totalCount } } } } }";
    visitor.ok(nested, json!({})).await;
}

/// Only PostgreSQL can make a read wait for as long as the test needs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_leaves_connections_to_the_others() {
    let Some(app) = TestApp::on_postgres().await else { return };
    let guild = app.guild("gg").await;
    let (greedy, other) = (guild.member("greedy", "Member").await, guild.member("other", "Member").await);
    other.ok(GUILD_SLUG, json!({})).await;

    // Readers of characters wait until `release`.
    let server = app.another_server().await;
    let (locked, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (is_locked, released) = (Arc::clone(&locked), Arc::clone(&release));
    let lock = tokio::spawn(async move {
        let hold = async move |conn: &mut Conn| {
            sql::execute(conn, "LOCK TABLE characters IN ACCESS EXCLUSIVE MODE").await;
            locked.notify_one();
            released.notified().await;
            Ok(())
        };
        server.db.write(hold).await.unwrap();
    });
    is_locked.notified().await;

    let requests = join_all((0..40).map(|number| {
        let query = format!("{{ a: characters(first: {}) {{ totalCount }} ranks {{ id }} }}", number + 1);
        let greedy = greedy.clone();
        async move { greedy.run(&query, json!({})).await }
    }));
    let watch = async {
        while sql::lock_waiters(&app.app).await == 0 {}
        for _ in 0..50 {
            other.ok("{ members { nodes { id rank { name } } } ranks { id } }", json!({})).await;
        }
        release.notify_one();
    };
    let (responses, ()) = tokio::join!(requests, watch);
    for response in responses {
        assert!(response.get("errors").is_none(), "{response}");
    }
    lock.await.unwrap();
}

/// SQLite reads on the server's own cores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_and_counts_of_one_client_leave_cores_to_the_others() {
    let app = TestApp::on_sqlite().await;
    let at_once = std::thread::available_parallelism().unwrap().get().div_ceil(2);
    // A third for each client: one more connection than it may use for scans.
    let connections = 3 * (u32::try_from(at_once).unwrap() + 1);
    let db = Db::connect(&app.database, connections).await.unwrap();
    let [client, other] = [1, 2].map(|number| ClientKey::Address([203, 0, 113, number].into()));
    let usage = |client| Arc::new(Usage::of_client(Some(client)));
    let (started, release) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let scans: Vec<_> = (0..2 * at_once)
        .map(|_| {
            let (db, started, release) = (db.clone(), Arc::clone(&started), Arc::clone(&release));
            let scan = async move {
                let wait = async move |_: &mut Conn| {
                    started.fetch_add(1, Ordering::SeqCst);
                    drop(release.acquire().await);
                    Ok(())
                };
                db.scan(wait).await.unwrap();
            };
            tokio::spawn(usage(client).scope(scan))
        })
        .collect();
    while started.load(Ordering::SeqCst) < at_once {
        tokio::task::yield_now().await;
    }
    // The client's other reads and other clients' searches do not wait for them.
    usage(client).scope(db.read(async |_: &mut Conn| Ok(()))).await.unwrap();
    usage(other).scope(db.scan(async |_: &mut Conn| Ok(()))).await.unwrap();
    assert_eq!(started.load(Ordering::SeqCst), at_once);
    release.close();
    for scan in join_all(scans).await {
        scan.unwrap();
    }
    assert_eq!(started.load(Ordering::SeqCst), 2 * at_once);
}
