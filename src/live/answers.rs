//! Answers made once for all who watch the same.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::OnceCell;

/// What an answer is made by, hashed: the document, the operation's name, the values of its variables.
pub type Recipe = [u8; 32];

/// Most recipes of which the answers to one piece of news are kept. Who asks otherwise gets one of their own.
const MAX_RECIPES: usize = 64;

/// The answers to one piece of news, gone with it.
#[derive(Default)]
pub struct Answers(Mutex<HashMap<Recipe, Arc<OnceCell<Made>>>>);

/// An answer that was made.
#[derive(Clone)]
pub enum Made {
    /// The same for whoever asks.
    ForAll(Arc<str>),
    /// It depends on who asks: theirs alone.
    Personal,
}

impl Answers {
    /// The place for the answer by this recipe; `None` when there are too many already.
    pub fn place(&self, recipe: &Recipe) -> Option<Arc<OnceCell<Made>>> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = answers.get(recipe) {
            return Some(Arc::clone(place));
        }
        (answers.len() < MAX_RECIPES).then(|| Arc::clone(answers.entry(*recipe).or_default()))
    }
}
