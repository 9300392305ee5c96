//! Tallies: what is stored, counted. The one place that turns ballots into standings.

use std::{collections::HashMap, sync::Arc};

use guildhall_count::{BallotForm, count_from};

use super::{
    entries,
    rows::{Campaign, Entries, Outcome, Tally, Turnout},
    service::Voting,
    store::{self, ResultRow},
    tally_cache::{TallyCache, TurnoutKey},
};
use crate::{
    db::Conn,
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{CampaignId, EntryId, GuildId},
    },
};

/// The tallies of these campaigns: the frozen result of those that are over, a count of the others, unless `counts` has it.
/// Meant for a snapshot, or, without `counts`, for the transaction that holds the campaigns locked. The number of statements
/// does not grow with that of the campaigns.
///
/// # Errors
/// The database's.
pub async fn tallies(
    conn: &mut Conn,
    counts: Option<&TallyCache>,
    guild: GuildId,
    campaigns: Vec<Campaign>,
    now: Timestamp,
) -> Result<HashMap<CampaignId, Tally>> {
    let ids: Vec<CampaignId> = campaigns.iter().map(|campaign| campaign.id).collect();
    let mut frozen: HashMap<CampaignId, ResultRow> =
        store::results(conn, guild, &ids).await?.into_iter().map(|row| (row.campaign_id, row)).collect();
    let mut entries = entries::of(conn, counts, guild, &campaigns).await?;
    let roster_version = store::roster_version(conn, guild).await?;
    let turnouts = live_turnouts(conn, counts, guild, roster_version, &campaigns).await?;
    let turnout = |id: &CampaignId| turnouts.get(id).copied().unwrap_or_default();
    let known: HashMap<CampaignId, Arc<Outcome>> =
        ids.iter().filter_map(|id| Some((*id, counts?.outcome(*id, turnout(id).voted)?))).collect();
    let to_count = |form: BallotForm| -> Vec<CampaignId> {
        let is_known = |it: &Campaign| it.is_over() || turnout(&it.id).voted == 0 || known.contains_key(&it.id);
        let wanted = |it: &&Campaign| it.method.ballot_form() == form && !is_known(it);
        campaigns.iter().filter(wanted).map(|it| it.id).collect()
    };
    let mut pick_counts = store::pick_counts(conn, guild, &to_count(BallotForm::PickCounts)).await?;
    let mut rankings = store::rankings(conn, guild, &to_count(BallotForm::Rankings)).await?;

    let mut tallies = HashMap::new();
    for campaign in campaigns {
        let id = campaign.id;
        let entries = entries.remove(&id).unwrap_or_default();
        let tally = if let Some(result) = frozen.remove(&id) {
            load_result(campaign, entries, &result)?
        } else {
            let turnout = turnout(&id);
            let outcome = known.get(&id).cloned().unwrap_or_else(|| {
                let order: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
                let pick_counts = pick_counts.remove(&id).unwrap_or_default();
                let rankings = rankings.remove(&id).unwrap_or_default();
                let outcome = Arc::new(count_from(campaign.rules(), &order, &pick_counts, &rankings));
                if let Some(counts) = counts {
                    counts.insert_outcome(id, turnout.voted, &outcome);
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

/// The tally of one campaign, as it is now.
///
/// # Errors
/// The database's.
pub async fn tally(voting: &Voting, guild: GuildId, id: CampaignId) -> Result<Option<Tally>> {
    let (now, counts) = (voting.clock.now(), Arc::clone(&voting.tallies));
    voting
        .db
        .snapshot(async move |conn| match store::campaign(conn, guild, id).await? {
            Some(campaign) => Ok(tallies(conn, Some(&counts), guild, vec![campaign], now).await?.remove(&id)),
            None => Ok(None),
        })
        .await
}

/// The turnouts of these campaigns: frozen for those that are over, as it is now for the others. As for [`tallies`], `counts`
/// is for a snapshot.
///
/// # Errors
/// The database's.
pub async fn turnouts(
    conn: &mut Conn,
    counts: Option<&TallyCache>,
    guild: GuildId,
    campaigns: &[Campaign],
) -> Result<HashMap<CampaignId, Turnout>> {
    let over: Vec<CampaignId> = campaigns.iter().filter(|it| it.is_over()).map(|it| it.id).collect();
    let roster_version = store::roster_version(conn, guild).await?;
    let mut turnouts = live_turnouts(conn, counts, guild, roster_version, campaigns).await?;
    for result in store::results(conn, guild, &over).await? {
        turnouts.insert(result.campaign_id, Turnout { eligible: result.eligible, voted: result.voted });
    }
    Ok(turnouts)
}

async fn live_turnouts(
    conn: &mut Conn,
    counts: Option<&TallyCache>,
    guild: GuildId,
    roster_version: i64,
    campaigns: &[Campaign],
) -> Result<HashMap<CampaignId, Turnout>> {
    let running: Vec<&Campaign> = campaigns.iter().filter(|it| !it.is_over()).collect();
    let ids: Vec<CampaignId> = running.iter().map(|it| it.id).collect();
    let voted = store::ballots_cast(conn, guild, &ids).await?;
    let state = |it: &Campaign| {
        let voted = voted.get(&it.id).copied().unwrap_or_default();
        TurnoutKey { roster_version, least: it.min_rank_level_to_vote, voted }
    };
    let mut turnouts: HashMap<CampaignId, Turnout> =
        running.iter().filter_map(|it| Some((it.id, counts?.turnout(it.id, state(it))?))).collect();
    let unknown: Vec<&Campaign> = running.into_iter().filter(|it| !turnouts.contains_key(&it.id)).collect();
    if unknown.is_empty() {
        return Ok(turnouts);
    }
    let electorate = if let Some(known) = counts.and_then(|counts| counts.electorate(guild, roster_version)) {
        known
    } else {
        let electorate = Arc::new(store::electorate_by_level(conn, guild).await?);
        if let Some(counts) = counts {
            counts.insert_electorate(guild, roster_version, &electorate);
        }
        electorate
    };
    let unknown_ids: Vec<CampaignId> = unknown.iter().map(|it| it.id).collect();
    let voters = store::voters_by_level(conn, guild, &unknown_ids).await?;
    for campaign in unknown {
        let Campaign { id, min_rank_level_to_vote: least, .. } = campaign;
        let may_vote: i64 = electorate.iter().filter(|(level, _)| level >= least).map(|(_, members)| members).sum();
        // Whoever voted was registered, and registration stays.
        let may_no_more =
            |(of, level, is_active, _): &&(CampaignId, i64, bool, i64)| of == id && !(*is_active && level >= least);
        let gone: i64 = voters.iter().filter(may_no_more).map(|(.., ballots)| ballots).sum();
        let turnout = Turnout { eligible: may_vote + gone, voted: state(campaign).voted };
        if let Some(counts) = counts {
            counts.insert_turnout(*id, state(campaign), turnout);
        }
        turnouts.insert(*id, turnout);
    }
    Ok(turnouts)
}

/// Counts a live campaign that is about to close, and stores the result and who did not vote. The caller holds the campaign locked.
///
/// # Errors
/// The database's.
pub async fn store_result(conn: &mut Conn, campaign: Campaign, now: Timestamp) -> Result<()> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    // While the roster is locked, who is eligible and the revision stay what they are.
    store::lock_roster(conn, guild).await?;
    conn.prefer_hash_joins().await?;
    store::insert_abstentions(conn, &campaign).await?;
    if let Some(mut tally) = tallies(conn, None, guild, vec![campaign], now).await?.remove(&id) {
        // Newer than any count before it.
        tally.revision += 1;
        store::insert_results(conn, vec![ResultRow::new(&tally)]).await?;
    }
    Ok(())
}

fn load_result(campaign: Campaign, entries: Entries, result: &ResultRow) -> Result<Tally> {
    Ok(Tally {
        campaign,
        entries,
        revision: result.revision,
        turnout: Turnout { eligible: result.eligible, voted: result.voted },
        outcome: Arc::new(result.outcome()?),
        counted_at: result.counted_at,
    })
}
