//! What resolvers know of the request: its guild, its viewer and its loaders.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_graphql::Context;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::{auth_context::AuthContext, loaders::Loaders, source_event::EventStream, tracked_viewer::TrackedViewer};
use crate::{
    access::Viewer,
    app::App,
    engine::Origin,
    identity::{Guild, Rank},
    kernel::{
        error::{Code, Refusal, Result},
        id::{GuildId, RankId},
    },
};

/// Most values in a response's tables and files together, whose size no document shows beforehand. A single one may be larger.
const MAX_BULK: usize = 1_000_000;

/// One execution's guild, viewer and loaders.
pub struct RequestContext {
    /// The server's parts.
    pub app: Arc<App>,
    /// The guild: operations read no other.
    pub guild: GuildId,
    /// The client's address and user agent.
    pub origin: Arc<Origin>,
    /// Batched loaders.
    pub load: Loaders,
    viewer: TrackedViewer,
    /// The guild's row, once read; not kept in a mutation, which may change it.
    row: Option<OnceCell<Arc<Guild>>>,
    /// Number of values in this response's tables and files so far.
    bulk: AtomicUsize,
    /// The source stream of a subscription, once its field has created it.
    events: Mutex<Option<EventStream>>,
}

impl RequestContext {
    /// The context of one execution.
    pub fn new(admitted: &AuthContext, is_mutation: bool) -> Self {
        let AuthContext { app, guild, origin, viewer } = admitted.clone();
        let viewer = TrackedViewer::new(viewer);
        let load = Loaders::new(&app, guild, &viewer);
        let row = (!is_mutation).then(OnceCell::new);
        Self { app, guild, origin, load, viewer, row, bulk: AtomicUsize::default(), events: Mutex::default() }
    }

    /// The guild's row: read once in a query, anew each time in a mutation.
    ///
    /// # Errors
    /// The database's.
    pub async fn guild_row(&self) -> Result<Arc<Guild>> {
        let read = async || self.load.guild.one(self.guild).await.map(Arc::new);
        match &self.row {
            Some(row) => row.get_or_try_init(read).await.cloned(),
            None => read().await,
        }
    }

    /// A rank that a foreign key refers to.
    ///
    /// # Errors
    /// The database's; internal when the rank does not exist.
    pub async fn rank(&self, id: RankId) -> Result<Rank> {
        let guild = self.guild_row().await?;
        match self.app.rosters.ladder(&self.app.db, &guild).await?.rank(id) {
            Some(rank) => Ok(rank.clone()),
            // Created after the guild's row was read.
            None => self.load.rank.one(id).await,
        }
    }

    /// Runs an execution that has this context, and dispatches the batches of its loaders.
    pub async fn run<T>(&self, execution: impl Future<Output = T>) -> T {
        self.load.batches.run(execution).await
    }

    /// What the client was authenticated for.
    pub fn auth(&self) -> AuthContext {
        let (app, origin) = (Arc::clone(&self.app), Arc::clone(&self.origin));
        AuthContext { app, guild: self.guild, origin, viewer: self.viewer() }
    }

    /// Charges a table or file of so many values to the response's budget.
    ///
    /// # Errors
    /// `QUERY_TOO_COMPLEX` when the response's tables and files together are too large.
    pub fn charge_response_budget(&self, values: usize) -> Result<(), Refusal> {
        let before = self.bulk.fetch_add(values, Ordering::Relaxed);
        if before == 0 || before.saturating_add(values) <= MAX_BULK {
            return Ok(());
        }
        let message = "The operation asks for too much at once: ask for fewer of these tables or files.";
        Err(Refusal::new(Code::QueryTooComplex, message))
    }

    /// The context of the request that is being resolved.
    pub fn of<'c>(ctx: &Context<'c>) -> &'c Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    /// The viewer, if signed in.
    pub fn viewer(&self) -> Option<Arc<Viewer>> {
        self.viewer.viewer().cloned()
    }

    /// The viewer.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when not signed in.
    pub fn signed_in(&self) -> Result<Arc<Viewer>, Refusal> {
        self.viewer().ok_or_else(Refusal::sign_in)
    }

    /// Whether the response is the same for every viewer: no resolver read who it is.
    pub(super) fn is_viewer_independent(&self) -> bool {
        !self.viewer.was_read()
    }

    /// Keeps the source stream that a subscription's field has created.
    pub(super) fn set_events(&self, events: EventStream) {
        *self.events.lock() = Some(events);
    }

    /// Takes the source stream, if a field has created one.
    pub(super) fn take_events(&self) -> Option<EventStream> {
        self.events.lock().take()
    }
}
