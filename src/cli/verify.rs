//! `guildhall verify`: checks a published ballot box, without a server or a database.

use std::path::PathBuf;

use clap::Args;
use guildhall_count::BallotFile;

use super::output::{BoxError, listed, say};

/// Check a published ballot box: every ballot against its receipt, and the result against a recount.
///
/// The file is what `Campaign.ballotBox.file` holds. Exits with 1 when something is wrong, and says what.
#[derive(Args)]
pub struct Verify {
    /// The ballot box.
    file: PathBuf,
    /// Also look for the ballot with this receipt.
    #[arg(long)]
    receipt: Option<String>,
}

impl Verify {
    pub fn run(self) -> Result<(), BoxError> {
        let displayed = self.file.display();
        let text = std::fs::read_to_string(&self.file).map_err(|error| format!("{displayed}: {error}"))?;
        let file = BallotFile::read(&text).map_err(|problem| format!("{displayed}: {problem}"))?;
        let problems = file.check();
        if !problems.is_empty() {
            return Err(format!("{displayed} does not hold:\n{}", listed(&problems)).into());
        }
        say(&file.to_string())?;
        say("Every ballot is the one its receipt was given for, and a recount comes to these standings.\n")?;
        let Some(receipt) = &self.receipt else { return Ok(()) };
        let ballot = file.find(receipt.trim()).ok_or_else(|| format!("no ballot has the receipt {receipt}"))?;
        let picks: Vec<&str> = ballot.picks.iter().map(|pick| file.name_of(pick)).collect();
        say(&format!("The ballot with this receipt: {}\n", picks.join(", ")))
    }
}
