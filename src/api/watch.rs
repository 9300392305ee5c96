//! Subscriptions: source streams, and one execution for each event (GraphQL §6.2.3).
//!
//! A subscription's field is executed twice over. At first it creates the source stream and yields nothing. Each event is then
//! answered by executing the operation again with the event in its context: so nothing of an execution is kept between events,
//! and a response that doesn't depend on the viewer is shared by all who sent the same operation ([`ResponseCache`]).

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

/// Pause before a viewer is looked up again after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// An event as a field makes it.
pub struct Update<T> {
    /// The field's value.
    pub value: T,
    /// The responses to it that subscribers share.
    pub responses: Arc<ResponseCache>,
    /// The subscriber as they are now.
    pub subscriber: AuthContext,
}

/// A subscriber, and when their rights may have changed.
pub struct ViewerWatch {
    subscriber: AuthContext,
    access: watch::Receiver<()>,
}

impl ViewerWatch {
    /// Watches the viewer of this request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been revoked or has expired.
    pub async fn new(context: &RequestContext) -> Result<Self> {
        let auth = context.auth();
        let access = auth.app.bus.watch_access(auth.guild, auth.viewer.as_ref().map(|viewer| viewer.member));
        // Looked up again, now that no change can be missed.
        let subscriber = Box::pin(auth.refresh()).await?;
        Ok(Self { subscriber, access })
    }

    /// The subscriber as last looked up.
    pub const fn subscriber(&self) -> &AuthContext {
        &self.subscriber
    }

    /// Returns when the subscriber's rights may have changed, or their token has expired.
    pub async fn changed(&mut self) {
        let expired = async {
            match &self.subscriber.viewer {
                Some(viewer) => self.subscriber.app.clock.sleep_until(viewer.token_expires_at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // The map keeps the sender while there are receivers.
            _ = self.access.changed() => {}
            () = expired => {}
        }
    }

    /// Looks the subscriber up again and checks whether they may continue. Retries after a failure of the server, which says
    /// nothing about their rights; they receive nothing meanwhile.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been revoked or has expired; those of `may_continue`.
    pub async fn refresh(
        &mut self,
        may_continue: impl Fn(AuthContext) -> BoxFuture<'static, Result<()>>,
    ) -> Result<(), Refusal> {
        loop {
            let app = Arc::clone(&self.subscriber.app);
            let refreshed = {
                let _permit = app.live.renewal().await;
                match Box::pin(self.subscriber.refresh()).await {
                    Ok(auth) => may_continue(auth.clone()).await.map(|()| auth),
                    Err(error) => Err(error),
                }
            };
            match refreshed {
                Ok(auth) => {
                    self.subscriber = auth;
                    return Ok(());
                }
                Err(Error::Refused(refusal)) => return Err(refusal),
                Err(Error::Internal(error) | Error::Unavailable(error)) => {
                    tracing::warn!(%error, "a watcher could not be looked up; trying again");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    }
}

/// A subscription field's stream in one execution: the event's value, or nothing while it creates the source stream.
pub type FieldStream<T> = stream::Iter<std::option::IntoIter<Result<T>>>;

struct Provided<T>(T);

/// The event's value, if this execution responses one. Otherwise the field calls [`create_source_stream`].
pub fn provided<T: Clone + Send + Sync + 'static>(ctx: &Context<'_>) -> Option<FieldStream<T>> {
    let Provided(value) = ctx.data_opt::<Provided<T>>()?;
    Some(stream::iter(Some(Ok(value.clone()))))
}

/// Sets the operation's source stream (GraphQL §6.2.3.1).
pub fn create_source_stream<T: Clone + Send + Sync + 'static>(
    ctx: &Context<'_>,
    updates: impl Stream<Item = Result<Update<T>>> + Send + 'static,
) -> FieldStream<T> {
    let events = updates.map(|update| {
        let Update { value, responses, subscriber } = update?;
        Ok(SourceEvent { provide: Box::new(move |data| data.insert(Provided(value))), responses, subscriber })
    });
    RequestContext::of(ctx).set_events(events.boxed());
    stream::iter(None)
}
