//! Subscriptions: what they watch, and how each piece of news is answered.
//!
//! A subscription's field says what is to be watched, and that is all it does at first. Each piece of news is then answered by
//! executing the operation once more, its field given the news: so nothing of an execution is kept while there is none, and
//! an answer in which nobody asked who the viewer is serves all who asked the same ([`Answers`]).

use std::{sync::Arc, time::Duration};

use async_graphql::{Context, Data};
use futures_util::{
    StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream, Stream},
};

use tokio::sync::watch;

use super::caller::{Admitted, Caller};
use crate::{
    error::{Error, Refusal, Result},
    live::Answers,
};

/// How long to wait before looking a watcher up again after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// What a subscription watches, until an error ends it.
pub(super) type Watched = BoxStream<'static, Result<News>>;

/// A piece of news.
pub(super) struct News {
    /// Gives it to the field.
    pub(super) give: Box<dyn FnOnce(&mut Data) + Send>,
    /// The answers to it.
    pub(super) answers: Arc<Answers>,
    /// Whom to tell.
    pub(super) to: Admitted,
}

/// A piece of news as a field has it.
pub struct Update<T> {
    /// What the field is to answer with.
    pub news: T,
    /// The answers that were made to it.
    pub answers: Arc<Answers>,
    /// Whom to tell, as they stand by now.
    pub to: Admitted,
}

/// Who watches, for as long as nothing may have changed about them.
pub struct Viewing {
    by: Admitted,
    access: watch::Receiver<()>,
}

impl Viewing {
    /// The caller, from now on.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been voided or has expired since they were let in.
    pub async fn new(caller: &Caller) -> Result<Self> {
        let by = caller.admitted();
        let access = by.app.live.watch_access(by.guild, by.viewer.as_ref().map(|viewer| viewer.member));
        // Looked up once more, now that nothing is missed.
        let by = Box::pin(by.again()).await?;
        Ok(Self { by, access })
    }

    /// Who watches, as they were looked up last.
    pub const fn by(&self) -> &Admitted {
        &self.by
    }

    /// Returns when their rights may have changed, or their token has expired.
    pub async fn over(&mut self) {
        let expired = async {
            match &self.by.viewer {
                Some(viewer) => self.by.app.clock.sleep_until(viewer.token_expires_at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // Its sender is kept for as long as there are receivers.
            _ = self.access.changed() => {}
            () = expired => {}
        }
    }

    /// Looks them up anew, and whether they may go on. A failure of ours says nothing of that: it is tried again, and they
    /// are told nothing meanwhile.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been voided or has expired since; those of `may_go_on`.
    pub async fn renew(
        &mut self,
        may_go_on: impl Fn(Admitted) -> BoxFuture<'static, Result<()>>,
    ) -> Result<(), Refusal> {
        loop {
            let app = Arc::clone(&self.by.app);
            let renewed = {
                let _place = app.live.renewal().await;
                match Box::pin(self.by.again()).await {
                    Ok(by) => may_go_on(by.clone()).await.map(|()| by),
                    Err(error) => Err(error),
                }
            };
            match renewed {
                Ok(by) => {
                    self.by = by;
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

/// What a subscription's field answers with in one execution: the news it was given, or nothing yet.
pub type Once<T> = stream::Iter<std::option::IntoIter<Result<T>>>;

struct Given<T>(T);

/// The news that the field is to answer with, if there is some; otherwise it is to [`begin`].
pub fn given<T: Clone + Send + Sync + 'static>(ctx: &Context<'_>) -> Option<Once<T>> {
    let Given(news) = ctx.data_opt::<Given<T>>()?;
    Some(stream::iter(Some(Ok(news.clone()))))
}

/// Says what is to be watched from now on.
pub fn begin<T: Clone + Send + Sync + 'static>(
    ctx: &Context<'_>,
    updates: impl Stream<Item = Result<Update<T>>> + Send + 'static,
) -> Once<T> {
    let news = updates.map(|update| {
        let Update { news, answers, to } = update?;
        Ok(News { give: Box::new(move |data| data.insert(Given(news))), answers, to })
    });
    Caller::of(ctx).watch(news.boxed());
    stream::iter(None)
}
