//! Publishes the ballot boxes of campaigns that are over, and recounts their results.

use std::{collections::HashMap, sync::Arc};

use async_graphql::ID;
use guildhall_count::{BallotFile, Ranking, count};
use tokio::task::spawn_blocking;
use tracing::Instrument;

use super::{
    ballot_box::BallotBox,
    box_cache::BallotBoxCache,
    rows::{Campaign, Entry, Outcome, StoredResult},
    service::Voting,
    store,
};
use crate::{
    db::{Conn, Db, Usage},
    kernel::{
        error::{Code, Error, Refusal, Result},
        id::{CampaignId, EntryId, GuildId},
    },
};

/// Maximum number of ballots of several boxes that are loaded at once: enough for a page of ordinary campaigns. A
/// single box has no limit.
const MAX_BALLOTS: i64 = 100_000;

/// Loads the ballot boxes of the campaigns that have a result. Call it in a snapshot.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` if several boxes have more than [`MAX_BALLOTS`] ballots; a database error.
pub async fn ballot_boxes(
    conn: &mut Conn,
    guild: GuildId,
    campaigns: Vec<Campaign>,
) -> Result<HashMap<CampaignId, BallotBox>> {
    let over: Vec<Campaign> = campaigns.into_iter().filter(Campaign::has_result).collect();
    let ids: Vec<CampaignId> = over.iter().map(|campaign| campaign.id).collect();
    if store::count_ballots(conn, guild, &ids).await? > MAX_BALLOTS && ids.len() > 1 {
        let message = "These ballot boxes have too many ballots together. Request fewer boxes at once.";
        return Err(Refusal::new(Code::QueryTooComplex, message).into());
    }
    let mut entries: HashMap<CampaignId, Vec<Entry>> = HashMap::new();
    for entry in store::entries_of(conn, guild, &ids).await? {
        entries.entry(entry.campaign_id).or_default().push(entry);
    }
    let results = store::results(conn, guild, &ids).await?;
    let mut results: HashMap<_, _> = results.into_iter().map(|row| (row.campaign_id, row)).collect();
    let mut ballots = store::published_ballots(conn, guild, &ids).await?;
    let mut boxes = HashMap::new();
    for campaign in over {
        let id = campaign.id;
        let Some(result) = results.remove(&id) else { continue };
        let (entries, ballots) = (entries.remove(&id).unwrap_or_default(), ballots.remove(&id).unwrap_or_default());
        let StoredResult { turnout, outcome, .. } = result.parse()?;
        // Counts and hashes the ballots, which takes long if there are thousands.
        let make = move || BallotBox::new(campaign, entries, ballots, turnout, Arc::unwrap_or_clone(outcome));
        boxes.insert(id, spawn_blocking(make).await.map_err(Error::internal)?);
    }
    Ok(boxes)
}

/// Finds the ballot boxes of the campaigns that are over: in the cache, or else in the database. They never change.
///
/// # Errors
/// Those of [`ballot_boxes`].
pub async fn cached_ballot_boxes(
    db: &Db,
    cache: &Arc<BallotBoxCache>,
    guild: GuildId,
    campaigns: Vec<CampaignId>,
) -> Result<HashMap<CampaignId, Arc<BallotBox>>> {
    let cached = cache.find(guild, &campaigns);
    if cached.len() == campaigns.len() {
        return Ok(cached);
    }
    let (db, cache, usage) = (db.clone(), Arc::clone(cache), Usage::current());
    // On a task of its own: a subscription is not polled while its client is slow to read, and others would wait for
    // its turn to load.
    let load = async move {
        let _load = cache.start_load().await;
        // Another request may have loaded them meanwhile.
        let mut boxes = cache.find(guild, &campaigns);
        let missing: Vec<CampaignId> = campaigns.into_iter().filter(|id| !boxes.contains_key(id)).collect();
        if missing.is_empty() {
            return Ok(boxes);
        }
        let load = async move |conn: &mut Conn| {
            let campaigns = store::campaigns_by_id(conn, guild, &missing).await?;
            ballot_boxes(conn, guild, campaigns).await
        };
        for (id, loaded) in db.snapshot(load).await? {
            let loaded = Arc::new(loaded);
            cache.insert(&loaded);
            boxes.insert(id, loaded);
        }
        Ok::<_, Error>(boxes)
    };
    tokio::spawn(usage.scope(load).in_current_span()).await.map_err(Error::internal)?
}

