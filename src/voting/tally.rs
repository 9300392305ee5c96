//! Loads and counts tallies. Only this file turns stored ballots into standings.

use std::{collections::HashMap, sync::Arc};

use guildhall_count::{BallotForm, count_from};

use super::{
    entries, listed_order,
    rows::{Campaign, CampaignTurnout, Entries, Outcome, StoredResult, Tally, Turnout},
    service::Voting,
    store::{self, ResultRow},
    tally_cache::{ElectorateKey, ElectorateSize, TallyCache},
};
use crate::{
    db::{CampaignStatus, Conn},
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{CampaignId, EntryId, GuildId},
    },
};

/// Returns the tallies of these campaigns: the stored result of campaigns that are over, and a count for the others. A
/// cancelled campaign has a tally without standings.
///
/// Call it with a `cache` in a snapshot, or without one in a transaction that has locked the campaigns. The number of
/// statements does not depend on the number of campaigns.
///
/// # Errors
/// A database error.
pub async fn tallies(
    conn: &mut Conn,
    cache: Option<&TallyCache>,
    guild: GuildId,
    campaigns: Vec<Campaign>,
    now: Timestamp,
) -> Result<HashMap<CampaignId, Tally>> {
    let results = stored_results(conn, cache, guild, &campaigns).await?;
    let mut entries = entries::load(conn, cache, guild, &campaigns).await?;
    let unstored = || campaigns.iter().filter(|it| !results.contains_key(&it.id));
    let roster_version = match unstored().next() {
        Some(_) => store::roster_version(conn, guild).await?,
        None => 0,
    };
    let turnouts = unstored_turnouts(conn, cache, guild, roster_version, &campaigns).await?;
    let turnout = |id: &CampaignId| turnouts.get(id).copied().unwrap_or_default();
    let cached: HashMap<CampaignId, Arc<Outcome>> =
        unstored().filter_map(|it| Some((it.id, cache?.outcome(it.id, turnout(&it.id).voted)?))).collect();
    let to_count = |form: BallotForm| -> Vec<CampaignId> {
        let needs_count = |it: &Campaign| !it.is_over() && turnout(&it.id).voted != 0 && !cached.contains_key(&it.id);
        let has_form = |it: &Campaign| it.method.ballot_form() == form;
        campaigns.iter().filter(|it| has_form(it) && needs_count(it)).map(|it| it.id).collect()
    };
    let mut pick_counts = store::pick_counts(conn, guild, &to_count(BallotForm::PickCounts)).await?;
    let mut rankings = store::rankings(conn, guild, &to_count(BallotForm::Rankings)).await?;

    let mut tallies = HashMap::new();
    for campaign in campaigns {
        let id = campaign.id;
        let entries = entries.remove(&id).unwrap_or_default();
        let tally = if campaign.is_cancelled() {
            let turnout = turnout(&id);
            // Newer than every count before.
            let revision = roster_version + turnout.voted + 1;
            let counted_at = campaign.closed_at.unwrap_or(now);
            Tally { outcome: Arc::default(), revision, campaign, entries, turnout, counted_at }
        } else if let Some(result) = results.get(&id) {
            result.clone().into_tally(campaign, entries)
        } else {
            let turnout = turnout(&id);
            let outcome = cached.get(&id).cloned().unwrap_or_else(|| {
                let order: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
                let pick_counts = pick_counts.remove(&id).unwrap_or_default();
                let rankings = rankings.remove(&id).unwrap_or_default();
                let outcome = Arc::new(count_from(campaign.rules(), &order, &pick_counts, &rankings));
                if let Some(cache) = cache {
                    cache.insert_outcome(id, turnout.voted, &outcome);
                }
                outcome
            });
            let revision = roster_version + turnout.voted;
            Tally { outcome, revision, campaign, entries, turnout, counted_at: now }
        };
        tallies.insert(id, tally);
    }
    Ok(tallies)
}

/// Returns the current tally of a campaign, or `None` if there is no such campaign.
///
/// # Errors
/// A database error.
pub async fn tally(voting: &Voting, guild: GuildId, id: CampaignId) -> Result<Option<Tally>> {
    let (now, cache) = (voting.clock.now(), Arc::clone(&voting.tallies));
    voting
        .db
        .snapshot(async move |conn| match store::campaign(conn, guild, id).await? {
            Some(campaign) => Ok(tallies(conn, Some(&cache), guild, vec![campaign], now).await?.remove(&id)),
            None => Ok(None),
        })
        .await
}

