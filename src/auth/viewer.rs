//! Who asks: the member behind a request's token, looked up anew for each request.

use chrono::DateTime;

use crate::{
    app::App,
    auth::{Permission, Permissions, store},
    clock::Instant,
    error::{Code, Refusal, Result},
    id::{GuildId, MemberId, SessionId},
};

/// The member who asks, as they stand at the moment of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Their guild.
    pub guild: GuildId,
    /// Who they are.
    pub member: MemberId,
    /// Their rank's level.
    pub rank_level: i64,
    /// What their rank allows.
    pub permissions: Permissions,
    /// Whether they have an account. An operator can mint a token for a member who has none.
    pub is_registered: bool,
    /// The session behind their token; none behind an operator's.
    pub session: Option<SessionId>,
    /// Their credentials version: with the session, what the token is good for.
    pub credentials_version: i64,
    /// When their token expires.
    pub token_expires_at: Instant,
}

impl Viewer {
    /// Whether their rank allows this.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.allow(permission)
    }

    /// Refuses those whose rank does not allow this.
    ///
    /// # Errors
    /// `FORBIDDEN`.
    pub fn require(&self, permission: Permission) -> Result<(), Refusal> {
        if self.may(permission) {
            return Ok(());
        }
        Err(Refusal::new(Code::Forbidden, format!("This needs the permission {permission}."))
            .because("PERMISSION_REQUIRED"))
    }

    /// The same viewer as they stand now.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been voided or has expired since.
    pub async fn again(&self, app: &App) -> Result<Self> {
        let Self { guild, member, session, credentials_version, token_expires_at, .. } = *self;
        look_up(app, guild, Claimed { member, session, credentials_version, token_expires_at }).await
    }
}

/// The member behind an access token.
///
/// # Errors
/// `UNAUTHENTICATED` for a token that is forged, expired, revoked or another guild's.
pub async fn authenticate(app: &App, guild: GuildId, token: &str) -> Result<Viewer> {
    let claims = app.keys.read(token, app.clock.now()).filter(|claims| claims.guild == guild).ok_or_else(invalid)?;
    let claimed = Claimed {
        member: claims.member,
        session: claims.session,
        credentials_version: claims.credentials_version,
        token_expires_at: DateTime::from_timestamp(claims.expires_at, 0).map(|at| at.naive_utc()).unwrap_or_default(),
    };
    look_up(app, guild, claimed).await
}

/// What a token claims, which stands until it is voided.
#[derive(Clone, Copy)]
struct Claimed {
    member: MemberId,
    session: Option<SessionId>,
    credentials_version: i64,
    token_expires_at: Instant,
}

async fn look_up(app: &App, guild: GuildId, claimed: Claimed) -> Result<Viewer> {
    if claimed.token_expires_at <= app.clock.now() {
        return Err(invalid().into());
    }
    let found = app
        .db
        .read(async move |conn| {
            Ok(store::viewer(conn, guild, claimed.member, claimed.session, claimed.token_expires_at).await?)
        })
        .await?;
    Ok(found.filter(|viewer| viewer.credentials_version == claimed.credentials_version).ok_or_else(invalid)?)
}

fn invalid() -> Refusal {
    Refusal::new(Code::Unauthenticated, "The access token is not valid here.").because("INVALID_TOKEN")
}
