use async_graphql::{ID, Variables};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::{
    api::{Graph, Operation, Wanted as Document},
    auth::{Hasher, Keys},
    db::Db,
    discord::rows::Link,
    identity::{self, NewMember, Region},
    kernel::{
        clock::Clock,
        id::{CampaignId, GuildId},
    },
};

const SERVER: u64 = 5_000;
/// Discord's ids of a registered leader and voter, of a member without an account, and of nobody.
const LEADER: u64 = 101;
const VOTER: u64 = 102;
const UNREGISTERED: u64 = 103;
const STRANGER: u64 = 104;

/// A guild with its Discord server.
struct World {
    app: Arc<App>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        assert_eq!(all().len(), 3);
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("guildhall.db").display()).parse().unwrap();
        let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH + TimeDelta::days(20_000));
        let db = Db::open(&url, 2).await.unwrap();
        let app = Arc::new(App::new(db, clock, Keys::ephemeral(), Hasher::cheap().unwrap()));
        let now = app.clock.now();
        let found = async move |conn: &mut Conn| {
            let (guild, ranks) = identity::found_guild(conn, GuildId::new(), "dusk", "Dusk", Region::Eu, now).await?;
            let member = |user: u64, level: i64, registered: bool| {
                let new = NewMember {
                    discord_username: format!("user{user}"),
                    discord_id: Some(user.to_string()),
                    display_name: None,
                    rank: None,
                };
                let rank = ranks.iter().find(|rank| rank.level == level).unwrap();
                let mut member = new.into_row(rank, now).unwrap();
                member.registered_at = registered.then_some(now);
                member
            };
            let members = vec![member(LEADER, 5, true), member(VOTER, 2, true), member(UNREGISTERED, 2, false)];
            identity::store::change_roster(conn, guild.id).await?;
            identity::store::insert_members(conn, members).await?;
            let link = Link {
                guild_id: guild.id,
                server_id: SERVER.to_string(),
                channel_id: None,
                campaign_url: None,
                color: 0x00FF_8800,
                thumbnail_url: None,
                newcomer_rank_id: None,
                sync_minutes: 60,
                next_sync_at: now,
                synced_at: None,
                report: None,
                problem: None,
            };
            Ok(store::insert_link(conn, &link).await?)
        };
        app.db.write(found).await.unwrap();
        Self { app, _folder: folder }
    }

    async fn use_at(&self, server: Option<u64>, user: u64, wanted: Wanted<'_>) -> Value {
        let server = server.map(ServerId::new);
        let reply = reply(&self.app, server, UserId::new(user), "test", wanted).await;
        serde_json::to_value(reply).unwrap()
    }

    async fn command(&self, user: u64, name: &str) -> Value {
        self.use_at(Some(SERVER), user, Wanted::Command(name)).await
    }

    async fn part(&self, user: u64, id: &str, chosen: &[&str]) -> Value {
        let chosen: Vec<String> = chosen.iter().map(|value| (*value).to_owned()).collect();
        self.use_at(Some(SERVER), user, Wanted::Part { id, chosen: &chosen }).await
    }

    /// A live vote of so many entries.
    async fn vote(&self, title: &str, method: &str, picks: usize, entries: usize) -> CampaignId {
        let entries: Vec<Value> = (0..entries).map(|number| json!({ "name": format!("entry {number}") })).collect();
        let input = json!({
            "title": title, "method": method, "picksPerVoter": picks, "minRankLevelToVote": 1, "durationHours": 24,
            "entries": entries,
        });
        let made = self
            .lead(
                "mutation($input: CreateCampaignInput!) { createCampaign(input: $input) { campaign { id } } }",
                json!({ "input": input }),
            )
            .await;
        let id = made["createCampaign"]["campaign"]["id"].as_str().unwrap();
        self.lead("mutation($id: ID!) { activateCampaign(id: $id) { campaign { id } } }", json!({ "id": id })).await;
        CampaignId::try_from(&ID::from(id)).unwrap()
    }

    async fn lead(&self, document: &str, variables: Value) -> Value {
        let leader = admit(&self.app, Some(ServerId::new(SERVER)), UserId::new(LEADER), "test").await.unwrap();
        let graph = Graph::new().unwrap();
        let document = Document::Text(document.to_owned());
        let operation = Operation { document, name: None, variables: Variables::from_json(variables) };
        let response = graph.execute(graph.prepare(operation).unwrap(), &leader.admitted, "test").await;
        assert!(response.errors.is_empty(), "{:?}", response.errors);
        response.data.into_json().unwrap()
    }
}

/// The id of a part by its label, or of the menu.
fn id_of<'a>(reply: &'a Value, label: Option<&str>) -> &'a str {
    let rows = reply["components"].as_array().unwrap();
    let mut parts = rows.iter().flat_map(|row| row["components"].as_array().unwrap());
    let part = parts.find(|part| part["label"].as_str() == label).unwrap_or_else(|| panic!("no {label:?}: {reply}"));
    assert_ne!(part["disabled"], true, "{label:?}");
    part["custom_id"].as_str().unwrap()
}

fn text(reply: &Value) -> String {
    let embed = &reply["embeds"][0];
    let fields = embed["fields"].as_array().into_iter().flatten();
    let fields: Vec<String> = fields.map(|field| format!("{}: {}\n", field["name"], field["value"])).collect();
    format!("{}\n{}\n{}\n{}", reply["content"], embed["title"], embed["description"], fields.concat())
}

