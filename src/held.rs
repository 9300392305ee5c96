//! Things that are kept only as long as someone holds them.

use std::{collections::HashMap, hash::Hash};

/// How many are kept before it is looked for the first time whether they are still held.
const FEW: usize = 64;

/// By key, what someone may still hold. What nobody holds is dropped now and then, so that holding another takes the same
/// time however many there are.
pub(crate) struct Held<K, V> {
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
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.held.get(key)
    }

    /// What is kept under a key; this from now on, if nothing is.
    pub(crate) fn get_or_hold(&mut self, key: K, is_held: impl Fn(&V) -> bool, make: impl FnOnce() -> V) -> &mut V {
        if self.held.len() >= self.tidy_at {
            self.held.retain(|_, value| is_held(value));
            self.tidy_at = FEW.max(self.held.len() * 2);
        }
        self.held.entry(key).or_insert_with(make)
    }

    /// All that is kept, still held or not.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.held.iter()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_is_held_is_not_looked_through_each_time() {
        for number in [FEW, FEW + 1, FEW * 2] {
            let (mut held, looks) = (Held::default(), Cell::new(0));
            let is_held = |(): &()| {
                looks.set(looks.get() + 1);
                true
            };
            for key in (0..number).chain(std::iter::repeat_n(0, 1_000)) {
                held.get_or_hold(key, is_held, || ());
            }
            assert!(looks.get() <= 3 * number, "{} looks at {number}", looks.get());
        }
    }

    #[test]
    fn what_nobody_holds_is_dropped() {
        let mut held = Held::default();
        for key in 0..10 * FEW {
            held.get_or_hold(key, |()| false, || ());
        }
        assert!(held.iter().count() <= FEW);
    }
}
