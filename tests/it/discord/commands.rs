//! Slash commands, which the bot receives from the gateway and answers over REST.

use std::time::Duration;

use async_graphql::ID;
use guildhall::{
    bot::commands::ballot::{BallotDraft, CHOOSE, Step, encode_campaign},
    identity::Member,
    kernel::id::CampaignId,
};
use serde_json::{Value, json};

use super::{LINK, SERVER, link_server, start_bot, with_bot};
use crate::support::{Client, LocalDiscord, TestApp, TestCampaign, TestGuild, documents::CAST_BALLOT, on_both};

/// Discord users: a leader and a voter with accounts, a member without one, and a user who is not a member.
const LEADER: u64 = 101;
const VOTER: u64 = 102;
const UNREGISTERED: u64 = 103;
const STRANGER: u64 = 104;

/// A guild that is linked to its Discord server, with the members above and its leader's client.
async fn linked_guild<'t>(app: &'t TestApp, discord: &LocalDiscord) -> (TestGuild<'t>, Client<'t>) {
    let guild = app.guild("dusk").await;
    let leader = guild.leader().await;
    let input = json!({ "serverId": SERVER.to_string(), "color": "#FF8800" });
    leader.ok(LINK, json!({ "input": input })).await;
    let mut members = Vec::new();
    for (name, user, rank, is_registered) in [
        ("boss", LEADER, "Guild Leader", true),
        ("voter", VOTER, "Member", true),
        ("guest", UNREGISTERED, "Member", false),
    ] {
        discord.join(SERVER, user, name, &[]);
        members
            .push(Member { discord_id: Some(user.to_string()), ..guild.member_row(name, rank, is_registered).await });
    }
    guild.add_members(members).await;
    (guild, leader)
}

/// Creates a live campaign.
async fn live(leader: &Client<'_>, title: &str, method: &str, picks: usize, entries: usize) -> CampaignId {
    let change = json!({
        "title": title, "method": method, "picksPerVoter": picks, "minRankLevelToVote": 1, "announcements": "OFF",
    });
    let campaign = TestCampaign::live(leader, entries, change).await;
    CampaignId::try_from(&ID(campaign.id)).unwrap()
}

/// Uses a command, and returns the bot's message.
async fn slash(discord: &LocalDiscord, user: u64, name: &str) -> Value {
    discord.slash(SERVER, user, name, json!([])).await["data"].clone()
}

/// Presses a button, and returns the bot's message.
async fn press(discord: &LocalDiscord, user: u64, custom_id: &str) -> Value {
    discord.press(SERVER, user, custom_id).await["data"].clone()
}

/// Chooses from a menu, and returns the bot's message.
async fn select(discord: &LocalDiscord, user: u64, custom_id: &str, values: &[&str]) -> Value {
    discord.select(SERVER, user, custom_id, values).await["data"].clone()
}

/// The id of a message's button with this label, or of its menu.
fn id_of(message: &Value, label: Option<&str>) -> String {
    let rows = message["components"].as_array().unwrap();
    let mut parts = rows.iter().flat_map(|row| row["components"].as_array().unwrap());
    let part = parts.find(|part| part["label"].as_str() == label).unwrap_or_else(|| panic!("no {label:?}: {message}"));
    assert_ne!(part["disabled"], true, "{label:?}");
    part["custom_id"].as_str().unwrap().to_owned()
}

/// The texts of a message, as JSON.
fn text(message: &Value) -> String {
    let embed = &message["embeds"][0];
    let fields = embed["fields"].as_array().into_iter().flatten();
    let fields: Vec<String> = fields.map(|field| format!("{}: {}\n", field["name"], field["value"])).collect();
    format!("{}\n{}\n{}\n{}", message["content"], embed["title"], embed["description"], fields.concat())
}

/// Adds a registered member with a Discord account.
async fn linked_member<'t>(guild: &TestGuild<'t>, discord: &LocalDiscord, name: &str, user: u64) -> Client<'t> {
    let mut row = guild.member_row(name, "Member", true).await;
    row.discord_id = Some(user.to_string());
    discord.join(SERVER, user, name, &[]);
    guild.add_members(vec![row]).await.remove(0)
}