/// The comparison of a stored result with a recount.
#[derive(Debug)]
pub struct RecountResult {
    /// The published ballot box, with the stored result.
    pub published: BallotFile,
    /// The differences and other problems; empty if the stored result is right.
    pub problems: Vec<String>,
}

/// Recounts the ballots of a campaign of any guild that is over, and compares the result with the stored one. For
/// operators.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` if the campaign is not over or was cancelled; a database error.
pub async fn recount(voting: &Voting, id: CampaignId) -> Result<RecountResult> {
    let published = voting
        .db
        .snapshot(async move |conn| {
            let campaign = store::campaign_of_any_guild(conn, id).await?;
            let campaign = campaign.ok_or_else(|| Refusal::new(Code::NotFound, "There is no such campaign."))?;
            if !campaign.is_over() {
                return Err(Refusal::new(Code::Conflict, "This vote is not over yet.").into());
            }
            if campaign.is_cancelled() {
                return Err(Refusal::new(Code::Conflict, "This vote was cancelled, so it has no result.").into());
            }
            ballot_box(conn, campaign).await
        })
        .await?;
    Ok(RecountResult::new(&published))
}

/// Recounts the ballots of all campaigns of all guilds that have a result. Returns each campaign's problems, as
/// [`RecountResult::problems`]. For operators.
///
/// # Errors
/// A database error.
pub async fn recount_all(conn: &mut Conn) -> Result<Vec<Vec<String>>> {
    let mut recounts = Vec::new();
    let past = store::past_campaigns_of_all_guilds(conn).await?;
    for campaign in past.into_iter().filter(Campaign::has_result) {
        let name = format!("{} ({})", campaign.title, ID::from(campaign.id).as_str());
        let problems = match ballot_box(conn, campaign).await {
            Ok(published) => RecountResult::new(&published).problems,
            // The result is missing or unreadable.
            Err(error) => vec![error.to_string()],
        };
        recounts.push(problems.into_iter().map(|problem| format!("{name}: {problem}")).collect());
    }
    Ok(recounts)
}

/// Loads the ballot box of a campaign that is over.
async fn ballot_box(conn: &mut Conn, campaign: Campaign) -> Result<BallotBox> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    let published = ballot_boxes(conn, guild, vec![campaign]).await?.remove(&id);
    published.ok_or_else(|| Error::internal("the campaign is over but has no stored result"))
}

impl RecountResult {
    fn new(published: &BallotBox) -> Self {
        let order: Vec<EntryId> = published.entries.iter().map(|entry| entry.id).collect();
        let rankings: Vec<Ranking<EntryId>> =
            published.ballots.iter().map(|ballot| (ballot.picks.clone(), 1)).collect();
        let counted = count(published.campaign.rules(), &order, &rankings);
        let file = BallotFile::from(published);
        // The file's own check, then the parts of the stored result that are not in the file.
        let mut problems = file.check();
        if i64::try_from(published.ballots.len()) != Ok(published.turnout.voted) {
            problems.push(format!("{} ballots, but {} were counted", published.ballots.len(), published.turnout.voted));
        }
        // `BallotFile::check` has compared the other parts.
        let decided_by_listed_order = published.outcome.decided_by_listed_order;
        let standings = published.outcome.standings.clone();
        if (Outcome { standings, decided_by_listed_order, ..counted }) != published.outcome {
            problems.push("a recount gives other steps".to_owned());
        }
        Self { published: file, problems }
    }
}
