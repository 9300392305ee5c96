//! The viewer of an execution, and whether a resolver read it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::access::Viewer;

/// The viewer, and whether a resolver read it. If none did, all subscribers share the response. Clones share this
/// state.
#[derive(Clone)]
pub struct TrackedViewer {
    viewer: Option<Arc<Viewer>>,
    was_read: Arc<AtomicBool>,
}

impl TrackedViewer {
    /// A viewer that no resolver has read yet.
    pub fn new(viewer: Option<Arc<Viewer>>) -> Self {
        Self { viewer, was_read: Arc::default() }
    }

    /// The viewer, if signed in. Marks the viewer as read, because the response then depends on it.
    pub fn viewer(&self) -> Option<&Arc<Viewer>> {
        self.was_read.store(true, Ordering::Relaxed);
        self.viewer.as_ref()
    }

    /// Whether a resolver read the viewer.
    pub fn was_read(&self) -> bool {
        self.was_read.load(Ordering::Relaxed)
    }
}
