//! Textbook elections through the API. `crates/count/tests` counts them without a server.

#[path = "../../crates/count/tests/elections/textbook.rs"]
mod textbook;

use std::collections::BTreeMap;

use guildhall_count::{BallotFile, Method};
use serde_json::{Value, json};

use self::textbook::{PublishedOutcome, TextbookElection};
use crate::support::{Client, TestApp, TestCampaign, TestGuild, next_response, on_both, strings};

/// The steps of each method's count.
const STEPS: &str =
    "runoffRounds { number exhausted tieBroken counts { entry { name } votes } eliminated { name } winner { name } }
    pairwise { entry { name } preferred strengths }
    transfers { quota elected { name } stages { number counts { entry { name } votes } nonTransferable } }";

/// Casts every ballot through the API, closes the vote, and returns the result. Checks that the tally before and after
/// the closing has the steps of the result.
async fn vote(
    guild: &TestGuild<'_>,
    voters: &[Client<'_>],
    election: &TextbookElection,
    published: &PublishedOutcome,
) -> Value {
    let leader = guild.leader().await;
    let entries: Vec<Value> = election.entries.iter().map(|name| json!({ "name": name })).collect();
    let change = json!({
        "title": election.title, "method": published.method, "picksPerVoter": published.picks_per_voter,
        "seats": published.seats, "earlyCloseIfAllVoted": false, "entries": entries, "resultsVisibility": "ALWAYS",
    });
    let campaign = TestCampaign::live(&leader, 2, change).await;
    for (voter, ballot) in voters.iter().zip(election.ballots()) {
        campaign.vote(voter, &ballot).await;
    }
    let watch =
        format!("subscription($id: ID!) {{ voteTally(campaignId: $id) {{ turnout {{ voted }} isFinal {STEPS} }} }}");
    let mut tallies = guild.anonymous().subscribe(&watch, campaign.vars()).await;
    let mut next = async || next_response(&mut tallies).await.expect("the stream ended")["data"]["voteTally"].clone();
    let live = next().await;
    assert_eq!((&live["turnout"]["voted"], &live["isFinal"]), (&json!(election.ballots().len()), &json!(false)));
    campaign.close(&leader).await;
    let last = next().await;
    assert_eq!(last["isFinal"], true);
    let query = format!(
        "query($id: ID!) {{ campaign(id: $id) {{
            standings {{ place entry {{ name }} points }} winners {{ name }} {STEPS} ballotBox {{ count file }}
        }} }}"
    );
    let result = leader.ok(&query, campaign.vars()).await["campaign"].clone();
    for field in ["runoffRounds", "pairwise", "transfers"] {
        assert_eq!((&live[field], &last[field]), (&result[field], &result[field]), "{field} of {}", election.title);
    }
    result
}

#[on_both]
async fn textbook_elections_have_the_same_outcomes_through_the_api(app: TestApp) {
    let guild = app.guild("gg").await;
    let mut rows = Vec::new();
    for number in 0..100 {
        rows.push(guild.member_row(&format!("voter-{number}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    for election in textbook::read("data/elections") {
        // Larger elections are counted only in `crates/count/tests`; here they would test nothing more.
        let ballots = election.ballots();
        for published in election.outcomes.iter().filter(|_| ballots.len() <= 21) {
            let label = format!("{} by {}", election.title, published.method);
            let result = vote(&guild, &voters, &election, published).await;
            let named = |value: &str| -> BTreeMap<String, i64> {
                let values = result["standings"].as_array().unwrap().iter().map(|row| row[value].as_i64().unwrap());
                strings(&result["standings"], "/entry/name").into_iter().zip(values).collect()
            };
            assert_eq!(named("place"), published.places, "{label}");
            assert_eq!(named("points"), published.points, "{label}");
            assert_eq!(strings(&result["winners"], "/name"), published.winners, "{label}");
            // Each method shows its own steps and no others.
            let shown = |field: &str| !result[field].is_null();
            assert_eq!(shown("runoffRounds"), published.method == Method::InstantRunoff);
            assert_eq!(shown("pairwise"), published.method == Method::Schulze);
            let transferred = published.method == Method::SingleTransferableVote && !ballots.is_empty();
            assert_eq!(shown("transfers"), transferred);
            assert_eq!(result["ballotBox"]["count"], ballots.len());
            let file = BallotFile::read(result["ballotBox"]["file"].as_str().unwrap()).unwrap();
            assert_eq!(file.check(), Vec::<String>::new(), "{label}");
        }
    }
}
