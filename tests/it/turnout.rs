//! Who counts as eligible, and when a vote closes early.

use std::{collections::HashSet, time::Duration};

use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign, TestGuild,
    documents::{CAST_BALLOT, REGISTER_MEMBER, SEND_INVITE, UPDATE_CAMPAIGN, UPDATE_MEMBER},
    next_response, on_both,
};

const TURNOUT: &str = "query($id: ID!) { campaign(id: $id) {
    status turnout { eligible voted percent allVoted awaitingRegistration }
} }";
const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { turnout { eligible voted percent } } }";

async fn turnout(viewer: &Client<'_>, campaign: &TestCampaign) -> Value {
    viewer.ok(TURNOUT, campaign.vars()).await["campaign"]["turnout"].clone()
}

/// `(eligible, voted)`.
async fn counts(viewer: &Client<'_>, campaign: &TestCampaign) -> (i64, i64) {
    let turnout = turnout(viewer, campaign).await;
    (turnout["eligible"].as_i64().unwrap(), turnout["voted"].as_i64().unwrap())
}

async fn status(viewer: &Client<'_>, campaign: &TestCampaign) -> Value {
    viewer.ok(TURNOUT, campaign.vars()).await["campaign"]["status"].clone()
}

async fn set_rank(officer: &Client<'_>, guild: &TestGuild<'_>, member: &Client<'_>, rank: &str) {
    let rank = async_graphql::ID::from(guild.rank(rank).id);
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "rankId": rank } })).await;
}

async fn set_active(officer: &Client<'_>, member: &Client<'_>, active: bool) {
    officer.ok(UPDATE_MEMBER, json!({ "input": { "id": member.id, "active": active } })).await;
}

async fn import(officer: &Client<'_>, roster: &str) {
    let import = "mutation($data: String!) { importRoster(input: { format: CSV, data: $data }) { imported } }";
    assert_eq!(officer.ok(import, json!({ "data": roster })).await["importRoster"]["imported"], true);
}

#[on_both]
async fn a_change_of_a_member_does_not_show_whether_they_voted(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    let (voted, waiting) = (guild.member("voted", "Member").await, guild.member("waiting", "Member").await);
    let vote = TestCampaign::live(&leader, 2, json!({ "resultsVisibility": "ALWAYS" })).await;
    vote.vote(&voted, &[0]).await;
    let mut tallies = guild.anonymous().subscribe(WATCH, vote.vars()).await;
    let expected = json!({ "eligible": 4, "voted": 1, "percent": 25.0 });
    assert_eq!(next_response(&mut tallies).await.unwrap()["data"]["voteTally"]["turnout"], expected);
    for member in [&voted, &waiting] {
        set_rank(&officer, &guild, member, "Initiate").await;
        assert_eq!(counts(&officer, &vote).await, (4, 1));
        set_active(&officer, member, false).await;
        assert_eq!(counts(&officer, &vote).await, (4, 1));
        assert_eq!(next_response(&mut tallies).await.unwrap()["data"]["voteTally"]["turnout"], expected);
        set_active(&officer, member, true).await;
        set_rank(&officer, &guild, member, "Member").await;
        assert_eq!(counts(&officer, &vote).await, (4, 1));
        import(
            &officer,
            &format!("discord_username,rank\n{},Initiate\n", if member.id == voted.id { "voted" } else { "waiting" }),
        )
        .await;
        assert_eq!(counts(&officer, &vote).await, (4, 1));
    }
    // Nor does the erasure of a member.
    for member in [&voted, &waiting] {
        let erase = "mutation($id: ID!) { eraseMember(id: $id) { member { id } } }";
        officer.ok(erase, json!({ "id": member.id })).await;
        assert_eq!(counts(&officer, &vote).await, (4, 1));
    }
    // The figures stay as they were when the vote closes.
    vote.close(&leader).await;
    guild.member("newcomer", "Member").await;
    assert_eq!(counts(&officer, &vote).await, (4, 1));
    let box_file = "query($id: ID!) { campaign(id: $id) { ballotBox { file } } }";
    let file = leader.ok(box_file, vote.vars()).await["campaign"]["ballotBox"]["file"].as_str().unwrap().to_owned();
    assert_eq!(serde_json::from_str::<Value>(&file).unwrap()["eligible"], 4);
}

