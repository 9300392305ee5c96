//! Receipts and ballot boxes: what voters get, what is published, and how changes are detected.

use guildhall::voting;
use guildhall_count::BallotFile;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{Client, TestApp, TestCampaign, TestGuild, on_both, strings};

const VOTE: &str = "mutation($input: CastBallotInput!) { castBallot(input: $input) { ballot { receipt nonce } } }";

const BOX: &str = "query($id: ID!) { campaign(id: $id) { status ballotBox {
    count digest file ballots(first: 100) { totalCount nodes { receipt nonce picks { id } } }
} } }";

/// SHA-256 of lines, as `docs/receipts.md` describes it.
fn hash(lines: &[&str]) -> String {
    base16ct::lower::encode_string(&Sha256::digest(format!("{}\n", lines.join("\n"))))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}"))
}

/// A live vote with ten ballots, and for each the picks, the receipt and the nonce.
async fn vote_of_ten(guild: &TestGuild<'_>, change: Value) -> (TestCampaign, Vec<(Vec<usize>, Value)>) {
    let leader = guild.leader().await;
    let campaign = TestCampaign::live(&leader, 4, change).await;
    let mut rows = Vec::new();
    for number in 0..10 {
        let name = format!("voter-{number}-{}", campaign.id);
        rows.push(guild.member_row(&name, "Member", true).await);
    }
    let mut cast = Vec::new();
    for (number, voter) in guild.add_members(rows).await.iter().enumerate() {
        let picks = vec![number % 4, (number + 1) % 4];
        let ballot = voter.ok(VOTE, campaign.ballot(&picks)).await["castBallot"]["ballot"].clone();
        cast.push((picks, ballot));
    }
    (campaign, cast)
}

async fn ballot_box(viewer: &Client<'_>, campaign: &TestCampaign) -> Value {
    viewer.ok(BOX, campaign.vars()).await["campaign"]["ballotBox"].clone()
}

async fn file_of(viewer: &Client<'_>, campaign: &TestCampaign) -> BallotFile {
    BallotFile::read(text(&ballot_box(viewer, campaign).await["file"])).unwrap()
}

