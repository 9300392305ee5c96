//! Announcements of campaigns in Discord.

use std::time::Duration;

use guildhall::identity::Member;
use serde_json::{Value, json};

use super::{CHANNEL, LINK, OTHER_CHANNEL, SERVER, link_server, start_bot, titles, with_bot};
use crate::support::{
    Client, LocalDiscord, TestApp, TestCampaign, TestGuild, documents::UPDATE_RANK, on_both, while_time_passes,
};

/// Adds members who may vote.
pub async fn voters<'t>(guild: &TestGuild<'t>, number: usize) -> Vec<Client<'t>> {
    let mut rows = Vec::new();
    for voter in 0..number {
        rows.push(guild.member_row(&format!("voter-{voter}"), "Member", true).await);
    }
    guild.add_members(rows).await
}

/// The number of tasks that sleep on an idle server's clock: the scheduler, the clean-up, the refresh of names' keys,
/// delivery, announcements, the sync of roles, the gateway's lease, and the deletion of old messages.
const TASKS: usize = 8;

/// Waits for the message of this number, counted from one. The clock moves only while all [`TASKS`] sleep on it: if it
/// moved while the server checks a campaign, the next check would be late by twenty times as much.
pub async fn message(app: &TestApp, discord: &LocalDiscord, number: usize) -> Value {
    let what = format!("message {number}");
    let message = discord.until(&what, |it| it.messages().get(number - 1).map(|it| it.body.clone()));
    while_time_passes(&app.clock, TASKS, Duration::from_secs(1), message).await
}

/// A message's embed as JSON text.
fn embed_text(message: &Value) -> String {
    message["embeds"][0].to_string()
}

/// A field of a message's embed.
fn field(message: &Value, name: &str) -> String {
    let fields = message["embeds"][0]["fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {message}"))["value"].as_str().unwrap().to_owned()
}

#[on_both]
async fn a_campaign_is_announced_from_its_launch_to_its_result(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let input = json!({
        "serverId": SERVER.to_string(), "channelId": CHANNEL.to_string(), "color": "#ff8000",
        "campaignUrl": "https://gg.example/votes/{id}", "thumbnailUrl": "https://gg.example/crest.png",
    });
    leader.ok(LINK, json!({ "input": input })).await;
    let voters = voters(&guild, 7).await;
    let _running = start_bot(&app, &discord).await;
    // Eight members are eligible: the seven voters, and the leader, who does not vote.
    let vote = TestCampaign::live(&leader, 2, json!({
        "title": "@everyone **Next** raid", "announcements": "HYPE", "resultsVisibility": "ALWAYS", "durationHours": 48,
    })).await;
    let closes = (app.now() + Duration::from_hours(48)).and_utc().timestamp();
    let launch = message(&app, &discord, 1).await;
    let embed = &launch["embeds"][0];
    assert_eq!(embed["url"], format!("https://gg.example/votes/{}", vote.id));
    assert_eq!(
        (&embed["color"], &embed["thumbnail"]["url"]),
        (&json!(0x00FF_8000), &json!("https://gg.example/crest.png"))
    );
    assert!(embed["title"].as_str().unwrap().contains(r"\@everyone \*\*Next\*\* raid"), "{embed}");
    assert_eq!(launch["allowed_mentions"]["parse"], json!([]));
    assert_eq!(field(&launch, "Closes"), format!("<t:{closes}:F> (<t:{closes}:R>)"));
    assert_eq!(field(&launch, "On the ballot"), "entry 0\nentry 1");
    // Each ballot is cast after the announcement of the previous one.
    let mut announced = 1;
    for (voter, pick, what) in
        [(0, 0, "1 of 8"), (1, 0, "2 of 8"), (2, 1, ""), (3, 1, "4 of 8"), (4, 1, "**entry 1**"), (5, 1, "6 of 8")]
    {
        vote.vote(&voters[voter], &[pick]).await;
        app.clock.advance(Duration::from_secs(2));
        if !what.is_empty() {
            announced += 1;
            assert!(
                embed_text(&message(&app, &discord, announced).await).contains(what),
                "{what}: {:?}",
                discord.messages().last()
            );
        }
    }
    app.clock.advance(Duration::from_hours(24));
    message(&app, &discord, announced + 1).await;
    app.clock.advance(Duration::from_hours(23));
    message(&app, &discord, announced + 2).await;
    vote.close(&leader).await;
    let result = message(&app, &discord, announced + 3).await;
    assert!(embed_text(&result).contains("**entry 1**"), "{result}");
    assert_eq!(field(&result, "Standings"), "1\\. entry 1: 4 points\n2\\. entry 0: 2 points");
    app.clock.advance(Duration::from_hours(24));
    assert_eq!(discord.messages().len(), announced + 3);
    assert_eq!((discord.invalid_requests(), discord.duplicates()), (Vec::new(), 0));
}

