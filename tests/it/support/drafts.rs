//! Campaigns to vote in.

use serde_json::{Value, json};

use super::{Client, strings};

/// The variables of a campaign to create: two entries and one pick unless changed.
pub fn campaign(entries: usize, change: Value) -> Value {
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

/// A campaign made by an officer, and the ids of its entries.
pub struct Draft {
    pub id: String,
    pub entries: Vec<String>,
}

impl Draft {
    pub async fn create(officer: &Client<'_>, entries: usize, change: Value) -> Self {
        let made = officer
            .ok(
                "mutation($input: CreateCampaignInput!) {
                    createCampaign(input: $input) { campaign { id entries { id } } }
                }",
                campaign(entries, change),
            )
            .await;
        let campaign = &made["createCampaign"]["campaign"];
        Self { id: campaign["id"].as_str().unwrap().to_owned(), entries: strings(&campaign["entries"], "/id") }
    }

    /// Makes it, and sets it live.
    pub async fn live(officer: &Client<'_>, entries: usize, change: Value) -> Self {
        let draft = Self::create(officer, entries, change).await;
        draft.activate(officer).await;
        draft
    }

    pub async fn activate(&self, officer: &Client<'_>) {
        officer.ok("mutation($id: ID!) { activateCampaign(id: $id) { campaign { id } } }", self.vars()).await;
    }

    pub async fn close(&self, officer: &Client<'_>) {
        officer.ok("mutation($id: ID!) { closeCampaign(id: $id) { campaign { id } } }", self.vars()).await;
    }

    pub fn vars(&self) -> Value {
        json!({ "id": self.id })
    }

    /// A ballot's variables, its picks by number.
    pub fn ballot(&self, picks: &[usize]) -> Value {
        let picks: Vec<&String> = picks.iter().map(|number| &self.entries[*number]).collect();
        json!({ "input": { "campaignId": self.id, "picks": picks } })
    }

    pub async fn vote(&self, voter: &Client<'_>, picks: &[usize]) {
        voter.ok(CAST, self.ballot(picks)).await;
    }
}

pub const CAST: &str = "mutation($input: CastBallotInput!) {
    castBallot(input: $input) { ballot { id picks { id } castAt } campaign { status turnout { voted } } }
}";