#[on_both]
async fn a_member_votes_once_and_sees_the_standings_after_voting(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voter = linked_member(&guild, &discord, "voter", 81).await;
    linked_member(&guild, &discord, "other", 82).await;
    let _running = start_bot(&app, &discord).await;
    let vote =
        TestCampaign::live(&leader, 3, json!({ "method": "WEIGHTED", "picksPerVoter": 2, "announcements": "OFF" }))
            .await;
    let opened = discord.slash(SERVER, 81, "vote", json!([])).await;
    assert_eq!(
        (&opened["type"], &opened["data"]["flags"]),
        (&json!(4), &json!(64)),
        "only the member sees the response"
    );
    let chosen = discord.select(SERVER, 81, &id_of(&opened["data"], None), &["2"]).await;
    assert_eq!(chosen["type"], 7, "the bot updates the message: {chosen}");
    let chosen = discord.select(SERVER, 81, &id_of(&chosen["data"], None), &["0"]).await;
    let cast = discord.press(SERVER, 81, &id_of(&chosen["data"], Some("Cast ballot"))).await;
    assert!(cast.to_string().contains("Your ballot is cast"), "{cast}");
    let ballot =
        voter.ok("query($id: ID!) { campaign(id: $id) { viewerBallot { picks { name } } } }", vote.vars()).await;
    assert_eq!(ballot["campaign"]["viewerBallot"]["picks"], json!([{ "name": "entry 2" }, { "name": "entry 0" }]));
    assert_eq!(voter.refusal(CAST_BALLOT, vote.ballot(&[0, 1])).await, "CONFLICT ALREADY_VOTED");
    let seen = discord.slash(SERVER, 81, "standings", json!([])).await.to_string();
    assert!(seen.contains("entry 2"), "{seen}");
    let hidden = discord.slash(SERVER, 82, "standings", json!([])).await.to_string();
    assert!(!hidden.contains("entry 2") && hidden.contains("Vote first"), "{hidden}");
    let whoami = discord.slash(SERVER, 81, "whoami", json!([])).await.to_string();
    assert!(whoami.contains("voter") && whoami.contains("Member"), "{whoami}");
    assert_eq!((discord.invalid_requests(), discord.double_responses()), (Vec::new(), 0));
}

#[on_both]
async fn strangers_and_other_servers_see_no_campaign(app: TestApp) {
    const OTHER_SERVER: u64 = SERVER + 1;
    let (app, discord) = with_bot(app).await;
    discord.add_server(OTHER_SERVER);
    discord.add_server(SERVER + 2);
    let (guild, other) = (app.guild("gg").await, app.guild("other").await);
    link_server(&guild.leader().await).await;
    let input = json!({ "input": { "serverId": OTHER_SERVER.to_string() } });
    other.leader().await.ok(LINK, input).await;
    linked_member(&guild, &discord, "voter", 83).await;
    TestCampaign::live(&guild.leader().await, 2, json!({ "title": "Ours alone", "announcements": "OFF" })).await;
    let _running = start_bot(&app, &discord).await;
    for (server, user) in [(OTHER_SERVER, 83), (SERVER, 84), (SERVER + 2, 83)] {
        discord.join(server, user, "someone", &[]);
        for command in ["vote", "standings", "whoami"] {
            let answer = discord.slash(server, user, command, json!([])).await.to_string();
            assert!(!answer.contains("Ours alone") && !answer.contains("voter"), "{answer}");
        }
    }
    // A deactivated member loses access with the next command.
    let deactivate = "mutation($id: ID!) { updateMember(input: { id: $id, active: false }) { member { id } } }";
    let member =
        guild.leader().await.ok("{ members(filter: { search: \"voter\" }) { nodes { id } } }", json!({})).await;
    guild.leader().await.ok(deactivate, json!({ "id": member["members"]["nodes"][0]["id"] })).await;
    let answer = discord.slash(SERVER, 83, "vote", json!([])).await.to_string();
    assert!(!answer.contains("Ours alone"), "{answer}");
    app.clock.advance(Duration::from_secs(1));
}

#[on_both]
async fn a_ranked_ballot_is_filled_in_and_cast_once(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let (_guild, leader) = linked_guild(&app, &discord).await;
    let _running = start_bot(&app, &discord).await;
    assert_eq!(discord.commands().len(), 6);
    let campaign = live(&leader, "Where *next*?", "WEIGHTED", 2, 30).await;
    let shown = slash(&discord, VOTER, "vote").await;
    assert!(text(&shown).contains(r"Where \\*next\\*?") && text(&shown).contains("Nothing yet."), "{shown}");
    assert_eq!(shown["embeds"][0]["color"], 0x00FF_8800);
    assert!(shown.to_string().contains("Your 1st choice (page 1 of 2)"));
    let shown = press(&discord, VOTER, &id_of(&shown, Some("Next"))).await;
    let shown = select(&discord, VOTER, &id_of(&shown, None), &["27"]).await;
    assert!(shown.to_string().contains("Your 2nd choice") && text(&shown).contains("entry 27"), "{shown}");
    let shown = press(&discord, VOTER, &id_of(&shown, Some("Previous"))).await;
    let too_early = BallotDraft { picks: vec![27], ..BallotDraft::new(campaign) }.component_id(Step::Cast);
    let unchanged = press(&discord, VOTER, &too_early).await;
    assert!(text(&unchanged).contains("Your ballot so far"), "{unchanged}");
    let shown = select(&discord, VOTER, &id_of(&shown, None), &["3"]).await;
    let button = id_of(&shown, Some("Cast ballot"));
    let cast = press(&discord, VOTER, &button).await;
    assert!(text(&cast).contains("Your ballot is cast"), "{cast}");
    assert!(text(&cast).contains(r"1\\. entry 27\n2\\. entry 3"), "{cast}");
    assert_eq!(cast["components"], json!([]));
    let receipt = cast["embeds"][0]["fields"][1]["value"].clone();
    let repeated = press(&discord, VOTER, &button).await;
    assert!(text(&repeated).contains("You have voted in this already."), "{repeated}");
    assert_eq!(repeated["embeds"][0]["fields"][1]["value"], receipt);
    assert!(text(&slash(&discord, VOTER, "vote").await).contains("you have voted"));
    let standings = text(&slash(&discord, VOTER, "standings").await);
    assert!(standings.contains(r"1\\. entry 27: 2 points\n2\\. entry 3: 1 point\n"), "{standings}");
    assert!(text(&slash(&discord, LEADER, "standings").await).contains("Vote first"));
    assert_eq!((discord.invalid_requests(), discord.double_responses()), (Vec::new(), 0));
}

