//! Answers made once for all who watch the same.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::watch, time::Instant};

/// What an answer is made by, hashed: the document, the operation's name, the values of its variables.
pub type ResponseKey = [u8; 32];

/// Most recipes of which the answers to one piece of news are kept. Who asks otherwise gets one of their own.
const MAX_RECIPES: usize = 256;
/// Most bytes of an answer that is kept.
const MAX_BYTES: usize = 64 * 1_024;
/// How long an answer is given to others: what it tells beside the news may change.
const FRESH: Duration = Duration::from_secs(1);

/// The answers to one piece of news, gone with it.
#[derive(Default)]
pub struct Answers(Mutex<HashMap<ResponseKey, Kept>>);

/// Since when, and what is made of it.
type Kept = (Instant, watch::Receiver<Option<CachedResponse>>);

/// An answer that was made.
#[derive(Clone)]
pub enum CachedResponse {
    /// The same for whoever asks.
    ForAll(Arc<str>),
    /// It depends on who asks: theirs alone.
    Personal,
}

impl CachedResponse {
    /// An answer; the same for all, or not.
    pub fn new(answer: &Arc<str>, is_for_all: bool) -> Self {
        if is_for_all && answer.len() <= MAX_BYTES { Self::ForAll(Arc::clone(answer)) } else { Self::Personal }
    }
}

/// How to come by an answer.
pub enum CacheSlot {
    /// By making it, and telling the others.
    Make(watch::Sender<Option<CachedResponse>>),
    /// By waiting for whoever makes it.
    Wait(watch::Receiver<Option<CachedResponse>>),
    /// By making one's own.
    Alone,
}

impl Answers {
    /// How to come by the answer that is made so.
    pub fn place(&self, recipe: &ResponseKey) -> CacheSlot {
        let mut answers = self.0.lock();
        let kept = answers.get(recipe).filter(|(since, _)| since.elapsed() < FRESH);
        if let Some((_, made)) = kept {
            return CacheSlot::Wait(made.clone());
        }
        if answers.len() >= MAX_RECIPES && !answers.contains_key(recipe) {
            return CacheSlot::Alone;
        }
        let (maker, made) = watch::channel(None);
        answers.insert(*recipe, (Instant::now(), made));
        CacheSlot::Make(maker)
    }
}
