//! Slash commands, over the gateway and back.

use std::time::Duration;

use serde_json::{Value, json};

use super::{LINK, SERVER, link, started, with_bot};
use crate::support::{CAST, Client, Discord, Draft, TestGuild, on_both};

/// A registered member whom Discord knows.
async fn known<'t>(guild: &TestGuild<'t>, discord: &Discord, name: &str, user: u64) -> Client<'t> {
    let mut row = guild.row(name, "Member", true).await;
    row.discord_id = Some(user.to_string());
    discord.join(SERVER, user, name, &[]);
    guild.add(vec![row]).await.remove(0)
}

/// The id of a menu, or of the button of this label.
fn part(answer: &Value, label: Option<&str>) -> String {
    let rows = answer["data"]["components"].as_array().unwrap();
    let mut parts = rows.iter().flat_map(|row| row["components"].as_array().unwrap());
    let found =
        parts.find(|part| part["label"].as_str() == label).unwrap_or_else(|| panic!("no {label:?} in {answer}"));
    found["custom_id"].as_str().unwrap().to_owned()
}

on_both! {
    async fn a_member_votes_once_and_is_shown_what_they_may_see(app) {
        let (app, discord) = with_bot(app).await;
        let guild = app.guild("gg").await;
        let leader = guild.leader().await;
        link(&leader).await;
        let voter = known(&guild, &discord, "voter", 81).await;
        known(&guild, &discord, "other", 82).await;
        let _running = started(&app, &discord).await;
        let vote = Draft::live(&leader, 3, json!({ "method": "WEIGHTED", "picksPerVoter": 2, "announcements": "OFF" })).await;
        let opened = discord.slash(SERVER, 81, "vote", json!([])).await;
        assert_eq!((&opened["type"], &opened["data"]["flags"]), (&json!(4), &json!(64)), "for their eyes alone");
        let chosen = discord.select(SERVER, 81, &part(&opened, None), &["2"]).await;
        assert_eq!(chosen["type"], 7, "the ballot stays one message: {chosen}");
        let chosen = discord.select(SERVER, 81, &part(&chosen, None), &["0"]).await;
        let cast = discord.press(SERVER, 81, &part(&chosen, Some("Cast ballot"))).await;
        assert!(cast.to_string().contains("Your ballot is cast"), "{cast}");
        let ballot = voter.ok("query($id: ID!) { campaign(id: $id) { viewerBallot { picks { name } } } }", vote.vars()).await;
        assert_eq!(ballot["campaign"]["viewerBallot"]["picks"], json!([{ "name": "entry 2" }, { "name": "entry 0" }]));
        assert_eq!(voter.refusal(CAST, vote.ballot(&[0, 1])).await, "CONFLICT ALREADY_VOTED");
        let seen = discord.slash(SERVER, 81, "standings", json!([])).await.to_string();
        assert!(seen.contains("entry 2"), "{seen}");
        let hidden = discord.slash(SERVER, 82, "standings", json!([])).await.to_string();
        assert!(!hidden.contains("entry 2") && hidden.contains("Vote first"), "{hidden}");
        let whoami = discord.slash(SERVER, 81, "whoami", json!([])).await.to_string();
        assert!(whoami.contains("voter") && whoami.contains("Member"), "{whoami}");
        assert_eq!((discord.faults(), discord.double_answers()), (Vec::new(), 0));
    }

    async fn strangers_and_other_servers_see_nothing(app) {
        const OTHER_SERVER: u64 = SERVER + 1;
        let (app, discord) = with_bot(app).await;
        discord.add_server(OTHER_SERVER);
        discord.add_server(SERVER + 2);
        let (guild, other) = (app.guild("gg").await, app.guild("other").await);
        link(&guild.leader().await).await;
        let input = json!({ "input": { "serverId": OTHER_SERVER.to_string() } });
        other.leader().await.ok(LINK, input).await;
        known(&guild, &discord, "voter", 83).await;
        Draft::live(&guild.leader().await, 2, json!({ "title": "Ours alone", "announcements": "OFF" })).await;
        let _running = started(&app, &discord).await;
        for (server, user) in [(OTHER_SERVER, 83), (SERVER, 84), (SERVER + 2, 83)] {
            discord.join(server, user, "someone", &[]);
            for command in ["vote", "standings", "whoami"] {
                let answer = discord.slash(server, user, command, json!([])).await.to_string();
                assert!(!answer.contains("Ours alone") && !answer.contains("voter"), "{answer}");
            }
        }
        // Whoever was deactivated is a stranger too, and from the next command on.
        let deactivate = "mutation($id: ID!) { updateMember(input: { id: $id, active: false }) { member { id } } }";
        let member = guild.leader().await.ok("{ members(filter: { search: \"voter\" }) { nodes { id } } }", json!({})).await;
        guild.leader().await.ok(deactivate, json!({ "id": member["members"]["nodes"][0]["id"] })).await;
        let answer = discord.slash(SERVER, 83, "vote", json!([])).await.to_string();
        assert!(!answer.contains("Ours alone"), "{answer}");
        app.clock.advance(Duration::from_secs(1));
    }
}