#[on_both]
async fn voters_find_their_ballots_and_the_box_names_no_voter(app: TestApp) {
    let guild = app.guild("gg").await;
    let (draft, cast) = vote_of_ten(&guild, json!({ "method": "INSTANT_RUNOFF", "picksPerVoter": 2 })).await;
    let leader = guild.leader().await;
    for viewer in [&leader, &guild.anonymous()] {
        assert_eq!(ballot_box(viewer, &draft).await, Value::Null, "nothing is published while the vote is live");
    }
    draft.close(&leader).await;
    let published = ballot_box(&guild.anonymous(), &draft).await;
    let ballots = published["ballots"]["nodes"].as_array().unwrap();
    assert_eq!((&published["count"], &published["ballots"]["totalCount"]), (&json!(10), &json!(10)));
    for (picks, receipt) in &cast {
        let ballot = ballots.iter().find(|ballot| ballot["receipt"] == receipt["receipt"]).unwrap();
        assert_eq!(ballot["nonce"], receipt["nonce"]);
        let picks: Vec<&str> = picks.iter().map(|pick| draft.entries[*pick].as_str()).collect();
        assert_eq!(strings(&ballot["picks"], "/id"), picks);
        let lines = [&["guildhall ballot 1", draft.id.as_str(), text(&receipt["nonce"])], &picks[..]].concat();
        assert_eq!(text(&receipt["receipt"]), hash(&lines));
    }
    let receipts = strings(&published["ballots"]["nodes"], "/receipt");
    assert!(receipts.is_sorted(), "sorted by receipt, so that the order reveals nothing");
    let file: Value = serde_json::from_str(text(&published["file"])).unwrap();
    let rules = ["format", "campaign", "title", "method", "picksPerVoter", "seats", "eligible"];
    let rules = rules.map(|field| file[field].as_str().map_or_else(|| file[field].to_string(), str::to_owned));
    let entries = strings(&file["entries"], "/id").into_iter().zip(strings(&file["entries"], "/name"));
    let entries = entries.flat_map(|(id, name)| [id, name]);
    let lines: Vec<String> = rules.into_iter().chain(entries).chain(receipts).collect();
    assert_eq!(text(&published["digest"]), hash(&lines.iter().map(String::as_str).collect::<Vec<_>>()));
    let one = "query($id: ID!, $receipt: String!) {
        campaign(id: $id) { ballotBox { ballot(receipt: $receipt) { picks { id } } } }
    }";
    let found = leader.ok(one, json!({ "id": draft.id, "receipt": cast[3].1["receipt"] })).await;
    assert_eq!(
        strings(&found["campaign"]["ballotBox"]["ballot"]["picks"], "/id"),
        [3, 0].map(|pick: usize| draft.entries[pick].clone())
    );
    let none = leader.ok(one, json!({ "id": draft.id, "receipt": "0".repeat(64) })).await;
    assert_eq!(none["campaign"]["ballotBox"]["ballot"], Value::Null);
    // As people paste it.
    let receipt = text(&cast[3].1["receipt"]);
    let (start, end) = receipt.split_at(40);
    for pasted in [
        format!("Receipt: {receipt}"),
        format!(" **{}**\n", receipt.to_uppercase()),
        format!("Your receipt:\n```\n{start}\n  {end}\n```Keep it secret."),
        format!("receipt {receipt}."),
        format!("DEAD {receipt}"),
        receipt.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
    ] {
        let found = leader.ok(one, json!({ "id": draft.id, "receipt": pasted })).await;
        assert!(found["campaign"]["ballotBox"]["ballot"]["picks"].is_array(), "{pasted}");
    }
    for wrong in [
        "",
        "0",
        "Receipt:",
        receipt.get(1..).unwrap(),
        &format!("{receipt}0"),
        &format!("{start} {end}0"),
        &"g".repeat(64),
    ] {
        let refusal = leader.refusal(one, json!({ "id": draft.id, "receipt": wrong })).await;
        assert_eq!(refusal, "BAD_USER_INPUT receipt", "{wrong}");
    }
    // The file has only what a recount needs.
    let fields: Vec<&String> = file.as_object().unwrap().keys().collect();
    let known = [
        "ballots",
        "campaign",
        "decidedByListedOrder",
        "digest",
        "eligible",
        "entries",
        "format",
        "method",
        "picksPerVoter",
        "seats",
        "standings",
        "title",
        "winners",
    ];
    assert_eq!(fields, known);
    assert!(ballots.iter().all(|ballot| ballot.as_object().unwrap().len() == 3));
}

#[on_both]
async fn a_voter_may_choose_a_nonce_that_is_unused_in_the_vote(app: TestApp) {
    let guild = app.guild("gg").await;
    let (one, two) = (guild.member("one", "Member").await, guild.member("two", "Member").await);
    let campaign = TestCampaign::live(&guild.leader().await, 2, json!({})).await;
    let nonce = "0123456789abcdef".repeat(4);
    let with = |nonce: &str| {
        let mut ballot = campaign.ballot(&[0]);
        ballot["input"]["nonce"] = json!(nonce);
        ballot
    };
    for malformed in ["", "00", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66), &"é".repeat(32)] {
        assert_eq!(one.refusal(VOTE, with(malformed)).await, "BAD_USER_INPUT nonce", "{malformed}");
    }
    let ballot = one.ok(VOTE, with(&nonce.to_uppercase())).await["castBallot"]["ballot"].clone();
    assert_eq!(text(&ballot["nonce"]), nonce);
    assert_eq!(one.ok(VOTE, with(&nonce)).await["castBallot"]["ballot"], ballot, "a repeated request");
    assert_eq!(two.refusal(VOTE, with(&nonce)).await, "CONFLICT NONCE_TAKEN nonce");
    // Another vote can have the same nonce.
    let other = TestCampaign::live(&guild.leader().await, 2, json!({})).await;
    let mut elsewhere = other.ballot(&[1]);
    elsewhere["input"]["nonce"] = json!(nonce);
    two.ok(VOTE, elsewhere).await;
}

