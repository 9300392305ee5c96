//! New levels for several ranks at once.

use async_graphql::ID;
use serde_json::{Value, json};

use crate::support::{
    Client, TestApp, TestCampaign, TestGuild,
    documents::{AUDIT_COUNT, CAMPAIGN_STATUS},
    on_both, refusal_in, strings,
};

const SET: &str = "mutation($input: SetRankLevelsInput!) {
    setRankLevels(input: $input) { ranks { name level viewerActions } }
}";

fn levels(guild: &TestGuild<'_>, levels: &[(&str, i64)]) -> Value {
    let level = |(rank, level): &(&str, i64)| json!({ "rankId": ID::from(guild.rank(rank).id), "level": level });
    json!({ "input": { "levels": levels.iter().map(level).collect::<Vec<_>>() } })
}

/// Sets levels, and returns the ladder: `Name level` of each rank.
async fn set(by: &Client<'_>, guild: &TestGuild<'_>, changes: &[(&str, i64)]) -> Vec<String> {
    let ranks = by.ok(SET, levels(guild, changes)).await["setRankLevels"]["ranks"].clone();
    ranks.as_array().unwrap().iter().map(|it| format!("{} {}", it["name"].as_str().unwrap(), it["level"])).collect()
}

/// The reason and field of each level at fault.
async fn faults(by: &Client<'_>, variables: Value) -> Vec<String> {
    let response = by.run(SET, variables).await;
    let fields = response["errors"][0]["extensions"]["fields"].as_array().cloned().unwrap_or_default();
    let fault = |it: &Value| format!("{} {}", it["field"].as_str().unwrap(), it["reason"].as_str().unwrap_or("-"));
    if fields.is_empty() { vec![refusal_in(&response)] } else { fields.iter().map(fault).collect() }
}

#[on_both]
async fn ranks_change_places_and_move_together(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, member) = (guild.leader().await, guild.member("member", "Member").await);
    let before = leader.ok(AUDIT_COUNT, json!({})).await["auditLog"]["totalCount"].as_i64().unwrap();
    let swapped = set(&leader, &guild, &[("Initiate", 3), ("Veteran", 1)]).await;
    assert_eq!(swapped, ["Guild Leader 5", "Officer 4", "Initiate 3", "Member 2", "Veteran 1"]);
    let rotated = set(&leader, &guild, &[("Initiate", 2), ("Member", 1), ("Veteran", 3)]).await;
    assert_eq!(rotated, ["Guild Leader 5", "Officer 4", "Veteran 3", "Initiate 2", "Member 1"]);
    // The highest rank makes room at the same time.
    let raised = set(&leader, &guild, &[("Officer", 80), ("Guild Leader", 1_000), ("Veteran", 60)]).await;
    assert_eq!(raised, ["Guild Leader 1000", "Officer 80", "Veteran 60", "Initiate 2", "Member 1"]);
    let level = "query($id: ID!) { member(id: $id) { rank { level } } }";
    assert_eq!(leader.ok(level, json!({ "id": member.id })).await["member"]["rank"]["level"], 1);
    let nothing = set(&leader, &guild, &[("Officer", 80)]).await;
    assert_eq!(nothing, raised);
    assert_eq!(set(&leader, &guild, &[]).await, raised);
    let log = leader.ok("{ auditLog(first: 100) { totalCount nodes { action summary } } }", json!({})).await;
    assert_eq!(log["auditLog"]["totalCount"], before + 2 + 3 + 3, "an event for each changed rank");
    let summaries = strings(&log["auditLog"]["nodes"], "/summary");
    assert!(summaries.contains(&"Changed the rank Officer: level from 4 to 80".to_owned()), "{summaries:?}");
}

#[on_both]
async fn the_response_lists_the_actions_on_the_new_ladder(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let changed = leader.ok(SET, levels(&guild, &[("Officer", 80), ("Guild Leader", 90)])).await;
    let actions: Vec<Value> =
        changed["setRankLevels"]["ranks"].as_array().unwrap().iter().map(|it| it["viewerActions"].clone()).collect();
    let lower = json!(["EDIT", "DELETE", "ASSIGN"]);
    assert_eq!(actions, [json!(["EDIT", "ASSIGN"]), lower.clone(), lower.clone(), lower.clone(), lower]);
}