#[on_both]
async fn a_demotion_or_deactivation_closes_no_vote(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    for (name, leaves) in [("demoted", "rank"), ("deactivated", "active")] {
        let member = guild.member(name, "Member").await;
        let vote = TestCampaign::live(&leader, 2, json!({ "earlyCloseIfAllVoted": true })).await;
        let eligible = counts(&leader, &vote).await.0;
        for voter in [&officer, &leader] {
            vote.vote(voter, &[0]).await;
        }
        if leaves == "rank" {
            set_rank(&officer, &guild, &member, "Initiate").await;
        } else {
            set_active(&officer, &member, false).await;
        }
        // Neither at once nor when the scheduler looks for votes that a crashed server has left open.
        let _running = guildhall::bot::start(&app.app);
        let due =
            TestCampaign::draft(&leader, 2, json!({ "title": "due", "durationHours": 1, "minRankLevelToVote": 4 }))
                .await;
        due.activate(&leader).await;
        app.clock.advance(Duration::from_hours(2));
        while status(&leader, &due).await != "CLOSED" {}
        assert_eq!((status(&leader, &vote).await, counts(&leader, &vote).await), (json!("LIVE"), (eligible, 2)));
        // It closes with their ballot, if they can vote again.
        if leaves == "rank" {
            set_rank(&officer, &guild, &member, "Member").await;
        } else {
            set_active(&officer, &member, true).await;
            let last = guild.login(name).await;
            let again = member.with_token(last["accessToken"].as_str().unwrap());
            vote.vote(&again, &[0]).await;
            assert_eq!(status(&leader, &vote).await, "CLOSED");
            continue;
        }
        let cast = member.ok(CAST_BALLOT, vote.ballot(&[0])).await;
        assert_eq!(cast["castBallot"]["campaign"]["status"], "CLOSED");
        assert_eq!(turnout(&leader, &vote).await["allVoted"], true);
        set_active(&officer, &member, false).await;
    }
}

#[on_both]
async fn members_who_await_registration_are_counted_apart(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    let newcomer = guild.unregistered("newcomer", "Member").await;
    guild.unregistered("other", "Veteran").await;
    guild.unregistered("initiate", "Initiate").await;
    let gone = guild.unregistered("gone", "Veteran").await;
    set_active(&officer, &gone, false).await;
    let vote = TestCampaign::draft(&leader, 2, json!({})).await;
    let of = async |viewer: &Client<'_>| {
        let turnout = turnout(viewer, &vote).await;
        (turnout["eligible"].as_i64().unwrap(), turnout["awaitingRegistration"].as_i64().unwrap())
    };
    assert_eq!(of(&officer).await, (2, 2), "a draft");
    vote.activate(&leader).await;
    assert_eq!(of(&guild.anonymous()).await, (2, 2));
    let code = officer.ok(SEND_INVITE, json!({ "id": newcomer.id })).await["sendInvite"]["code"].clone();
    let register = json!({ "input": {
        "inviteCode": code, "discordUsername": "newcomer", "password": "correct horse battery",
    } });
    guild.anonymous().ok(REGISTER_MEMBER, register).await;
    assert_eq!(of(&officer).await, (3, 1));
    vote.close(&leader).await;
    guild.unregistered("late", "Member").await;
    guild.member("later", "Member").await;
    assert_eq!(of(&officer).await, (3, 1), "frozen");
}

#[on_both]
async fn the_turnout_of_a_draft_is_that_of_a_start_now(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    let veteran = guild.member("veteran", "Veteran").await;
    guild.unregistered("newcomer", "Veteran").await;
    let draft = TestCampaign::draft(&officer, 2, json!({ "minRankLevelToVote": 4 })).await;
    let of_draft = async || turnout(&officer, &draft).await;
    let expected = |eligible: i64, awaiting: i64| {
        json!({
            "eligible": eligible, "voted": 0, "percent": 0.0, "allVoted": false, "awaitingRegistration": awaiting,
        })
    };
    assert_eq!(of_draft().await, expected(2, 0));
    let level = |level: i64| json!({ "input": { "id": draft.id, "minRankLevelToVote": level } });
    officer.ok(UPDATE_CAMPAIGN, level(3)).await;
    assert_eq!(of_draft().await, expected(3, 1));
    // Nobody stays eligible before the start.
    set_active(&officer, &veteran, false).await;
    assert_eq!(of_draft().await, expected(2, 1));
    set_active(&officer, &veteran, true).await;
    let before = of_draft().await;
    assert_eq!(before, expected(3, 1));
    draft.activate(&leader).await;
    assert_eq!(of_draft().await, before);
}