#[tokio::test]
async fn a_ranking_is_put_together_cast_once_and_found_again() {
    let world = World::new().await;
    let campaign = world.vote("Where *next*?", "WEIGHTED", 2, 30).await;
    let reply = world.command(VOTER, "vote").await;
    assert!(text(&reply).contains(r"Where \\*next\\*?") && text(&reply).contains("Nothing yet."), "{reply}");
    assert_eq!(reply["embeds"][0]["color"], 0x00FF_8800);
    assert!(reply.to_string().contains("Your 1st choice (page 1 of 2)"));
    let reply = world.part(VOTER, id_of(&reply, Some("Next")), &[]).await;
    let reply = world.part(VOTER, id_of(&reply, None), &["27"]).await;
    assert!(reply.to_string().contains("Your 2nd choice") && text(&reply).contains("entry 27"), "{reply}");
    let reply = world.part(VOTER, id_of(&reply, Some("Previous")), &[]).await;
    let too_early = Ballot { picks: vec![27], ..Ballot::new(campaign) }.part(Step::Cast);
    let still = world.part(VOTER, &too_early, &[]).await;
    assert!(text(&still).contains("Your ballot so far"), "{still}");
    let reply = world.part(VOTER, id_of(&reply, None), &["3"]).await;
    let cast = id_of(&reply, Some("Cast ballot")).to_owned();
    let done = world.part(VOTER, &cast, &[]).await;
    assert!(
        text(&done).contains("Your ballot is cast") && text(&done).contains(r"1\\. entry 27\n2\\. entry 3"),
        "{done}"
    );
    assert_eq!(done["components"], json!([]));
    let receipt = done["embeds"][0]["fields"][1]["value"].clone();
    let again = world.part(VOTER, &cast, &[]).await;
    assert!(text(&again).contains("You have voted in this already."), "{again}");
    assert_eq!(again["embeds"][0]["fields"][1]["value"], receipt);
    assert!(text(&world.command(VOTER, "vote").await).contains("you have voted"));
    assert!(
        text(&world.command(VOTER, "standings").await).contains(r"1\\. entry 27: 2 points\n2\\. entry 3: 1 point\n")
    );
    assert!(text(&world.command(LEADER, "standings").await).contains("Vote first"));
}

#[tokio::test]
async fn one_of_several_votes_is_chosen_from_a_menu() {
    let world = World::new().await;
    let first = world.vote("first", "APPROVAL", 2, 3).await;
    world.vote("second", "SCHULZE", 2, 3).await;
    let reply = world.command(VOTER, "vote").await;
    assert!(text(&reply).contains("first") && text(&reply).contains("second"), "{reply}");
    let ballot = world.part(VOTER, id_of(&reply, None), &[&ballot::written(first)]).await;
    let ballot = world.part(VOTER, id_of(&ballot, None), &["2", "0"]).await;
    assert!(text(&ballot).contains(r"• entry 0\n• entry 2"), "{ballot}");
    let over = world.part(VOTER, id_of(&ballot, Some("Start over")), &[]).await;
    assert!(text(&over).contains("Nothing yet."), "{over}");
    let reply = world.command(UNREGISTERED, "vote").await;
    assert!(text(&reply).contains("register on the guild's site") && reply["components"] == json!([]), "{reply}");
    let begun = Ballot::new(first).part(Step::StartOver);
    assert!(text(&world.part(UNREGISTERED, &begun, &[]).await).contains("Ask an officer for an invite code"));
}

#[tokio::test]
async fn what_is_forged_or_out_of_date_is_answered_calmly() {
    let world = World::new().await;
    let campaign = world.vote("Where next?", "APPROVAL", 2, 3).await;
    let odd = |picks: &[u8]| Ballot { picks: picks.to_vec(), ..Ballot::new(campaign) }.part(Step::Cast);
    let long = "v".repeat(100);
    for part in [odd(&[3]), odd(&[1, 1]), odd(&[0, 1, 2]), "vote0:cast:1:0:".to_owned(), long, String::new()] {
        let reply = world.part(VOTER, &part, &[]).await;
        assert!(text(&reply).contains("This is out of date."), "{part}: {reply}");
    }
    let elsewhere = Ballot::new(CampaignId(campaign.0 ^ 1)).part(Step::StartOver);
    assert!(text(&world.part(VOTER, &elsewhere, &[]).await).contains("There is no such vote"));
    assert!(text(&world.part(VOTER, ballot::CHOOSE, &["x"]).await).contains("This is out of date."));
    assert!(text(&world.command(VOTER, "conquer").await).contains("There is no such command"));
}

#[tokio::test]
async fn only_members_are_served_and_others_are_told_why_not() {
    let world = World::new().await;
    for name in ["vote", "standings", "whoami"] {
        let at = async |server, user| text(&world.use_at(server, user, Wanted::Command(name)).await);
        assert!(at(None, VOTER).await.contains("in your guild's Discord server"));
        assert!(at(Some(SERVER + 1), VOTER).await.contains("not linked to a guild"));
        assert!(at(Some(SERVER), STRANGER).await.contains("not on this guild's roster"));
    }
    assert!(text(&world.command(VOTER, "vote").await).contains("No vote is open"));
    assert!(text(&world.command(VOTER, "standings").await).contains("There has been no vote yet."));
    let whoami = text(&world.command(UNREGISTERED, "whoami").await);
    assert!(whoami.contains("**Member**, set by an officer") && whoami.contains("not registered"), "{whoami}");
}
