//! Reads the published elections in `data/elections`. The server's tests also include this file.

use std::{collections::BTreeMap, path::PathBuf};

use guildhall_count::Method;
use serde::Deserialize;

/// An election of `data/elections`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TextbookElection {
    pub title: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "shows")]
    _shows: String,
    pub entries: Vec<String>,
    ballots: Vec<EqualBallots>,
    pub outcomes: Vec<PublishedOutcome>,
}

#[derive(Deserialize)]
struct EqualBallots {
    count: usize,
    picks: Vec<String>,
}

/// A published outcome.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublishedOutcome {
    pub method: Method,
    pub picks_per_voter: usize,
    pub seats: usize,
    pub winners: Vec<String>,
    pub places: BTreeMap<String, i64>,
    pub points: BTreeMap<String, i64>,
}

/// Reads the files in `folder`, which is `data/elections`.
pub fn read(folder: &str) -> Vec<TextbookElection> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: PathBuf| {
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    files.map(read).collect()
}

impl TextbookElection {
    /// The ballots, as indexes of entries.
    pub fn ballots(&self) -> Vec<Vec<usize>> {
        let index = |name: &String| self.entries.iter().position(|entry| entry == name).unwrap();
        let ballots = self.ballots.iter();
        ballots.flat_map(|equal| vec![equal.picks.iter().map(index).collect(); equal.count]).collect()
    }
}
