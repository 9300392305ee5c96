//! A watched campaign's newest tally, and its subscribers.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::answers::Answers;
use crate::voting::Tally;

/// How many are told at once. Whatever else the server has to do gets its turn between two rows.
const ROW: usize = 128;
/// A tally as it was counted, and the answers that were made of it.
#[derive(Clone)]
pub struct Counted {
    /// The tally.
    pub tally: Arc<Tally>,
    /// The answers.
    pub answers: Arc<Answers>,
}

pub(super) type Newest = Option<Counted>;
/// A campaign that is watched.
pub(super) struct TallyFeed {
    /// Its newest tally.
    pub(super) newest: watch::Sender<Newest>,
    /// Those who watch, in rows that are told one after the other, over and over while there is something new: each row of
    /// what is newest at its turn.
    rows: Mutex<Vec<watch::Sender<Newest>>>,
    /// A newer tally is called for.
    pub(super) stale: Notify,
    /// How often it was, since the last count.
    pub(super) calls: AtomicU64,
    /// There is a newer tally.
    pub(super) fresh: Notify,
}

impl TallyFeed {
    pub(super) fn new() -> Self {
        Self {
            newest: watch::Sender::new(None),
            rows: Mutex::default(),
            stale: Notify::new(),
            calls: AtomicU64::new(0),
            fresh: Notify::new(),
        }
    }

    /// Calls for a newer tally.
    pub(super) fn recount(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.stale.notify_one();
    }

    /// How many watch.
    pub(super) fn watching(&self) -> usize {
        self.newest.receiver_count()
    }

    /// The revision of the newest tally, if there is one.
    pub(super) fn revision(&self) -> Option<i64> {
        self.newest.borrow().as_ref().map(|counted| counted.tally.revision)
    }

    /// A place in a row.
    pub(super) fn join(&self) -> watch::Receiver<Newest> {
        let mut rows = self.rows.lock();
        if let Some(row) = rows.iter().find(|row| row.receiver_count() < ROW) {
            return row.subscribe();
        }
        let (row, place) = watch::channel(None);
        rows.push(row);
        place
    }

    pub(super) fn row(&self, number: usize) -> Option<watch::Sender<Newest>> {
        self.rows.lock().get(number).cloned()
    }
}