/// Returns the current turnout of a campaign, or `None` if there is no such campaign. Loads no picks.
///
/// # Errors
/// A database error.
pub async fn turnout(voting: &Voting, guild: GuildId, id: CampaignId) -> Result<Option<CampaignTurnout>> {
    let (now, cache) = (voting.clock.now(), Arc::clone(&voting.tallies));
    voting
        .db
        .snapshot(async move |conn| {
            let Some(campaign) = store::campaign(conn, guild, id).await? else { return Ok(None) };
            let campaigns = std::slice::from_ref(&campaign);
            if let Some(result) = stored_results(conn, Some(&cache), guild, campaigns).await?.remove(&id) {
                let StoredResult { turnout, revision, counted_at, .. } = result;
                return Ok(Some(CampaignTurnout { campaign, turnout, revision, counted_at }));
            }
            let roster_version = store::roster_version(conn, guild).await?;
            let turnouts = unstored_turnouts(conn, Some(&cache), guild, roster_version, campaigns).await?;
            let turnout = turnouts.get(&id).copied().unwrap_or_default();
            // As in `tallies`, also for a cancelled campaign.
            let revision = roster_version + turnout.voted + i64::from(campaign.is_over());
            let counted_at = campaign.closed_at.unwrap_or(now);
            Ok(Some(CampaignTurnout { campaign, turnout, revision, counted_at }))
        })
        .await
}

/// Returns the turnouts of these campaigns: that at the close of campaigns that are over, and the current one of the
/// others. As in [`tallies`], a `cache` needs a snapshot.
///
/// # Errors
/// A database error.
pub async fn turnouts(
    conn: &mut Conn,
    cache: Option<&TallyCache>,
    guild: GuildId,
    campaigns: &[Campaign],
) -> Result<HashMap<CampaignId, Turnout>> {
    let mut turnouts = HashMap::new();
    if campaigns.iter().any(|it| !it.has_result()) {
        let roster_version = store::roster_version(conn, guild).await?;
        turnouts = unstored_turnouts(conn, cache, guild, roster_version, campaigns).await?;
    }
    let results = stored_results(conn, cache, guild, campaigns).await?;
    turnouts.extend(results.into_iter().map(|(id, result)| (id, result.turnout)));
    Ok(turnouts)
}

/// Returns the results of those of these campaigns that have one. They never change.
async fn stored_results(
    conn: &mut Conn,
    cache: Option<&TallyCache>,
    guild: GuildId,
    campaigns: &[Campaign],
) -> Result<HashMap<CampaignId, StoredResult>> {
    let over: Vec<CampaignId> = campaigns.iter().filter(|it| it.has_result()).map(|it| it.id).collect();
    let mut results: HashMap<CampaignId, StoredResult> =
        over.iter().filter_map(|id| Some((*id, cache?.result(*id)?))).collect();
    let missing: Vec<CampaignId> = over.into_iter().filter(|id| !results.contains_key(id)).collect();
    for row in store::results(conn, guild, &missing).await? {
        let result = row.parse()?;
        if let Some(cache) = cache {
            cache.insert_result(row.campaign_id, &result);
        }
        results.insert(row.campaign_id, result);
    }
    Ok(results)
}

/// Returns the turnouts of the campaigns without a stored result: those that are not over or were cancelled.
async fn unstored_turnouts(
    conn: &mut Conn,
    cache: Option<&TallyCache>,
    guild: GuildId,
    roster_version: i64,
    campaigns: &[Campaign],
) -> Result<HashMap<CampaignId, Turnout>> {
    let unstored: Vec<&Campaign> = campaigns.iter().filter(|it| !it.has_result()).collect();
    let ids: Vec<CampaignId> = unstored.iter().map(|it| it.id).collect();
    let voted = store::ballots_cast(conn, guild, &ids).await?;
    let current: Vec<&Campaign> = unstored.iter().copied().filter(|it| !it.is_over()).collect();
    let electorates = electorates(conn, cache, guild, roster_version, &current).await?;
    let turnout = |it: &Campaign| {
        let size = if it.is_cancelled() { Some(it.cancelled_electorate()) } else { electorates.get(&it.id).copied() };
        let ElectorateSize { eligible, awaiting_registration } = size.unwrap_or_default();
        Turnout { eligible, voted: voted.get(&it.id).copied().unwrap_or_default(), awaiting_registration }
    };
    Ok(unstored.iter().map(|it| (it.id, turnout(it))).collect())
}

