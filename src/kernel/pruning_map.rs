//! A map that drops unused values.

use std::{collections::HashMap, hash::Hash};

/// Number of entries before the first pruning.
pub const PRUNE_AT: usize = 64;

/// A map that drops its unused values whenever its size has doubled. Inserting therefore takes amortised constant time.
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
    /// Returns the value of a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// Returns the value of a key, inserting `default()` if there is none. Pruning keeps the values that are `in_use`.
    pub fn get_or_insert_with(&mut self, key: K, in_use: impl Fn(&V) -> bool, default: impl FnOnce() -> V) -> &mut V {
        if self.entries.len() >= self.prune_at {
            self.entries.retain(|_, value| in_use(value));
            self.prune_at = PRUNE_AT.max(self.entries.len() * 2);
        }
        self.entries.entry(key).or_insert_with(default)
    }

    /// Iterates over all entries, including unused ones that have not been pruned yet.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }
}
