//! Maps that drop unused values.

use std::cell::Cell;

use guildhall::kernel::pruning_map::{PRUNE_AT, PruningMap};

#[test]
fn entries_in_use_are_not_all_examined_at_every_insertion() {
    for number in [PRUNE_AT, PRUNE_AT + 1, PRUNE_AT * 2] {
        let (mut map, examined) = (PruningMap::default(), Cell::new(0));
        let in_use = |(): &()| {
            examined.set(examined.get() + 1);
            true
        };
        for key in (0..number).chain(std::iter::repeat_n(0, 1_000)) {
            map.get_or_insert_with(key, in_use, || ());
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