#[on_both]
async fn the_level_selects_the_events_and_the_channel_is_the_campaigns_own(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    let _running = start_bot(&app, &discord).await;
    let own = OTHER_CHANNEL.to_string();
    for (level, expected) in [("OFF", 0), ("QUIET", 2), ("NORMAL", 3)] {
        let before = discord.messages().len();
        let input =
            json!({ "announcements": level, "earlyCloseIfAllVoted": false, "discordChannelId": own, "title": level });
        let vote = TestCampaign::live(&leader, 2, input).await;
        if expected > 0 {
            message(&app, &discord, before + 1).await;
        }
        for voter in &voters[..2] {
            vote.vote(voter, &[0]).await;
        }
        app.clock.advance(Duration::from_secs(2));
        if level == "NORMAL" {
            assert!(embed_text(&message(&app, &discord, before + 2).await).contains("2 of 4"));
        }
        vote.close(&leader).await;
        if expected > 0 {
            message(&app, &discord, before + expected).await;
        }
    }
    assert_eq!(discord.messages().len(), 5);
    assert!(discord.messages().iter().all(|it| it.channel == OTHER_CHANNEL));
    // A campaign that some ranks can't see is announced only in a channel of its own.
    let officers = json!({ "announcements": "QUIET", "minRankLevelToVote": 4, "minRankLevelToView": 4 });
    let secret = TestCampaign::live(&leader, 2, officers).await;
    TestCampaign::live(&leader, 2, json!({ "title": "For all", "announcements": "QUIET", "minRankLevelToView": 1 }))
        .await;
    assert!(embed_text(&message(&app, &discord, 6).await).contains("For all"));
    secret.close(&leader).await;
    assert_eq!(discord.messages()[5].channel, CHANNEL);
    while app.count_rows("discord_messages").await != 0 {}
}

#[on_both]
async fn a_hidden_vote_stays_hidden_when_rank_levels_change(app: TestApp) {
    const MEMBER: u64 = 81;
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let row = guild.member_row("member", "Member", true).await;
    guild.add_members(vec![Member { discord_id: Some(MEMBER.to_string()), ..row }]).await;
    discord.join(SERVER, MEMBER, "member", &[]);
    let _running = start_bot(&app, &discord).await;
    let settings = json!({
        "title": "Secret", "announcements": "HYPE", "resultsVisibility": "ALWAYS", "minRankLevelToVote": 4,
        "minRankLevelToView": 4,
    });
    let secret = TestCampaign::live(&leader, 2, settings).await;
    let change = |rank: &str, level: i64| json!({ "input": { "id": async_graphql::ID::from(guild.rank(rank).id), "level": level } });
    leader.ok(UPDATE_RANK, change("Guild Leader", 100)).await;
    let passing = leader.refusal(UPDATE_RANK, change("Initiate", 50)).await;
    assert_eq!(passing, "CONFLICT RANK_ORDER_IN_USE level");
    for (rank, level) in [("Officer", 80), ("Veteran", 60), ("Member", 40), ("Initiate", 20)] {
        leader.ok(UPDATE_RANK, change(rank, level)).await;
    }
    let asks = async |command: &str| discord.slash(SERVER, MEMBER, command, json!([])).await.to_string();
    assert!(!asks("vote").await.contains("Secret"));
    secret.vote(&leader, &[0]).await;
    app.clock.advance(Duration::from_secs(2));
    secret.close(&leader).await;
    let open =
        json!({ "title": "For all", "announcements": "QUIET", "minRankLevelToVote": 1, "minRankLevelToView": 1 });
    TestCampaign::live(&leader, 2, open).await;
    assert!(embed_text(&message(&app, &discord, 1).await).contains("For all"), "the first message");
    for command in ["vote", "standings"] {
        let answer = asks(command).await;
        assert!(!answer.contains("Secret") && answer.contains("For all"), "{answer}");
    }
    while app.count_rows("discord_messages").await != 0 {}
    assert_eq!(titles(&discord).len(), 1);
}

