//! The databases that a command has opened, to be closed when it ends.

use std::{fmt, sync::Arc};

use parking_lot::Mutex;

use crate::db::Db;

/// The databases that a command has opened. Clones share the list.
#[derive(Clone, Default)]
pub struct OpenDatabases(Arc<Mutex<Vec<Db>>>);

impl OpenDatabases {
    /// Adds a database.
    pub(super) fn add(&self, db: Db) -> Db {
        self.0.lock().push(db.clone());
        db
    }

    /// Closes all of them.
    pub(super) async fn close(&self) {
        let opened = std::mem::take(&mut *self.0.lock());
        for db in opened {
            db.close().await;
        }
    }
}

impl fmt::Debug for OpenDatabases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenDatabases").field(&self.0.lock().len()).finish()
    }
}
