//! What each kind of viewer sees of a vote at each status.

use serde_json::{Value, json};

use crate::support::{TestApp, TestCampaign, documents::ARCHIVE_CAMPAIGN, next_response, on_both, refusal_in};

const SHOWN: &str = "query($id: ID!) { campaign(id: $id) {
    turnout { voted } standings { place } standingsHiddenReason runoffRounds { number } pairwise { preferred }
    transfers { quota } winners { name } ballotBox { count } viewerBallot { receipt }
} }";
const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { isFinal } }";

/// The kinds of viewers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum ViewerKind {
    Anonymous,
    /// Ranks below the minimum to view, if the vote has one.
    Low,
    /// May view but not vote.
    Onlooker,
    /// May vote but has not voted.
    Waiting,
    Voted,
    /// Has an operator's token but no account.
    Unregistered,
    Officer,
    Leader,
}

/// The reason for which a tally is hidden, by the documented rules; `None` if it is shown.
fn hidden(viewer: ViewerKind, status: &str, visibility: &str) -> Option<&'static str> {
    use ViewerKind::{Anonymous, Leader, Officer, Waiting};
    match (status, visibility) {
        ("DRAFT", _) => Some("NOT_STARTED"),
        ("CLOSED" | "ARCHIVED", _) | (_, "ALWAYS") => None,
        (_, "AFTER_CLOSE") => Some("AFTER_CLOSE"),
        _ if viewer == Anonymous => Some("SIGN_IN"),
        _ if matches!(viewer, Waiting | Officer | Leader) => Some("VOTE_FIRST"),
        _ => None,
    }
}

#[on_both]
async fn each_viewer_sees_what_the_rules_allow_at_each_status(app: TestApp) {
    use ViewerKind::{Anonymous, Leader, Low, Officer, Onlooker, Unregistered, Voted, Waiting};
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let viewers = [
        (Anonymous, guild.anonymous()),
        (Low, guild.member("low", "Initiate").await),
        (Onlooker, guild.member("onlooker", "Member").await),
        (Waiting, guild.member("waiting", "Veteran").await),
        (Voted, guild.member("voted", "Veteran").await),
        (Unregistered, guild.unregistered("unregistered", "Veteran").await),
        (Officer, guild.member("officer", "Officer").await),
        (Leader, leader.clone()),
    ];
    let voter = &viewers[4].1;
    for (method, detail) in [
        ("INSTANT_RUNOFF", Some("runoffRounds")),
        ("SCHULZE", Some("pairwise")),
        ("SINGLE_TRANSFERABLE_VOTE", Some("transfers")),
        ("WEIGHTED", None),
    ] {
        for (visibility, to_view) in [("ALWAYS", None), ("AFTER_VOTING", Some(2)), ("AFTER_CLOSE", None)] {
            let change = json!({
                "method": method, "resultsVisibility": visibility, "minRankLevelToVote": 3,
                "minRankLevelToView": to_view,
            });
            let draft = TestCampaign::draft(&leader, 2, change).await;
            for status in ["DRAFT", "LIVE", "CLOSED", "ARCHIVED"] {
                match status {
                    "LIVE" => {
                        draft.activate(&leader).await;
                        draft.vote(voter, &[0]).await;
                    }
                    "CLOSED" => draft.close(&leader).await,
                    "ARCHIVED" => {
                        leader.ok(ARCHIVE_CAMPAIGN, draft.vars()).await;
                    }
                    _ => {}
                }
                for (viewer, client) in &viewers {
                    let case = format!("{viewer:?} {method} {visibility} {status}");
                    let seen = client.ok(SHOWN, draft.vars()).await["campaign"].clone();
                    let mut tally = client.subscribe(WATCH, draft.vars()).await;
                    let first = next_response(&mut tally).await.unwrap();
                    let exists = (status != "DRAFT" || matches!(viewer, Officer | Leader))
                        && (to_view.is_none() || !matches!(viewer, Anonymous | Low));
                    if !exists {
                        assert_eq!(seen, Value::Null, "{case}");
                        assert_eq!(refusal_in(&first), "NOT_FOUND campaignId", "{case}");
                        continue;
                    }
                    let reason = hidden(*viewer, status, visibility);
                    assert_eq!(seen["standingsHiddenReason"].as_str(), reason, "{case}");
                    assert_eq!(seen["standings"].is_null(), reason.is_some(), "{case}");
                    for field in ["runoffRounds", "pairwise", "transfers"] {
                        let open = detail == Some(field) && reason.is_none();
                        assert_eq!(!seen[field].is_null(), open, "{field}: {case}");
                    }
                    let is_over = matches!(status, "CLOSED" | "ARCHIVED");
                    for field in ["winners", "ballotBox"] {
                        assert_eq!(!seen[field].is_null(), is_over, "{field}: {case}");
                    }
                    assert_eq!(seen["turnout"]["voted"], i64::from(status != "DRAFT"), "{case}");
                    assert_eq!(!seen["viewerBallot"].is_null(), *viewer == Voted && status != "DRAFT", "{case}");
                    match reason {
                        Some(_) => assert_eq!(refusal_in(&first), "FORBIDDEN STANDINGS_HIDDEN", "{case}"),
                        None => assert_eq!(first["data"]["voteTally"]["isFinal"], is_over, "{case}"),
                    }
                }
            }
        }
    }
}