#[on_both]
async fn every_level_at_fault_is_named_with_its_place(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("other").await);
    let (leader, officer) = (guild.leader().await, guild.member("officer", "Officer").await);
    let grant = "UPDATE ranks SET permissions = 'RANKS_MANAGE' WHERE name = 'Officer'";
    app.execute_sql(grant).await;
    let ranks = async || leader.ok("{ ranks { name level } }", json!({})).await;
    let before = ranks().await;
    let mut many = levels(&guild, &[("Member", 0), ("Initiate", 1_001), ("Member", 2), ("Veteran", 4)]);
    let foreign = json!({ "rankId": ID::from(other.rank("Initiate").id), "level": 0 });
    many["input"]["levels"].as_array_mut().unwrap().push(foreign);
    assert_eq!(
        faults(&leader, many).await,
        [
            "levels[0].level -",
            "levels[1].level -",
            "levels[2].rankId -",
            "levels[4].rankId -",
            "levels[4].level -",
            "levels[3].level LEVEL_TAKEN",
        ]
    );
    let both = [("Member", 7), ("Initiate", 7), ("Veteran", 5)];
    assert_eq!(
        faults(&leader, levels(&guild, &both)).await,
        ["levels[0].level RANK_TOO_LOW", "levels[1].level RANK_TOO_LOW", "levels[2].level RANK_TOO_LOW"]
    );
    let leaders = [("Guild Leader", 4), ("Officer", 5)];
    assert_eq!(
        faults(&leader, levels(&guild, &leaders)).await,
        ["levels[0].level RANK_TOO_LOW", "levels[1].level RANK_TOO_LOW"]
    );
    let of_officer = [("Guild Leader", 50), ("Officer", 40), ("Veteran", 4), ("Member", 3)];
    assert_eq!(
        faults(&officer, levels(&guild, &of_officer)).await,
        ["levels[0] RANK_TOO_LOW", "levels[1] RANK_TOO_LOW", "levels[2].level RANK_TOO_LOW"]
    );
    let member = guild.member("member", "Member").await;
    assert_eq!(faults(&member, levels(&guild, &[("Initiate", 1)])).await, ["FORBIDDEN PERMISSION_REQUIRED"]);
    let stranger = json!({ "input": { "levels": [{ "rankId": "nonsense", "level": 1 }] } });
    assert_eq!(faults(&leader, stranger).await, ["levels[0].rankId -"]);
    let item = json!({ "rankId": "x", "level": 1 });
    let too_many = json!({ "input": { "levels": vec![item; 1_001] } });
    assert_eq!(faults(&leader, too_many).await, ["levels -"]);
    assert_eq!(ranks().await, before, "nothing was changed");
    assert_eq!(
        set(&officer, &guild, &[("Veteran", 1), ("Initiate", 3)]).await,
        ["Guild Leader 5", "Officer 4", "Initiate 3", "Member 2", "Veteran 1"]
    );
}

#[on_both]
async fn ranks_that_a_vote_separates_keep_their_order(app: TestApp) {
    let guild = app.guild("gg").await;
    let leader = guild.leader().await;
    let (initiate, member) = (guild.member("initiate", "Initiate").await, guild.member("member", "Member").await);
    let veteran = guild.member("veteran", "Veteran").await;
    let bound = json!({ "minRankLevelToVote": 2, "minRankLevelToView": 2 });
    let campaign = TestCampaign::live(&leader, 2, bound).await;
    let sees = async |client: &Client<'_>| client.ok(CAMPAIGN_STATUS, campaign.vars()).await["campaign"].is_object();
    let passing = [("Officer", 3), ("Member", 1), ("Veteran", 4), ("Initiate", 2)];
    assert_eq!(
        faults(&leader, levels(&guild, &passing)).await,
        ["levels[1].level RANK_ORDER_IN_USE", "levels[3].level RANK_ORDER_IN_USE"]
    );
    // All move past the old levels of others, and above the bound their order is free.
    let moved = [("Guild Leader", 900), ("Officer", 30), ("Veteran", 20), ("Member", 40), ("Initiate", 4)];
    let ladder = set(&leader, &guild, &moved).await;
    assert_eq!(ladder, ["Guild Leader 900", "Member 40", "Officer 30", "Veteran 20", "Initiate 4"]);
    for (client, may) in [(&initiate, false), (&member, true), (&veteran, true), (&guild.anonymous(), false)] {
        assert_eq!(sees(client).await, may);
    }
    let shown = "query($id: ID!) { campaign(id: $id) { minRankLevelToVote turnout { eligible } } }";
    let shown = leader.ok(shown, campaign.vars()).await["campaign"].clone();
    assert_eq!(shown, json!({ "minRankLevelToVote": 20, "turnout": { "eligible": 3 } }));
    let back = [("Initiate", 1), ("Member", 2), ("Veteran", 3), ("Officer", 4), ("Guild Leader", 5)];
    set(&leader, &guild, &back).await;
    for (client, may) in [(&initiate, false), (&member, true), (&veteran, true)] {
        assert_eq!(sees(client).await, may);
    }
}
