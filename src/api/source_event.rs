//! Events of a subscription's source stream.

use std::sync::Arc;

use async_graphql::Data;
use futures_util::stream::BoxStream;

use super::auth_context::AuthContext;
use crate::{kernel::error::Result, live::ResponseCache};

/// The source stream of a subscription, until an error ends it.
pub(super) type EventStream = BoxStream<'static, Result<SourceEvent>>;

/// An event of a source stream.
pub(super) struct SourceEvent {
    /// Passes the value of the event to the field.
    pub(super) provide: Box<dyn FnOnce(&mut Data) + Send>,
    /// The responses to the event that subscribers share.
    pub(super) responses: Arc<ResponseCache>,
    /// The subscriber.
    pub(super) subscriber: AuthContext,
}