#[on_both]
async fn a_ballot_box_is_read_in_pages(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let (draft, _) = vote_of_ten(&guild, json!({ "picksPerVoter": 2 })).await;
    let (other, _) = vote_of_ten(&guild, json!({ "picksPerVoter": 2, "method": "APPROVAL" })).await;
    for draft in [&draft, &other] {
        draft.close(&leader).await;
    }
    let query =
        "query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { campaign(id: $id) { ballotBox {
        ballots(first: $first, after: $after, last: $last, before: $before) {
            nodes { receipt } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        }
    } } }";
    let page = async |page: Value| {
        let mut variables = draft.vars();
        variables.as_object_mut().unwrap().extend(page.as_object().unwrap().clone());
        leader.ok(query, variables).await["campaign"]["ballotBox"]["ballots"].clone()
    };
    let whole = strings(&page(json!({ "first": 100 })).await["nodes"], "/receipt");
    let mut forward = Vec::new();
    let mut cursor = Value::Null;
    for (size, more) in [(4, true), (4, true), (2, false)] {
        let part = page(json!({ "first": 4, "after": cursor })).await;
        assert_eq!((part["nodes"].as_array().unwrap().len(), &part["pageInfo"]["hasNextPage"]), (size, &json!(more)));
        forward.extend(strings(&part["nodes"], "/receipt"));
        cursor = part["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(forward, whole);
    let last = page(json!({ "last": 3 })).await;
    assert_eq!(strings(&last["nodes"], "/receipt"), whole[7..]);
    let before = page(json!({ "last": 3, "before": last["pageInfo"]["startCursor"] })).await;
    assert_eq!(strings(&before["nodes"], "/receipt"), whole[4..7]);
    let elsewhere = json!({ "id": other.id, "first": 4, "after": cursor });
    assert_eq!(leader.refusal(query, elsewhere).await, "BAD_USER_INPUT after", "another box's cursor");
    // The number of statements does not depend on the number of boxes.
    let boxes = "query($first: Int) { campaigns(first: $first) { nodes {
        ballotBox { count ballots { nodes { picks { name } } } }
    } } }";
    assert_eq!(
        leader.count_statements(boxes, json!({ "first": 1 })).await,
        leader.count_statements(boxes, json!({ "first": 2 })).await
    );
}

#[on_both]
async fn many_pairwise_tables_exceed_the_complexity_limit(app: TestApp) {
    let guild = app.guild("gg").await;
    let draft =
        TestCampaign::live(&guild.leader().await, 200, json!({ "method": "SCHULZE", "picksPerVoter": 10 })).await;
    draft.vote(&guild.leader().await, &[0, 1]).await;
    draft.close(&guild.leader().await).await;
    let tables = |count: usize| {
        let fields = (0..count).map(|number| format!("a{number}: pairwise {{ preferred }} "));
        format!("query($id: ID!) {{ campaign(id: $id) {{ {} }} }}", fields.collect::<Vec<_>>().concat())
    };
    // A table of 200 entries has 80,000 values, and a response may have a million.
    guild.anonymous().ok(&tables(12), draft.vars()).await;
    assert_eq!(guild.anonymous().refusal(&tables(13), draft.vars()).await, "QUERY_TOO_COMPLEX");
}

// `crates/count/tests` covers the other changes of a file.
#[on_both]
async fn a_published_file_passes_its_checks_until_it_is_changed(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let (draft, _) = vote_of_ten(&guild, json!({ "method": "SCHULZE", "picksPerVoter": 2 })).await;
    draft.close(&leader).await;
    let mut file = file_of(&leader, &draft).await;
    assert_eq!(file.check(), Vec::<String>::new());
    file.ballots.pop();
    assert!(file.check().contains(&"the digest does not match the ballots and the rules".to_owned()));
}