#[on_both]
async fn hidden_standings_stay_hidden(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 40).await;
    let _running = start_bot(&app, &discord).await;
    // The same turnout twice: with a lead that changes, and with one that does not.
    let mut turnouts = Vec::new();
    for picks in [[0, 1, 1, 0, 0, 1, 1], [0; 7]] {
        for visibility in ["AFTER_VOTING", "AFTER_CLOSE"] {
            let before = discord.messages().len();
            let input = json!({ "announcements": "HYPE", "resultsVisibility": visibility, "durationHours": 48 });
            let vote = TestCampaign::live(&leader, 2, input).await;
            message(&app, &discord, before + 1).await;
            let expected = [2, 2, 3, 3, 3, 4, 4];
            for ((voter, pick), number) in voters.iter().zip(picks).zip(expected) {
                vote.vote(voter, &[pick]).await;
                app.clock.advance(Duration::from_secs(2));
                message(&app, &discord, before + number).await;
            }
            let announced: Vec<Value> = discord.messages()[before + 1..].iter().map(|it| it.body.clone()).collect();
            for message in &announced {
                assert!(!embed_text(message).contains("entry"), "{message}");
            }
            // The first vote, and teasers at three and six votes.
            turnouts.push(announced.iter().map(|it| field(it, "Turnout")).collect::<Vec<_>>());
            app.clock.advance(Duration::from_secs(2));
            assert_eq!(discord.messages().len(), before + 4);
        }
    }
    assert_eq!(turnouts[0], ["1 of 41 (2.4 %)", "3 of 41 (7.3 %)", "6 of 41 (14.6 %)"]);
    assert!(turnouts.iter().all(|it| *it == turnouts[0]), "the announcements depend on the lead: {turnouts:?}");
}

#[on_both]
async fn missed_events_are_announced_later_and_simultaneous_ones_together(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let voters = voters(&guild, 3).await;
    // No bot runs yet, so the launch stays queued.
    let settings = json!({ "announcements": "HYPE", "resultsVisibility": "ALWAYS", "earlyCloseIfAllVoted": true });
    let vote = TestCampaign::live(&leader, 2, settings).await;
    for voter in &voters {
        vote.vote(voter, &[0]).await;
    }
    let _running = start_bot(&app, &discord).await;
    assert!(embed_text(&message(&app, &discord, 2).await).contains("3 of 4"));
    // The last vote closes the campaign. Both together are one announcement.
    vote.vote(&leader, &[0]).await;
    assert!(embed_text(&message(&app, &discord, 3).await).contains("4 of 4"));
    app.clock.advance(Duration::from_mins(20));
    let titles = titles(&discord);
    assert_eq!(titles.len(), 3, "{titles:?}");
}

#[on_both]
async fn a_complete_turnout_is_announced_if_the_campaign_stays_open(app: TestApp) {
    let (app, discord) = with_bot(app).await;
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    link_server(&leader).await;
    let _running = start_bot(&app, &discord).await;
    let vote = TestCampaign::live(&leader, 2, json!({ "earlyCloseIfAllVoted": false })).await;
    message(&app, &discord, 1).await;
    vote.vote(&leader, &[0]).await;
    app.clock.advance(Duration::from_secs(2));
    assert!(embed_text(&message(&app, &discord, 2).await).contains("1 of 1"));
    // A scheduled start is announced, too.
    let start =
        chrono::DateTime::<chrono::Utc>::from_naive_utc_and_offset(app.now() + Duration::from_mins(5), chrono::Utc);
    TestCampaign::draft(&leader, 2, json!({ "title": "Scheduled", "startAt": start })).await;
    app.clock.advance(Duration::from_mins(6));
    assert!(embed_text(&message(&app, &discord, 3).await).contains("Scheduled"));
}
