//! `guildhall guilds`, and what a suspended guild does.

use std::{process::Output, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    TestApp, TestCampaign,
    documents::{CREATE_CHARACTER, SEND_INVITE, WATCH_TURNOUT},
    on_both,
    process::{ServerProcess, run, stdout},
};

const QUERY: &str = "{ guild { slug } }";

/// Runs `guildhall guilds` on a test's database.
pub async fn guilds(app: &TestApp, arguments: &[&str]) -> Output {
    let [flag, database, ..] = app.flags();
    let arguments: Vec<String> = ["guilds"].iter().chain(arguments).map(|it| (*it).to_owned()).collect();
    let run = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain([flag.as_str(), &database]).collect();
        run(tempfile::tempdir().unwrap().path(), &arguments)
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

pub fn error_of(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[on_both]
async fn guilds_are_created_and_listed(app: TestApp) {
    app.guild("gg").await.unregistered("x", "Member").await;
    let created = guilds(&app, &["create", "hh", "--guild-name", "Other  Guild", "--region", "eu"]).await;
    assert!(stdout(&created).starts_with("hh is created."));
    assert!(error_of(&guilds(&app, &["create", "hh"]).await).contains("already a guild"));
    assert!(error_of(&guilds(&app, &["create", "No Slug"]).await).contains("A slug must be"));
    let listed: Value = serde_json::from_str(&stdout(&guilds(&app, &["list", "--json"]).await)).unwrap();
    let guild = |at: usize| (listed[at]["slug"].clone(), listed[at]["activeMembers"].clone());
    assert_eq!((guild(0), guild(1)), ((json!("gg"), json!(2)), (json!("hh"), json!(0))));
    let text = stdout(&guilds(&app, &["list"]).await);
    assert!(text.lines().all(|line| line.contains(" members ")) && text.lines().count() == 2, "{text}");
    assert!(error_of(&guilds(&app, &["suspend", "nowhere"]).await).contains("there is no guild nowhere"));
}

#[on_both]
async fn a_suspended_guild_serves_no_requests(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, other) = (guild.leader().await, app.guild("hh").await.leader().await);
    let campaign = TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "ALWAYS", "durationHours": 24 })).await;
    let http = app.serve().await;
    let mut socket = http.socket(json!({ "guild": "gg" })).await;
    socket.subscribe("1", WATCH_TURNOUT, campaign.vars()).await;
    assert_eq!(socket.receive().await["type"], "next");

    assert!(stdout(&guilds(&app, &["suspend", "gg"]).await).starts_with("gg is suspended since 20"));
    // The command returns only when every server refuses.
    for client in [&leader, &guild.anonymous()] {
        assert_eq!(client.refusal(QUERY, json!({})).await, "FORBIDDEN GUILD_SUSPENDED");
    }
    let ended = socket.receive().await;
    assert_eq!(ended["payload"][0]["extensions"]["reason"], "GUILD_SUSPENDED", "{ended}");
    socket.subscribe("2", QUERY, json!({})).await;
    assert_eq!(socket.receive().await["payload"][0]["extensions"]["reason"], "GUILD_SUSPENDED");
    let request = http.post(&json!({ "query": QUERY })).header("X-Guild", "gg");
    assert_eq!(request.send().await.unwrap().status(), 403);
    let mut refused = http.connect().await;
    refused.send(json!({ "type": "connection_init", "payload": { "guild": "gg" } })).await;
    assert_eq!(refused.receive().await, json!({ "close": 4403 }));
    // Other guilds are served, and votes still end.
    assert_eq!(other.ok(QUERY, json!({})).await["guild"]["slug"], "hh");
    app.clock.advance(Duration::from_hours(24));
    let closed = async {
        while app.count_rows("campaigns WHERE status = 'CLOSED'").await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed).await.expect("the vote of a suspended guild has not ended");

    // Suspending it again changes nothing.
    stdout(&guilds(&app, &["suspend", "gg"]).await);
    stdout(&guilds(&app, &["resume", "gg"]).await);
    assert_eq!(leader.ok(QUERY, json!({})).await["guild"]["slug"], "gg");
    let log = leader.ok("{ auditLog { nodes { action actor { id } } } }", json!({})).await;
    let actions: Vec<&str> =
        log["auditLog"]["nodes"].as_array().unwrap().iter().map(|it| it["action"].as_str().unwrap()).collect();
    let suspensions: Vec<&&str> =
        actions.iter().filter(|it| it.ends_with("suspend") || it.ends_with("resume")).collect();
    assert_eq!(suspensions, [&"guild.resume", &"guild.suspend"]);
}

