//! `guildhall guilds import`: a guild moves from one server to another.

use std::path::PathBuf;

use guildhall::kernel::error::Code;
use serde_json::{Value, json};

use crate::{
    guild_commands::{error_of, guilds},
    support::{
        Client, PASSWORD, TestApp, TestCampaign, TestGuild,
        documents::{CREATE_CHARACTER, LOGIN, REGISTER_MEMBER, SEND_INVITE},
        on_both,
        process::stdout,
        refusal_in,
    },
};

/// The apps of a move: from this database to another one of each kind.
async fn targets() -> Vec<TestApp> {
    let mut targets = vec![TestApp::on_sqlite().await];
    targets.extend(TestApp::on_postgres().await);
    targets
}

async fn export(app: &TestApp, slug: &str) -> Value {
    serde_json::from_str(&stdout(&guilds(app, &["export", slug, "-"]).await)).unwrap()
}

/// A file in a folder of its own.
struct ExportFile(tempfile::TempDir);

impl ExportFile {
    fn new(contents: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("guild.json"), contents).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("guild.json")
    }

    async fn import(&self, app: &TestApp, arguments: &[&str]) -> std::process::Output {
        let path = self.path().display().to_string();
        guilds(app, &[&["import", path.as_str()][..], arguments].concat()).await
    }
}

/// The table's rows, each as an object.
fn rows(file: &Value, table: &str) -> Vec<Value> {
    let table = file["tables"].as_array().unwrap().iter().find(|it| it["table"] == table).unwrap();
    let columns: Vec<&str> = table["columns"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let object = |row: &Value| {
        let names = columns.iter().map(|name| (*name).to_owned());
        Value::Object(names.zip(row.as_array().unwrap().iter().cloned()).collect())
    };
    table["rows"].as_array().unwrap().iter().map(object).collect()
}

/// The guild with the same ids on another server.
fn moved<'t>(guild: &TestGuild<'_>, to: &'t TestApp) -> TestGuild<'t> {
    TestGuild { test: to, id: guild.id, slug: guild.slug.clone(), ranks: guild.ranks.clone() }
}

async fn eligible(client: &Client<'_>, campaign: &TestCampaign) -> Value {
    let query = "query($id: ID!) { campaign(id: $id) { turnout { voted eligible } } }";
    client.ok(query, campaign.vars()).await["campaign"]["turnout"].clone()
}

#[on_both]
async fn a_guild_moves_with_all_its_data(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("Thálindra", "Member").await);
    guild.unregistered("late", "Member").await;
    let character = json!({ "name": "Thal", "realm": "Area 52", "class": "MAGE", "role": "RANGED_DPS" });
    leader.ok(CREATE_CHARACTER, json!({ "input": character })).await;
    let closed = TestCampaign::live(&leader, 2, json!({ "earlyCloseIfAllVoted": false })).await;
    closed.vote(&member, &[1]).await;
    closed.close(&leader).await;
    let live = TestCampaign::live(&leader, 2, json!({ "earlyCloseIfAllVoted": true })).await;
    live.vote(&member, &[0]).await;
    assert_eq!(eligible(&leader, &live).await, json!({ "voted": 1, "eligible": 2 }));
    assert!(stdout(&guilds(&app, &["suspend", "gg"]).await).starts_with("gg is suspended"));
    let exported = export(&app, "gg").await;
    let file = ExportFile::new(&exported.to_string());

    for target in targets().await {
        let other = target.guild("hh").await;
        let imported = stdout(&file.import(&target, &[]).await);
        assert!(imported.starts_with("gg is imported.") && imported.contains("invite --guild gg --all"), "{imported}");
        assert!(imported.contains("guilds resume gg"), "{imported}");
        let again = export(&target, "gg").await;
        for table in exported["tables"].as_array().unwrap() {
            let name = table["table"].as_str().unwrap();
            let sorted = |file: &Value| {
                let mut rows = rows(file, name);
                // The columns that an import changes.
                for row in &mut rows {
                    for column in ["registered_at", "credentials_version"] {
                        row.as_object_mut().unwrap().remove(column);
                    }
                    if name == "guilds" {
                        row.as_object_mut().unwrap().remove("created_at");
                    }
                }
                rows.sort_by_key(Value::to_string);
                rows
            };
            let (before, after) = (sorted(&exported), sorted(&again));
            if ["audit_events", "former_electors"].contains(&name) {
                assert!(before.iter().all(|row| after.contains(row)) && before.len() < after.len(), "{name}");
            } else {
                assert_eq!(before, after, "{name}");
            }
        }
        assert!(rows(&again, "members").iter().all(|row| row["registered_at"].is_null()));

        // The guild is served only after it is resumed, and is not the default guild although it is older.
        let guild = moved(&guild, &target);
        assert_eq!(
            refusal_in(&guild.anonymous().run("{ guild { slug } }", json!({})).await),
            "FORBIDDEN GUILD_SUSPENDED"
        );
        stdout(&guilds(&target, &["resume", "gg"]).await);
        assert_eq!(target.app.guilds.find(&target.app.db, None).await.unwrap(), other.id);

        // No member can sign in before they register with a new code.
        let credentials = json!({ "name": "leader", "password": PASSWORD });
        assert_eq!(guild.anonymous().refusal(LOGIN, credentials).await, "UNAUTHENTICATED BAD_CREDENTIALS");
        let old = guild.anonymous().with_token(leader.token.as_deref().unwrap());
        assert_eq!(old.auth_error().await, Some(Code::Unauthenticated), "both servers have the same secret");
        let leader = guild.leader().await;
        assert_eq!(eligible(&leader, &live).await, json!({ "voted": 1, "eligible": 2 }));
        let code = leader.ok(SEND_INVITE, json!({ "id": leader.id })).await["sendInvite"]["code"].clone();
        let registration = json!({ "inviteCode": code, "discordUsername": "leader", "password": PASSWORD });
        guild.anonymous().ok(REGISTER_MEMBER, json!({ "input": registration })).await;
        guild.login("leader").await;
        assert_eq!(eligible(&leader, &live).await, json!({ "voted": 1, "eligible": 2 }));

        // Results, searches and the live vote are as before.
        let query = "query($id: ID!) { campaign(id: $id) { standings { points entry { name } } } }";
        let result = leader.ok(query, closed.vars()).await;
        assert_eq!(result["campaign"]["standings"][0], json!({ "points": 1, "entry": { "name": "entry 1" } }));
        let query = "{ members(filter: { search: \"alind\" }) { totalCount } characters(filter: { search: \"area52\" }) { totalCount } }";
        let found = leader.ok(query, json!({})).await;
        assert_eq!(found, json!({ "members": { "totalCount": 1 }, "characters": { "totalCount": 1 } }));
        live.vote(&leader, &[0]).await;
        let closed = leader.ok("query($id: ID!) { campaign(id: $id) { status } }", live.vars()).await;
        assert_eq!(closed["campaign"]["status"], "CLOSED", "everyone who was eligible has voted");

        // A second import changes nothing.
        assert!(error_of(&file.import(&target, &[]).await).contains("The guild is here already, as gg."));
        assert!(error_of(&file.import(&target, &["--slug", "other"]).await).contains("here already"));
    }
}

