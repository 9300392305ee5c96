//! What is made public of a vote that is over, and whether it is true.

use std::collections::HashMap;

use async_graphql::ID;
use guildhall_count::{BallotFile, Ranking, count};

use super::{
    ballot_box::BallotBox,
    rows::{Campaign, Entry, Outcome, Turnout},
    service::Voting,
    store,
};
use crate::{
    db::Conn,
    kernel::{
        error::{Code, Error, Refusal, Result},
        id::{CampaignId, EntryId, GuildId},
    },
};

/// Most ballots that are loaded for several boxes at once: a page of ordinary votes.
const MAX_BALLOTS: i64 = 100_000;

/// The ballot boxes of those of these campaigns that are over. Meant for a snapshot.
///
/// # Errors
/// `QUERY_TOO_COMPLEX` where several boxes hold very many ballots together; the database's.
pub async fn ballot_boxes(
    conn: &mut Conn,
    guild: GuildId,
    campaigns: Vec<Campaign>,
) -> Result<HashMap<CampaignId, BallotBox>> {
    let over: Vec<Campaign> = campaigns.into_iter().filter(Campaign::is_over).collect();
    let ids: Vec<CampaignId> = over.iter().map(|campaign| campaign.id).collect();
    if store::count_ballots(conn, guild, &ids).await? > MAX_BALLOTS && ids.len() > 1 {
        let message = "Ask for fewer ballot boxes at once: these hold too many ballots together.";
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
        let turnout = Turnout { eligible: result.eligible, voted: result.voted };
        boxes.insert(id, BallotBox::new(campaign, entries, ballots, turnout, result.outcome()?));
    }
    Ok(boxes)
}

/// A stored result, held against a recount.
#[derive(Debug)]
pub struct RecountResult {
    /// What is published, with the stored result.
    pub published: BallotFile,
    /// What is wrong, in sentences; nothing when the result is what the ballots say.
    pub problems: Vec<String>,
}

/// Counts the ballots of a finished campaign of any guild again and compares the result with the stored one. For operators.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` while it is not over; the database's.
pub async fn recount(voting: &Voting, id: CampaignId) -> Result<RecountResult> {
    let published = voting
        .db
        .snapshot(async move |conn| {
            let campaign = store::campaign_of_any_guild(conn, id).await?;
            let campaign = campaign.ok_or_else(|| Refusal::new(Code::NotFound, "There is no such campaign."))?;
            if !campaign.is_over() {
                return Err(Refusal::new(Code::Conflict, "This vote is not over yet.").into());
            }
            ballot_box(conn, campaign).await
        })
        .await?;
    Ok(RecountResult::of(&published))
}

/// Counts the ballots of every finished campaign of every guild again. Returns the differences from the stored results.
/// For operators.
///
/// # Errors
/// The database's.
pub async fn recount_all(conn: &mut Conn) -> Result<Vec<Vec<String>>> {
    let mut recounts = Vec::new();
    for campaign in store::over_of_all_guilds(conn).await? {
        let called = format!("{} ({})", campaign.title, ID::from(campaign.id).as_str());
        let problems = match ballot_box(conn, campaign).await {
            Ok(published) => RecountResult::of(&published).problems,
            // No result, or none that can be read.
            Err(error) => vec![error.to_string()],
        };
        recounts.push(problems.into_iter().map(|problem| format!("{called}: {problem}")).collect());
    }
    Ok(recounts)
}

/// The ballot box of a campaign that is over.
async fn ballot_box(conn: &mut Conn, campaign: Campaign) -> Result<BallotBox> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    let published = ballot_boxes(conn, guild, vec![campaign]).await?.remove(&id);
    published.ok_or_else(|| Error::internal("the vote is over, and its result is not stored"))
}

impl RecountResult {
    fn of(published: &BallotBox) -> Self {
        let order: Vec<EntryId> = published.entries.iter().map(|entry| entry.id).collect();
        let rankings: Vec<Ranking<EntryId>> =
            published.ballots.iter().map(|ballot| (ballot.picks.clone(), 1)).collect();
        let counted = count(published.campaign.rules(), &order, &rankings);
        let file = BallotFile::from(published);
        // What anyone can check, and then what only the stored result tells.
        let mut problems = file.check();
        if i64::try_from(published.ballots.len()) != Ok(published.turnout.voted) {
            problems.push(format!("{} ballots, but {} were counted", published.ballots.len(), published.turnout.voted));
        }
        // Other standings are among the problems already.
        if (Outcome { standings: published.outcome.standings.clone(), ..counted }) != published.outcome {
            problems.push("a recount takes other steps to its standings".to_owned());
        }
        Self { published: file, problems }
    }
}
