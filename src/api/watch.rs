//! Subscriptions: source streams, and one execution for each event (GraphQL §6.2.3).
//!
//! The first execution of a subscription's field creates the source stream and yields nothing. Then each event executes
//! the operation again, with the event in its context. So no state of an execution is kept between events, and all
//! subscribers of the same operation share a response that doesn't depend on the viewer ([`ResponseCache`]).

use std::{sync::Arc, time::Duration};

use async_graphql::Context;
use futures_util::{
    StreamExt,
    future::BoxFuture,
    stream::{self, Stream},
};

use tokio::sync::watch;

use super::{auth_context::AuthContext, context::RequestContext, source_event::SourceEvent};
use crate::{
    kernel::error::{Error, Refusal, Result},
    live::ResponseCache,
};

/// Pause after a failure to load the viewer, before the next attempt.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// An event of a field's source stream.
pub struct Update<T> {
    /// The field's value.
    pub value: T,
    /// The responses to the event that subscribers share.
    pub responses: Arc<ResponseCache>,
    /// The subscriber, as last loaded.
    pub subscriber: AuthContext,
}

/// A subscriber and a notification of changes to their rights.
pub struct ViewerWatch {
    subscriber: AuthContext,
    access: watch::Receiver<()>,
}

impl ViewerWatch {
    /// Watches the viewer of this request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if their token has been revoked or has expired.
    pub async fn new(context: &RequestContext) -> Result<Self> {
        let auth = context.auth();
        let access = auth.app.bus.watch_access(auth.guild, auth.viewer.as_ref().map(|viewer| viewer.member));
        // Loaded again after the watch started, so that no change is missed.
        let subscriber = Box::pin(auth.refresh()).await?;
        Ok(Self { subscriber, access })
    }

    /// The subscriber, as last loaded.
    pub const fn subscriber(&self) -> &AuthContext {
        &self.subscriber
    }

    /// Returns when the subscriber's rights may have changed or their token has expired.
    pub async fn changed(&mut self) {
        let expired = async {
            match &self.subscriber.viewer {
                Some(viewer) => self.subscriber.app.clock.sleep_until(viewer.token_expires_at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Cannot fail: the bus keeps the sender while it has receivers.
            _ = self.access.changed() => {}
            () = expired => {}
        }
    }

    /// Loads the subscriber again and runs `check`, which says whether they may continue. Retries after a server error,
    /// because that says nothing about their rights. Meanwhile the subscriber receives nothing.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if their token has been revoked or has expired; the errors of `check`.
    pub async fn refresh<T>(
        &mut self,
        check: impl Fn(AuthContext) -> BoxFuture<'static, Result<T>>,
    ) -> Result<T, Refusal> {
        loop {
            let app = Arc::clone(&self.subscriber.app);
            let refreshed = {
                let _permit = app.live.refresh_permit().await;
                match Box::pin(self.subscriber.refresh()).await {
                    Ok(auth) => check(auth.clone()).await.map(|checked| (auth, checked)),
                    Err(error) => Err(error),
                }
            };
            match refreshed {
                Ok((auth, checked)) => {
                    self.subscriber = auth;
                    return Ok(checked);
                }
                Err(Error::Refused(refusal)) => return Err(refusal),
                Err(Error::Internal(error) | Error::Unavailable(error)) => {
                    tracing::warn!(%error, "a subscriber could not be loaded; retrying");
                    tokio::time::sleep(RETRY_DELAY).await;
                }
            }
        }
    }
}

/// A subscription field's stream in one execution: the event's value, or nothing while it creates the source stream.
pub type FieldStream<T> = stream::Iter<std::option::IntoIter<Result<T>>>;

struct EventValue<T>(T);

/// The event's value, if this execution responds to an event. Otherwise the field calls [`create_source_stream`].
pub fn event_value<T: Clone + Send + Sync + 'static>(ctx: &Context<'_>) -> Option<FieldStream<T>> {
    let EventValue(value) = ctx.data_opt::<EventValue<T>>()?;
    Some(stream::iter(Some(Ok(value.clone()))))
}

/// Sets the operation's source stream (GraphQL §6.2.3.1).
pub fn create_source_stream<T: Clone + Send + Sync + 'static>(
    ctx: &Context<'_>,
    updates: impl Stream<Item = Result<Update<T>>> + Send + 'static,
) -> FieldStream<T> {
    let events = updates.map(|update| {
        let Update { value, responses, subscriber } = update?;
        Ok(SourceEvent { provide: Box::new(move |data| data.insert(EventValue(value))), responses, subscriber })
    });
    RequestContext::of(ctx).set_events(events.boxed());
    stream::iter(None)
}
