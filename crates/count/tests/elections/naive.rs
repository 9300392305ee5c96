//! An independent second count by each method, to compare with the real one.
//!
//! It was written only from the published rules, and is naive on purpose. It handles ballots one by one and computes
//! every number again where it is needed.

/// An election. Entries are numbered from 0 in listed order, and every ballot is a list of distinct entries, best
/// first.
#[derive(Debug, Clone, PartialEq)]
pub struct Election {
    pub entries: usize,
    pub picks: usize,
    pub seats: usize,
    pub ballots: Vec<Vec<usize>>,
}

/// The outcome of one entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub place: i64,
    pub points: i64,
    /// How many ballots have the entry first, second, and so on, for each pick of a ballot.
    pub pick_counts: Vec<i64>,
}

/// One round of an instant runoff.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// The votes of the entries that are not eliminated, in listed order.
    pub counts: Vec<(usize, i64)>,
    pub exhausted: i64,
    pub eliminated: Option<usize>,
    pub tie_broken: bool,
    pub winner: Option<usize>,
}

/// One stage of a single transferable vote. Votes are in units of 1/100000.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The votes of every entry after the stage, in listed order.
    pub votes: Vec<i64>,
    pub elected: Vec<usize>,
    pub excluded: Option<usize>,
    pub transferred: Option<usize>,
    pub tie_broken: bool,
    pub non_transferable: i64,
}

/// One vote in the units of a single transferable vote.
pub const VOTE: i64 = 100_000;

/// The quota of a single transferable vote, in whole votes.
pub fn quota(election: &Election) -> i64 {
    (election.ballots.len() / (election.seats + 1)) as i64 + 1
}

/// The entries in first place, in listed order; none without ballots.
pub fn winners(election: &Election, rows: &[Row]) -> Vec<usize> {
    (0..election.entries).filter(|&entry| !election.ballots.is_empty() && rows[entry].place == 1).collect()
}

/// The elected entries of a single transferable vote, in the order of their election.
pub fn elected(stages: &[Stage]) -> Vec<usize> {
    stages.iter().flat_map(|stage| stage.elected.clone()).collect()
}

/// Weighted picks: the first of three picks scores three points, the second two, and the third one.
pub fn weighted(election: &Election) -> Vec<Row> {
    let mut points = vec![0; election.entries];
    for ballot in &election.ballots {
        for (position, &entry) in ballot.iter().enumerate() {
            points[entry] += (election.picks - position) as i64;
        }
    }
    let counts = pick_counts(election);
    // Lists are compared by first picks, then by second picks, and so on.
    rows(election, &points, |a, b| points[a] > points[b] || points[a] == points[b] && counts[a] > counts[b])
}

/// Approval: a point for every ballot with the entry at any position.
pub fn approval(election: &Election) -> Vec<Row> {
    let points: Vec<i64> = (0..election.entries)
        .map(|entry| election.ballots.iter().filter(|ballot| ballot.contains(&entry)).count() as i64)
        .collect();
    rows(election, &points, |a, b| points[a] > points[b])
}

/// Instant runoff: the last entry is eliminated round by round, until one has more than half of the ballots that still
/// count.
pub fn instant_runoff(election: &Election) -> (Vec<Row>, Vec<Round>) {
    let entries = election.entries;
    let mut points = vec![0; entries];
    let mut is_continuing = vec![true; entries];
    let mut eliminated: Vec<usize> = Vec::new();
    let mut rounds: Vec<Round> = Vec::new();
    let mut champion = None;

    while !election.ballots.is_empty() && champion.is_none() {
        let mut votes = vec![0; entries];
        let mut exhausted = 0;
        for ballot in &election.ballots {
            match ballot.iter().find(|&&entry| is_continuing[entry]) {
                Some(&entry) => votes[entry] += 1,
                None => exhausted += 1,
            }
        }
        for entry in 0..entries {
            if is_continuing[entry] {
                points[entry] = votes[entry];
            }
        }
        let continuing = election.ballots.len() as i64 - exhausted;
        champion = (0..entries).find(|&entry| is_continuing[entry] && 2 * votes[entry] > continuing);

        let mut loser = None;
        let mut tie_broken = false;
        if champion.is_none() {
            let all: Vec<usize> = (0..entries).filter(|&entry| is_continuing[entry]).collect();
            let mut tied = with_fewest(&all, &votes);
            tie_broken = tied.len() > 1;
            for round in rounds.iter().rev() {
                let earlier: Vec<i64> = (0..entries).map(|entry| votes_in(round, entry)).collect();
                tied = with_fewest(&tied, &earlier);
            }
            loser = tied.last().copied();
        }
        rounds.push(Round {
            counts: (0..entries).filter(|&entry| is_continuing[entry]).map(|entry| (entry, votes[entry])).collect(),
            exhausted,
            eliminated: loser,
            tie_broken,
            winner: champion,
        });
        if let Some(loser) = loser {
            is_continuing[loser] = false;
            eliminated.push(loser);
        }
    }

    let rows = rows(election, &points, |a, b| {
        if champion == Some(a) || champion == Some(b) {
            return champion == Some(a) && a != b;
        }
        // An entry that is eliminated later is better, and one that is not eliminated is best.
        let eliminated_in = |entry: usize| eliminated.iter().position(|&other| other == entry);
        match (eliminated_in(a), eliminated_in(b)) {
            (None, None) => points[a] > points[b],
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(of_a), Some(of_b)) => of_a > of_b,
        }
    });
    (rows, rounds)
}

