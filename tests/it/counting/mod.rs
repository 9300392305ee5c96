//! Counting, held against published outcomes, against a second count, and against a library.

#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "entries are numbered by their index here"
)]

mod naive;
mod tallystick;

use std::collections::BTreeMap;

use guildhall::{
    kernel::id::EntryId,
    voting::{
        Outcome, Rules, VotingMethod,
        count::{Ranking, count},
    },
};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde::Deserialize;
use serde_json::{Value, json};

use self::naive::{Election, Row};
use crate::support::{Draft, TestGuild, on_both, strings};

/// A file of `data/elections`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Textbook {
    title: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "shows")]
    _shows: String,
    entries: Vec<String>,
    ballots: Vec<Equal>,
    outcomes: Vec<Published>,
}

/// Ballots that are the same.
#[derive(Deserialize)]
struct Equal {
    count: usize,
    picks: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Published {
    method: VotingMethod,
    picks_per_voter: usize,
    seats: usize,
    winners: Vec<String>,
    places: BTreeMap<String, i64>,
    points: BTreeMap<String, i64>,
}

fn textbook() -> Vec<Textbook> {
    let files = std::fs::read_dir("data/elections").unwrap().map(|file| file.unwrap().path());
    let read = |path: std::path::PathBuf| {
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.map(read).collect()
}

impl Textbook {
    fn ballots(&self) -> Vec<Vec<usize>> {
        let index = |name: &String| self.entries.iter().position(|entry| entry == name).unwrap();
        let ballots = self.ballots.iter();
        ballots.flat_map(|equal| vec![equal.picks.iter().map(index).collect(); equal.count]).collect()
    }
}

fn counted(method: VotingMethod, election: &Election) -> Outcome {
    let rules = Rules { method, picks: election.picks, seats: election.seats };
    let entries: Vec<EntryId> = (0..election.entries).map(id).collect();
    let ballot = |ballot: &Vec<usize>| -> Ranking { (ballot.iter().copied().map(id).collect(), 1) };
    count(rules, &entries, &election.ballots.iter().map(ballot).collect::<Vec<_>>())
}

/// Not the index itself, so that ids and indexes are not taken for each other, and in no order.
fn id(index: usize) -> EntryId {
    EntryId(1_000 - index as i64)
}

fn index(id: EntryId) -> usize {
    (1_000 - id.0) as usize
}

/// An outcome as the naive count tells it: a row an entry, in listed order.
fn rows(outcome: &Outcome) -> Vec<Row> {
    let mut standings: Vec<_> = outcome.standings.iter().collect();
    standings.sort_by_key(|row| index(row.entry));
    let row = |row: &&guildhall::voting::Standing| Row {
        place: row.place,
        points: row.points,
        pick_counts: row.pick_counts.clone(),
    };
    standings.iter().map(row).collect()
}

#[test]
fn textbook_elections_come_out_as_they_were_published() {
    let textbook = textbook();
    assert!(textbook.len() >= 30);
    for election in textbook {
        for published in &election.outcomes {
            let Published { method, picks_per_voter: picks, seats, .. } = *published;
            let called = format!("{} by {method}", election.title);
            let ballots = Election { entries: election.entries.len(), picks, seats, ballots: election.ballots() };
            let outcome = counted(method, &ballots);
            let named = |value: fn(&Row) -> i64| -> BTreeMap<String, i64> {
                election.entries.iter().cloned().zip(rows(&outcome).iter().map(value)).collect()
            };
            assert_eq!(named(|row| row.place), published.places, "places of {called}");
            assert_eq!(named(|row| row.points), published.points, "points of {called}");
            let winners: Vec<&String> = outcome.winners().into_iter().map(|id| &election.entries[index(id)]).collect();
            assert_eq!(winners, published.winners.iter().collect::<Vec<_>>(), "winners of {called}");
        }
    }
}

/// An election of random ballots, `whole` ones or of any length: mostly a small one, for ties.
fn random_election(rng: &mut StdRng, whole: bool) -> Election {
    let entries = rng.random_range(2..=8);
    let picks = rng.random_range(1..=entries);
    let ballots = if rng.random_ratio(1, 2) { rng.random_range(0..=12) } else { rng.random_range(13..=60) };
    let mut ballot = || {
        let mut order: Vec<usize> = (0..entries).collect();
        order.shuffle(rng);
        order.truncate(if whole { picks } else { rng.random_range(1..=picks) });
        order
    };
    let ballots = (0..ballots).map(|_| ballot()).collect();
    Election { entries, picks, seats: rng.random_range(1..=entries), ballots }
}

fn agree(election: &Election, whole: bool) {
    if whole {
        let weighted = rows(&counted(VotingMethod::Weighted, election));
        assert_eq!(weighted, naive::weighted(election));
        tallystick::check_weighted(election, &weighted);
    }
    let approval = rows(&counted(VotingMethod::Approval, election));
    assert_eq!(approval, naive::approval(election));
    tallystick::check_approval(election, &approval);

    let outcome = counted(VotingMethod::InstantRunoff, election);
    let (expected, rounds) = naive::instant_runoff(election);
    assert_eq!(rows(&outcome), expected);
    assert_eq!(outcome.winners().into_iter().map(index).collect::<Vec<_>>(), naive::winners(election, &expected));
    let round = |round: &guildhall::voting::count::Round| {
        let mut counts: Vec<(usize, i64)> = round.counts.iter().map(|(entry, votes)| (index(*entry), *votes)).collect();
        counts.sort_unstable();
        naive::Round {
            counts,
            exhausted: round.exhausted,
            eliminated: round.eliminated.map(index),
            tie_broken: round.tie_broken,
            winner: round.winner.map(index),
        }
    };
    assert_eq!(outcome.rounds.iter().map(round).collect::<Vec<_>>(), rounds);

    let outcome = counted(VotingMethod::Schulze, election);
    let (expected, preferred, strengths) = naive::schulze(election);
    let schulze = rows(&outcome);
    assert_eq!(schulze, expected);
    let pairwise = outcome.pairwise.unwrap();
    assert_eq!((&pairwise.preferred, pairwise.strengths), (&preferred, strengths));
    tallystick::check_schulze(election, &schulze, &preferred);

    let outcome = counted(VotingMethod::SingleTransferableVote, election);
    let (expected, stages) = naive::transferable(election);
    assert_eq!(rows(&outcome), expected);
    assert_eq!(outcome.winners().into_iter().map(index).collect::<Vec<_>>(), naive::elected(&stages));
    let transfers = outcome.transfers.map(|transfers| {
        assert_eq!(transfers.quota, naive::quota(election));
        transfers.stages
    });
    let stage = |stage: &guildhall::voting::count::Stage| naive::Stage {
        votes: stage.votes.iter().map(|(_, votes)| *votes).collect(),
        elected: stage.elected.iter().copied().map(index).collect(),
        excluded: stage.excluded.map(index),
        transferred: stage.surplus_of.map(index),
        tie_broken: stage.tie_broken,
        non_transferable: stage.non_transferable,
    };
    assert_eq!(transfers.unwrap_or_default().iter().map(stage).collect::<Vec<_>>(), stages);
}

#[test]
fn a_million_random_ballots_are_counted_alike_by_two_counts_and_a_library() {
    let mut rng = StdRng::seed_from_u64(1781);
    let mut ballots = 0;
    while ballots < 1_000_000 {
        let whole = rng.random_ratio(1, 4);
        let election = random_election(&mut rng, whole);
        ballots += election.ballots.len();
        agree(&election, whole);
    }
}

/// Casts every ballot through the API, closes the vote, and reads the result.
async fn vote(
    guild: &TestGuild<'_>,
    voters: &[crate::support::Client<'_>],
    election: &Textbook,
    by: &Published,
) -> Value {
    let leader = guild.leader().await;
    let entries: Vec<Value> = election.entries.iter().map(|name| json!({ "name": name })).collect();
    let change = json!({
        "title": election.title, "method": by.method, "picksPerVoter": by.picks_per_voter, "seats": by.seats,
        "earlyCloseIfAllVoted": false, "entries": entries,
    });
    let draft = Draft::live(&leader, 2, change).await;
    for (voter, ballot) in voters.iter().zip(election.ballots()) {
        draft.vote(voter, &ballot).await;
    }
    draft.close(&leader).await;
    let query = "query($id: ID!) { campaign(id: $id) {
        standings { place entry { name } points } winners { name }
        runoffRounds { number } pairwise { entry { name } preferred strengths } transfers { quota elected { name } }
        ballotBox { count file }
    } }";
    leader.ok(query, draft.vars()).await["campaign"].clone()
}

on_both! {
    async fn textbook_elections_come_out_the_same_through_the_api(app) {
        let guild = app.guild("gg").await;
        let mut rows = Vec::new();
        for number in 0..100 {
            rows.push(guild.row(&format!("voter-{number}"), "Member", true).await);
        }
        let voters = guild.add(rows).await;
        for election in textbook() {
            // The larger ones are counted from their files alone: what differs there is the count.
            let ballots = election.ballots();
            for published in election.outcomes.iter().filter(|_| ballots.len() <= 21) {
                let called = format!("{} by {}", election.title, published.method);
                let result = vote(&guild, &voters, &election, published).await;
                let places: BTreeMap<String, i64> = strings(&result["standings"], "/entry/name")
                    .into_iter()
                    .zip(result["standings"].as_array().unwrap().iter().map(|row| row["place"].as_i64().unwrap()))
                    .collect();
                assert_eq!(places, published.places, "{called}");
                assert_eq!(strings(&result["winners"], "/name"), published.winners, "{called}");
                // Each method tells how it came to that, and the others do not.
                let told = |field: &str| !result[field].is_null();
                assert_eq!(told("runoffRounds"), published.method == VotingMethod::InstantRunoff);
                assert_eq!(told("pairwise"), published.method == VotingMethod::Schulze);
                let transferred = published.method == VotingMethod::SingleTransferableVote && !ballots.is_empty();
                assert_eq!(told("transfers"), transferred);
                assert_eq!(result["ballotBox"]["count"], ballots.len());
                let file = guildhall::voting::BallotFile::read(result["ballotBox"]["file"].as_str().unwrap()).unwrap();
                assert_eq!(file.check(), Vec::<String>::new(), "{called}");
            }
        }
    }
}