#[on_both]
async fn a_menu_selects_one_of_several_campaigns(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let (_guild, leader) = linked_guild(&app, &discord).await;
    let _running = start_bot(&app, &discord).await;
    let first = live(&leader, "first", "APPROVAL", 2, 3).await;
    live(&leader, "second", "SCHULZE", 2, 3).await;
    let shown = slash(&discord, VOTER, "vote").await;
    assert!(text(&shown).contains("first") && text(&shown).contains("second"), "{shown}");
    let ballot = select(&discord, VOTER, &id_of(&shown, None), &[&encode_campaign(first)]).await;
    let ballot = select(&discord, VOTER, &id_of(&ballot, None), &["2", "0"]).await;
    assert!(text(&ballot).contains(r"• entry 0\n• entry 2"), "{ballot}");
    let emptied = press(&discord, VOTER, &id_of(&ballot, Some("Start over"))).await;
    assert!(text(&emptied).contains("Nothing yet."), "{emptied}");
    let shown = slash(&discord, UNREGISTERED, "vote").await;
    assert!(text(&shown).contains("register on the guild's site") && shown["components"] == json!([]), "{shown}");
    let start_over = BallotDraft::new(first).component_id(Step::StartOver);
    let refused = text(&press(&discord, UNREGISTERED, &start_over).await);
    assert!(refused.contains("Ask an officer for an invite code"), "{refused}");
}

#[on_both]
async fn forged_and_outdated_components_are_answered_with_a_hint(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let (_guild, leader) = linked_guild(&app, &discord).await;
    let _running = start_bot(&app, &discord).await;
    let campaign = live(&leader, "Where next?", "APPROVAL", 2, 3).await;
    let forged =
        |picks: &[u8]| BallotDraft { picks: picks.to_vec(), ..BallotDraft::new(campaign) }.component_id(Step::Cast);
    let long = "v".repeat(100);
    for part in [forged(&[3]), forged(&[1, 1]), forged(&[0, 1, 2]), "vote0:cast:1:0:".to_owned(), long, String::new()] {
        let answer = press(&discord, VOTER, &part).await;
        assert!(text(&answer).contains("This is out of date."), "{part}: {answer}");
    }
    let elsewhere = BallotDraft::new(CampaignId(campaign.0 ^ 1)).component_id(Step::StartOver);
    assert!(text(&press(&discord, VOTER, &elsewhere).await).contains("This vote no longer exists"));
    assert!(text(&select(&discord, VOTER, CHOOSE, &["x"]).await).contains("This is out of date."));
    assert!(text(&slash(&discord, VOTER, "conquer").await).contains("There is no such command"));
}

#[on_both]
async fn other_users_learn_why_they_cannot_use_the_commands(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    linked_guild(&app, &discord).await;
    discord.add_server(SERVER + 1);
    let _running = start_bot(&app, &discord).await;
    for name in ["vote", "standings", "whoami"] {
        let at = async |server: Option<u64>, user| text(&discord.slash(server, user, name, json!([])).await["data"]);
        assert!(at(None, VOTER).await.contains("in your guild's Discord server"));
        assert!(at(Some(SERVER + 1), VOTER).await.contains("not linked to a guild"));
        assert!(at(Some(SERVER), STRANGER).await.contains("not on this guild's roster"));
    }
    assert!(text(&slash(&discord, VOTER, "vote").await).contains("No vote is open"));
    assert!(text(&slash(&discord, VOTER, "standings").await).contains("There has been no vote yet."));
    let whoami = text(&slash(&discord, UNREGISTERED, "whoami").await);
    assert!(whoami.contains("**Member**, set by an officer") && whoami.contains("not registered"), "{whoami}");
}

#[on_both]
async fn a_refused_answer_becomes_a_plain_sentence(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let (_guild, leader) = linked_guild(&app, &discord).await;
    let _running = start_bot(&app, &discord).await;
    live(&leader, "Where next?", "APPROVAL", 2, 3).await;
    discord.refuse_parts(&["embeds.0.title"]);
    let answer = discord.slash(SERVER, VOTER, "vote", json!([])).await;
    assert_eq!((&answer["type"], &answer["data"]["flags"]), (&json!(4), &json!(64)));
    assert!(text(&answer["data"]).contains("Discord does not accept the answer"), "{answer}");
    assert_eq!(discord.double_responses(), 0);
}
