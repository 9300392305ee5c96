//! Tallies in the schema: standings and the steps of each counting method.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use guildhall_count::{Placement, UNITS_PER_VOTE};
use guildhall_macros::row;

use crate::{
    api::{context::RequestContext, row::List},
    kernel::{error::Result, id::EntryId},
    voting::{Campaign, CampaignStatus, CampaignTurnout, CountSteps, Entry, Tally, Turnout},
};

/// Number of eligible members and of voters.
#[row]
impl Turnout {
    /// Number of members who are eligible: registered, active, and of sufficient rank. In a live campaign, also those who
    /// were at any moment since it went live, so that the number does not reveal who has voted.
    fn eligible(&self) -> i64 {
        self.eligible
    }

    /// Number of active members of sufficient rank who have no account yet.
    async fn awaiting_registration(&self) -> i64 {
        self.awaiting_registration
    }

    /// Number of members who have voted.
    fn voted(&self) -> i64 {
        self.voted
    }

    /// `voted` in percent of `eligible`, rounded to one decimal place; 0 if `eligible` is 0.
    #[graphql(name = "percent")]
    fn shown_percent(&self) -> f64 {
        self.percent()
    }

    /// Whether all eligible members have voted; `false` if there are none.
    #[graphql(name = "allVoted")]
    fn shown_all_voted(&self) -> bool {
        self.all_voted()
    }
}

/// Place and points of an entry.
pub(super) struct Standing {
    placement: Placement<EntryId>,
    entry: Arc<Entry>,
}

/// Place and points of an entry.
#[row]
impl Standing {
    /// Place from 1. Equal entries share a place, and the places after it are skipped: 1, 2, 2, 4.
    fn place(&self) -> i64 {
        self.placement.place
    }

    /// The entry.
    async fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Points of the entry. `WEIGHTED`: points of its picks. `APPROVAL`: ballots that pick it. `INSTANT_RUNOFF`: votes
    /// in its last round. `SCHULZE`: entries that it beats. `SINGLE_TRANSFERABLE_VOTE`: whole votes in the stage that
    /// decided on it.
    fn points(&self) -> i64 {
        self.placement.points
    }

    /// Number of ballots by the position of the entry: `pickCounts[0]` is the number of first choices. It has
    /// `picksPerVoter` items.
    fn pick_counts(&self) -> &[i64] {
        &self.placement.pick_counts
    }
}

/// A round of an `INSTANT_RUNOFF` count.
#[derive(SimpleObject)]
pub(super) struct RunoffRound {
    /// Number of the round, from 1.
    number: i64,
    /// Votes of each remaining entry, most first.
    counts: Vec<RunoffCount>,
    /// Number of ballots without a remaining entry.
    exhausted: i64,
    /// The entry that is eliminated at the end of the round, as a list of one; empty if none is.
    eliminated: Vec<Arc<Entry>>,
    /// Whether a tie for the fewest votes had to be broken.
    tie_broken: bool,
    /// Entry that wins in this round, if any.
    winner: Option<Arc<Entry>>,
}

/// Votes of an entry in a round.
#[derive(SimpleObject)]
#[graphql(serial)]
struct RunoffCount {
    /// The entry.
    entry: Arc<Entry>,
    /// Number of ballots that count for the entry, because it is their highest remaining choice.
    votes: i64,
}

fn entry_of(tally: &Tally, id: EntryId) -> Option<Arc<Entry>> {
    tally.entries.iter().find(|entry| entry.id == id).cloned()
}

pub(super) fn standings(tally: &Tally) -> Vec<Standing> {
    let standing =
        |row: &Placement<EntryId>| Some(Standing { placement: row.clone(), entry: entry_of(tally, row.entry)? });
    tally.outcome.standings.iter().filter_map(standing).collect()
}

