//! `SINGLE_TRANSFERABLE_VOTE`: Scottish STV, by the Scottish Local Government Elections Order 2011 (SSI 2011/399,
//! schedule 1, rules 46 to 53). `OpaVote` and others count by the same rules.
//!
//! It has the Droop quota, transfers surpluses by the weighted inclusive Gregory method to five decimal places, and
//! excludes one entry per stage. The law breaks the last ties by lot. Here the listed order breaks them, so that every
//! count has the same outcome.

use std::{cmp::Reverse, hash::Hash};

use serde::{Deserialize, Serialize};

use crate::{
    Outcome, Ranking,
    course::{Course, Step, dense, fingerprint},
    pick_counts,
    places::{EarlierCounts, VoteCounts, fewest, most, ranked, scored},
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
    let stages = if counter.ballots > 0 { counter.run() } else { Vec::new() };
    let quota = counter.quota;
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

/// The state of a count at the end of a stage.
#[derive(Clone)]
pub struct Counter<'b, E> {
    entries: &'b [E],
    seats: usize,
    ballots: i64,
    /// The quota, in units of [`UNITS_PER_VOTE`].
    quota: i64,
    /// The parcels with the entry for which each counts.
    parcels: Vec<(E, Parcel<'b, E>)>,
    votes: VoteCounts<E>,
    /// The continuing entries, in listed order.
    continuing: Vec<E>,
    elected: Vec<E>,
    /// The elected entries with a surplus over the quota that has not been transferred yet.
    surpluses: Vec<E>,
    earlier: EarlierCounts<E>,
}

/// A transfer of votes, which makes a stage.
#[derive(Clone, Copy)]
pub enum Transfer {
    Surplus,
    Exclusion,
}

impl<'b, E: Copy + Eq + Hash> Counter<'b, E> {
    pub fn new(entries: &'b [E], seats: usize, rankings: &'b [Ranking<E>]) -> Self {
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
            elected: Vec::new(),
            surpluses: Vec::new(),
            earlier: EarlierCounts::default(),
        };
        for (ranking, ballots) in rankings {
            counter.assign(Parcel { ranking, ballots: *ballots, value: UNITS_PER_VOTE });
        }
        counter
    }

    fn run(&mut self) -> Vec<TransferStage<E>> {
        let mut stages = Vec::new();
        let mut stage = TransferStage::default();
        loop {
            stage.elected = self.elect();
            stage.votes = self.entries.iter().map(|entry| (*entry, self.votes.of(*entry))).collect();
            stage.non_transferable = self.ballots * UNITS_PER_VOTE - self.votes.sum();
            stages.push(stage);
            if self.is_complete() {
                return stages;
            }
            stage = self.next_stage();
        }
    }

    const fn is_complete(&self) -> bool {
        self.elected.len() >= self.seats || self.continuing.is_empty()
    }

    /// The next transfer, the entries of which the listed order chooses one, and whether there was a tie.
    fn next_transfer(&self) -> (Transfer, Vec<E>, bool) {
        if self.surpluses.is_empty() {
            let (last, tie_broken) = fewest(&self.continuing, &self.votes, &self.earlier);
            (Transfer::Exclusion, last, tie_broken)
        } else {
            let (largest, tie_broken) = most(&self.surpluses, &self.votes, &self.earlier);
            (Transfer::Surplus, largest, tie_broken)
        }
    }

    /// Transfers the largest surplus. Without one, excludes the entry with the fewest votes.
    fn next_stage(&mut self) -> TransferStage<E> {
        let (kind, choices, tie_broken) = self.next_transfer();
        let mut listed = self.entries.iter().copied().filter(|entry| choices.contains(entry));
        let entry = match kind {
            Transfer::Surplus => listed.next(),
            Transfer::Exclusion => listed.next_back(),
        };
        if let Some(entry) = entry {
            self.transfer(kind, entry);
        }
        match kind {
            Transfer::Surplus => TransferStage { surplus_of: entry, tie_broken, ..TransferStage::default() },
            Transfer::Exclusion => TransferStage { excluded: entry, tie_broken, ..TransferStage::default() },
        }
    }

    fn transfer(&mut self, kind: Transfer, entry: E) {
        match kind {
            Transfer::Surplus => {
                self.surpluses.retain(|other| *other != entry);
                let total = self.votes.of(entry);
                let surplus = total - self.quota;
                self.transfer_from(entry, |value| surplus * value / total);
                self.votes.0.insert(entry, self.quota);
            }
            Transfer::Exclusion => {
                self.continuing.retain(|other| *other != entry);
                self.votes.0.insert(entry, 0);
                self.transfer_from(entry, |value| value);
            }
        }
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

    /// Ends a stage, and returns the entries that are elected then, most votes first.
    fn elect(&mut self) -> Vec<E> {
        let seats_left = self.seats - self.elected.len();
        let mut elected: Vec<E> =
            self.continuing.iter().copied().filter(|entry| self.votes.of(*entry) >= self.quota).collect();
        // If there are no more entries than seats, all are elected, even without the quota.
        if self.continuing.len() <= seats_left {
            elected.clone_from(&self.continuing);
        }
        elected.sort_by_key(|entry| Reverse(self.votes.of(*entry)));
        self.elected.extend(&elected);
        self.surpluses.extend(elected.iter().filter(|entry| self.votes.of(**entry) > self.quota));
        self.continuing.retain(|entry| !elected.contains(entry));
        self.earlier.add(self.entries, &self.votes);
        elected
    }

    /// Whether no ballot that counts for an entry has another continuing entry.
    fn is_dead_end(&self, entry: E) -> bool {
        let mut own = self.parcels.iter().filter(|(of, _)| *of == entry);
        own.all(|(_, parcel)| !parcel.ranking.iter().any(|other| *other != entry && self.continuing.contains(other)))
    }
}

impl Course for Counter<'_, usize> {
    type Choice = (Transfer, usize);

    fn fingerprint(&self) -> u64 {
        let sorted = |entries: &[usize]| {
            let mut entries = entries.to_vec();
            entries.sort_unstable();
            entries
        };
        let mut parcels: Vec<_> =
            self.parcels.iter().map(|(entry, parcel)| (entry, parcel.ranking, parcel.value)).collect();
        parcels.sort_unstable();
        let open = [sorted(&self.continuing), sorted(&self.surpluses)];
        let ranks: Vec<i64> = open.iter().flatten().map(|entry| self.earlier.rank(*entry)).collect();
        fingerprint((&open, sorted(&self.elected), parcels, dense(ranks)))
    }

    fn advance(&mut self) -> Step<(Transfer, usize)> {
        self.elect();
        if self.is_complete() {
            return Step::End(self.elected.iter().copied().collect());
        }
        let (kind, mut choices, _) = self.next_transfer();
        // The order in which dead ends are excluded does not matter, as long as the other entries are enough for the
        // seats.
        let others = self.continuing.len().saturating_sub(choices.len());
        if choices.len() > 1
            && matches!(kind, Transfer::Exclusion)
            && others >= self.seats - self.elected.len()
            && choices.iter().all(|entry| self.is_dead_end(*entry))
        {
            choices.truncate(1);
        }
        Step::Choices(choices.into_iter().map(|entry| (kind, entry)).collect())
    }

    fn follow(&mut self, (kind, entry): (Transfer, usize)) {
        self.transfer(kind, entry);
    }

    fn cost(&self) -> usize {
        self.parcels.len()
    }
}
