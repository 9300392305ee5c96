//! Who asks: the member behind a request's token, as they stand when it is made.

use std::time::Duration;

use chrono::DateTime;

use crate::{
    app::App,
    auth::{Permission, Permissions, store},
    clock::Instant,
    db::Conn,
    error::{Code, Refusal, Result},
    id::{GuildId, MemberId, RankId, SessionId},
};

/// How long someone stands who has no token: much longer than what they ask for takes.
const ACTING: Duration = Duration::from_mins(5);

/// The member who asks, as they stand at the moment of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Their guild.
    pub guild: GuildId,
    /// Who they are.
    pub member: MemberId,
    /// Their rank.
    pub rank: RankId,
    /// Their rank's name.
    pub rank_name: String,
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

    /// The same viewer as they stand within this transaction, which is what a change goes by.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been voided since.
    pub async fn confirm(&self, conn: &mut Conn) -> Result<Self> {
        let now = store::viewer(conn, self.guild, self.member, self.session, self.token_expires_at).await?;
        Ok(now.filter(|now| now.credentials_version == self.credentials_version).ok_or_else(invalid)?)
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

/// A member who is known otherwise than by a token: because Discord says who uses a command, for one. `None` unless they are
/// active.
///
/// # Errors
/// Internal ones.
pub async fn acting(app: &App, guild: GuildId, member: MemberId) -> Result<Option<Viewer>> {
    let until = app.clock.now() + ACTING;
    app.db.read(async move |conn| Ok(store::viewer(conn, guild, member, None, until).await?)).await
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
    let Claimed { member, session, credentials_version, token_expires_at } = claimed;
    if token_expires_at <= app.clock.now() {
        return Err(invalid().into());
    }
    let viewers = &app.live.viewers;
    let viewer = if let Some(known) = viewers.known(guild, member, session) {
        Some(Viewer { token_expires_at, ..known })
    } else {
        let look_up = viewers.begin();
        let look =
            async move |conn: &mut Conn| Ok(store::viewer(conn, guild, member, session, token_expires_at).await?);
        let found = app.db.read(look).await?;
        if let Some(viewer) = &found {
            viewers.keep(look_up, viewer.clone());
        }
        found
    };
    Ok(viewer.filter(|viewer| viewer.credentials_version == credentials_version).ok_or_else(invalid)?)
}

fn invalid() -> Refusal {
    Refusal::new(Code::Unauthenticated, "The access token is not valid here.").because("INVALID_TOKEN")
}

/// A viewer at this level who may do everything, of a guild whose highest level is 5.
#[cfg(test)]
pub fn some_viewer(rank_level: i64) -> Viewer {
    Viewer {
        guild: GuildId(1),
        member: MemberId(1),
        rank: RankId(rank_level),
        rank_name: rank_level.to_string(),
        rank_level,
        permissions: Permissions::all(),
        is_registered: true,
        session: None,
        credentials_version: 0,
        token_expires_at: Instant::default(),
    }
}
