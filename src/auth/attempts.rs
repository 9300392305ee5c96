//! Limits failed attempts on an account: after too many, it rejects further attempts for a while.

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

/// The kinds of attempts. Each has its own count, so failed sign-ins don't block a reset code.
#[derive(Clone, Copy, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptKind {
    /// Signing in with a password.
    Login,
    /// Registering with an invite code.
    Register,
    /// Refreshing a session with a token that was once issued.
    Refresh,
    /// Resetting the password with a reset code.
    Reset,
    /// Changing the password with the current one.
    ChangePassword,
}

/// A running attempt. Other attempts of its kind on the account wait until it is dropped.
pub struct LoginAttempt {
    kind: AttemptKind,
    key: AttemptKey,
    _lock: OwnedMutexGuard<()>,
}

/// The account of an attempt, and its time.
#[derive(Clone)]
struct AttemptKey {
    account: AccountKey,
    at: Timestamp,
}

/// Starts an attempt on the account with this username key ([`crate::kernel::text::username_key`]), which need not
/// exist.
///
/// # Errors
/// `RATE_LIMITED` after too many failures.
pub async fn start(accounts: &Accounts, guild: GuildId, kind: AttemptKind, username_key: &str) -> Result<LoginAttempt> {
    // The username is hashed, because people type passwords into the wrong field, and because it may have any length.
    let account = (guild, format!("{kind} {}", URL_SAFE_NO_PAD.encode(Sha256::digest(username_key))));
    let lock = accounts.limiter.lock_account(&account).await;
    let key = AttemptKey { account, at: accounts.access.clock.now() };
    let (guild, name) = key.account.clone();
    let recent = accounts.access.db.read(async move |conn| Ok(store::failures(conn, guild, &name).await?)).await?;
    let limits = &accounts.limiter.limits;
    let failures = key.recent_failures(limits.window, recent.as_deref());
    let allowed = usize::try_from(limits.per_account.get()).unwrap_or(usize::MAX);
    match failures.len().checked_sub(allowed).and_then(|index| failures.get(index)) {
        Some(blocking) => {
            let left = micros(limits.window) - (key.micros() - blocking);
            Err(Refusal::rate_limited(Duration::from_micros(left.try_into().unwrap_or_default())).into())
        }
        None => Ok(LoginAttempt { kind, key, _lock: lock }),
    }
}

impl LoginAttempt {
    /// Records the failure and returns the error for the client.
    pub async fn failed(self, accounts: &Accounts, refusal: Refusal) -> Error {
        accounts.metrics.count_failed_attempt(&self.kind.to_string());
        let window = accounts.limiter.limits.window;
        let (guild, before) = (self.key.account.0, self.key.at - window);
        // The lock is kept until the commit, so that the next attempt counts this failure.
        let key = self.key.clone();
        if let Err(error) = accounts.access.db.write(async move |conn| key.record(conn, window).await).await {
            return error;
        }
        // Sometimes deletes the guild's old failures, in a separate transaction: the one above waits only for its own
        // row.
        if rand::random_ratio(1, 64) {
            let deleted = accounts
                .access
                .db
                .write(async move |conn| Ok(store::delete_failures(conn, guild, before).await?))
                .await;
            deleted.unwrap_or_else(|error| tracing::warn!(%error, "could not delete old failures"));
        }
        refusal.into()
    }
}

impl AttemptKey {
    async fn record(&self, conn: &mut Conn, window: Duration) -> Result<()> {
        let (guild, account) = &self.account;
        let recent = store::lock_failures(conn, *guild, account, self.at).await?;
        let mut failures = self.recent_failures(window, Some(&recent));
        failures.push(self.micros());
        let recent = failures.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
        Ok(store::set_failures(conn, *guild, account, &recent, self.at).await?)
    }

    /// The times of the failures within the window, oldest first, in microseconds since 1970.
    fn recent_failures(&self, window: Duration, recent: Option<&str>) -> Vec<i64> {
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
