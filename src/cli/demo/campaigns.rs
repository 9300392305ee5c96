//! The campaigns of the demo's guild, with their ballots.

use std::collections::HashMap;

use chrono::TimeDelta;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use serde::Deserialize;

use super::generated::Generated;
use crate::{
    app::App,
    cli::output::BoxError,
    identity::Member,
    kernel::{
        clock::Timestamp,
        id::{EntryId, GuildId},
    },
    voting::{
        self, AnnouncementLevel, Ballot, Campaign, CampaignCloseReason, CampaignStatus, Entry, NewCampaign, NewEntry,
        ResultsVisibility, VotingMethod,
    },
};

const CAMPAIGNS: &str = include_str!("../../../data/demo/campaigns.json");

/// A campaign of the file, or a generated one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DemoCampaign {
    title: String,
    description: String,
    pub(super) status: CampaignStatus,
    method: VotingMethod,
    picks_per_voter: i64,
    #[serde(default = "one")]
    seats: i64,
    min_rank_level_to_vote: i64,
    min_rank_level_to_view: Option<i64>,
    started_days_ago: Option<i64>,
    duration_hours: i64,
    results_visibility: ResultsVisibility,
    early_close_if_all_voted: bool,
    announcements: AnnouncementLevel,
    outcome: Option<String>,
    created_by: String,
    entries: Vec<CampaignEntry>,
}

