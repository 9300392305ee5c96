//! A map that drops the values nobody uses any more.

use std::{collections::HashMap, hash::Hash};

/// Number of entries before the first pruning.
pub const PRUNE_AT: usize = 64;

/// Values by key, pruned of those that are no longer in use whenever their number has doubled. Inserting thus takes constant
/// time on average, however many there are.
pub struct PruningMap<K, V> {
    entries: HashMap<K, V>,
    prune_at: usize,
}

impl<K, V> Default for PruningMap<K, V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), prune_at: PRUNE_AT }
    }
}

impl<K: Eq + Hash, V> PruningMap<K, V> {
    /// The value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// The value of a key, made by `make` if there is none. `in_use` decides which values pruning keeps.
    pub fn get_or_insert_with(&mut self, key: K, in_use: impl Fn(&V) -> bool, make: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.prune_at {
            self.entries.retain(|_, value| in_use(value));
            self.prune_at = PRUNE_AT.max(self.entries.len() * 2);
        }
        self.entries.entry(key).or_insert_with(make)
    }

    /// All entries, in use or not.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }
}
