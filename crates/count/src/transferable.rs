//! `SINGLE_TRANSFERABLE_VOTE`: Scottish STV, by the Scottish Local Government Elections Order 2011 (SSI 2011/399,
//! schedule 1, rules 46 to 53). `OpaVote` and others count by the same rules.
//!
//! It has the Droop quota, transfers surpluses by the weighted inclusive Gregory method to five decimal places, and
//! excludes one entry per stage. The law breaks the last ties by lot. Here the listed order breaks them, so that every
//! count has the same outcome.

use std::{cmp::Reverse, hash::Hash};

use serde::{Deserialize, Serialize};

use crate::{
    Outcome, Ranking, pick_counts,
    places::{VoteCounts, fewest, most, ranked, scored},
};

/// The units in one vote: votes are counted to five decimal places, and remainders are dropped.
pub const UNITS_PER_VOTE: i64 = 100_000;

/// The count of a single transferable vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferCount<E> {
    /// The Droop quota, in whole votes: the ballots divided by one more than the seats, rounded down, plus one.
    pub quota: i64,
    /// The stages. The first stage counts the first picks.
    pub stages: Vec<TransferStage<E>>,
}

/// A stage: a transfer of votes, and its result. Votes are in units of [`UNITS_PER_VOTE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferStage<E> {
    /// The entry whose surplus was transferred in this stage.
    pub surplus_of: Option<E>,
    /// The entry that was excluded in this stage, and whose ballots were transferred.
    pub excluded: Option<E>,
    /// Whether several entries were tied for this transfer or exclusion.
    pub tie_broken: bool,
    /// The votes of every entry at the end of the stage, in listed order.
    pub votes: Vec<(E, i64)>,
    /// The votes that no entry has: of ballots without a continuing entry, and dropped remainders.
    pub non_transferable: i64,
    /// The entries that are elected at the end of the stage, most votes first.
    pub elected: Vec<E>,
}

impl<E> Default for TransferStage<E> {
    fn default() -> Self {
        Self {
            surplus_of: None,
            excluded: None,
            tie_broken: false,
            votes: Vec::new(),
            non_transferable: 0,
            elected: Vec::new(),
        }
    }
}

/// Counts by [`Method::SingleTransferableVote`](crate::Method::SingleTransferableVote).
///
/// At the end of each stage, the entries that have reached the quota are elected. As long as seats are left, the next
/// stage transfers the largest surplus over the quota, each ballot at its share of the surplus. Without a surplus, it
/// excludes the continuing entry with the fewest votes. When there are no more continuing entries than seats left, all
/// of them are elected.
///
/// A tie is broken by the latest earlier stage in which the tied entries differ. For a transfer, the entry with more
/// votes there is chosen, or else the one listed first. For an exclusion, the entry with fewer votes there is chosen,
/// or else the one listed last.
pub fn single_transferable_vote<E: Copy + Eq + Hash>(
    entries: &[E],
    picks: usize,
    seats: usize,
    rankings: &[Ranking<E>],
) -> Outcome<E> {
    let mut counter = Counter::new(entries, seats, rankings);
    if counter.ballots > 0 {
        counter.run();
    }
    let Counter { quota, stages, .. } = counter;
    let status = |entry: E| FinalStatus::of(entry, &stages);
    let standings = scored(entries, picks, &pick_counts(rankings, picks), |entry, _| {
        status(entry).votes().div_euclid(UNITS_PER_VOTE)
    });
    let standings = ranked(standings, |row| status(row.entry).merit());
    let transfers = (!stages.is_empty()).then_some(TransferCount { quota: quota / UNITS_PER_VOTE, stages });
    Outcome { standings, transfers, ..Outcome::default() }
}

/// An entry's status after the last stage, with the votes that decided it.
enum FinalStatus {
    Elected { stage: usize, votes: i64 },
    Continuing { votes: i64 },
    Excluded { stage: usize, votes: i64 },
}

impl FinalStatus {
    fn of<E: Copy + Eq>(entry: E, stages: &[TransferStage<E>]) -> Self {
        let votes_at = |stage: Option<&TransferStage<E>>| {
            let votes = stage.and_then(|stage| stage.votes.iter().find(|(of, _)| *of == entry));
            votes.map(|(_, votes)| *votes).unwrap_or_default()
        };
        if let Some(stage) = stages.iter().position(|stage| stage.elected.contains(&entry)) {
            return Self::Elected { stage, votes: votes_at(stages.get(stage)) };
        }
        match stages.iter().position(|stage| stage.excluded == Some(entry)) {
            Some(stage) => Self::Excluded { stage, votes: votes_at(stages.get(stage - 1)) },
            None => Self::Continuing { votes: votes_at(stages.last()) },
        }
    }

    const fn votes(&self) -> i64 {
        match self {
            Self::Elected { votes, .. } | Self::Continuing { votes } | Self::Excluded { votes, .. } => *votes,
        }
    }

    /// A sort key, highest first: the elected entries, earlier ones first, then by votes; the continuing entries, by
    /// votes; the excluded entries, later ones first.
    fn merit(&self) -> (u8, Reverse<usize>, usize, i64) {
        match *self {
            Self::Elected { stage, votes } => (2, Reverse(stage), 0, votes),
            Self::Continuing { votes } => (1, Reverse(0), 0, votes),
            Self::Excluded { stage, .. } => (0, Reverse(0), stage, 0),
        }
    }
}

