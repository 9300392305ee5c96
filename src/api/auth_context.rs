//! The guild and viewer that a client was authenticated for.

use std::sync::Arc;

use crate::{
    access::Viewer,
    app::App,
    db::ClientKey,
    engine::{Origin, Presence},
    kernel::{
        error::{Code, Error, Refusal, Result},
        id::GuildId,
        rate_limit::rate_limit_key,
    },
};

/// The guild and token that a client sends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'c> {
    /// The guild's slug. Without it, the default guild is used.
    pub guild: Option<&'c str>,
    /// The value of an `Authorization` header: `Bearer` and an access token.
    pub authorization: Option<&'c str>,
}

/// The token in the value of an `Authorization` header.
///
/// # Errors
/// `UNAUTHENTICATED` for any other scheme than `Bearer`.
pub fn bearer_token(authorization: &str) -> Result<&str, Refusal> {
    let parts = authorization.trim().split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    parts.map(|(_, token)| token.trim()).ok_or_else(|| {
        let message = "The authorization must be a bearer token.";
        Refusal::new(Code::Unauthenticated, message).because("INVALID_TOKEN")
    })
}

/// The guild and viewer that a request or a WebSocket was authenticated for.
#[derive(Clone)]
pub struct AuthContext {
    /// The server's parts.
    pub app: Arc<App>,
    /// The guild. Operations read no other guild.
    pub guild: GuildId,
    /// The client's address and user agent.
    pub origin: Arc<Origin>,
    /// The viewer, if signed in.
    pub viewer: Option<Arc<Viewer>>,
}

impl AuthContext {
    /// Authenticates a client.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown guild; `FORBIDDEN` (`GUILD_SUSPENDED`); `UNAUTHENTICATED` for credentials that are not
    /// valid in the guild.
    pub async fn authenticate(app: &Arc<App>, credentials: Credentials<'_>, origin: Origin) -> Result<Self> {
        let guild = find_guild(app, credentials.guild).await?;
        let viewer = match credentials.authorization {
            None => None,
            Some(authorization) => Some(app.accounts.authenticate(guild, bearer_token(authorization)?).await?),
        };
        Ok(Self { app: Arc::clone(app), guild, origin: Arc::new(origin), viewer: viewer.map(Arc::new) })
    }

    /// Whose use of the database the requests are: the member's or, if they are not signed in, the address's.
    pub fn client_key(&self) -> Option<ClientKey> {
        match (&self.viewer, self.origin.address) {
            (Some(viewer), _) => Some(ClientKey::Member(viewer.member)),
            (None, address) => address.map(rate_limit_key).map(ClientKey::Address),
        }
    }

    /// The same client, with the viewer loaded again.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the token has been revoked or has expired; `FORBIDDEN` (`GUILD_SUSPENDED`).
    pub async fn refresh(&self) -> Result<Self> {
        self.app.access.require_active(self.guild).await?;
        let viewer = match &self.viewer {
            Some(viewer) => Some(Arc::new(self.app.access.refresh(viewer).await?)),
            None => None,
        };
        Ok(Self { viewer, ..self.clone() })
    }

    /// The same client, which waits for the response as long as `presence` says.
    #[must_use]
    pub fn with_presence(&self, presence: Presence) -> Self {
        Self { origin: Arc::new(Origin { presence, ..Origin::clone(&self.origin) }), ..self.clone() }
    }
}

/// Finds the guild that a client names, and checks that it serves requests.
async fn find_guild(app: &App, slug: Option<&str>) -> Result<GuildId> {
    let guild = app.guilds.find(&app.db, slug).await?;
    let deleted = |error: &Error| error.refusal().is_some_and(|refusal| refusal.code == Code::NotFound);
    match app.access.require_active(guild).await {
        // Another guild may have the slug now, or be the oldest.
        Err(error) if deleted(&error) => {
            app.guilds.forget();
            let guild = app.guilds.find(&app.db, slug).await?;
            app.access.require_active(guild).await?;
            Ok(guild)
        }
        checked => checked.map(|()| guild),
    }
}
