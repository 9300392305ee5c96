//! The ballot box as a file, which anyone can check without asking the server again. Without I/O.

use std::{collections::HashSet, fmt};

use async_graphql::ID;
use serde::{Deserialize, Serialize};

use super::{
    ballot_box::{BallotBox, hash_lines, own_nonce, receipt},
    count::{self, Ranking, Rules},
    drafts::MAX_PICKS,
    entries::MAX_ENTRIES,
    rows::VotingMethod,
    rules::{MAX_SEATS, check_picks, check_seats},
};
use crate::kernel::id::EntryId;

const FORMAT: &str = "guildhall ballot box 1";

/// A ballot box as JSON. `docs/receipts.md` tells what each field means.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(missing_docs, reason = "docs/receipts.md tells them all")]
pub struct BallotFile {
    pub format: String,
    pub campaign: String,
    pub title: String,
    pub method: VotingMethod,
    pub picks_per_voter: usize,
    pub seats: usize,
    pub eligible: i64,
    pub entries: Vec<FiledEntry>,
    pub standings: Vec<FiledStanding>,
    pub winners: Vec<String>,
    pub digest: String,
    pub ballots: Vec<FiledBallot>,
}

/// An entry, in listed order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FiledEntry {
    /// Its id in the API.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FiledStanding {
    /// 1 is the winner's.
    pub place: i64,
    /// Its id.
    pub entry: String,
    /// By the campaign's method.
    pub points: i64,
    /// How often it was picked at each position.
    pub pick_counts: Vec<i64>,
}

/// A ballot, in order of receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FiledBallot {
    /// What its voter got for it.
    pub receipt: String,
    /// What hid the picks in the receipt.
    pub nonce: String,
    /// Ids of entries, first choice first.
    pub picks: Vec<String>,
}

impl From<&BallotBox> for BallotFile {
    fn from(of: &BallotBox) -> Self {
        let id = |entry: &EntryId| ID::from(*entry).0;
        let Rules { method, picks, seats } = of.campaign.rules();
        let ballot = |ballot: &crate::voting::ballot_box::PublishedBallot| FiledBallot {
            receipt: ballot.receipt.clone(),
            nonce: ballot.nonce.clone(),
            picks: ballot.picks.iter().map(id).collect(),
        };
        let standing = |row: &crate::voting::count::Standing| FiledStanding {
            place: row.place,
            entry: id(&row.entry),
            points: row.points,
            pick_counts: row.pick_counts.clone(),
        };
        Self {
            format: FORMAT.to_owned(),
            campaign: ID::from(of.campaign.id).0,
            title: of.campaign.title.clone(),
            method,
            picks_per_voter: picks,
            seats,
            eligible: of.turnout.eligible,
            entries: of.entries.iter().map(|it| FiledEntry { id: id(&it.id), name: it.name.clone() }).collect(),
            standings: of.outcome.standings.iter().map(standing).collect(),
            winners: of.outcome.winners().iter().map(id).collect(),
            digest: of.digest.clone(),
            ballots: of.ballots.iter().map(ballot).collect(),
        }
    }
}

impl BallotFile {
    /// Reads a file.
    ///
    /// # Errors
    /// A sentence that tells what is wrong with it, and where.
    pub fn read(json: &str) -> Result<Self, String> {
        let file: Self = serde_json::from_str(json).map_err(|error| {
            // It quotes the file, and goes to a terminal.
            format!("this is no ballot box: {}", error.to_string().escape_debug())
        })?;
        if file.format == FORMAT {
            return Ok(file);
        }
        Err(format!("this is no ballot box that this version knows: its format is {:?}, not {FORMAT:?}", file.format))
    }

    /// The file's text.
    ///
    /// # Errors
    /// None in practice: there is nothing in it that JSON could not say.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// SHA-256, as hexadecimal digits, of all that the result follows from, in lines, each with a line feed: the format, the
    /// campaign's id, its title, the method, the picks per voter, the seats, how many were eligible, the id and the name of
    /// each entry in order, and the receipts in order.
    pub fn own_digest(&self) -> String {
        let method = self.method.to_string();
        let [picks, seats, eligible] =
            [self.picks_per_voter.to_string(), self.seats.to_string(), self.eligible.to_string()];
        let rules = [&self.format, &self.campaign, &self.title, &method, &picks, &seats, &eligible];
        let entries = self.entries.iter().flat_map(|entry| [&entry.id, &entry.name]);
        let receipts = self.ballots.iter().map(|ballot| &ballot.receipt);
        hash_lines(rules.into_iter().chain(entries).chain(receipts).map(String::as_str))
    }

    /// An entry's name.
    pub fn name_of(&self, entry: &str) -> &str {
        self.entries.iter().find(|it| it.id == entry).map_or("?", |entry| &entry.name)
    }