#[on_both]
async fn early_closing_is_off_by_default(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let vote = TestCampaign::live(&leader, 2, json!({})).await;
    let cast = leader.ok(CAST_BALLOT, vote.ballot(&[0])).await["castBallot"]["campaign"].clone();
    assert_eq!(cast, json!({ "status": "LIVE", "turnout": { "voted": 1 } }));
    assert_eq!(turnout(&leader, &vote).await["allVoted"], true);
}

#[on_both]
async fn voters_whom_another_release_demoted_stay_eligible(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, voter) = (guild.member("officer", "Officer").await, guild.member("voter", "Member").await);
    let vote = TestCampaign::live(&officer, 2, json!({})).await;
    vote.vote(&voter, &[0]).await;
    set_active(&officer, &voter, false).await;
    app.execute_sql("DELETE FROM former_electors").await;
    set_active(&officer, &guild.member("other", "Initiate").await, false).await;
    assert_eq!(counts(&officer, &vote).await, (3, 1));
}

#[on_both]
async fn a_ballot_does_not_count_the_electorate_again(app: TestApp) {
    let guild = app.guild("gg").await;
    let (officer, leader) = (guild.member("officer", "Officer").await, guild.leader().await);
    let vote = TestCampaign::live(&leader, 2, json!({})).await;
    let statements = async || officer.count_statements(TURNOUT, vote.vars()).await;
    let first = statements().await;
    let cached = statements().await;
    assert!(cached < first, "{cached} statements, {first} at first");
    vote.vote(&leader, &[0]).await;
    assert_eq!(statements().await, cached);
}

/// Random changes of a roster, compared with a model: the members who were eligible at some moment.
#[on_both]
async fn eligible_are_all_who_were_at_any_moment_since_the_launch(app: TestApp) {
    const RANKS: [&str; 4] = ["Initiate", "Member", "Veteran", "Officer"];
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let mut random = StdRng::seed_from_u64(3);
    for round in 0..4 {
        let mut members = Vec::new();
        for number in 0..6 {
            let rank = random.random_range(0..RANKS.len());
            members.push((guild.member(&format!("m{round}-{number}"), RANKS[rank]).await, rank, true));
        }
        let draft = TestCampaign::draft(&leader, 2, json!({ "minRankLevelToVote": 3 })).await;
        let before: HashSet<String> = HashSet::from([leader.id.clone()]);
        let (mut electors, mut voters, mut is_live) = (before, HashSet::new(), false);
        for step in 0..30 {
            if step == 8 {
                draft.activate(&leader).await;
                is_live = true;
            }
            let index = (0..members.len()).collect::<Vec<_>>().choose(&mut random).copied().unwrap();
            let (client, rank, active) = &mut members[index];
            match random.random_range(0..4) {
                0 => {
                    *active = !*active;
                    set_active(&leader, client, *active).await;
                    // Deactivation ends the access token.
                    if *active {
                        let login = guild.login(&format!("m{round}-{index}")).await;
                        *client = client.with_token(login["accessToken"].as_str().unwrap());
                    }
                }
                1 | 2 => {
                    *rank = random.random_range(0..RANKS.len());
                    set_rank(&leader, &guild, client, RANKS[*rank]).await;
                }
                _ if is_live && *active && *rank >= 2 && voters.insert(client.id.clone()) => {
                    draft.vote(client, &[0]).await;
                }
                _ => {}
            }
            let eligible_now = members.iter().filter(|(_, rank, active)| *active && *rank >= 2);
            if !is_live {
                electors = HashSet::from([leader.id.clone()]);
            }
            electors.extend(eligible_now.map(|(client, ..)| client.id.clone()));
            let expected = (i64::try_from(electors.len()).unwrap(), i64::try_from(voters.len()).unwrap());
            assert_eq!(counts(&leader, &draft).await, expected, "round {round}, step {step}");
        }
        draft.close(&leader).await;
        for (client, _, active) in &members {
            if *active {
                set_active(&leader, client, false).await;
            }
        }
    }
    assert_eq!(app.count_rows("former_electors").await, 0, "nothing is left of closed votes");
}