#[on_both]
async fn a_file_that_does_not_fit_imports_nothing(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    TestCampaign::draft(&leader, 2, json!({})).await;
    let exported = export(&app, "gg").await;
    let at = |table: &str| exported["tables"].as_array().unwrap().iter().position(|it| it["table"] == table).unwrap();
    let column = |table: &str, name: &str| {
        let columns = exported["tables"][at(table)]["columns"].as_array().unwrap();
        columns.iter().position(|it| it == name).unwrap()
    };
    let changed = |table: &str, name: &str, value: Value| {
        let mut file = exported.clone();
        file["tables"][at(table)]["rows"][0][column(table, name)] = value;
        file
    };
    let with = |pointer: &str, value: Value| {
        let mut file = exported.clone();
        *file.pointer_mut(pointer).unwrap() = value;
        file
    };
    let entries = format!("/tables/{}", at("entries"));
    let target = TestApp::on_sqlite().await;
    let other = target.guild("hh").await;
    for (file, problem) in [
        (with("/format", json!("other")), "is not a file of `guildhall guilds export`"),
        (with("/version", json!(2)), "has version 2 of the format: use release 0."),
        (with("/tables", json!([])), "does not have exactly one guild"),
        (with("/tables", json!({})), "is damaged"),
        (changed("guilds", "slug", json!("hh")), "already a guild with this slug"),
        (changed("guilds", "slug", json!("No Slug")), "A slug must be"),
        (changed("guilds", "id", json!("x")), "does not have exactly one guild"),
        (changed("guilds", "id", json!("7")), "is of another guild"),
        (changed("members", "guild_id", json!(other.id.0.to_string())), "row 1 of members is of another guild"),
        (changed("members", "created_at", json!("yesterday")), "row 1 of members has a wrong value of created_at"),
        (changed("members", "is_active", json!("yes")), "wrong value of is_active"),
        (changed("members", "rank_id", json!("1e3")), "wrong value of rank_id"),
        (changed("members", "rank_id", json!("7")), "The rows of members contradict others"),
        (changed("members", "display_name", Value::Null), "The rows of members contradict others"),
        (with(&format!("{entries}/rows/0"), json!(["1"])), "row 1 of entries has 1 values"),
        (with(&format!("{entries}/columns/2"), json!("later")), "the column entries.later, which this release"),
        (with(&format!("{entries}/table"), json!("later")), "the table later, which this release"),
        (with(&format!("{entries}/table"), json!("sessions")), "the table sessions, which this release"),
    ] {
        let error = error_of(&ExportFile::new(&file.to_string()).import(&target, &[]).await);
        assert!(error.contains(problem), "{problem}: {error}");
        assert_eq!(target.count_rows("guilds").await, 1, "{problem}");
        assert_eq!(target.count_rows("members").await, 1, "{problem}");
    }
    assert!(error_of(&ExportFile::new("PK\u{3}").import(&target, &[]).await).contains("is not a file of"));
    // With another slug there is no conflict.
    let file = ExportFile::new(&changed("guilds", "slug", json!("hh")).to_string());
    assert!(stdout(&file.import(&target, &["--slug", "new-home"]).await).starts_with("new-home is imported."));
    assert_eq!(target.count_rows("guilds WHERE slug = 'new-home'").await, 1);
}
