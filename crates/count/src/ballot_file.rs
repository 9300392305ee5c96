//! The ballot box of a vote as a file, which anyone can check without the server.

use std::{collections::HashSet, fmt};

use serde::{Deserialize, Serialize};

use crate::{
    MAX_ENTRIES, MAX_PICKS, MAX_SEATS, Method, Placement, Ranking, Rules, check_picks, check_seats, count,
    decided_by_listed_order,
    receipt::{hash_lines, parse_nonce, receipt},
};

/// The ballot box of a vote that is over: its rules, its ballots and its result. Ids are those of the GraphQL API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BallotFile {
    /// The file's format: [`BallotFile::FORMAT`].
    pub format: String,
    /// The campaign's id.
    pub campaign: String,
    /// The campaign's title.
    pub title: String,
    /// How the ballots are counted.
    pub method: Method,
    /// The number of picks on a ballot, as in [`Rules::picks`].
    pub picks_per_voter: usize,
    /// The number of entries that win.
    pub seats: usize,
    /// The number of members who could vote or have voted.
    pub eligible: i64,
    /// The entries, in listed order.
    pub entries: Vec<FileEntry>,
    /// The result, in order of place.
    pub standings: Vec<FileStanding>,
    /// The ids of the winners.
    pub winners: Vec<String>,
    /// Whether only the listed order of the entries separates the winners from the others; absent in files of releases
    /// before 0.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by_listed_order: Option<bool>,
    /// The digest that the server published, by [`BallotFile::compute_digest`].
    pub digest: String,
    /// The ballots, in order of receipt.
    pub ballots: Vec<FileBallot>,
}

/// An entry in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileEntry {
    /// The entry's id.
    pub id: String,
    /// The entry's name.
    pub name: String,
}

/// The place and points of an entry in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileStanding {
    /// The place, from 1. Equal entries share a place.
    pub place: i64,
    /// The entry's id.
    pub entry: String,
    /// The points; the method defines what they are.
    pub points: i64,
    /// `pick_counts[i]` ballots have the entry at position `i + 1`.
    pub pick_counts: Vec<i64>,
}

/// A ballot in a file, without its voter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FileBallot {
    /// The receipt that the voter has.
    pub receipt: String,
    /// The nonce that kept the picks secret in the receipt.
    pub nonce: String,
    /// The ids of the picked entries, first choice first.
    pub picks: Vec<String>,
}

/// Why a text could not be read as a ballot box.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The text is not JSON, or JSON with other fields.
    // The error quotes the file. Its text goes to a terminal, so control characters are escaped.
    #[error("the file is not a ballot box: {}", .0.to_string().escape_debug())]
    Malformed(serde_json::Error),
    /// The file has a format that this version does not know.
    #[error("the file has an unknown format: {0:?} instead of {format:?}", format = BallotFile::FORMAT)]
    UnknownFormat(String),
}

impl BallotFile {
    /// The format that this version reads and writes.
    pub const FORMAT: &str = "guildhall ballot box 1";

    /// Reads a file, with or without a byte order mark.
    ///
    /// # Errors
    /// [`ReadError`] if the text is not a ballot box. Use [`BallotFile::check`] to verify one that is.
    pub fn read(json: &str) -> Result<Self, ReadError> {
        let json = json.trim_start_matches('\u{feff}');
        let file: Self = serde_json::from_str(json).map_err(ReadError::Malformed)?;
        if file.format == Self::FORMAT { Ok(file) } else { Err(ReadError::UnknownFormat(file.format)) }
    }

    /// The file as JSON.
    ///
    /// # Errors
    /// None in practice: JSON can represent every field.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }

    /// Computes the digest of all inputs of the result.
    ///
    /// It is [`hash_lines`] of these lines: the format, the campaign's id and title, the method, the picks per voter,
    /// the seats, the number of eligible members, the id and the name of each entry in order, and the receipts in
    /// order.
    pub fn compute_digest(&self) -> String {
        let method = self.method.to_string();
        let [picks, seats, eligible] =
            [self.picks_per_voter.to_string(), self.seats.to_string(), self.eligible.to_string()];
        let rules = [&self.format, &self.campaign, &self.title, &method, &picks, &seats, &eligible];
        let entries = self.entries.iter().flat_map(|entry| [&entry.id, &entry.name]);
        let receipts = self.ballots.iter().map(|ballot| &ballot.receipt);
        hash_lines(rules.into_iter().chain(entries).chain(receipts).map(String::as_str))
    }

    /// The rules by which the ballots were cast and counted.
    pub const fn rules(&self) -> Rules {
        Rules { method: self.method, picks: self.picks_per_voter, seats: self.seats }
    }

