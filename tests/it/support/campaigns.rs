//! Campaigns to vote in.

use serde_json::{Value, json};

use super::{
    Client,
    documents::{ACTIVATE_CAMPAIGN, CAST_BALLOT, CLOSE_CAMPAIGN, CREATE_CAMPAIGN},
    strings,
};

const STATE: &str = "query($id: ID!) { campaign(id: $id) {
    status startAt closesAt closedAt turnout { eligible voted percent allVoted }
    standings { place points pickCounts entry { name } } standingsHiddenReason
    viewerCanVote viewerCannotVoteReason viewerBallot { picks { name } }
} }";

/// The variables of `createCampaign`: entries named by number and one pick, with `change` on top.
pub fn campaign_input(entries: usize, change: Value) -> Value {
    let entries: Vec<Value> = (0..entries).map(|number| json!({ "name": format!("entry {number}") })).collect();
    let mut input = json!({
        "title": "Where next?",
        "picksPerVoter": 1,
        "minRankLevelToVote": 2,
        "durationHours": 24,
        "entries": entries,
    });
    if let (Some(input), Value::Object(change)) = (input.as_object_mut(), change) {
        input.extend(change);
    }
    json!({ "input": input })
}

/// A campaign that an officer created: its id, and its entries' ids.
pub struct TestCampaign {
    pub id: String,
    pub entries: Vec<String>,
}

impl TestCampaign {
    /// Creates a draft from [`campaign_input`].
    pub async fn draft(officer: &Client<'_>, entries: usize, change: Value) -> Self {
        let created = officer.ok(CREATE_CAMPAIGN, campaign_input(entries, change)).await;
        let campaign = &created["createCampaign"]["campaign"];
        Self { id: campaign["id"].as_str().unwrap().to_owned(), entries: strings(&campaign["entries"], "/id") }
    }

    /// Creates a campaign and activates it.
    pub async fn live(officer: &Client<'_>, entries: usize, change: Value) -> Self {
        let campaign = Self::draft(officer, entries, change).await;
        campaign.activate(officer).await;
        campaign
    }

    pub async fn activate(&self, officer: &Client<'_>) {
        officer.ok(ACTIVATE_CAMPAIGN, self.vars()).await;
    }

    pub async fn close(&self, officer: &Client<'_>) {
        officer.ok(CLOSE_CAMPAIGN, self.vars()).await;
    }

    /// The variables of an operation that takes the campaign's id as `$id`.
    pub fn vars(&self) -> Value {
        json!({ "id": self.id })
    }

    /// The variables of `castBallot`, with the picks by the entries' numbers.
    pub fn ballot(&self, picks: &[usize]) -> Value {
        let picks: Vec<&String> = picks.iter().map(|number| &self.entries[*number]).collect();
        json!({ "input": { "campaignId": self.id, "picks": picks } })
    }

    pub async fn vote(&self, voter: &Client<'_>, picks: &[usize]) {
        voter.ok(CAST_BALLOT, self.ballot(picks)).await;
    }
}

/// A campaign's state as a client sees it.
pub async fn state(client: &Client<'_>, campaign: &TestCampaign) -> Value {
    client.ok(STATE, campaign.vars()).await["campaign"].clone()
}