#[on_both]
async fn a_deleted_guild_leaves_no_row(app: TestApp) {
    let (kept, guild) = (app.guild("kept").await, app.guild("gg").await);
    let server = app.serve().await;
    for guild in [&kept, &guild] {
        let leader = guild.leader().await;
        let campaign = TestCampaign::live(&leader, 2, json!({ "earlyCloseIfAllVoted": false })).await;
        campaign.vote(&leader, &[0]).await;
        guild.login("leader").await;
        let invited = guild.unregistered("invited", "Member").await;
        leader.ok(SEND_INVITE, json!({ "id": invited.id })).await;
        let character =
            json!({ "input": { "name": "Thal", "realm": "Area 52", "class": "MAGE", "role": "RANGED_DPS" } });
        leader.ok(CREATE_CHARACTER, character).await;
        campaign.close(&leader).await;
    }
    let tables = tables_with_guilds(&app).await;
    assert!(tables.len() > 15, "{tables:?}");
    let count = async |guild: i64| {
        let mut rows = 0;
        for table in &tables {
            rows += app.count_rows(&format!("{table} WHERE guild_id = {guild}")).await;
        }
        rows + app.count_rows(&format!("guilds WHERE id = {guild}")).await
    };
    let (rows_of_kept, rows) = (count(kept.id.0).await, count(guild.id.0).await);
    assert!(rows > 20, "{rows}");

    for confirmation in [&["delete", "gg", "--confirm", "kept"][..], &["delete", "gg"]] {
        // Without `--confirm`, the empty standard input confirms nothing.
        assert!(error_of(&guilds(&app, confirmation).await).contains("nothing was deleted"));
    }
    assert_eq!(count(guild.id.0).await, rows);
    assert_eq!(stdout(&guilds(&app, &["delete", "gg", "--confirm", "gg"]).await), "gg is deleted.\n");
    assert_eq!((count(guild.id.0).await, count(kept.id.0).await), (0, rows_of_kept));
    // Running servers notice it, and a new guild can have the slug.
    let request = async || {
        let request =
            server.post(&json!({ "query": "{ guild { slug } members { totalCount } }" })).header("X-Guild", "gg");
        request.send().await.unwrap()
    };
    assert_eq!(request().await.status(), 404);
    app.guild("gg").await;
    let response: Value = request().await.json().await.unwrap();
    assert_eq!(response["data"], json!({ "guild": { "slug": "gg" }, "members": { "totalCount": 1 } }));
}

/// The tables with a column `guild_id`.
async fn tables_with_guilds(app: &TestApp) -> Vec<String> {
    let dump = stdout(&guilds(app, &["export", "kept", "-"]).await);
    let file: Value = serde_json::from_str(&dump).unwrap();
    let exported = file["tables"].as_array().unwrap().iter().filter(|table| table["table"] != "guilds");
    let secret = ["sessions", "refresh_tokens", "codes", "failures", "known_addresses", "discord_messages"];
    exported.map(|table| table["table"].as_str().unwrap().to_owned()).chain(secret.map(str::to_owned)).collect()
}

#[on_both]
async fn an_export_has_all_rows_but_no_secrets(app: TestApp) {
    let guild = app.guild("kept").await;
    app.guild("other").await;
    guild.member("alice", "Member").await;
    let dump = stdout(&guilds(&app, &["export", "kept", "-"]).await);
    let file: Value = serde_json::from_str(&dump).unwrap();
    assert_eq!((&file["format"], &file["version"]), (&json!("guildhall-guild"), &json!(1)));
    let table = |name: &str| {
        let tables = file["tables"].as_array().unwrap();
        tables.iter().find(|table| table["table"] == name).unwrap_or_else(|| panic!("{name} is not in the file"))
    };
    assert_eq!(table("guilds")["rows"].as_array().unwrap().len(), 1);
    let members = table("members");
    let column = members["columns"].as_array().unwrap().iter().position(|name| name == "discord_username").unwrap();
    let mut names: Vec<&str> =
        members["rows"].as_array().unwrap().iter().map(|row| row[column].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["alice", "leader"]);
    assert!(!dump.contains("$argon2") && !dump.contains("password"), "{dump}");
    // A file is written for its owner only, and not replaced unless asked.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.json").display().to_string();
    stdout(&guilds(&app, &["export", "kept", &path]).await);
    assert!(error_of(&guilds(&app, &["export", "kept", &path]).await).contains("exists"));
    stdout(&guilds(&app, &["export", "kept", &path, "--force"]).await);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_server_notifies_systemd() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify.socket");
    let manager = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let receive = || {
        let mut buffer = [0; 64];
        let length = manager.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let variables = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "200000")];
    let served = ServerProcess::start_with_env(folder.path(), &["serve", "--bind", "127.0.0.1:0"], &variables);
    assert_eq!([receive(), receive(), receive()], ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    served.terminate();
    while receive() != "STOPPING=1" {}
}