    /// The name of an entry, or `?` if there is no such entry.
    pub fn name_of(&self, entry: &str) -> &str {
        self.entries.iter().find(|it| it.id == entry).map_or("?", |entry| &entry.name)
    }

    /// The ballot with this receipt.
    pub fn find(&self, receipt: &str) -> Option<&FileBallot> {
        self.ballots.iter().find(|ballot| ballot.receipt.eq_ignore_ascii_case(receipt))
    }

    /// Checks every ballot against its receipt and the rules, the digest, and the result against a recount. Returns the
    /// problems as text; a valid file has none.
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
        // Entries are counted by their index in the list.
        let order: Vec<usize> = (0..self.entries.len()).collect();
        let index = |id: &String| self.entries.iter().position(|entry| entry.id == *id);
        let unique_ids: HashSet<&String> = self.entries.iter().map(|entry| &entry.id).collect();
        note(unique_ids.len() != self.entries.len(), &|| "two entries have the same id".to_owned());
        // Each text is hashed as one line, and may be printed to a terminal.
        let unprintable = |text: &String| text.is_empty() || text.chars().any(char::is_control);
        let mut texts = (self.entries.iter()).flat_map(|entry| [&entry.id, &entry.name]).chain([
            &self.campaign,
            &self.title,
            &self.digest,
        ]);
        note(texts.any(unprintable), &|| "an id or a name is empty or contains control characters".to_owned());

        let rules = self.rules();
        note(check_seats(rules.method, rules.seats).is_err(), &|| {
            format!("seats: {} is too many for this method", self.seats)
        });
        let mut rankings: Vec<Ranking<usize>> = Vec::with_capacity(self.ballots.len());
        let mut nonces = HashSet::new();
        let mut last = "";
        for (number, ballot) in (1..).zip(&self.ballots) {
            let problem = |problem: &str| format!("ballot {number} {problem}");
            let computed = receipt(&self.campaign, &ballot.nonce, ballot.picks.iter().map(String::as_str));
            note(computed != ballot.receipt, &|| problem("does not match its receipt"));
            note(parse_nonce(&ballot.nonce).as_ref() != Ok(&ballot.nonce), &|| problem("has a malformed nonce"));
            note(!nonces.insert(&ballot.nonce), &|| problem("has the same nonce as another ballot"));
            note(ballot.receipt.as_str() <= last, &|| problem("is not in order of receipt"));
            last = &ballot.receipt;
            let picks: Vec<Option<usize>> = ballot.picks.iter().map(index).collect();
            match check_picks(rules, &picks, &order) {
                Ok(picks) => rankings.push((picks, 1)),
                Err(error) => note(true, &|| problem(&format!("breaks the rules: {error}"))),
            }
        }
        note(self.compute_digest() != self.digest, &|| {
            "the digest does not match the ballots and the rules".to_owned()
        });
        let cast = i64::try_from(self.ballots.len()).unwrap_or(i64::MAX);
        note(cast > self.eligible, &|| format!("{cast} ballots, but only {} could vote", self.eligible));

        let outcome = count(rules, &order, &rankings);
        let id = |index: &usize| self.entries.get(*index).map(|entry| entry.id.clone()).unwrap_or_default();
        let standings: Vec<FileStanding> = (outcome.standings.iter()).map(|row| FileStanding::new(row, id)).collect();
        note(standings != self.standings, &|| "a recount gives other standings".to_owned());
        let winners: Vec<String> = outcome.winners().iter().map(id).collect();
        note(winners != self.winners, &|| "a recount gives other winners".to_owned());
        let by_order = decided_by_listed_order(rules, &order, &rankings);
        note(self.decided_by_listed_order.is_some_and(|stated| stated != by_order), &|| {
            format!("decidedByListedOrder: a recount gives {by_order}")
        });
        problems
    }
}

impl FileStanding {
    /// Converts an entry's placement, with its id as text.
    pub fn new<E>(placement: &Placement<E>, id: impl Fn(&E) -> String) -> Self {
        Self {
            place: placement.place,
            entry: id(&placement.entry),
            points: placement.points,
            pick_counts: placement.pick_counts.clone(),
        }
    }
}

impl fmt::Display for BallotFile {
    /// Writes the result as a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}, {} ballots", self.title, self.method, self.ballots.len())?;
        for FileStanding { place, entry, points, .. } in &self.standings {
            let won = if self.winners.contains(entry) { "  won" } else { "" };
            writeln!(f, "{place:>4}. {:<40} {points:>8}{won}", self.name_of(entry))?;
        }
        if self.decided_by_listed_order == Some(true) {
            writeln!(f, "A tie was broken by the listed order of the entries, which decided who won.")?;
        }
        writeln!(f, "ballot box {}", self.digest)
    }
}
