//! Whose request it is, and what it has loaded.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_graphql::Context;
use tokio::sync::OnceCell;

use super::{loaders::Loaders, watch::Watched};
use crate::{
    app::App,
    auth::{self, Origin, Viewer},
    error::{Code, Refusal, Result},
    id::{GuildId, RankId},
    identity::{Guild, Rank},
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

/// Whom a client was let in as: for one request, or for as long as a socket is open.
#[derive(Clone)]
pub struct Admitted {
    /// The app that serves it.
    pub app: Arc<App>,
    /// The guild it is for: no other is ever looked at.
    pub guild: GuildId,
    /// Where it comes from.
    pub origin: Arc<Origin>,
    /// Who asks, if they are signed in.
    pub viewer: Option<Arc<Viewer>>,
}

impl Admitted {
    /// Lets a client in.
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
        Ok(Self { app: Arc::clone(app), guild, origin: Arc::new(origin), viewer: viewer.map(Arc::new) })
    }

    /// The same client, with the viewer as they stand by now.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the token has been voided or has expired since.
    pub async fn again(&self) -> Result<Self> {
        let viewer = match &self.viewer {
            Some(viewer) => Some(Arc::new(viewer.again(&self.app).await?)),
            None => None,
        };
        Ok(Self { viewer, ..self.clone() })
    }
}

/// One execution's guild, viewer and loaders.
pub struct Caller {
    /// The app that serves it.
    pub app: Arc<App>,
    /// The guild it is for: no other is ever looked at.
    pub guild: GuildId,
    /// Where it comes from.
    pub origin: Arc<Origin>,
    /// Loads in batches.
    pub load: Loaders,
    viewer: Asked,
    /// The guild's row, unless the operation may change it as it goes.
    row: Option<OnceCell<Arc<Guild>>>,
    /// How many values this answer's tables and files hold so far.
    bulk: AtomicUsize,
    /// What is to be watched, once a subscription's field has said so.
    watched: Mutex<Option<Watched>>,
}

/// The viewer, and whether anyone has asked who it is: an answer for which nobody did is the same for all viewers. Clones
/// share that.
#[derive(Clone)]
pub struct Asked {
    viewer: Option<Arc<Viewer>>,
    was_asked: Arc<AtomicBool>,
}

impl Asked {
    /// Who asks, if they are signed in.
    pub fn viewer(&self) -> Option<&Arc<Viewer>> {
        self.was_asked.store(true, Ordering::Relaxed);
        self.viewer.as_ref()
    }
}

impl Caller {
    /// A caller for one execution, of a mutation or of something that changes nothing.
    pub fn new(admitted: &Admitted, is_mutation: bool) -> Self {
        let Admitted { app, guild, origin, viewer } = admitted.clone();
        let viewer = Asked { viewer, was_asked: Arc::default() };
        let load = Loaders::new(&app, guild, &viewer);
        let row = (!is_mutation).then(OnceCell::new);
        Self { app, guild, origin, load, viewer, row, bulk: AtomicUsize::default(), watched: Mutex::default() }
    }

    /// The guild's row: read once, where nothing is changed in between.
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

    /// A rank that the database holds to be there.
    ///
    /// # Errors
    /// The database's; internal when it is not there.
    pub async fn rank(&self, id: RankId) -> Result<Rank> {
        let guild = self.guild_row().await?;
        match self.app.rosters.ladder(&self.app.db, &guild).await?.rank(id) {
            Some(rank) => Ok(rank.clone()),
            // Made after the guild's row was read.
            None => self.load.rank.one(id).await,
        }
    }

    /// Whom it was let in as.
    pub fn admitted(&self) -> Admitted {
        let (app, origin) = (Arc::clone(&self.app), Arc::clone(&self.origin));
        Admitted { app, guild: self.guild, origin, viewer: self.viewer() }
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

    /// The caller of the request being resolved.
    pub fn of<'c>(ctx: &Context<'c>) -> &'c Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    /// Who asks, if they are signed in.
    pub fn viewer(&self) -> Option<Arc<Viewer>> {
        self.viewer.viewer().cloned()
    }

    /// Who asks.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when nobody is signed in.
    pub fn signed_in(&self) -> Result<Arc<Viewer>, Refusal> {
        self.viewer().ok_or_else(Refusal::sign_in)
    }

    /// Whether the answer would have been the same for any other viewer: nobody has asked who it is.
    pub(super) fn is_nobody_in_particular(&self) -> bool {
        !self.viewer.was_asked.load(Ordering::Relaxed)
    }

    /// Says what is to be watched.
    pub(super) fn watch(&self, watched: Watched) {
        *self.watched.lock().unwrap_or_else(PoisonError::into_inner) = Some(watched);
    }

    /// What is to be watched, if a field has said so.
    pub(super) fn take_watched(&self) -> Option<Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