const fn one() -> i64 {
    1
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CampaignEntry {
    name: String,
    description: String,
    image_url: Option<String>,
    associated_member: Option<String>,
}

impl DemoCampaign {
    /// The rows of a campaign, as if it had been created the day before its start.
    pub(super) fn rows(
        &self,
        guild: GuildId,
        members: &[Member],
        now: Timestamp,
    ) -> Result<(Campaign, Vec<Entry>), BoxError> {
        let by_name: HashMap<&str, &Member> = members.iter().map(|it| (it.discord_username.as_str(), it)).collect();
        let find =
            |name: &str| by_name.get(name).map(|member| member.id).ok_or("the demo's campaigns name an unknown member");
        let entry = |entry: &CampaignEntry| {
            Ok(NewEntry {
                name: entry.name.clone(),
                description: Some(entry.description.clone()),
                image_url: entry.image_url.clone(),
                associated_member: entry.associated_member.as_deref().map(find).transpose()?,
            })
        };
        let start_at = self.started_days_ago.map(|days| now - TimeDelta::days(days));
        let created_at = start_at.unwrap_or(now) - TimeDelta::days(1);
        let new = NewCampaign {
            title: self.title.clone(),
            description: Some(self.description.clone()),
            method: self.method,
            picks_per_voter: self.picks_per_voter,
            seats: self.seats,
            min_rank_level_to_vote: self.min_rank_level_to_vote,
            min_rank_level_to_view: self.min_rank_level_to_view,
            start_at,
            duration_hours: self.duration_hours,
            early_close_if_all_voted: self.early_close_if_all_voted,
            results_visibility: self.results_visibility,
            announcements: self.announcements,
            discord_channel_id: None,
            entries: self.entries.iter().map(entry).collect::<Result<_, BoxError>>()?,
        };
        let (mut campaign, entries) = new.into_rows(guild, Some(find(&self.created_by)?), created_at)?;
        campaign.status = self.status;
        campaign.outcome.clone_from(&self.outcome);
        Ok((campaign, entries))
    }
}

/// The live campaign of the file.
pub(super) fn live_campaign() -> Result<DemoCampaign, BoxError> {
    let file: Vec<DemoCampaign> = serde_json::from_str(CAMPAIGNS)?;
    Ok(file.into_iter().find(|it| it.status == CampaignStatus::Live).ok_or("the demo has no live campaign")?)
}

/// The campaigns of the file, after as many generated closed ones as make `count`.
pub(super) fn campaigns(generated: &Generated, count: u32, rng: &mut StdRng) -> Result<Vec<DemoCampaign>, BoxError> {
    let file: Vec<DemoCampaign> = serde_json::from_str(CAMPAIGNS)?;
    let more = usize::try_from(count)?.saturating_sub(file.len());
    let mut campaigns = Vec::new();
    for number in 0..more {
        let entries = rng.random_range(4..=10);
        let names: Vec<&String> = generated.entry_names.choose_multiple(rng, entries).collect();
        let entry = |name: &String| CampaignEntry {
            name: name.clone(),
            description: generated.entry_descriptions.choose(rng).cloned().unwrap_or_default(),
            image_url: None,
            associated_member: None,
        };
        let title = generated.campaign_titles.get(number % generated.campaign_titles.len()).ok_or("no titles")?;
        let entries = names.into_iter().map(entry).collect();
        let description = generated.campaign_descriptions.choose(rng).cloned().unwrap_or_default();
        campaigns.push(DemoCampaign {
            title: format!("{title} ({})", number + 1),
            description,
            status: CampaignStatus::Closed,
            method: VotingMethod::Weighted,
            picks_per_voter: 3,
            seats: one(),
            min_rank_level_to_vote: 1,
            min_rank_level_to_view: None,
            started_days_ago: Some(45 + i64::try_from(more - number)?),
            duration_hours: 72,
            results_visibility: ResultsVisibility::AfterVoting,
            early_close_if_all_voted: true,
            announcements: AnnouncementLevel::Quiet,
            outcome: None,
            created_by: "officer".to_owned(),
            entries,
        });
    }
    campaigns.extend(file);
    Ok(campaigns)
}

/// Builds a random ballot for each voter. Some entries are more popular than others, so that the standings differ.
pub fn ballots(
    campaign: &Campaign,
    entries: &[EntryId],
    voters: &[Member],
    now: Timestamp,
    rng: &mut StdRng,
) -> Vec<Ballot> {
    let popularity: HashMap<EntryId, f64> = entries.iter().map(|entry| (*entry, rng.random_range(0.2..3.0))).collect();
    let picks = usize::try_from(campaign.picks_per_voter).unwrap_or_default();
    let (from, to) = (campaign.start_at.unwrap_or(now), campaign.closes_at.unwrap_or(now).min(now));
    let span = (to - from).num_seconds().max(1);
    let mut ballot = |voter: &Member| {
        let weight = |entry: &EntryId| popularity.get(entry).copied().unwrap_or(1.0);
        let picks = entries.choose_multiple_weighted(rng, picks, weight).map(|it| it.copied().collect());
        Ballot {
            campaign: campaign.id,
            member: voter.id,
            picks: picks.unwrap_or_default(),
            cast_at: from + TimeDelta::seconds(rng.random_range(0..span)),
            nonce: voting::new_nonce(),
        }
    };
    voters.iter().map(&mut ballot).collect()
}

/// Stores a campaign with its ballots, and the result if it is closed.
///
/// # Errors
/// A database error.
pub async fn store(app: &App, campaign: Campaign, entries: Vec<Entry>, ballots: Vec<Ballot>) -> Result<(), BoxError> {
    app.db
        .write(async move |conn| {
            let stored = match campaign.status {
                CampaignStatus::Closed => Campaign { status: CampaignStatus::Live, ..campaign.clone() },
                _ => campaign.clone(),
            };
            voting::store::insert_campaigns(conn, vec![stored.clone()]).await?;
            voting::store::insert_entries(conn, entries).await?;
            voting::store::insert_ballots(conn, campaign.guild_id, &ballots).await?;
            if campaign.status == CampaignStatus::Closed {
                let closed_at = campaign.closes_at.unwrap_or(campaign.created_at);
                voting::store_result(conn, stored.clone(), closed_at).await?;
                let closed = stored.closed(CampaignCloseReason::Deadline, closed_at);
                voting::store::update_campaign(conn, &closed).await?;
            }
            Ok(())
        })
        .await?;
    Ok(())
}