/// Schulze by winning votes, with the matrices of the pairwise preferences and of the strongest paths.
pub fn schulze(election: &Election) -> (Vec<Row>, Vec<Vec<i64>>, Vec<Vec<i64>>) {
    let entries = election.entries;
    let mut preferred = vec![vec![0; entries]; entries];
    for ballot in &election.ballots {
        for (position, &a) in ballot.iter().enumerate() {
            // An entry that is not above it is below it or not on the ballot.
            for (b, votes) in preferred[a].iter_mut().enumerate() {
                if !ballot[..=position].contains(&b) {
                    *votes += 1;
                }
            }
        }
    }
    // The strength of the strongest path from a to b is the highest threshold at which b can be reached from a by links
    // of at least that strength.
    let mut strongest = vec![vec![0; entries]; entries];
    let mut thresholds = preferred.concat();
    thresholds.sort_unstable();
    thresholds.dedup();
    for threshold in thresholds {
        for (a, of_a) in strongest.iter_mut().enumerate() {
            let reached = reachable(&preferred, a, threshold);
            for b in 0..entries {
                if a != b && reached[b] {
                    of_a[b] = threshold;
                }
            }
        }
    }
    let beats = |a: usize, b: usize| strongest[a][b] > strongest[b][a];
    let points: Vec<i64> = (0..entries).map(|a| (0..entries).filter(|&b| beats(a, b)).count() as i64).collect();
    let beaten: Vec<i64> = (0..entries).map(|a| (0..entries).filter(|&b| beats(b, a)).count() as i64).collect();
    (rows(election, &points, |a, b| beaten[a] < beaten[b]), preferred, strongest)
}

/// A ballot paper of a single transferable vote.
struct Paper {
    picks: Vec<usize>,
    value: i64,
    /// The entry for which the paper counts.
    entry: Option<usize>,
}

