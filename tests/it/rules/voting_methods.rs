//! The names of voting methods, and the units of their points.

use guildhall::voting::VotingMethod;
use guildhall_count::Method;
use strum::VariantArray;

#[test]
fn a_method_has_the_same_name_in_the_schema_and_in_files() {
    assert_eq!(VotingMethod::VARIANTS.len(), Method::VARIANTS.len());
    for method in VotingMethod::VARIANTS {
        assert_eq!(method.to_string(), Method::from(*method).to_string());
    }
}

#[test]
fn points_have_the_unit_of_their_method() {
    let words = |method: VotingMethod| [0, 1, 2].map(|points| method.points_with_unit(points));
    assert_eq!(words(VotingMethod::Weighted), ["0 points", "1 point", "2 points"]);
    assert_eq!(words(VotingMethod::Approval), ["0 votes", "1 vote", "2 votes"]);
    assert_eq!(words(VotingMethod::Schulze), ["beats 0", "beats 1", "beats 2"]);
}

#[test]
fn one_seat_is_one_winner() {
    let instructions = |seats| VotingMethod::SingleTransferableVote.instructions(3, seats);
    assert!(instructions(1).starts_with("Rank up to 3: one wins. "));
    assert!(instructions(2).starts_with("Rank up to 3: 2 win. "));
}