/// Returns the sizes of these campaigns' electorates. They change only with the roster, not with ballots.
async fn electorates(
    conn: &mut Conn,
    cache: Option<&TallyCache>,
    guild: GuildId,
    roster_version: i64,
    campaigns: &[&Campaign],
) -> Result<HashMap<CampaignId, ElectorateSize>> {
    let key = |it: &Campaign| ElectorateKey { roster_version, min_rank_level: it.min_rank_level_to_vote };
    let mut sizes: HashMap<CampaignId, ElectorateSize> =
        campaigns.iter().filter_map(|it| Some((it.id, cache?.electorate(it.id, key(it))?))).collect();
    let missing: Vec<&Campaign> = campaigns.iter().copied().filter(|it| !sizes.contains_key(&it.id)).collect();
    if missing.is_empty() {
        return Ok(sizes);
    }
    let active = if let Some(cached) = cache.and_then(|cache| cache.active_members(guild, roster_version)) {
        cached
    } else {
        let active = Arc::new(store::electorate_by_level(conn, guild).await?);
        if let Some(cache) = cache {
            cache.insert_active_members(guild, roster_version, &active);
        }
        active
    };
    let live: Vec<CampaignId> = missing.iter().filter(|it| it.status == CampaignStatus::Live).map(|it| it.id).collect();
    // Members who were eligible and could not vote now. Voters are counted apart: another release of the server may
    // have demoted them without recording that they were eligible.
    let mut former = store::voters_by_level(conn, guild, &live).await?;
    former.extend(store::former_electors_by_level(conn, guild, &live).await?);
    for campaign in missing {
        let Campaign { id, min_rank_level_to_vote: min_level, .. } = campaign;
        let mut size = ElectorateSize::default();
        for (_, members, registered) in active.iter().filter(|(level, ..)| level >= min_level) {
            size.eligible += registered;
            size.awaiting_registration += members - registered;
        }
        for (_, level, is_active, members, registered) in former.iter().filter(|(campaign, ..)| campaign == id) {
            let counted = if *is_active && level >= min_level { *registered } else { 0 };
            size.eligible += members - counted;
        }
        if let Some(cache) = cache {
            cache.insert_electorate(*id, key(campaign), size);
        }
        sizes.insert(*id, size);
    }
    Ok(sizes)
}

/// Counts a live campaign that is about to close, and stores the result and who did not vote. The caller must have
/// locked the campaign and with it the roster, so that the eligible members and the revision cannot change.
///
/// # Errors
/// A database error.
pub async fn store_result(conn: &mut Conn, campaign: Campaign, now: Timestamp) -> Result<()> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    conn.prefer_hash_joins().await?;
    if let Some(mut tally) = tallies(conn, None, guild, vec![campaign.clone()], now).await?.remove(&id) {
        // Makes the result newer than every earlier count.
        tally.revision += 1;
        let order: Vec<EntryId> = tally.entries.iter().map(|entry| entry.id).collect();
        tally.outcome = Arc::new(listed_order::complete(conn, &tally.campaign, &order, &tally.outcome).await?);
        store::insert_results(conn, vec![ResultRow::new(&tally)]).await?;
    }
    store::insert_abstentions(conn, &campaign).await?;
    Ok(())
}

impl Campaign {
    /// The size of the electorate when the campaign was cancelled.
    fn cancelled_electorate(&self) -> ElectorateSize {
        ElectorateSize {
            eligible: self.cancelled_eligible.unwrap_or_default(),
            awaiting_registration: self.cancelled_awaiting_registration.unwrap_or_default(),
        }
    }
}

impl StoredResult {
    fn into_tally(self, campaign: Campaign, entries: Entries) -> Tally {
        let Self { revision, turnout, outcome, counted_at } = self;
        Tally { campaign, entries, revision, turnout, outcome, counted_at }
    }
}

/// Returns the tally of a campaign that is over, if its result and its entries are cached.
pub fn cached_result(cache: &TallyCache, campaign: &Campaign) -> Option<Tally> {
    let result = cache.result(campaign.id).filter(|_| campaign.has_result())?;
    Some(result.into_tally(campaign.clone(), cache.entries(campaign.id)?))
}
