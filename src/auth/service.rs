//! The part of the server that account operations need.

use std::{sync::Arc, time::Duration};

use super::{delivery::CodeDelivery, limiter::LoginLimiter, password::Hasher, token::Keys};
use crate::{
    access::{Access, TokenClaim, Viewer, viewer::invalid_token},
    kernel::{error::Result, id::GuildId, metrics::Metrics},
};

/// How long tokens and codes stay valid.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Lifetime of an access token.
    pub access: Duration,
    /// Lifetime of a refresh token.
    pub refresh: Duration,
    /// Lifetime of an invite code.
    pub invite: Duration,
    /// Lifetime of a reset code.
    pub reset: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const HOUR: u64 = 3_600;
        Self {
            access: Duration::from_secs(HOUR / 4),
            refresh: Duration::from_secs(30 * 24 * HOUR),
            invite: Duration::from_secs(72 * HOUR),
            reset: Duration::from_secs(24 * HOUR),
        }
    }
}

/// The part of the server that account operations need. Clones share it.
#[derive(Clone)]
pub struct Accounts {
    /// Loads viewers and changes their rights.
    pub access: Access,
    /// Signs and verifies access tokens.
    pub keys: Arc<Keys>,
    /// Hashes passwords and codes.
    pub hasher: Hasher,
    /// How long tokens and codes stay valid.
    pub lifetimes: Lifetimes,
    /// Limits attempts to sign in.
    pub limiter: Arc<LoginLimiter>,
    /// Counts failed attempts.
    pub metrics: Arc<Metrics>,
    /// Delivers codes.
    pub delivery: Arc<dyn CodeDelivery>,
}

impl Accounts {
    /// Loads the viewer of an access token.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a token that is forged, expired, revoked or of another guild.
    pub async fn authenticate(&self, guild: GuildId, token: &str) -> Result<Viewer> {
        let claims = self.keys.verify(token, self.access.clock.now()).filter(|claims| claims.guild == guild);
        let claims = claims.ok_or_else(invalid_token)?;
        let claim = TokenClaim {
            member: claims.member,
            session: claims.session,
            credentials_version: claims.credentials_version,
            expires_at: chrono::DateTime::from_timestamp(claims.expires_at, 0)
                .map(|at| at.naive_utc())
                .unwrap_or_default(),
        };
        self.access.look_up(guild, claim).await
    }
}
