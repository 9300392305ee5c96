//! Things that are kept only as long as someone holds them.

use std::{collections::HashMap, hash::Hash};

/// How many are kept before it is looked for the first time whether they are still held.
const FEW: usize = 64;

/// By key, what someone may still hold. What nobody holds is dropped now and then, so that holding another takes the same
/// time however many there are.
pub(super) struct Held<K, V> {
    held: HashMap<K, V>,
    tidy_at: usize,
}

impl<K, V> Default for Held<K, V> {
    fn default() -> Self {
        Self { held: HashMap::new(), tidy_at: FEW }
    }
}

impl<K: Eq + Hash, V> Held<K, V> {
    /// What is kept under a key.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.held.get(key)
    }

    /// What is kept under a key; this from now on, if nothing is.
    pub(super) fn get_or_hold(&mut self, key: K, is_held: impl Fn(&V) -> bool, make: impl FnOnce() -> V) -> &V {
        if self.held.len() >= self.tidy_at {
            self.held.retain(|_, value| is_held(value));
            self.tidy_at = FEW.max(self.held.len() * 2);
        }
        self.held.entry(key).or_insert_with(make)
    }

    /// All that is kept, still held or not.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.held.iter()
    }
}
