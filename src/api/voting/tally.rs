//! Tallies as objects of the schema: standings, and how each method came to them.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};
use chrono::{DateTime, Utc};
use guildhall_count::{Placement, UNITS_PER_VOTE};

use crate::{
    kernel::id::EntryId,
    voting::{Campaign, CampaignStatus, Entry, Tally, Turnout},
};

/// How many may vote, and how many have.
#[Object(serial)]
impl Turnout {
    /// Members who are eligible now, or have voted.
    async fn eligible(&self) -> i64 {
        self.eligible
    }

    /// Members who have voted.
    async fn voted(&self) -> i64 {
        self.voted
    }

    /// Voted of eligible in percent, rounded to one decimal.
    #[graphql(name = "percent")]
    async fn shown_percent(&self) -> f64 {
        self.percent()
    }

    /// Whether everyone eligible has voted, and there is someone.
    #[graphql(name = "allVoted")]
    async fn shown_all_voted(&self) -> bool {
        self.all_voted()
    }
}

/// Where an entry stands.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(super) struct Standing {
    /// 1 is the winner's. Equals share a place, and the places after them are skipped.
    place: i64,
    /// The entry.
    entry: Arc<Entry>,
    /// Points by the campaign's method: weighted picks; approvals; votes in the last round or stage it stood in, whole ones;
    /// for a Schulze count how many entries it beats.
    points: i64,
    /// `pickCounts[i]` ballots put the entry at position `i + 1`.
    pick_counts: Vec<i64>,
}

/// A round of an instant run-off.
#[derive(SimpleObject)]
pub(super) struct RunoffRound {
    /// 1 is the first.
    number: i64,
    /// Votes of each entry still standing, most first.
    counts: Vec<RunoffCount>,
    /// Ballots none of whose entries still stand.
    exhausted: i64,
    /// Who is eliminated at the end of the round.
    eliminated: Vec<Arc<Entry>>,
    /// Whether several shared the fewest votes, so that the tie had to be broken.
    tie_broken: bool,
    /// Who has won with this round.
    winner: Option<Arc<Entry>>,
}

/// An entry's votes in a round.
#[derive(SimpleObject)]
#[graphql(serial)]
struct RunoffCount {
    /// The entry.
    entry: Arc<Entry>,
    /// Ballots whose highest entry still standing it is.
    votes: i64,
}

fn entry_of(tally: &Tally, id: EntryId) -> Option<Arc<Entry>> {
    tally.entries.iter().find(|entry| entry.id == id).cloned()
}

pub(super) fn standings(tally: &Tally) -> Vec<Standing> {
    let standing = |row: &Placement<EntryId>| {
        let entry = entry_of(tally, row.entry)?;
        Some(Standing { place: row.place, entry, points: row.points, pick_counts: row.pick_counts.clone() })
    };
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

/// An entry, compared with every other by a Schulze count. The numbers are in the order of `Campaign.entries`; an entry's
/// own is 0.
#[derive(SimpleObject)]
pub(super) struct PairwiseRow {
    /// The entry.
    entry: Arc<Entry>,
    /// How many ballots prefer it to each.
    preferred: Vec<i64>,
    /// The strength of its strongest beatpath to each: of all chains of won comparisons, the most votes that the weakest
    /// comparison of a chain was won with. It beats an entry whose beatpath back is weaker.
    strengths: Vec<i64>,
}

/// The count of a single transferable vote.
#[derive(SimpleObject)]
pub(super) struct TransferCount {
    /// The votes that elect an entry: ballots over seats + 1, rounded down, + 1 (Droop).
    quota: i64,
    /// The stages of the count. The first counts first picks, and each after it transfers the votes of one entry.
    stages: Vec<TransferStage>,
    /// Who is elected, in the order of their election.
    elected: Vec<Arc<Entry>>,
}

/// A stage of a single transferable vote.
#[derive(SimpleObject)]
struct TransferStage {
    /// 1 is the first.
    number: i64,
    /// Whose surplus was transferred in this stage.
    surplus_of: Option<Arc<Entry>>,
    /// Who was excluded in this stage, their ballots being transferred.
    excluded: Option<Arc<Entry>>,
    /// Whether several were level for that, so that the tie had to be broken.
    tie_broken: bool,
    /// Votes of every entry at the end of the stage, most first.
    counts: Vec<TransferredVotes>,
    /// Votes that are nobody's any more, to five decimal places.
    non_transferable: f64,
    /// Who is elected at the end of the stage, most votes first.
    elected: Vec<Arc<Entry>>,
}

/// An entry's votes at the end of a stage.
#[derive(SimpleObject)]
#[graphql(serial)]
struct TransferredVotes {
    /// The entry.
    entry: Arc<Entry>,
    /// Its votes, to five decimal places.
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

/// The count of a campaign's ballots at a moment.
#[derive(Clone)]
pub struct VoteTally(pub(super) Arc<Tally>);

/// The count of a campaign's ballots at a moment.
#[Object]
impl VoteTally {
    /// The campaign as it was when the count was made.
    async fn campaign(&self) -> &Campaign {
        &self.0.campaign
    }

    /// Which count this is: it only grows.
    async fn revision(&self) -> i64 {
        self.0.revision
    }

    /// The campaign's status when the count was made.
    async fn status(&self) -> CampaignStatus {
        self.0.campaign.status
    }

    /// How many may vote and how many have.
    async fn turnout(&self) -> Turnout {
        self.0.turnout
    }

    /// Every entry by place.
    async fn standings(&self) -> Vec<Standing> {
        standings(&self.0)
    }

    /// Whether this is the result: it never changes again, and the stream ends.
    async fn is_final(&self) -> bool {
        self.0.campaign.is_over()
    }

    /// When it was counted.
    async fn counted_at(&self) -> DateTime<Utc> {
        self.0.counted_at.and_utc()
    }
}
