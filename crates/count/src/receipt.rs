//! Receipts of ballots, and the nonces in them. `docs/receipts.md` explains the scheme and what it proves.

use base16ct::lower::encode_string;
use sha2::{Digest, Sha256};

use crate::RuleError;

/// The number of random bytes in a nonce.
pub const NONCE_LENGTH: usize = 32;

/// The receipt of a ballot: a commitment to its picks, which reveals nothing as long as the nonce is secret.
///
/// It is [`hash_lines`] of these lines: `guildhall ballot 1`, the id of the campaign, the nonce, and the ids of the
/// picks in their order.
pub fn receipt<'p>(campaign: &'p str, nonce: &'p str, picks: impl Iterator<Item = &'p str>) -> String {
    hash_lines(["guildhall ballot 1", campaign, nonce].into_iter().chain(picks))
}

/// SHA-256, in lower-case hexadecimal digits, of lines that each end with a line feed.
pub fn hash_lines<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let mut hash = Sha256::new();
    for line in lines {
        hash.update(line);
        hash.update(b"\n");
    }
    encode_string(&hash.finalize())
}

/// Reads a nonce and returns it in lower case, the form in which it is hashed.
///
/// # Errors
/// [`RuleError::MalformedNonce`] unless it has two hexadecimal digits for each of [`NONCE_LENGTH`] bytes.
pub fn parse_nonce(nonce: &str) -> Result<String, RuleError> {
    let bytes = base16ct::mixed::decode_vec(nonce).ok().filter(|bytes| bytes.len() == NONCE_LENGTH);
    Ok(encode_string(&bytes.ok_or(RuleError::MalformedNonce)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf '%s\n' 'guildhall ballot 1' V1 "$NONCE" E2 E1 | sha256sum`
    #[test]
    fn a_receipt_is_what_sha256sum_prints() {
        let nonce = "0123456789abcdef".repeat(4);
        let printed = "1075586a6cc3d1d352d552acb1afa5527d75aaca0a699a3ca24d48eb18fa5ebe";
        assert_eq!(receipt("V1", &nonce, ["E2", "E1"].into_iter()), printed);
    }

    #[test]
    fn a_nonce_has_64_hexadecimal_digits() {
        let nonce = "0123456789abcdef".repeat(4);
        assert_eq!(parse_nonce(&nonce.to_uppercase()), Ok(nonce));
        for malformed in ["", "00", &"g".repeat(64), &"0".repeat(63), &"0".repeat(66), &"é".repeat(32)] {
            assert_eq!(parse_nonce(malformed), Err(RuleError::MalformedNonce), "{malformed}");
        }
    }
}
