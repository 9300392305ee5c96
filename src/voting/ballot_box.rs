//! The published ballot box of a campaign that is over. `docs/receipts.md` explains the scheme and what it proves.

use std::sync::OnceLock;

use async_graphql::ID;
use axum::body::Bytes;
use base16ct::lower::encode_string;
use guildhall_count::{BallotFile, FileBallot, FileEntry, FileStanding, NONCE_LENGTH, Rules, receipt};

use super::{
    listed_order,
    rows::{Campaign, Entry, Outcome, Turnout},
};
use crate::kernel::{
    error::{Error, Refusal, Result},
    id::{CampaignId, EntryId},
    text,
};

/// The number of hexadecimal digits in a receipt: SHA-256.
const RECEIPT_LENGTH: usize = 64;

/// The ballots of a campaign that is over, without their voters.
#[derive(Clone, Debug)]
pub struct BallotBox {
    /// The campaign.
    pub campaign: Campaign,
    /// Its entries, in their order.
    pub entries: Vec<Entry>,
    /// The ballots in order of their receipts, which is independent of the voters and of the time of casting.
    pub ballots: Vec<PublishedBallot>,
    /// The turnout.
    pub turnout: Turnout,
    /// The result that was stored when the campaign closed, with [`Outcome::decided_by_listed_order`].
    pub outcome: Outcome,
    /// The digest of the ballots and the rules, by [`BallotFile::compute_digest`].
    pub digest: String,
    /// The file, once requested.
    file: OnceLock<Bytes>,
}

/// A ballot without its voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedBallot {
    /// The campaign it was cast in.
    pub campaign: CampaignId,
    /// The receipt that the voter was given.
    pub receipt: String,
    /// The nonce that kept the picks secret in the receipt.
    pub nonce: String,
    /// The picks, first choice first.
    pub picks: Vec<EntryId>,
}

impl PublishedBallot {
    /// Creates a ballot and computes its receipt.
    pub fn new(campaign: CampaignId, nonce: String, picks: Vec<EntryId>) -> Self {
        let receipt = receipt_of(campaign, &nonce, &picks);
        Self { campaign, receipt, nonce, picks }
    }
}

impl BallotBox {
    /// Creates the ballot box of a campaign that is over.
    pub fn new(
        campaign: Campaign,
        entries: Vec<Entry>,
        mut ballots: Vec<PublishedBallot>,
        turnout: Turnout,
        outcome: Outcome,
    ) -> Self {
        // Receipts are hashes of secret nonces, so this order is a shuffle that is the same for all readers.
        ballots.sort_by(|a, b| a.receipt.cmp(&b.receipt));
        let order: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let rankings = || ballots.iter().map(|ballot| (ballot.picks.clone(), 1)).collect();
        let outcome = listed_order::complete_from(&campaign, &order, rankings, outcome);
        let ballot_box =
            Self { campaign, entries, ballots, turnout, outcome, digest: String::new(), file: OnceLock::new() };
        Self { digest: BallotFile::from(&ballot_box).compute_digest(), ..ballot_box }
    }

    /// Returns the file of the box, as a string in JSON. It is made once.
    ///
    /// # Errors
    /// Internal if a value has no form in JSON.
    pub fn file(&self) -> Result<Bytes> {
        if let Some(file) = self.file.get() {
            return Ok(file.clone());
        }
        let text = BallotFile::from(self).to_json().map_err(Error::internal)?;
        let json = serde_json::to_vec(&text).map_err(Error::internal)?;
        Ok(self.file.get_or_init(|| json.into()).clone())
    }

    /// Returns the ballot with this receipt, given as [`find_receipt`] returns it.
    pub fn find(&self, receipt: &str) -> Option<&PublishedBallot> {
        let index = self.ballots.binary_search_by(|ballot| ballot.receipt.as_str().cmp(receipt)).ok()?;
        self.ballots.get(index)
    }
}

impl From<&BallotBox> for BallotFile {
    fn from(ballot_box: &BallotBox) -> Self {
        let BallotBox { campaign, entries, ballots, turnout, outcome, digest, file: _ } = ballot_box;
        let id = |entry: &EntryId| ID::from(*entry).0;
        let Rules { method, picks, seats } = campaign.rules();
        let ballot = |ballot: &PublishedBallot| FileBallot {
            receipt: ballot.receipt.clone(),
            nonce: ballot.nonce.clone(),
            picks: ballot.picks.iter().map(id).collect(),
        };
        Self {
            format: Self::FORMAT.to_owned(),
            campaign: ID::from(campaign.id).0,
            title: campaign.title.clone(),
            method,
            picks_per_voter: picks,
            seats,
            eligible: turnout.eligible,
            entries: entries.iter().map(|it| FileEntry { id: id(&it.id), name: it.name.clone() }).collect(),
            standings: outcome.standings.iter().map(|row| FileStanding::new(row, id)).collect(),
            winners: outcome.winners().iter().map(id).collect(),
            decided_by_listed_order: outcome.decided_by_listed_order,
            digest: digest.clone(),
            ballots: ballots.iter().map(ballot).collect(),
        }
    }
}

/// Computes the receipt of a ballot.
pub fn receipt_of(campaign: CampaignId, nonce: &str, picks: &[EntryId]) -> String {
    let picks: Vec<ID> = picks.iter().map(|pick| ID::from(*pick)).collect();
    receipt(&ID::from(campaign), nonce, picks.iter().map(|pick| pick.as_str()))
}

/// Finds a receipt in a text that someone pasted, such as one with a label, line breaks or markup.
///
/// # Errors
/// `BAD_USER_INPUT` at `receipt`.
pub fn find_receipt(text: &str) -> Result<String, Refusal> {
    let digit = |c: char| c.is_ascii_hexdigit().then(|| c.to_ascii_lowercase());
    let refusal = || Refusal::input("receipt", "A receipt has 64 hexadecimal digits. Copy it again.");
    text::find_symbols(text, RECEIPT_LENGTH, digit).ok_or_else(refusal)
}

/// Generates a random nonce.
pub fn new_nonce() -> String {
    encode_string(&rand::random::<[u8; NONCE_LENGTH]>())
}
