//! Attempts on an account: too many failures close it for a while.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedMutexGuard;

use super::{limiter::AccountKey, service::Accounts, store};
use crate::{
    db::Conn,
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::GuildId,
    },
};

/// What can be tried on an account. Each is counted by itself: failed sign-ins do not keep a reset code from working.
#[derive(Clone, Copy, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptKind {
    /// A password, to sign in.
    Login,
    /// An invite code.
    Register,
    /// A refresh token that was valid once.
    Refresh,
    /// A reset code.
    Reset,
    /// The present password, to change it.
    ChangePassword,
}

/// An attempt on an account. Others on the same wait until it is dropped.
pub struct LoginAttempt {
    what: AttemptKind,
    key: AttemptKey,
    _lock: OwnedMutexGuard<()>,
}

/// What was tried on whom, and when.
#[derive(Clone)]
struct AttemptKey {
    account: AccountKey,
    at: Timestamp,
}

/// Begins an attempt on the account of this username (as [`crate::kernel::text::username_key`] makes it), which need not exist.
///
/// # Errors
/// `RATE_LIMITED` after too many failures.
pub async fn begin(accounts: &Accounts, guild: GuildId, kind: AttemptKind, username_key: &str) -> Result<LoginAttempt> {
    // Hashed, for people type passwords into the wrong field, and anything of any length.
    let account = (guild, format!("{kind} {}", URL_SAFE_NO_PAD.encode(Sha256::digest(username_key))));
    let lock = accounts.limiter.lock_account(&account).await;
    let (what, key) = (kind, AttemptKey { account, at: accounts.access.clock.now() });
    let (guild, name) = key.account.clone();
    let recent = accounts.access.db.read(async move |conn| Ok(store::failures(conn, guild, &name).await?)).await?;
    let limits = &accounts.limiter.limits;
    let failures = key.within(limits.window, recent.as_deref());
    let allowed = usize::try_from(limits.per_account.get()).unwrap_or(usize::MAX);
    match failures.len().checked_sub(allowed).and_then(|place| failures.get(place)) {
        Some(blocking) => {
            let left = micros(limits.window) - (key.micros() - blocking);
            Err(Refusal::rate_limited(Duration::from_micros(left.try_into().unwrap_or_default())).into())
        }
        None => Ok(LoginAttempt { what, key, _lock: lock }),
    }
}

impl LoginAttempt {
    /// Notes that it failed, and gives back the refusal to answer with.
    pub async fn failed(self, accounts: &Accounts, refusal: Refusal) -> Error {
        accounts.metrics.count_failed_attempt(&self.what.to_string());
        let window = accounts.limiter.limits.window;
        let (guild, before) = (self.key.account.0, self.key.at - window);
        // The lock is held until the commit, so that the next attempt counts this one.
        let key = self.key.clone();
        if let Err(error) = accounts.access.db.write(async move |conn| key.note(conn, window).await).await {
            return error;
        }
        // Now and then those are dropped that no longer count, apart from the above, which waits for its own row only.
        if rand::random_ratio(1, 64) {
            let dropped = accounts
                .access
                .db
                .write(async move |conn| Ok(store::delete_failures(conn, guild, before).await?))
                .await;
            dropped.unwrap_or_else(|error| tracing::warn!(%error, "old failures could not be dropped"));
        }
        refusal.into()
    }
}

impl AttemptKey {
    async fn note(&self, conn: &mut Conn, window: Duration) -> Result<()> {
        let (guild, account) = &self.account;
        let recent = store::lock_failures(conn, *guild, account, self.at).await?;
        let mut failures = self.within(window, Some(&recent));
        failures.push(self.micros());
        let recent = failures.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
        Ok(store::set_failures(conn, *guild, account, &recent, self.at).await?)
    }

    /// When attempts failed that still count, oldest first.
    fn within(&self, window: Duration, recent: Option<&str>) -> Vec<i64> {
        let since = self.micros() - micros(window);
        let failures = recent.unwrap_or_default().split(' ').filter_map(|at| at.parse().ok());
        failures.filter(|at| *at > since).collect()
    }

    const fn micros(&self) -> i64 {
        self.at.and_utc().timestamp_micros()
    }
}

fn micros(window: Duration) -> i64 {
    i64::try_from(window.as_micros()).unwrap_or(i64::MAX)
}