pub(super) fn runoff_rounds(tally: &Tally) -> Vec<RunoffRound> {
    let count = |(entry, votes): &(EntryId, i64)| Some(RunoffCount { entry: entry_of(tally, *entry)?, votes: *votes });
    let round = |(number, round): (i64, &guildhall_count::RunoffRound<EntryId>)| RunoffRound {
        number,
        counts: round.counts.iter().filter_map(count).collect(),
        exhausted: round.exhausted,
        eliminated: round.eliminated.and_then(|entry| entry_of(tally, entry)).into_iter().collect(),
        tie_broken: round.tie_broken,
        winner: round.winner.and_then(|entry| entry_of(tally, entry)),
    };
    (1..).zip(&tally.outcome.rounds).map(round).collect()
}

/// Comparisons of an entry with all others in a `SCHULZE` count. The lists are in the order of `Campaign.entries`, with
/// 0 for the entry itself.
#[derive(SimpleObject)]
pub(super) struct PairwiseRow {
    /// The entry.
    entry: Arc<Entry>,
    /// Number of ballots that prefer the entry to each other one.
    preferred: Vec<i64>,
    /// Strength of the strongest beatpath from the entry to each other one. A beatpath is a chain of won comparisons,
    /// as strong as the number of ballots that won its weakest comparison. The entry beats another if the beatpath back
    /// is weaker.
    strengths: Vec<i64>,
}

/// The steps of a `SINGLE_TRANSFERABLE_VOTE` count.
#[derive(SimpleObject)]
pub(super) struct TransferCount {
    /// Votes that elect an entry (Droop quota): ballots / (seats + 1), rounded down, plus 1.
    quota: i64,
    /// Stages of the count. The first stage counts first choices; each later one transfers votes of one entry.
    stages: Vec<TransferStage>,
    /// Elected entries, in the order of their election.
    elected: Vec<Arc<Entry>>,
}

/// A stage of a `SINGLE_TRANSFERABLE_VOTE` count.
#[derive(SimpleObject)]
struct TransferStage {
    /// Number of the stage, from 1.
    number: i64,
    /// Entry whose surplus was transferred in this stage, if any.
    surplus_of: Option<Arc<Entry>>,
    /// Entry that was excluded in this stage, with a transfer of all its ballots, if any.
    excluded: Option<Arc<Entry>>,
    /// Whether a tie for this transfer or exclusion had to be broken.
    tie_broken: bool,
    /// Votes of all entries at the end of the stage, most first.
    counts: Vec<TransferredVotes>,
    /// Votes that no entry holds any longer, to five decimal places.
    non_transferable: f64,
    /// Entries that are elected at the end of the stage, most votes first.
    elected: Vec<Arc<Entry>>,
}

/// Votes of an entry at the end of a stage.
#[derive(SimpleObject)]
#[graphql(serial)]
struct TransferredVotes {
    /// The entry.
    entry: Arc<Entry>,
    /// Number of votes, to five decimal places.
    votes: f64,
}

pub(super) fn pairwise(tally: &Tally) -> Vec<PairwiseRow> {
    let Some(pairwise) = &tally.outcome.pairwise else { return Vec::new() };
    let rows = pairwise.preferred.iter().zip(&pairwise.strengths);
    let row = |(entry, (preferred, strengths)): (&Arc<Entry>, (&Vec<i64>, &Vec<i64>))| PairwiseRow {
        entry: Arc::clone(entry),
        preferred: preferred.clone(),
        strengths: strengths.clone(),
    };
    tally.entries.iter().zip(rows).map(row).collect()
}

pub(super) fn transfers(tally: &Tally) -> Option<TransferCount> {
    let transfers = tally.outcome.transfers.as_ref()?;
    let entries = |ids: &[EntryId]| ids.iter().filter_map(|id| entry_of(tally, *id)).collect();
    let stage = |(number, stage): (i64, &guildhall_count::TransferStage<EntryId>)| {
        let mut counts = stage.votes.clone();
        counts.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
        let count =
            |(entry, votes)| Some(TransferredVotes { entry: entry_of(tally, entry)?, votes: whole_votes(votes) });
        TransferStage {
            number,
            surplus_of: stage.surplus_of.and_then(|entry| entry_of(tally, entry)),
            excluded: stage.excluded.and_then(|entry| entry_of(tally, entry)),
            tie_broken: stage.tie_broken,
            counts: counts.into_iter().filter_map(count).collect(),
            non_transferable: whole_votes(stage.non_transferable),
            elected: entries(&stage.elected),
        }
    };
    Some(TransferCount {
        quota: transfers.quota,
        stages: (1..).zip(&transfers.stages).map(stage).collect(),
        elected: entries(&tally.outcome.winners()),
    })
}

