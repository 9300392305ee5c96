//! Loads each thing once in a query, however many aliases select it.
//!
//! Loaders merge what is loaded by key. This merges what is loaded by the arguments of a field: pages and counts.

use std::{any::Any, collections::HashMap};

use futures_util::future::{BoxFuture, FutureExt, Shared};
use parking_lot::Mutex;

use crate::kernel::error::Result;

/// The loads that a query has started, by a text that says what they load.
#[derive(Default)]
pub(super) struct MergedLoads(Mutex<HashMap<String, Box<dyn Any + Send>>>);

type SharedLoad<T> = Shared<BoxFuture<'static, Result<T>>>;

impl MergedLoads {
    /// Returns the result of `load`, or of an earlier load with the same key.
    pub(super) async fn once<T>(&self, key: String, load: impl Future<Output = Result<T>> + Send + 'static) -> Result<T>
    where
        T: Clone + Send + Sync + 'static,
    {
        let load = {
            let mut loads = self.0.lock();
            let known = loads.get(&key).and_then(|load| load.downcast_ref::<SharedLoad<T>>()).cloned();
            known.unwrap_or_else(|| {
                let load: SharedLoad<T> = load.boxed().shared();
                loads.insert(key, Box::new(load.clone()));
                load
            })
        };
        load.await
    }
}
