//! Circuit breakers in front of Discord: while something there fails, they let through one request now and then.
//!
//! Failures count where they happen. The breaker of a guild opens when several of its channels fail, and the breaker of
//! all requests when several guilds fail, so that the failures of one guild never delay another.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use crate::kernel::{clock::Timestamp, id::GuildId};

/// Number of different channels (or guilds) that fail, without a success between, until a breaker opens.
pub const FAILURES: usize = 5;
/// Time that a breaker stays open at first; each further failure doubles it.
pub const FIRST: Duration = Duration::from_secs(2);
/// Longest time that a breaker stays open.
pub const MOST: Duration = Duration::from_secs(30);
/// Time after which a failure no longer counts. Failing channels are tried more often.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(2);
/// Longest time that the other requests wait for the outcome of a probe.
pub const PROBE: Duration = Duration::from_secs(10);
/// Shortest time between two probes of guilds that have not failed, while the breaker of all requests is open.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// A closed breaker lets all requests through, an open one none. After a while it lets one through at a time, and the
/// first success closes it.
#[derive(Debug)]
pub struct Breaker<K> {
    /// What has failed and not succeeded since, and when it last did.
    failing: BTreeMap<K, Timestamp>,
    /// Number of times that the breaker has opened since the last success.
    openings: u32,
    open_until: Option<Timestamp>,
}

impl<K> Default for Breaker<K> {
    fn default() -> Self {
        Self { failing: BTreeMap::new(), openings: 0, open_until: None }
    }
}

impl<K: Ord> Breaker<K> {
    /// Lets a request through, or returns when to try again.
    ///
    /// # Errors
    /// The time until which the breaker is open.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match (self.open_until, self.open_until(now)) {
            (None, _) => Ok(()),
            (_, Some(until)) => Err(until),
            _ => {
                // This request is the probe. The others wait for its outcome.
                self.open_until = Some(now + PROBE);
                Ok(())
            }
        }
    }

    /// The time until which no request is let through; `None` if the breaker is not open.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        // A later time means that the clock was set back.
        self.open_until.filter(|until| now < *until && *until <= now + MOST)
    }

    /// How many of this number of requests can be let through.
    pub fn capacity(&self, now: Timestamp, requests: usize) -> usize {
        match (self.open_until, self.open_until(now)) {
            (None, _) => requests,
            (_, Some(_)) => 0,
            _ => requests.min(1),
        }
    }

    /// Records a response of Discord.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Records a response of Discord that says nothing about others that have failed.
    pub fn recovered(&mut self, what: &K) {
        self.failing.remove(what);
        (self.openings, self.open_until) = (0, None);
    }

    /// Records a failure of Discord, and what has failed. `jitter`, from 0 to 1, spreads the probes of several servers.
    pub fn failed(&mut self, what: K, now: Timestamp, jitter: f64) {
        self.failing.retain(|_, at| now < *at + FORGOTTEN_AFTER);
        self.failing.insert(what, now);
        if self.failing.len() >= FAILURES || self.open_until.is_some() {
            self.open(now, jitter);
        }
    }

    /// Opens the breaker, because a response concerns all requests.
    pub fn open(&mut self, now: Timestamp, jitter: f64) {
        self.open_until = Some(now + backoff(FIRST, MOST, self.openings, jitter));
        self.openings = self.openings.saturating_add(1);
    }
}

/// What a request concerns, by which its failures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The bot itself.
    Bot,
    /// A guild, and the id of its channel, user or server.
    Guild(GuildId, u64),
}

/// The breakers of all requests and of each guild's.
///
/// Several guilds that fail look like an outage of Discord until another guild succeeds. So while the breaker of all
/// requests is open, a guild that has not failed can send a probe at once.
#[derive(Debug, Default)]
pub struct Breakers {
    all: Breaker<Option<GuildId>>,
    /// Guilds with channels that fail.
    guilds: HashMap<GuildId, Breaker<u64>>,
    /// Whether Discord rejects the bot's token, so that every probe would fail.
    is_rejected: bool,
    /// The time of the next probe of a guild that has not failed.
    next_probe: Option<Timestamp>,
}