    /// The ballot with this receipt.
    pub fn find(&self, receipt: &str) -> Option<&FiledBallot> {
        self.ballots.iter().find(|ballot| ballot.receipt.eq_ignore_ascii_case(receipt))
    }

    /// Checks every ballot against its receipt and the rules, all of it against the digest, and the standings against
    /// a recount. What is wrong, in sentences; nothing when all is well.
    pub fn check(&self) -> Vec<String> {
        let sizes = [
            ("entries", self.entries.len(), MAX_ENTRIES),
            ("picksPerVoter", self.picks_per_voter, MAX_PICKS),
            ("seats", self.seats, MAX_SEATS),
        ];
        if let Some((field, size, most)) = sizes.into_iter().find(|(_, size, most)| !(1..=*most).contains(size)) {
            return vec![format!("{field}: {size} is not from 1 to {most}")];
        }
        let mut problems = Vec::new();
        let mut note = |wrong: bool, problem: &dyn Fn() -> String| {
            if wrong {
                problems.push(problem());
            }
        };
        // Who checks knows nothing of our numbers: an entry is its place in the list.
        let order: Vec<EntryId> = (0..).map(EntryId).take(self.entries.len()).collect();
        let entry = |id: &String| self.entries.iter().position(|it| it.id == *id);
        let entry = |id: &String| entry(id).and_then(|index| order.get(index).copied());
        let different: HashSet<&String> = self.entries.iter().map(|entry| &entry.id).collect();
        note(different.len() != self.entries.len(), &|| "two entries have the same id".to_owned());
        // A text is a line of its own in what is hashed, and is printed to a terminal.
        let unprintable = |text: &String| text.is_empty() || text.chars().any(char::is_control);
        let mut texts = (self.entries.iter()).flat_map(|entry| [&entry.id, &entry.name]).chain([
            &self.campaign,
            &self.title,
            &self.digest,
        ]);
        note(texts.any(unprintable), &|| "an id or a name is empty or holds control characters".to_owned());

        let seats = i64::try_from(self.seats).unwrap_or(i64::MAX);
        let refused = check_seats(self.method, seats).err();
        note(refused.is_some(), &|| format!("seats: {} with this method", self.seats));
        let rules = Rules { method: self.method, picks: self.picks_per_voter, seats: self.seats };
        let mut rankings: Vec<Ranking> = Vec::with_capacity(self.ballots.len());
        let mut nonces = HashSet::new();
        let mut last = "";
        for (number, ballot) in (1..).zip(&self.ballots) {
            let called = |problem: &str| format!("ballot {number} {problem}");
            let own = receipt(&self.campaign, &ballot.nonce, ballot.picks.iter().map(String::as_str));
            note(own != ballot.receipt, &|| called("is not the one its receipt was given for"));
            note(own_nonce(&ballot.nonce).ok().as_ref() != Some(&ballot.nonce), &|| called("has a malformed nonce"));
            note(!nonces.insert(&ballot.nonce), &|| called("has the nonce of another"));
            note(ballot.receipt.as_str() <= last, &|| called("is not in the order of receipts"));
            last = &ballot.receipt;
            let picks: Vec<Option<EntryId>> = ballot.picks.iter().map(entry).collect();
            match check_picks(rules, &picks, &order) {
                Ok(picks) => rankings.push((picks, 1)),
                Err(refusal) => note(true, &|| called(&format!("is against the rules: {}", refusal.message))),
            }
        }
        note(self.own_digest() != self.digest, &|| "the digest is not that of these ballots and rules".to_owned());
        let cast = i64::try_from(self.ballots.len()).unwrap_or(i64::MAX);
        note(cast > self.eligible, &|| format!("{cast} ballots, but only {} could vote", self.eligible));

        let outcome = count::count(rules, &order, &rankings);
        let id = |entry: &EntryId| {
            let index = usize::try_from(entry.0).unwrap_or(usize::MAX);
            self.entries.get(index).map(|entry| entry.id.clone()).unwrap_or_default()
        };
        let counted: Vec<FiledStanding> = (outcome.standings.iter())
            .map(|row| FiledStanding {
                place: row.place,
                entry: id(&row.entry),
                points: row.points,
                pick_counts: row.pick_counts.clone(),
            })
            .collect();
        note(counted != self.standings, &|| "a recount comes to other standings".to_owned());
        let winners: Vec<String> = outcome.winners().iter().map(id).collect();
        note(winners != self.winners, &|| "a recount comes to other winners".to_owned());
        problems
    }
}

impl fmt::Display for BallotFile {
    /// The result, for a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}, {} ballots", self.title, self.method, self.ballots.len())?;
        for FiledStanding { place, entry, points, .. } in &self.standings {
            let won = if self.winners.contains(entry) { "  won" } else { "" };
            writeln!(f, "{place:>4}. {:<40} {points:>8}{won}", self.name_of(entry))?;
        }
        writeln!(f, "ballot box {}", self.digest)
    }
}
