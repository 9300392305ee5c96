//! Follows a count through all choices that the listed order of the entries could make.

use std::{
    collections::{BTreeSet, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

/// The most work on choices, in ballots read. No count can be followed through all choices in a short time
/// ([Conitzer, Rognlie and Xia 2009](https://www.ijcai.org/Proceedings/09/Papers/035.pdf)).
const MAX_WORK: usize = 1_000_000;

/// A count that can be continued with each choice that the listed order of the entries could make.
pub trait Course: Clone {
    /// One of the possibilities between which the listed order decides.
    type Choice: Copy;

    /// Identifies the state: counts in equal states have the same winners.
    fn fingerprint(&self) -> u64;

    /// Counts up to the next choice, or to the end.
    fn advance(&mut self) -> Step<Self::Choice>;

    /// Continues the count with this choice.
    fn follow(&mut self, choice: Self::Choice);

    /// The number of ballots that a step reads.
    fn cost(&self) -> usize;
}

/// Where a count has arrived.
pub enum Step<C> {
    /// The possible choices, at least one.
    Choices(Vec<C>),
    /// The winners.
    End(BTreeSet<usize>),
}

/// Whether the choices lead to several results.
pub fn has_several_ends<C: Course>(start: C) -> bool {
    let mut known_winners: Option<BTreeSet<usize>> = None;
    // States with choices that have not been followed.
    let mut open: Vec<(C, Vec<C::Choice>)> = Vec::new();
    let (mut seen, mut work) = (HashSet::new(), 0);
    let mut next = Some(start);
    while let Some(mut course) = next {
        // Without a choice, the count is as long as any.
        work += if open.is_empty() { 0 } else { course.cost() };
        if work > MAX_WORK {
            return true;
        }
        if seen.insert(course.fingerprint()) {
            match course.advance() {
                Step::Choices(choices) => open.push((course, choices)),
                Step::End(winners) => {
                    if *known_winners.get_or_insert_with(|| winners.clone()) != winners {
                        return true;
                    }
                }
            }
        }
        next = follow_next(&mut open);
    }
    false
}

/// Follows the next choice of the latest state that has any.
fn follow_next<C: Course>(open: &mut Vec<(C, Vec<C::Choice>)>) -> Option<C> {
    loop {
        let (mut course, mut choices) = open.pop()?;
        let Some(choice) = choices.pop() else { continue };
        if !choices.is_empty() {
            open.push((course.clone(), choices));
        }
        course.follow(choice);
        return Some(course);
    }
}

/// A hash of a state. Unequal states of one count have unequal hashes, with near certainty.
pub fn fingerprint(state: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Replaces ranks by the lowest numbers in the same order.
pub fn dense(ranks: Vec<i64>) -> Vec<usize> {
    let mut sorted = ranks.clone();
    sorted.sort_unstable();
    sorted.dedup();
    ranks.into_iter().map(|rank| sorted.partition_point(|other| *other < rank)).collect()
}
