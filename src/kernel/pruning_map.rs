//! A map that drops the values nobody uses any more.

use std::{collections::HashMap, hash::Hash};

/// Number of entries before the first pruning.
const FEW: usize = 64;

/// Values by key, pruned of those that are no longer in use whenever their number has doubled. Inserting thus takes constant
/// time on average, however many there are.
pub(crate) struct PruningMap<K, V> {
    entries: HashMap<K, V>,
    prune_at: usize,
}

impl<K, V> Default for PruningMap<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), prune_at: FEW }
    }
}

impl<K: Eq + Hash, V> PruningMap<K, V> {
    /// The value of a key.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// The value of a key, made by `make` if there is none. `in_use` decides which values pruning keeps.
    pub(crate) fn get_or_insert_with(
        &mut self,
        key: K,
        in_use: impl Fn(&V) -> bool,
        make: impl FnOnce() -> V,
    ) -> &mut V {
        if self.entries.len() >= self.prune_at {
            self.entries.retain(|_, value| in_use(value));
            self.prune_at = FEW.max(self.entries.len() * 2);
        }
        self.entries.entry(key).or_insert_with(make)
    }

    /// All entries, in use or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn values_in_use_are_not_checked_at_each_insertion() {
        for number in [FEW, FEW + 1, FEW * 2] {
            let (mut map, checks) = (PruningMap::default(), Cell::new(0));
            let in_use = |(): &()| {
                checks.set(checks.get() + 1);
                true
            };
            for key in (0..number).chain(std::iter::repeat_n(0, 1_000)) {
                map.get_or_insert_with(key, in_use, || ());
            }
            assert!(checks.get() <= 3 * number, "{} looks at {number}", checks.get());
        }
    }

    #[test]
    fn values_no_longer_in_use_are_dropped() {
        let mut map = PruningMap::default();
        for key in 0..10 * FEW {
            map.get_or_insert_with(key, |()| false, || ());
        }
        assert!(map.iter().count() <= FEW);
    }
}
