//! Warnings about values of a newer release.

use guildhall::kernel::unknown_values::warn_once;

#[test]
fn each_value_is_logged_once() {
    assert_eq!([warn_once("test", "a"), warn_once("test", "a"), warn_once("test", "b")], [true, false, true]);
    assert!(warn_once("another test", "a"));
}
