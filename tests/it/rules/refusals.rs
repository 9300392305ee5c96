//! The refusals of invalid ballots and numbers of seats.

use guildhall::{
    kernel::error::Refusal,
    voting::{VotingMethod, check_seats},
};
use guildhall_count::RuleError;

/// Clients depend on the reason and the field, and show the message.
#[test]
fn each_violated_rule_has_its_refusal() {
    for (error, reason, field, message) in [
        (RuleError::PicksNotExact(3), Some("WRONG_PICK_COUNT"), "picks", "Pick exactly 3."),
        (RuleError::PicksOutOfRange(3), Some("WRONG_PICK_COUNT"), "picks", "Pick from 1 to 3."),
        (RuleError::DuplicatePick, Some("DUPLICATE_PICK"), "picks", "Pick each entry only once."),
        (RuleError::UnknownEntry, Some("UNKNOWN_ENTRY"), "picks", "A pick is not an entry of this campaign."),
        (RuleError::SeatsOutOfRange, None, "seats", "seats must be from 1 to 100."),
        (RuleError::SingleWinnerMethod, None, "seats", "Only the single transferable vote fills several seats."),
        (RuleError::MalformedNonce, None, "nonce", "nonce must be 64 hexadecimal digits."),
    ] {
        let expected = Refusal { reason, ..Refusal::input(field, message) };
        assert_eq!(Refusal::from(error), expected);
    }
}

#[test]
fn seats_are_refused_below_and_above_their_range() {
    let refused = |method, seats| check_seats(method, seats).unwrap_err().message;
    for seats in [i64::MIN, -1, 0, 101, i64::MAX] {
        assert_eq!(refused(VotingMethod::SingleTransferableVote, seats), "seats must be from 1 to 100.", "{seats}");
    }
    assert_eq!(refused(VotingMethod::Schulze, 2), "Only the single transferable vote fills several seats.");
    assert_eq!(check_seats(VotingMethod::Schulze, 1), Ok(()));
}
