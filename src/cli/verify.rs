//! `guildhall verify`: needs neither a server nor a database.

use std::path::PathBuf;

use clap::Args;
use guildhall_count::BallotFile;

use super::output::{BoxError, join_lines, print};
use crate::{kernel::encoding, voting};

/// Verify a published ballot box: each ballot by its receipt, and the result by a recount.
///
/// The file is the value of `Campaign.ballotBox.file`. Exits with 1 if something is wrong, and prints what.
#[derive(Args)]
pub struct Verify {
    /// The file with the ballot box.
    file: PathBuf,
    /// Also look for the ballot with this receipt.
    #[arg(long)]
    receipt: Option<String>,
}

impl Verify {
    pub fn run(self) -> Result<(), BoxError> {
        let displayed = self.file.display();
        let data = std::fs::read(&self.file).map_err(|error| format!("{displayed}: {error}"))?;
        let text = encoding::decode(&data).map_err(|error| format!("{displayed} is not text: {error}"))?;
        let file = BallotFile::read(&text).map_err(|problem| format!("{displayed}: {problem}"))?;
        let problems = file.check();
        if !problems.is_empty() {
            return Err(format!("{displayed} is not valid:\n{}", join_lines(&problems)).into());
        }
        print(&file.to_string())?;
        print("Each ballot matches its receipt, and a recount gives these standings.\n")?;
        let Some(receipt) = &self.receipt else { return Ok(()) };
        let receipt = voting::find_receipt(receipt)?;
        let ballot = file.find(&receipt).ok_or_else(|| format!("no ballot has the receipt {receipt}"))?;
        let picks: Vec<&str> = ballot.picks.iter().map(|pick| file.name_of(pick)).collect();
        print(&format!("The ballot with this receipt: {}\n", picks.join(", ")))
    }
}
