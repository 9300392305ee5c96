//! `SINGLE_TRANSFERABLE_VOTE`: Scottish STV, as it is law in the Scottish Local Government Elections Order 2011 (SSI
//! 2011/399, schedule 1, rules 46 to 53) and known as such to `OpaVote` and others: the Droop quota, surpluses transferred
//! by the weighted inclusive Gregory method to five decimal places, one exclusion a stage. Where that law draws lots, the
//! listed order decides, so that everyone who counts comes to the same end.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::{Outcome, Ranking, Votes, fewest, most, pick_counts, ranked, scored};
use crate::kernel::id::EntryId;

/// A whole vote. Votes are counted in hundred-thousandths, any remainder being dropped: five decimal places.
pub const VOTE: i64 = 100_000;

/// The count of a single transferable vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfers {
    /// Whole votes that elect an entry: ballots over seats + 1, rounded down, + 1 (Droop).
    pub quota: i64,
    /// The stages, the first being the count of first picks.
    pub stages: Vec<Stage>,
}

/// A stage: a count, and what came of it. In parts of [`VOTE`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Whose surplus was transferred in this stage.
    pub surplus_of: Option<EntryId>,
    /// Who was excluded in this stage, and their ballots transferred.
    pub excluded: Option<EntryId>,
    /// Whether several were level for that, so that the tie had to be broken.
    pub tie_broken: bool,
    /// Votes of every entry at the end of the stage, in listed order.
    pub votes: Vec<(EntryId, i64)>,
    /// Votes that are nobody's any more: ballots that name no further continuing entry, and dropped remainders.
    pub non_transferable: i64,
    /// Who is elected at the end of the stage, most votes first.
    pub elected: Vec<EntryId>,
}

/// Stage by stage, whoever has reached the quota is elected. As long as seats are left, the largest surplus over the
/// quota is transferred, each ballot at its part of it; when there is none, the continuing entry with the fewest votes is
/// excluded. When no more entries continue than seats are left, they are elected.
///
/// A tie of surpluses goes to the one that had more votes at the latest earlier stage at which they differ, or else to the
/// one listed first; of exclusions, to the one with fewer votes there, or else to the one listed last.
pub fn single_transferable_vote(entries: &[EntryId], picks: usize, seats: usize, rankings: &[Ranking]) -> Outcome {
    let mut count = Count::new(entries, seats, rankings);
    if count.ballots > 0 {
        count.run();
    }
    let Count { quota, stages, .. } = count;
    let fate = |entry: EntryId| Fate::of(entry, &stages);
    let standings =
        scored(entries, picks, &pick_counts(rankings, picks), |entry, _| fate(entry).votes().div_euclid(VOTE));
    let standings = ranked(standings, |row| fate(row.entry).merit());
    let transfers = (!stages.is_empty()).then_some(Transfers { quota: quota / VOTE, stages });
    Outcome { standings, transfers, ..Outcome::default() }
}

/// What came of an entry, and the votes it came of.
enum Fate {
    Elected { stage: usize, votes: i64 },
    Continuing { votes: i64 },
    Excluded { stage: usize, votes: i64 },
}

impl Fate {
    fn of(entry: EntryId, stages: &[Stage]) -> Self {
        let votes_at = |stage: Option<&Stage>| {
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

    /// The elected, earlier ones first, by votes; the continuing, by votes; the excluded, later ones first.
    fn merit(&self) -> (u8, Reverse<usize>, usize, i64) {
        match *self {
            Self::Elected { stage, votes } => (2, Reverse(stage), 0, votes),
            Self::Continuing { votes } => (1, Reverse(0), 0, votes),
            Self::Excluded { stage, .. } => (0, Reverse(0), stage, 0),
        }
    }
}

/// Equal ballots that one entry holds at one value.
#[derive(Clone, Copy)]
struct Parcel<'b> {
    ranking: &'b [EntryId],
    ballots: i64,
    value: i64,
}

struct Count<'b> {
    entries: &'b [EntryId],
    seats: usize,
    ballots: i64,
    /// In parts of [`VOTE`].
    quota: i64,
    held: Vec<(EntryId, Parcel<'b>)>,
    votes: Votes,
    continuing: Vec<EntryId>,
    /// Elected with more than the quota, which is still to be transferred.
    surpluses: Vec<EntryId>,
    votes_by_stage: Vec<Votes>,
    stages: Vec<Stage>,
    elected: usize,
}

impl<'b> Count<'b> {
    fn new(entries: &'b [EntryId], seats: usize, rankings: &'b [Ranking]) -> Self {
        let ballots: i64 = rankings.iter().map(|(_, ballots)| ballots).sum();
        let shares = i64::try_from(seats).unwrap_or(i64::MAX).saturating_add(1);
        let mut count = Self {
            entries,
            seats,
            ballots,
            quota: (ballots / shares + 1) * VOTE,
            held: Vec::new(),
            votes: Votes::default(),
            continuing: entries.to_vec(),
            surpluses: Vec::new(),
            votes_by_stage: Vec::new(),
            stages: Vec::new(),
            elected: 0,
        };
        for (ranking, ballots) in rankings {
            count.hand_on(Parcel { ranking, ballots: *ballots, value: VOTE });
        }
        count
    }

