//! A published ballot and its receipt. `docs/receipts.md` explains the scheme.

use async_graphql::ID;
use base16ct::lower::encode_string;
use guildhall_count::{NONCE_LENGTH, receipt};

use crate::kernel::{
    error::Refusal,
    id::{CampaignId, EntryId},
    text,
};

/// The number of hexadecimal digits in a receipt: SHA-256.
const RECEIPT_LENGTH: usize = 64;

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