impl Breakers {
    /// Lets a request through, or returns when to try again.
    ///
    /// # Errors
    /// The time until which a breaker is open.
    pub fn admit(&mut self, scope: Scope, now: Timestamp) -> Result<(), Timestamp> {
        let guild = match scope {
            Scope::Bot => None,
            Scope::Guild(guild, _) => Some(guild),
        };
        let own = guild.and_then(|guild| self.guilds.get(&guild));
        if let Some(until) = own.and_then(|own| own.open_until(now)) {
            return Err(until);
        }
        if let Err(until) = self.all.admit(now) {
            if !guild.is_some_and(|guild| self.can_probe(guild, now)) {
                return Err(until);
            }
            self.next_probe = Some(now + PROBE);
        }
        let own = guild.and_then(|guild| self.guilds.get_mut(&guild));
        own.map_or(Ok(()), |own| own.admit(now))
    }

    /// The time until which the breaker of all requests is open; `None` if it is not open.
    pub fn open_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.all.open_until(now)
    }

    /// Whether no request of this guild is let through.
    pub fn is_open_for(&self, guild: GuildId, now: Timestamp) -> bool {
        let is_own_open = self.guilds.get(&guild).is_some_and(|own| own.open_until(now).is_some());
        is_own_open || (self.open_until(now).is_some() && !self.can_probe(guild, now))
    }

    /// How many of this number of requests can be let through, of all guilds together.
    pub fn capacity(&self, now: Timestamp, requests: usize) -> usize {
        match self.all.capacity(now, requests) {
            0 if self.is_probe_due(now) => requests.min(1),
            capacity => capacity,
        }
    }

    /// How many of this number of requests of a guild can be let through.
    pub fn guild_capacity(&self, guild: GuildId, now: Timestamp, requests: usize) -> usize {
        self.guilds.get(&guild).map_or(requests, |own| own.capacity(now, requests))
    }

    /// The guilds whose own breaker is open, and until when.
    pub fn open_guilds(&self, now: Timestamp) -> impl Iterator<Item = (GuildId, Timestamp)> {
        self.guilds.iter().filter_map(move |(guild, own)| Some((*guild, own.open_until(now)?)))
    }

    /// The guilds of which no request is let through, although the [`Self::capacity`] may suffice.
    pub fn paused_guilds(&self, now: Timestamp) -> impl Iterator<Item = GuildId> {
        let is_open = self.open_until(now).is_some();
        let failing = self.all.failing.keys().filter(move |_| is_open).copied().flatten();
        self.open_guilds(now).map(|(guild, _)| guild).chain(failing)
    }

    /// Records a response of Discord.
    pub fn succeeded(&mut self, scope: Scope) {
        self.all.succeeded();
        (self.is_rejected, self.next_probe) = (false, None);
        if let Scope::Guild(guild, id) = scope
            && let Some(own) = self.guilds.get_mut(&guild)
        {
            own.recovered(&id);
            if own.failing.is_empty() {
                self.guilds.remove(&guild);
            }
        }
    }

    /// Records a failure of Discord.
    pub fn failed(&mut self, scope: Scope, now: Timestamp, jitter: f64) {
        (self.is_rejected, self.next_probe) = (false, Some(now + PROBE_INTERVAL));
        match scope {
            Scope::Bot => self.all.failed(None, now, jitter),
            Scope::Guild(guild, id) => {
                self.guilds.entry(guild).or_default().failed(id, now, jitter);
                self.all.failed(Some(guild), now, jitter);
            }
        }
    }

    /// Records that Discord rejects the bot's token, which concerns all requests.
    pub fn rejected(&mut self, now: Timestamp, jitter: f64) {
        self.is_rejected = true;
        self.all.open(now, jitter);
    }

    /// Whether a guild can send a probe while the breaker of all requests is open.
    fn can_probe(&self, guild: GuildId, now: Timestamp) -> bool {
        self.is_probe_due(now) && !self.all.failing.contains_key(&Some(guild))
    }

    fn is_probe_due(&self, now: Timestamp) -> bool {
        // A much later time means that the clock was set back.
        !self.is_rejected && self.next_probe.is_none_or(|at| at <= now || now + PROBE < at)
    }
}

/// The pause after this number of earlier failures: it doubles up to `most`. `jitter`, from 0 to 1, scales its second
/// half.
pub fn backoff(first: Duration, most: Duration, failures: u32, jitter: f64) -> Duration {
    let full = first.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(most);
    full.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}