    fn run(&mut self) {
        self.end_stage(Stage::default());
        while self.elected < self.seats && !self.continuing.is_empty() {
            let stage = self.transfer();
            self.end_stage(stage);
        }
    }

    /// Transfers the largest surplus or, if there is none, excludes the last.
    fn transfer(&mut self) -> Stage {
        // What stands in the last of the earlier counts are the present votes.
        let earlier = self.votes_by_stage.iter();
        if !self.surpluses.is_empty() {
            let (largest, tie_broken) = most(&self.surpluses, &self.votes, earlier);
            let Some(entry) = self.entries.iter().copied().find(|entry| largest.contains(entry)) else {
                return Stage::default();
            };
            self.surpluses.retain(|other| *other != entry);
            let total = self.votes.of(entry);
            let surplus = total - self.quota;
            self.hand_on_all(entry, |value| surplus * value / total);
            self.votes.0.insert(entry, self.quota);
            return Stage { surplus_of: Some(entry), tie_broken, ..Stage::default() };
        }
        let (last, tie_broken) = fewest(&self.continuing, &self.votes, earlier);
        let Some(entry) = last.last().copied() else { return Stage::default() };
        self.continuing.retain(|other| *other != entry);
        self.votes.0.insert(entry, 0);
        self.hand_on_all(entry, |value| value);
        Stage { excluded: Some(entry), tie_broken, ..Stage::default() }
    }

    fn hand_on_all(&mut self, from: EntryId, value: impl Fn(i64) -> i64) {
        let (handed, kept) = self.held.drain(..).partition(|(holder, _)| *holder == from);
        self.held = kept;
        let handed: Vec<(EntryId, Parcel<'b>)> = handed;
        for (_, parcel) in handed {
            self.hand_on(Parcel { value: value(parcel.value), ..parcel });
        }
    }

    /// To the highest entry on it that continues. Those above it are elected or excluded, and stay so.
    fn hand_on(&mut self, parcel: Parcel<'b>) {
        if let Some(to) = parcel.ranking.iter().find(|entry| self.continuing.contains(entry)) {
            self.votes.add(*to, parcel.ballots * parcel.value);
            self.held.push((*to, parcel));
        }
    }

    fn end_stage(&mut self, mut stage: Stage) {
        let seats_left = self.seats - self.elected;
        let mut elected: Vec<EntryId> =
            self.continuing.iter().copied().filter(|entry| self.votes.of(*entry) >= self.quota).collect();
        // No more entries than seats: all of them, with or without the quota.
        if self.continuing.len() <= seats_left {
            elected.clone_from(&self.continuing);
        }
        elected.sort_by_key(|entry| Reverse(self.votes.of(*entry)));
        self.elected += elected.len();
        self.surpluses.extend(elected.iter().filter(|entry| self.votes.of(**entry) > self.quota));
        self.continuing.retain(|entry| !elected.contains(entry));
        stage.elected = elected;
        stage.votes = self.entries.iter().map(|entry| (*entry, self.votes.of(*entry))).collect();
        stage.non_transferable = self.ballots * VOTE - self.votes.sum();
        self.votes_by_stage.push(self.votes.clone());
        self.stages.push(stage);
    }
}
