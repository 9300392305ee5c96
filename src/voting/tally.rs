//! Tallies: what is stored, counted. The one place that turns ballots into standings.

use std::{collections::HashMap, sync::Arc};

use super::{
    Campaign, Entry, Outcome, Tally, Turnout, VotingMethod,
    count::{self, PickCounts, Ranking},
    store::{self, ResultRow},
};
use crate::{
    app::App,
    clock::Instant,
    db::Conn,
    error::Result,
    id::{CampaignId, EntryId, GuildId},
};

const POSITIONAL: [VotingMethod; 2] = [VotingMethod::Weighted, VotingMethod::Approval];
const RANKED: [VotingMethod; 3] =
    [VotingMethod::InstantRunoff, VotingMethod::Schulze, VotingMethod::SingleTransferableVote];

/// The tallies of these campaigns: the frozen result of those that are over, a count of the others. Meant for a
/// snapshot or for the transaction that holds the campaigns locked; the number of statements is always the same.
///
/// # Errors
/// The database's.
pub async fn tallies(
    conn: &mut Conn,
    guild: GuildId,
    campaigns: Vec<Campaign>,
    now: Instant,
) -> Result<HashMap<CampaignId, Tally>> {
    let ids: Vec<CampaignId> = campaigns.iter().map(|campaign| campaign.id).collect();
    let running = |methods: &[VotingMethod]| -> Vec<CampaignId> {
        let counted = |it: &&Campaign| !it.is_over() && methods.contains(&it.method);
        campaigns.iter().filter(counted).map(|it| it.id).collect()
    };
    let mut frozen: HashMap<CampaignId, ResultRow> =
        store::results(conn, guild, &ids).await?.into_iter().map(|row| (row.campaign_id, row)).collect();
    let mut entries: HashMap<CampaignId, Vec<Arc<Entry>>> = HashMap::new();
    for entry in store::entries_of(conn, guild, &ids).await? {
        entries.entry(entry.campaign_id).or_default().push(Arc::new(entry));
    }
    let roster_version = store::roster_version(conn, guild).await?;
    let turnouts = live_turnouts(conn, guild, &campaigns).await?;
    // Where positions are all that counts, the database adds them up.
    let mut pick_counts = store::pick_counts(conn, guild, &running(&POSITIONAL)).await?;
    let mut rankings = store::rankings(conn, guild, &running(&RANKED)).await?;

    let mut tallies = HashMap::new();
    for campaign in campaigns {
        let id = campaign.id;
        let entries = entries.remove(&id).unwrap_or_default();
        let tally = if let Some(result) = frozen.remove(&id) {
            thaw(campaign, entries, &result)?
        } else {
            let turnout = turnouts.get(&id).copied().unwrap_or_default();
            let order: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
            let pick_counts = pick_counts.remove(&id).unwrap_or_default();
            let rankings = rankings.remove(&id).unwrap_or_default();
            Tally {
                outcome: outcome(&campaign, &order, &pick_counts, &rankings),
                revision: roster_version + turnout.voted,
                campaign,
                entries,
                turnout,
                counted_at: now,
            }
        };
        tallies.insert(id, tally);
    }
    Ok(tallies)
}

/// The tally of one campaign, as it is now.
///
/// # Errors
/// The database's.
pub async fn tally(app: &App, guild: GuildId, id: CampaignId) -> Result<Option<Tally>> {
    let now = app.clock.now();
    app.db
        .snapshot(async move |conn| match store::campaign(conn, guild, id).await? {
            Some(campaign) => Ok(tallies(conn, guild, vec![campaign], now).await?.remove(&id)),
            None => Ok(None),
        })
        .await
}

/// The turnouts of these campaigns: frozen for those that are over, as it is now for the others.
///
/// # Errors
/// The database's.
pub async fn turnouts(conn: &mut Conn, guild: GuildId, campaigns: &[Campaign]) -> Result<HashMap<CampaignId, Turnout>> {
    let over: Vec<CampaignId> = campaigns.iter().filter(|it| it.is_over()).map(|it| it.id).collect();
    let mut turnouts = live_turnouts(conn, guild, campaigns).await?;
    for result in store::results(conn, guild, &over).await? {
        turnouts.insert(result.campaign_id, Turnout { eligible: result.eligible, voted: result.voted });
    }
    Ok(turnouts)
}

async fn live_turnouts(
    conn: &mut Conn,
    guild: GuildId,
    campaigns: &[Campaign],
) -> Result<HashMap<CampaignId, Turnout>> {
    let running: Vec<(CampaignId, i64)> =
        campaigns.iter().filter(|it| !it.is_over()).map(|it| (it.id, it.min_rank_level_to_vote)).collect();
    Ok(store::turnouts(conn, guild, &running).await?)
}

/// Counts a live campaign that is about to close, and stores the result and who did not vote. The caller holds the campaign locked.
///
/// # Errors
/// The database's.
pub async fn freeze(conn: &mut Conn, campaign: Campaign, now: Instant) -> Result<()> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    // While the roster is locked, who is eligible and the revision stay what they are.
    store::lock_roster(conn, guild).await?;
    conn.join_in_bulk().await?;
    store::insert_abstentions(conn, &campaign).await?;
    if let Some(mut tally) = tallies(conn, guild, vec![campaign], now).await?.remove(&id) {
        // Newer than any count before it.
        tally.revision += 1;
        store::insert_results(conn, vec![ResultRow::new(&tally)]).await?;
    }
    Ok(())
}

fn thaw(campaign: Campaign, entries: Vec<Arc<Entry>>, result: &ResultRow) -> Result<Tally> {
    Ok(Tally {
        campaign,
        entries,
        revision: result.revision,
        turnout: Turnout { eligible: result.eligible, voted: result.voted },
        outcome: result.outcome()?,
        counted_at: result.counted_at,
    })
}

/// Counts by the campaign's method.
fn outcome(campaign: &Campaign, entries: &[EntryId], pick_counts: &PickCounts, rankings: &[Ranking]) -> Outcome {
    let rules = campaign.rules();
    match rules.method {
        VotingMethod::Weighted => count::weighted(entries, rules.picks, pick_counts),
        VotingMethod::Approval => count::approval(entries, rules.picks, pick_counts),
        _ => count::count(rules, entries, rankings),
    }
}
