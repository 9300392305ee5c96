//! Limits failed attempts on an account: after too many, it rejects further attempts for a while.
//!
//! Failures are counted for each account and address, and for each account in total. Many failures from one address
//! lock the account there; many more, from any addresses, lock it at every address where its member never signed in. So
//! strangers cannot lock a member out of the places from which they usually sign in.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedMutexGuard;

use super::{
    known_addresses::is_known,
    limiter::{AttemptKey, LoginLimits},
    service::Accounts,
    store,
};
use crate::{
    db::Conn,
    engine::Origin,
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::GuildId,
    },
};

/// Maximum number of accounts, and of pairs of an account and an address, whose failures are stored for a guild. The
/// rest is deleted, those with the oldest failures first.
const MAX_COUNTED: i64 = 50_000;

/// The kinds of attempts. Each has its own count, so failed sign-ins don't block a reset code.
#[derive(Clone, Copy, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptKind {
    /// Signing in with a password.
    Login,
    /// Registering with an invite code.
    Register,
    /// Resetting the password with a reset code.
    Reset,
    /// Changing the password with the current one.
    ChangePassword,
}

/// A running attempt. Other attempts of its kind on the account from this address wait until it is dropped.
pub struct LoginAttempt {
    kind: AttemptKind,
    counts: Counts,
    _lock: OwnedMutexGuard<()>,
}

/// The two counts of an attempt, and its time.
#[derive(Clone)]
struct Counts {
    guild: GuildId,
    /// The key of the account at this address.
    pair: String,
    /// The key of the account.
    account: String,
    at: Timestamp,
}

/// Starts an attempt on the account with this username key ([`crate::kernel::text::username_key`]), which need not
/// exist.
///
/// # Errors
/// `RATE_LIMITED` after too many failures.
pub async fn start(
    accounts: &Accounts,
    guild: GuildId,
    kind: AttemptKind,
    username_key: &str,
    origin: &Origin,
) -> Result<LoginAttempt> {
    // The username is hashed, because people type passwords into the wrong field, and because it may have any length.
    let account = format!("{kind} {}", URL_SAFE_NO_PAD.encode(Sha256::digest(username_key)));
    let address = origin.address.map(|address| accounts.keys.addresses.hash(guild, address));
    let pair = format!("{account} {}", address.as_deref().unwrap_or("-"));
    let lock = origin.presence.while_present(accounts.limiter.lock(AttemptKey { guild, pair: pair.clone() })).await?;
    let counts = Counts { guild, pair, account, at: accounts.access.clock.now() };
    let (read, limits) = (counts.clone(), accounts.limiter.limits);
    let username_key = username_key.to_owned();
    let blocked = accounts
        .access
        .db
        .read(async move |conn| {
            let (at_address, in_total) = read.blocked_for(conn, &limits).await?;
            let (Some(in_total), Some(address)) = (in_total, address) else { return Ok(at_address.max(in_total)) };
            let is_known = is_known(conn, guild, &username_key, &address, read.at).await?;
            Ok(if is_known { at_address } else { at_address.max(Some(in_total)) })
        })
        .await?;
    match blocked {
        Some(wait) => Err(Refusal::rate_limited(wait).into()),
        None => Ok(LoginAttempt { kind, counts, _lock: lock }),
    }
}

impl LoginAttempt {
    /// Records the failure and returns the error for the client.
    pub async fn failed(self, accounts: &Accounts, refusal: Refusal) -> Error {
        accounts.metrics.count_failed_attempt(&self.kind.to_string());
        let limits = accounts.limiter.limits;
        let (guild, before) = (self.counts.guild, self.counts.at - limits.window);
        // The lock is kept until the commit, so that the next attempt counts this failure.
        let counts = self.counts.clone();
        if let Err(error) = accounts.access.db.write(async move |conn| counts.record(conn, &limits).await).await {
            return error;
        }
        // Sometimes deletes the guild's old failures, in a separate transaction: the one above waits only for its own
        // rows.
        if rand::random_ratio(1, 64) {
            let deleted = accounts
                .access
                .db
                .write(async move |conn| Ok(store::delete_failures(conn, guild, before, MAX_COUNTED).await?))
                .await;
            deleted.unwrap_or_else(|error| tracing::warn!(%error, "could not delete old failures"));
        }
        refusal.into()
    }
}

impl Counts {
    /// How long the account is locked at this address, and how long at all addresses where its member is not known.
    async fn blocked_for(&self, conn: &mut Conn, limits: &LoginLimits) -> Result<(Option<Duration>, Option<Duration>)> {
        let rows = store::failures(conn, self.guild, &[&self.pair, &self.account]).await?;
        let recent = |key: &str| rows.iter().find(|(stored, _)| stored == key).map(|(_, recent)| recent.as_str());
        let wait = |key, limit: u32| self.wait(&self.recent_failures(limits.window, recent(key)), limit, limits.window);
        Ok((wait(&self.pair, limits.per_pair.get()), wait(&self.account, limits.per_account.get())))
    }

    /// The time until fewer than `limit` of these failures are within the window.
    fn wait(&self, failures: &[i64], limit: u32, window: Duration) -> Option<Duration> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let blocking = failures.get(failures.len().checked_sub(limit)?)?;
        let left = micros(window) - (self.micros() - blocking);
        Some(Duration::from_micros(left.try_into().unwrap_or_default()))
    }

    /// Adds a failure to both counts, always in this order, so that concurrent attempts do not deadlock.
    async fn record(&self, conn: &mut Conn, limits: &LoginLimits) -> Result<()> {
        for (key, limit) in [(&self.pair, limits.per_pair), (&self.account, limits.per_account)] {
            let recent = store::lock_failures(conn, self.guild, key, self.at).await?;
            let mut failures = self.recent_failures(limits.window, Some(&recent));
            failures.push(self.micros());
            let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
            let kept = failures.get(failures.len().saturating_sub(limit)..).unwrap_or_default();
            let recent = kept.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
            store::set_failures(conn, self.guild, key, &recent, self.at).await?;
        }
        Ok(())
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