/// Single transferable vote by the Scottish rules (weighted inclusive Gregory).
pub fn transferable(election: &Election) -> (Vec<Row>, Vec<Stage>) {
    let entries = election.entries;
    let quota = quota(election) * VOTE;
    let mut papers: Vec<Paper> = Vec::new();
    for ballot in &election.ballots {
        papers.push(Paper { picks: ballot.clone(), value: VOTE, entry: Some(ballot[0]) });
    }
    let mut is_elected = vec![false; entries];
    let mut is_excluded = vec![false; entries];
    // The elected entries whose surplus was transferred. Their votes are the quota, whatever the value of their papers.
    let mut is_transferred = vec![false; entries];
    let mut stages: Vec<Stage> = Vec::new();

    while !election.ballots.is_empty() {
        // The action of the stage, by the votes at the end of the last stage.
        let mut transferred = None;
        let mut excluded = None;
        let mut tie_broken = false;
        if let Some(last) = stages.last() {
            let continuing: Vec<usize> =
                (0..entries).filter(|&entry| !is_elected[entry] && !is_excluded[entry]).collect();
            let with_surplus: Vec<usize> = (0..entries)
                .filter(|&entry| is_elected[entry] && !is_transferred[entry] && last.votes[entry] > quota)
                .collect();
            let from;
            if with_surplus.is_empty() {
                let mut tied = with_fewest(&continuing, &last.votes);
                tie_broken = tied.len() > 1;
                for stage in stages.iter().rev().skip(1) {
                    tied = with_fewest(&tied, &stage.votes);
                }
                from = tied[tied.len() - 1];
                excluded = Some(from);
            } else {
                let mut tied = with_most(&with_surplus, &last.votes);
                tie_broken = tied.len() > 1;
                for stage in stages.iter().rev().skip(1) {
                    tied = with_most(&tied, &stage.votes);
                }
                from = tied[0];
                transferred = Some(from);
            }
            let total = last.votes[from];
            for paper in &mut papers {
                if paper.entry != Some(from) {
                    continue;
                }
                if transferred.is_some() {
                    paper.value = (total - quota) * paper.value / total;
                }
                paper.entry = paper.picks.iter().copied().find(|entry| continuing.contains(entry) && *entry != from);
            }
            if transferred.is_some() {
                is_transferred[from] = true;
            } else {
                is_excluded[from] = true;
            }
        }

        // The votes at the end of the stage: the value of each entry's papers.
        let mut votes = vec![0; entries];
        for paper in &papers {
            if let Some(entry) = paper.entry {
                votes[entry] += paper.value;
            }
        }
        for entry in 0..entries {
            if is_transferred[entry] {
                votes[entry] = quota;
            }
        }

        // The entries that these votes elect.
        let mut elected: Vec<usize> =
            (0..entries).filter(|&entry| !is_elected[entry] && !is_excluded[entry] && votes[entry] >= quota).collect();
        for &entry in &elected {
            is_elected[entry] = true;
        }
        let seats_left = election.seats - is_elected.iter().filter(|&&is| is).count();
        let continuing: Vec<usize> = (0..entries).filter(|&entry| !is_elected[entry] && !is_excluded[entry]).collect();
        if seats_left > 0 && continuing.len() <= seats_left {
            for &entry in &continuing {
                is_elected[entry] = true;
                elected.push(entry);
            }
        }
        elected.sort_by_key(|&entry| (-votes[entry], entry));

        stages.push(Stage {
            non_transferable: election.ballots.len() as i64 * VOTE - votes.iter().sum::<i64>(),
            votes,
            elected,
            excluded,
            transferred,
            tie_broken,
        });
        let elected_count = is_elected.iter().filter(|&&is| is).count();
        if elected_count >= election.seats || elected_count == entries {
            break;
        }
    }

    let elected_at = |entry: usize| stages.iter().position(|stage| stage.elected.contains(&entry));
    let excluded_at = |entry: usize| stages.iter().position(|stage| stage.excluded == Some(entry));
    // The deciding votes: those at the election, before the exclusion, or at the end.
    let deciding: Vec<i64> = (0..entries)
        .map(|entry| match (elected_at(entry), excluded_at(entry)) {
            (Some(stage), _) => stages[stage].votes[entry],
            (_, Some(stage)) => stages[stage - 1].votes[entry],
            _ => stages.last().map_or(0, |stage| stage.votes[entry]),
        })
        .collect();
    let points: Vec<i64> = deciding.iter().map(|votes| votes / VOTE).collect();
    let rows = rows(election, &points, |a, b| match (elected_at(a), elected_at(b)) {
        (Some(of_a), Some(of_b)) => of_a < of_b || of_a == of_b && deciding[a] > deciding[b],
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => match (excluded_at(a), excluded_at(b)) {
            (None, None) => deciding[a] > deciding[b],
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(of_a), Some(of_b)) => of_a > of_b,
        },
    });
    (rows, stages)
}

/// The rows of an election. `better` returns whether its first entry is strictly better than its second. An entry's
/// place is one more than the number of better entries.
fn rows(election: &Election, points: &[i64], better: impl Fn(usize, usize) -> bool) -> Vec<Row> {
    let counts = pick_counts(election);
    (0..election.entries)
        .map(|entry| {
            let ahead = (0..election.entries).filter(|&other| better(other, entry)).count();
            Row {
                place: if election.ballots.is_empty() { 1 } else { 1 + ahead as i64 },
                points: points[entry],
                pick_counts: counts[entry].clone(),
            }
        })
        .collect()
}

/// How many ballots have each entry at each position.
fn pick_counts(election: &Election) -> Vec<Vec<i64>> {
    let mut counts = vec![vec![0; election.picks]; election.entries];
    for ballot in &election.ballots {
        for (position, &entry) in ballot.iter().enumerate() {
            counts[entry][position] += 1;
        }
    }
    counts
}

/// Which entries can be reached from `start` by winning links of at least `threshold` votes.
fn reachable(preferred: &[Vec<i64>], start: usize, threshold: i64) -> Vec<bool> {
    let mut reached = vec![false; preferred.len()];
    let mut todo = vec![start];
    while let Some(a) = todo.pop() {
        if reached[a] {
            continue;
        }
        reached[a] = true;
        for b in 0..preferred.len() {
            if !reached[b] && preferred[a][b] > preferred[b][a] && preferred[a][b] >= threshold {
                todo.push(b);
            }
        }
    }
    reached
}

/// The candidates with the fewest votes.
fn with_fewest(candidates: &[usize], votes: &[i64]) -> Vec<usize> {
    let fewest = candidates.iter().map(|&entry| votes[entry]).min();
    candidates.iter().copied().filter(|&entry| Some(votes[entry]) == fewest).collect()
}

/// The candidates with the most votes.
fn with_most(candidates: &[usize], votes: &[i64]) -> Vec<usize> {
    let most = candidates.iter().map(|&entry| votes[entry]).max();
    candidates.iter().copied().filter(|&entry| Some(votes[entry]) == most).collect()
}

/// The votes of an entry in a round, or 0 if it was eliminated before.
fn votes_in(round: &Round, entry: usize) -> i64 {
    round.counts.iter().find(|(other, _)| *other == entry).map_or(0, |(_, votes)| *votes)
}
