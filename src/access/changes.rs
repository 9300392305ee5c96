//! Looks up viewers, and notifies every server of changed rights.

use std::{sync::Arc, time::Duration};

use super::{
    store,
    viewer::{Viewer, invalid_token},
    viewer_cache::ViewerCache,
};
use crate::{
    bus::Bus,
    db::{Conn, Db, Work},
    kernel::{
        clock::{Clock, Timestamp},
        error::{Code, Refusal, Result},
        id::{GuildId, MemberId, SessionId},
    },
};

/// How long a viewer without a token is valid: much longer than any operation takes.
const TOKENLESS_VIEWER_VALIDITY: Duration = Duration::from_mins(5);

/// The part of the server that authorisation needs. Clones share the cache.
#[derive(Clone)]
pub struct Access {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Notifications of changes.
    pub bus: Arc<Bus>,
    /// Viewers looked up before.
    pub viewers: Arc<ViewerCache>,
    /// Whether other processes may cache viewers of this database. On PostgreSQL, these are other servers. For a
    /// command on SQLite, it is the server.
    pub has_peers: bool,
}

/// The claims of an access token, which are true until the token is revoked.
#[derive(Clone, Copy, Debug)]
pub struct TokenClaim {
    /// The member.
    pub member: MemberId,
    /// The session of the token; `None` for an operator's token.
    pub session: Option<SessionId>,
    /// The member's credentials version when the token was issued.
    pub credentials_version: i64,
    /// When the token expires.
    pub expires_at: Timestamp,
}

impl Access {
    /// Runs `work` in a transaction that may change rights in a guild, and notifies all servers.
    ///
    /// `affected` returns the member whose rights changed, or `None` if any member's rights may have changed. Call
    /// [`Access::await_revocation`] before acknowledging a revocation; a grant needs no wait.
    ///
    /// # Errors
    /// Those of `work`; `INTERNAL` (`UNAVAILABLE`) when no connection is available.
    pub async fn change<R, F>(
        &self,
        guild: GuildId,
        affected: impl Fn(&R) -> Option<MemberId> + Clone + Send + 'static,
        work: F,
    ) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Clone
            + Send
            + 'static,
    {
        let notification = {
            let (affected, notification) = (affected.clone(), self.bus.access_notification(guild));
            move |result: &R| Some(notification(affected(result)))
        };
        let result = self.db.write_and_notify(notification, work).await?;
        self.bus.access_changed(guild, affected(&result));
        Ok(result)
    }

    /// Waits until no server uses the rights from before the last change. [`ViewerCache`] explains how.
    pub async fn await_revocation(&self) {
        if self.has_peers {
            tokio::time::sleep(self.viewers.lease).await;
        }
    }

    /// Returns the viewer of a token.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when the token has been revoked or has expired.
    pub async fn look_up(&self, guild: GuildId, claim: TokenClaim) -> Result<Viewer> {
        let TokenClaim { member, session, credentials_version, expires_at } = claim;
        if expires_at <= self.clock.now() {
            return Err(invalid_token().into());
        }
        let viewer = if let Some(cached) = self.viewers.get(guild, member, session) {
            Some(Viewer { token_expires_at: expires_at, ..cached })
        } else {
            let lookup = self.viewers.start_lookup();
            let read = async move |conn: &mut Conn| Ok(store::viewer(conn, guild, member, session, expires_at).await?);
            let found = self.db.read(read).await?;
            if let Some(viewer) = &found {
                self.viewers.insert(lookup, viewer.clone());
            }
            found
        };
        Ok(viewer.filter(|viewer| viewer.credentials_version == credentials_version).ok_or_else(invalid_token)?)
    }

    /// Checks that a guild serves requests.
    ///
    /// # Errors
    /// `FORBIDDEN` (`GUILD_SUSPENDED`); `NOT_FOUND` if it has been deleted.
    pub async fn require_active(&self, guild: GuildId) -> Result<()> {
        let is_suspended = if let Some(cached) = self.viewers.is_suspended(guild) {
            Some(cached)
        } else {
            let lookup = self.viewers.start_lookup();
            let found = self.db.read(async move |conn: &mut Conn| Ok(store::is_suspended(conn, guild).await?)).await?;
            if let Some(is_suspended) = found {
                self.viewers.insert_suspension(lookup, guild, is_suspended);
            }
            found
        };
        match is_suspended {
            Some(false) => Ok(()),
            Some(true) => {
                let message = "This guild is suspended. Ask the operator of the site.";
                Err(Refusal::new(Code::Forbidden, message).because("GUILD_SUSPENDED").into())
            }
            None => Err(Refusal::new(Code::NotFound, "There is no such guild.").into()),
        }
    }

    /// Looks up a viewer again, to see changes to their rights.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been revoked or has expired.
    pub async fn refresh(&self, viewer: &Viewer) -> Result<Viewer> {
        let Viewer { guild, member, session, credentials_version, token_expires_at: expires_at, .. } = *viewer;
        self.look_up(guild, TokenClaim { member, session, credentials_version, expires_at }).await
    }

    /// Returns a member who was identified without a token, such as by Discord. Returns `None` if they are not active.
    ///
    /// # Errors
    /// A database error.
    pub async fn look_up_member(&self, guild: GuildId, member: MemberId) -> Result<Option<Viewer>> {
        let expires_at = self.clock.now() + TOKENLESS_VIEWER_VALIDITY;
        self.db.read(async move |conn| Ok(store::viewer(conn, guild, member, None, expires_at).await?)).await
    }
}

impl Viewer {
    /// Reads the viewer again in this transaction. Use the returned rights to authorise the transaction's changes.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when their token has been revoked.
    pub async fn confirm(&self, conn: &mut Conn) -> Result<Self> {
        let current = store::viewer(conn, self.guild, self.member, self.session, self.token_expires_at).await?;
        let is_same_version = |current: &Self| current.credentials_version == self.credentials_version;
        Ok(current.filter(is_same_version).ok_or_else(invalid_token)?)
    }
}
