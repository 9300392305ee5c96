//! How often someone may try: so many times from an address, and so many times in vain on an account.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedMutexGuard;

use super::{service::Accounts, store};
use crate::{
    db::Conn,
    kernel::{
        clock::{Clock, Timestamp},
        error::{Error, Refusal, Result},
        id::GuildId,
        pruning_map::PruningMap,
    },
};

/// How often someone may try.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attempts from one address a minute, at each server.
    pub per_address: NonZeroU32,
    /// Failures on one account within [`Limits::window`], at all servers together. Servers that are tried at the very same
    /// moment may each let one more through.
    pub per_account: NonZeroU32,
    /// The time within which failures on an account count.
    pub window: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let of = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        Self { per_address: of(100), per_account: of(10), window: Duration::from_mins(15) }
    }
}

/// Bounds attempts. One for a server's life.
pub struct Limiter {
    limits: Limits,
    clock: Clock,
    /// When each address tried within the last minute, oldest first.
    addresses: Mutex<PruningMap<IpAddr, VecDeque<Duration>>>,
    /// Whoever tries on an account waits for those before them, so that many at once count like as many in a row.
    turns: Mutex<PruningMap<Account, Weak<Turn>>>,
}

/// What is tried on whom.
type Account = (GuildId, String);

/// A place in the row of those who try on one account.
type Turn = tokio::sync::Mutex<()>;

impl Limiter {
    /// A limiter that has seen nobody yet.
    pub fn new(limits: Limits, clock: &Clock) -> Self {
        Self { limits, clock: clock.clone(), addresses: Mutex::default(), turns: Mutex::default() }
    }

    /// Takes an attempt from an address in. One whose address is not known is not bounded: there is no socket behind it.
    ///
    /// # Errors
    /// `RATE_LIMITED`.
    pub fn from_address(&self, address: Option<IpAddr>) -> Result<(), Refusal> {
        let Some(address) = address.map(rate_limit_key) else { return Ok(()) };
        let now = self.clock.elapsed();
        let is_over = |at: &Duration| at.saturating_add(MINUTE) <= now;
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |attempts: &VecDeque<Duration>| attempts.back().is_some_and(|last| !is_over(last));
        let attempts = addresses.get_or_insert_with(address, is_recent, VecDeque::new);
        while attempts.pop_front_if(|first| is_over(first)).is_some() {}
        match attempts.front() {
            Some(first) if attempts.len() >= usize::try_from(self.limits.per_address.get()).unwrap_or(usize::MAX) => {
                Err(Refusal::rate_limited((*first + MINUTE).saturating_sub(now)))
            }
            _ => {
                attempts.push_back(now);
                Ok(())
            }
        }
    }

    async fn turn(&self, account: &Account) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = turns.get_or_insert_with(account.clone(), |turn| turn.strong_count() > 0, Weak::new);
            kept.upgrade().unwrap_or_else(|| {
                let turn = Arc::new(Turn::default());
                *kept = Arc::downgrade(&turn);
                turn
            })
        };
        turn.lock_owned().await
    }
}

/// The time within which attempts from an address count.
const MINUTE: Duration = Duration::from_mins(1);

/// An IPv4 address, or the /64 network that one IPv6 customer has to themselves.
pub fn rate_limit_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

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
    trial: AttemptKey,
    _turn: OwnedMutexGuard<()>,
}

/// What was tried on whom, and when.
#[derive(Clone)]
struct AttemptKey {
    account: Account,
    at: Timestamp,
}

/// Begins an attempt on the account of this username (as [`crate::kernel::text::username_key`] makes it), which need not exist.
///
/// # Errors
/// `RATE_LIMITED` after too many failures.
pub async fn begin(
    accounts: &Accounts,
    guild: GuildId,
    trial: AttemptKind,
    username_key: &str,
) -> Result<LoginAttempt> {
    // Hashed, for people type passwords into the wrong field, and anything of any length.
    let account = (guild, format!("{trial} {}", URL_SAFE_NO_PAD.encode(Sha256::digest(username_key))));
    let turn = accounts.limiter.turn(&account).await;
    let (what, trial) = (trial, AttemptKey { account, at: accounts.access.clock.now() });
    let (guild, name) = trial.account.clone();
    let recent = accounts.access.db.read(async move |conn| Ok(store::failures(conn, guild, &name).await?)).await?;
    let limits = &accounts.limiter.limits;
    let failures = trial.within(limits.window, recent.as_deref());
    let allowed = usize::try_from(limits.per_account.get()).unwrap_or(usize::MAX);
    match failures.len().checked_sub(allowed).and_then(|place| failures.get(place)) {
        Some(blocking) => {
            let left = micros(limits.window) - (trial.micros() - blocking);
            Err(Refusal::rate_limited(Duration::from_micros(left.try_into().unwrap_or_default())).into())
        }
        None => Ok(LoginAttempt { what, trial, _turn: turn }),
    }
}

impl LoginAttempt {
    /// Notes that it failed, and gives back the refusal to answer with.
    pub async fn failed(self, accounts: &Accounts, refusal: Refusal) -> Error {
        accounts.metrics.count_failed_attempt(&self.what.to_string());
        let window = accounts.limiter.limits.window;
        let (guild, before) = (self.trial.account.0, self.trial.at - window);
        // The turn is kept until this is committed: whoever is next counts it.
        let trial = self.trial.clone();
        if let Err(error) = accounts.access.db.write(async move |conn| trial.note(conn, window).await).await {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_bounded_one_by_one_and_recover() {
        let clock = Clock::manual(chrono::DateTime::UNIX_EPOCH);
        let limiter = Limiter::new(Limits::default(), &clock);
        let from = |address: &str| limiter.from_address(address.parse().ok());
        for _ in 0..100 {
            assert_eq!(from("192.0.2.1"), Ok(()));
        }
        let refused = from("::ffff:192.0.2.1").map_err(|refusal| refusal.retry_after_seconds);
        assert_eq!(refused, Err(Some(61)), "the same address");
        assert_eq!(from("192.0.2.2"), Ok(()));
        clock.advance(Duration::from_secs(59));
        assert!(from("192.0.2.1").is_err());
        clock.advance(Duration::from_secs(1));
        assert_eq!(from("192.0.2.1"), Ok(()));
    }

    #[test]
    fn one_customer_of_ipv6_has_one_bound() {
        let key = |address: &str| address.parse().map(rate_limit_key);
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::1"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    }
}
