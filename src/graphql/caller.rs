//! Whose request it is, and what it has loaded.

use std::sync::{
    Arc, Mutex, PoisonError, RwLock,
    atomic::{AtomicUsize, Ordering},
};

use async_graphql::Context;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::loaders::Loaders;
use crate::{
    app::App,
    auth::{self, Origin, Viewer},
    error::{Code, Refusal, Result},
    id::GuildId,
};

/// Most values of an answer's tables and files together, of which a document's length tells nothing. One alone may be
/// larger.
const MAX_BULK: usize = 1_000_000;

/// What a client says of itself before it asks for anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'c> {
    /// The slug of the guild it is for; the default guild's unless given.
    pub guild: Option<&'c str>,
    /// `Bearer` and an access token.
    pub authorization: Option<&'c str>,
}

/// The request's guild, viewer and loaders; on a WebSocket, those of the connection.
pub struct Caller {
    /// The app that serves it.
    pub app: Arc<App>,
    /// The guild it is for: no other is ever looked at.
    pub guild: GuildId,
    /// Where it comes from.
    pub origin: Origin,
    /// Loads in batches.
    pub load: Loaders,
    viewer: RwLock<Option<Arc<Viewer>>>,
    /// How many values this answer's tables and files hold so far.
    bulk: AtomicUsize,
    /// On a WebSocket, the answers that may be made and not yet sent at once.
    turns: Option<Arc<Semaphore>>,
    /// The turn this operation's next answer takes.
    turn: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Caller {
    /// Lets a request in.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown guild; `UNAUTHENTICATED` for credentials that are not valid in it.
    pub async fn admit(app: &Arc<App>, credentials: Credentials<'_>, origin: Origin) -> Result<Self> {
        let guild = app.guild(credentials.guild).await?;
        let viewer = match credentials.authorization {
            None => None,
            Some(authorization) => {
                let token = authorization.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
                let (_, token) = token.ok_or_else(|| {
                    let message = "Authorization must be a bearer token.";
                    Refusal::new(Code::Unauthenticated, message).because("INVALID_TOKEN")
                })?;
                Some(auth::authenticate(app, guild, token.trim()).await?)
            }
        };
        Ok(Self::new(app, guild, viewer.map(Arc::new), origin))
    }

    fn new(app: &Arc<App>, guild: GuildId, viewer: Option<Arc<Viewer>>, origin: Origin) -> Self {
        let load = Loaders::new(app, guild, viewer.as_ref().map(|viewer| viewer.member));
        let (viewer, bulk, turn) = (RwLock::new(viewer), AtomicUsize::default(), Mutex::default());
        Self { app: Arc::clone(app), guild, origin, load, viewer, bulk, turns: None, turn }
    }

    /// Bounds how many answers are made and not yet sent: a client that does not read must not fill our memory.
    #[must_use]
    pub fn with_turns(self, turns: Arc<Semaphore>) -> Self {
        Self { turns: Some(turns), ..self }
    }

    /// Makes room for a table or a file of so many values in the answer.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX`, when it comes on top of too many others.
    pub fn make_room(&self, values: usize) -> Result<(), Refusal> {
        let before = self.bulk.fetch_add(values, Ordering::Relaxed);
        if before == 0 || before.saturating_add(values) <= MAX_BULK {
            return Ok(());
        }
        let message = "The operation asks for too much at once: ask for fewer of these tables or files.";
        Err(Refusal::new(Code::QueryTooComplex, message))
    }

    /// Waits until an answer may be made.
    pub async fn wait_turn(&self) {
        self.bulk.store(0, Ordering::Relaxed);
        if let Some(turns) = &self.turns {
            let turn = Arc::clone(turns).acquire_owned().await.ok();
            *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
        }
    }

    /// The turn of the answer that was made, to be kept until it is sent.
    pub fn take_turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The caller of the request being resolved.
    pub fn of<'c>(ctx: &Context<'c>) -> &'c Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    /// Who asks, if they are signed in.
    pub fn viewer(&self) -> Option<Arc<Viewer>> {
        self.viewer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who asks.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when nobody is signed in.
    pub fn signed_in(&self) -> Result<Arc<Viewer>, Refusal> {
        self.viewer().ok_or_else(Refusal::sign_in)
    }

    /// Another request of the same client, with the viewer as they stand by now.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the token has been voided since.
    pub async fn again(&self) -> Result<Self> {
        self.refresh().await?;
        let next = Self::new(&self.app, self.guild, self.viewer(), self.origin.clone());
        Ok(Self { turns: self.turns.clone(), ..next })
    }

    /// Looks the viewer up anew, within a request that goes on for long.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been voided or has expired since.
    pub async fn refresh(&self) -> Result<()> {
        let Some(viewer) = self.viewer() else { return Ok(()) };
        let now = viewer.again(&self.app).await?;
        *self.viewer.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(now));
        Ok(())
    }
}