/// Equal ballots that count for the same entry at the same value.
#[derive(Clone, Copy)]
struct Parcel<'b, E> {
    ranking: &'b [E],
    ballots: i64,
    value: i64,
}

struct Counter<'b, E> {
    entries: &'b [E],
    seats: usize,
    ballots: i64,
    /// The quota, in units of [`UNITS_PER_VOTE`].
    quota: i64,
    /// The parcels with the entry for which each counts.
    parcels: Vec<(E, Parcel<'b, E>)>,
    votes: VoteCounts<E>,
    continuing: Vec<E>,
    /// The elected entries with a surplus over the quota that has not been transferred yet.
    surpluses: Vec<E>,
    votes_by_stage: Vec<VoteCounts<E>>,
    stages: Vec<TransferStage<E>>,
    elected: usize,
}

impl<'b, E: Copy + Eq + Hash> Counter<'b, E> {
    fn new(entries: &'b [E], seats: usize, rankings: &'b [Ranking<E>]) -> Self {
        let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
        let divisor = i64::try_from(seats).unwrap_or(i64::MAX).saturating_add(1);
        let mut counter = Self {
            entries,
            seats,
            ballots,
            quota: (ballots / divisor + 1) * UNITS_PER_VOTE,
            parcels: Vec::new(),
            votes: VoteCounts::default(),
            continuing: entries.to_vec(),
            surpluses: Vec::new(),
            votes_by_stage: Vec::new(),
            stages: Vec::new(),
            elected: 0,
        };
        for (ranking, ballots) in rankings {
            counter.assign(Parcel { ranking, ballots: *ballots, value: UNITS_PER_VOTE });
        }
        counter
    }

    fn run(&mut self) {
        self.end_stage(TransferStage::default());
        while self.elected < self.seats && !self.continuing.is_empty() {
            let stage = self.next_stage();
            self.end_stage(stage);
        }
    }

    /// Transfers the largest surplus. Without one, excludes the entry with the fewest votes.
    fn next_stage(&mut self) -> TransferStage<E> {
        // The last item has the current votes.
        let earlier = self.votes_by_stage.iter();
        if !self.surpluses.is_empty() {
            let (largest, tie_broken) = most(&self.surpluses, &self.votes, earlier);
            let Some(entry) = self.entries.iter().copied().find(|entry| largest.contains(entry)) else {
                return TransferStage::default();
            };
            self.surpluses.retain(|other| *other != entry);
            let total = self.votes.of(entry);
            let surplus = total - self.quota;
            self.transfer_from(entry, |value| surplus * value / total);
            self.votes.0.insert(entry, self.quota);
            return TransferStage { surplus_of: Some(entry), tie_broken, ..TransferStage::default() };
        }
        let (last, tie_broken) = fewest(&self.continuing, &self.votes, earlier);
        let Some(entry) = last.last().copied() else { return TransferStage::default() };
        self.continuing.retain(|other| *other != entry);
        self.votes.0.insert(entry, 0);
        self.transfer_from(entry, |value| value);
        TransferStage { excluded: Some(entry), tie_broken, ..TransferStage::default() }
    }

    fn transfer_from(&mut self, from: E, value: impl Fn(i64) -> i64) {
        let (transferred, kept) = self.parcels.drain(..).partition(|(entry, _)| *entry == from);
        self.parcels = kept;
        let transferred: Vec<(E, Parcel<'b, E>)> = transferred;
        for (_, parcel) in transferred {
            self.assign(Parcel { value: value(parcel.value), ..parcel });
        }
    }

    /// Assigns a parcel to its highest continuing entry. Without one, its votes become non-transferable.
    fn assign(&mut self, parcel: Parcel<'b, E>) {
        if let Some(to) = parcel.ranking.iter().find(|entry| self.continuing.contains(entry)) {
            self.votes.add(*to, parcel.ballots * parcel.value);
            self.parcels.push((*to, parcel));
        }
    }

    fn end_stage(&mut self, mut stage: TransferStage<E>) {
        let seats_left = self.seats - self.elected;
        let mut elected: Vec<E> =
            self.continuing.iter().copied().filter(|entry| self.votes.of(*entry) >= self.quota).collect();
        // If there are no more entries than seats, all are elected, even without the quota.
        if self.continuing.len() <= seats_left {
            elected.clone_from(&self.continuing);
        }
        elected.sort_by_key(|entry| Reverse(self.votes.of(*entry)));
        self.elected += elected.len();
        self.surpluses.extend(elected.iter().filter(|entry| self.votes.of(**entry) > self.quota));
        self.continuing.retain(|entry| !elected.contains(entry));
        stage.elected = elected;
        stage.votes = self.entries.iter().map(|entry| (*entry, self.votes.of(*entry))).collect();
        stage.non_transferable = self.ballots * UNITS_PER_VOTE - self.votes.sum();
        self.votes_by_stage.push(self.votes.clone());
        self.stages.push(stage);
    }
}