#[on_both]
async fn a_recount_finds_changes_in_the_database(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let id = |draft: &TestCampaign| {
        guildhall::kernel::id::CampaignId::try_from(&async_graphql::ID(draft.id.clone())).unwrap()
    };
    for method in ["WEIGHTED", "APPROVAL", "INSTANT_RUNOFF", "SCHULZE", "SINGLE_TRANSFERABLE_VOTE"] {
        let seats = if method == "SINGLE_TRANSFERABLE_VOTE" { 2 } else { 1 };
        let (draft, _) = vote_of_ten(&guild, json!({ "method": method, "picksPerVoter": 2, "seats": seats })).await;
        assert!(voting::recount(&app.app.voting, id(&draft)).await.is_err(), "there is no result yet");
        draft.close(&leader).await;
        let recount = async || voting::recount(&app.app.voting, id(&draft)).await.unwrap().problems;
        assert_eq!(recount().await, Vec::<String>::new(), "{method}");
        let campaign = id(&draft).0;
        app.execute_sql(&format!("UPDATE tallies SET voted = voted - 1 WHERE campaign_id = {campaign}")).await;
        assert_eq!(recount().await, ["10 ballots, but 9 were counted"], "{method}");
        app.execute_sql(&format!("UPDATE tallies SET voted = voted + 1 WHERE campaign_id = {campaign}")).await;
        let someone = format!("(SELECT min(member_id) FROM ballots WHERE campaign_id = {campaign})");
        app.execute_sql(&format!(
            "DELETE FROM picks WHERE campaign_id = {campaign} AND member_id = {someone} AND position = 2"
        ))
        .await;
        assert!(!recount().await.is_empty(), "{method}");
    }
}

/// The exit of the recount in `docs/receipts.md` for a file, and what it prints; `None` without Python.
fn run_documented_recount(file: &BallotFile) -> Option<(bool, String)> {
    let page = include_str!("../../docs/receipts.md");
    let script = page.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("box.json"), file.to_json().unwrap()).unwrap();
    match std::process::Command::new("python3").args(["-c", script]).current_dir(folder.path()).output() {
        Ok(output) => Some((output.status.success(), String::from_utf8(output.stderr).unwrap())),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "python3 cannot run: {error}");
            None
        }
    }
}

#[on_both]
async fn the_recount_of_the_page_on_receipts_finds_changes(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let change = json!({ "method": "APPROVAL", "picksPerVoter": 2, "title": "Où? 👨‍👩‍👧" });
    let (draft, _) = vote_of_ten(&guild, change).await;
    draft.close(&leader).await;
    let file = file_of(&leader, &draft).await;
    let Some(valid) = run_documented_recount(&file) else { return };
    assert_eq!(valid, (true, String::new()));

    // With line feeds, other names have the same digest, so the digest alone would not show this change.
    let mut forged = file.clone();
    let [first, second] = [0, 1].map(|index: usize| forged.entries[index].clone());
    forged.entries[0].name = format!("{}\n{}\n{}", first.name, second.id, second.name);
    forged.entries.remove(1);
    assert_eq!(forged.compute_digest(), file.digest);
    let (is_accepted, message) = run_documented_recount(&forged).unwrap();
    assert!(!is_accepted && message.contains("line feed"), "{message}");
    assert!(forged.check().contains(&"an id or a name is empty or contains control characters".to_owned()));

    let tampers: [fn(&mut BallotFile); 4] = [
        |file| drop(file.ballots.pop()),
        |file| file.standings[0].points += 1,
        |file| drop(file.winners.pop()),
        |file| file.ballots[0].picks.swap(0, 1),
    ];
    for tamper in tampers {
        let mut changed = file.clone();
        tamper(&mut changed);
        assert!(!run_documented_recount(&changed).unwrap().0);
    }
}

