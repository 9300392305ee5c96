//! Maps that drop unused entries.

use std::cell::Cell;

use guildhall::kernel::pruning_map::{PRUNE_AT, PruningMap};

#[test]
fn an_insertion_does_not_examine_all_entries() {
    for number in [PRUNE_AT, PRUNE_AT + 1, PRUNE_AT * 2] {
        let (mut map, examined) = (PruningMap::default(), Cell::new(0));
        let is_used = |(): &()| {
            examined.set(examined.get() + 1);
            true
        };
        for key in (0..number).chain(std::iter::repeat_n(0, 1_000)) {
            map.get_or_insert_with(key, is_used, || ());
        }
        assert!(examined.get() <= 3 * number, "{} examined of {number}", examined.get());
    }
}

#[test]
fn unused_entries_are_dropped() {
    let mut map = PruningMap::default();
    for key in 0..10 * PRUNE_AT {
        map.get_or_insert_with(key, |()| false, || ());
    }
    assert!(map.iter().count() <= PRUNE_AT);
}