pub(super) fn winners(tally: &Tally) -> Vec<Arc<Entry>> {
    tally.outcome.winners().iter().filter_map(|id| entry_of(tally, *id)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer votes than 2^52 hundred-thousandths")]
fn whole_votes(units: i64) -> f64 {
    units as f64 / UNITS_PER_VOTE as f64
}

/// A count of a campaign's ballots at one time.
#[derive(Clone)]
pub struct VoteTally(pub(super) Arc<Tally>);

/// A count of a campaign's ballots at one time.
#[Object]
impl VoteTally {
    /// The campaign at the time of the count.
    async fn campaign(&self) -> &Campaign {
        &self.0.campaign
    }

    /// Revision of the tally. Later counts have a higher one.
    async fn revision(&self) -> i64 {
        self.0.revision
    }

    /// Status of the campaign at the time of the count.
    async fn status(&self) -> CampaignStatus {
        self.0.campaign.status
    }

    /// Number of eligible members and of voters.
    async fn turnout(&self) -> Turnout {
        self.0.turnout
    }

    /// All entries by place.
    async fn standings(&self) -> List<Vec<Standing>> {
        List(standings(&self.0))
    }

    /// Rounds of the `INSTANT_RUNOFF` count that led to `standings`; `null` for other methods.
    async fn runoff_rounds(&self, ctx: &Context<'_>) -> Result<Option<Vec<RunoffRound>>> {
        Ok(self.steps(ctx, CountSteps::Rounds)?.map(runoff_rounds))
    }

    /// Pairwise comparisons of the `SCHULZE` count that led to `standings`: one row for each entry, in the order of
    /// `Campaign.entries`. `null` for other methods.
    async fn pairwise(&self, ctx: &Context<'_>) -> Result<Option<Vec<PairwiseRow>>> {
        Ok(self.steps(ctx, CountSteps::Pairwise)?.map(pairwise))
    }

    /// Stages of the `SINGLE_TRANSFERABLE_VOTE` count that led to `standings`; `null` for other methods and without
    /// ballots.
    async fn transfers(&self, ctx: &Context<'_>) -> Result<Option<TransferCount>> {
        Ok(self.steps(ctx, CountSteps::Transfers)?.and_then(transfers))
    }

    /// Whether this is the final result, after which `voteTally` ends.
    async fn is_final(&self) -> bool {
        self.0.campaign.is_over()
    }

    /// Time of the count.
    async fn counted_at(&self) -> DateTime<Utc> {
        self.0.counted_at.and_utc()
    }
}

impl VoteTally {
    /// The tally, if its method has these steps. Charges them to the response's budget.
    fn steps(&self, ctx: &Context<'_>, steps: CountSteps) -> Result<Option<&Tally>> {
        if self.0.campaign.method.steps() != Some(steps) {
            return Ok(None);
        }
        RequestContext::of(ctx).charge_response_budget(self.0.outcome.table_size())?;
        Ok(Some(&self.0))
    }
}

/// The turnout of a campaign at one time.
#[derive(Clone)]
pub struct TurnoutUpdate(pub(super) Arc<CampaignTurnout>);

/// The turnout of a campaign at one time.
#[Object(serial)]
impl TurnoutUpdate {
    /// Global id of the campaign.
    async fn campaign_id(&self) -> ID {
        self.0.campaign.id.into()
    }

    /// Number of eligible members and of voters.
    async fn turnout(&self) -> Turnout {
        self.0.turnout
    }

    /// Whether this is the turnout of the result, after which `turnoutChanged` ends.
    async fn is_final(&self) -> bool {
        self.0.campaign.is_over()
    }

    /// Time of the count.
    async fn counted_at(&self) -> DateTime<Utc> {
        self.0.counted_at.and_utc()
    }
}