#[on_both]
async fn a_result_says_whether_the_listed_order_decided_it(app: TestApp) {
    const DECIDED: &str = "query($id: ID!) { campaign(id: $id) { decidedByListedOrder winners { name } } }";
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let mut rows = Vec::new();
    for number in 0..9 {
        rows.push(guild.member_row(&format!("voter-{number}"), "Member", true).await);
    }
    let voters = guild.add_members(rows).await;
    let one_each: &[&[usize]] = &[&[0], &[1], &[2], &[3]];
    let last_tied: &[&[usize]] = &[&[0], &[0], &[0], &[0], &[1], &[2]];
    let stv = "SINGLE_TRANSFERABLE_VOTE";
    for (method, seats, ballots, expected) in [
        ("INSTANT_RUNOFF", 1, one_each, true),
        ("INSTANT_RUNOFF", 1, last_tied, false),
        ("APPROVAL", 1, one_each, false),
        ("WEIGHTED", 1, one_each, false),
        ("SCHULZE", 1, one_each, false),
        (stv, 2, last_tied, true),
        (stv, 1, last_tied, false),
        ("INSTANT_RUNOFF", 1, &[], false),
    ] {
        let label = format!("{method} {seats} {ballots:?}");
        let change = json!({ "method": method, "seats": seats, "earlyCloseIfAllVoted": false });
        let campaign = TestCampaign::live(&leader, 4, change).await;
        for (voter, picks) in voters.iter().zip(ballots) {
            campaign.vote(voter, picks).await;
        }
        let decided =
            async || guild.anonymous().ok(DECIDED, campaign.vars()).await["campaign"]["decidedByListedOrder"].clone();
        assert_eq!(decided().await, Value::Null, "{label}: the vote is not over");
        campaign.close(&leader).await;
        assert_eq!(decided().await, expected, "{label}");
        let file = file_of(&leader, &campaign).await;
        assert_eq!(file.decided_by_listed_order, Some(expected), "{label}");
        assert_eq!(file.to_string().contains("listed order"), expected, "{label}");
        let forged = BallotFile { decided_by_listed_order: Some(!expected), ..file };
        assert_eq!(forged.check(), [format!("decidedByListedOrder: a recount gives {expected}")], "{label}");

        // A result that the release before has stored.
        let id = guildhall::kernel::id::CampaignId::try_from(&async_graphql::ID(campaign.id.clone())).unwrap();
        let stored = format!(",\"decided_by_listed_order\":{expected}");
        let remove = |from: &str, to: &str| {
            format!("UPDATE tallies SET outcome = replace(outcome, '{from}', '{to}') WHERE campaign_id = {}", id.0)
        };
        app.execute_sql(&remove(&stored, "")).await;
        assert_eq!(decided().await, expected, "{label}: from the ballots");
        assert_eq!(file_of(&leader, &campaign).await.decided_by_listed_order, Some(expected), "{label}");
        assert_eq!(voting::recount(&app.app.voting, id).await.unwrap().problems, Vec::<String>::new(), "{label}");

        // A wrong stored value.
        let wrong = format!(",\"decided_by_listed_order\":{}}}", !expected);
        app.execute_sql(&format!(
            "UPDATE tallies SET outcome = substr(outcome, 1, length(outcome) - 1) || '{wrong}' WHERE campaign_id = {}",
            id.0
        ))
        .await;
        let problems = voting::recount(&app.app.voting, id).await.unwrap().problems;
        assert_eq!(problems, [format!("decidedByListedOrder: a recount gives {expected}")], "{label}");
    }
    // The number of statements does not depend on the number of campaigns.
    let page = "query($first: Int) { campaigns(first: $first) { nodes { decidedByListedOrder } } }";
    assert_eq!(
        leader.count_statements(page, json!({ "first": 2 })).await,
        leader.count_statements(page, json!({ "first": 8 })).await
    );
}
