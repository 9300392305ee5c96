//! The ballot box: what a closed vote publishes, without I/O. `docs/receipts.md` tells the scheme and what it proves.

use async_graphql::ID;
use base16ct::lower::encode_string;
use sha2::{Digest, Sha256};

use super::{
    ballot_file::BallotFile,
    count::Outcome,
    rows::{Campaign, Entry, Turnout},
};
use crate::kernel::{
    error::Refusal,
    id::{CampaignId, EntryId},
};

/// How many random bytes are in a nonce.
const NONCE_LENGTH: usize = 32;

/// The ballots of a campaign that is over, without their voters.
#[derive(Clone, Debug)]
pub struct BallotBox {
    /// The campaign.
    pub campaign: Campaign,
    /// Its entries, in their order.
    pub entries: Vec<Entry>,
    /// The ballots in order of their receipts, which has nothing to do with who cast them, or when.
    pub ballots: Vec<PublishedBallot>,
    /// How many could vote.
    pub turnout: Turnout,
    /// The result, as it was stored when the campaign closed.
    pub outcome: Outcome,
    /// What tells this box, and the rules it is counted by, from any other: see [`BallotFile::own_digest`].
    pub digest: String,
}

/// A ballot of which nobody but its voter knows whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedBallot {
    /// The campaign it was cast in.
    pub campaign: CampaignId,
    /// What its voter got for it.
    pub receipt: String,
    /// What hid the picks in the receipt.
    pub nonce: String,
    /// The picks, first choice first.
    pub picks: Vec<EntryId>,
}

impl PublishedBallot {
    /// A ballot under its receipt.
    pub fn new(campaign: CampaignId, nonce: String, picks: Vec<EntryId>) -> Self {
        let receipt = receipt_of(campaign, &nonce, &picks);
        Self { campaign, receipt, nonce, picks }
    }
}

impl BallotBox {
    /// The box of a campaign that is over.
    pub fn new(
        campaign: Campaign,
        entries: Vec<Entry>,
        mut ballots: Vec<PublishedBallot>,
        turnout: Turnout,
        outcome: Outcome,
    ) -> Self {
        // A receipt is a hash with a secret in it, so this shuffles them, once and for all.
        ballots.sort_by(|a, b| a.receipt.cmp(&b.receipt));
        let of = Self { campaign, entries, ballots, turnout, outcome, digest: String::new() };
        Self { digest: BallotFile::from(&of).own_digest(), ..of }
    }

    /// The ballot with this receipt.
    pub fn find(&self, receipt: &str) -> Option<&PublishedBallot> {
        let receipt = receipt.to_ascii_lowercase();
        let at = self.ballots.binary_search_by(|ballot| ballot.receipt.cmp(&receipt)).ok()?;
        self.ballots.get(at)
    }
}

/// The receipt for a ballot.
pub fn receipt_of(campaign: CampaignId, nonce: &str, picks: &[EntryId]) -> String {
    let picks: Vec<ID> = picks.iter().map(|pick| ID::from(*pick)).collect();
    receipt(&ID::from(campaign), nonce, picks.iter().map(|pick| pick.as_str()))
}

/// SHA-256, as hexadecimal digits, of these lines, each with a line feed: `guildhall ballot 1`, the campaign's id, the
/// nonce, and the ids of the picks in their order.
pub fn receipt<'p>(campaign: &'p str, nonce: &'p str, picks: impl Iterator<Item = &'p str>) -> String {
    hash_lines(["guildhall ballot 1", campaign, nonce].into_iter().chain(picks))
}

/// SHA-256, as hexadecimal digits, of lines, each with a line feed.
pub fn hash_lines<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(line);
        hash.update(b"\n");
    }
    encode_string(&hash.finalize())
}

/// A nonce that nobody can guess.
pub fn new_nonce() -> String {
    encode_string(&rand::random::<[u8; NONCE_LENGTH]>())
}

/// The nonce that a voter made themselves.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub fn own_nonce(nonce: &str) -> Result<String, Refusal> {
    let refused = || Refusal::input("nonce", format!("nonce must be {} hexadecimal digits.", NONCE_LENGTH * 2));
    let bytes = base16ct::mixed::decode_vec(nonce).ok().filter(|bytes| bytes.len() == NONCE_LENGTH);
    Ok(encode_string(&bytes.ok_or_else(refused)?))
}
