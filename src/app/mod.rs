//! Builds the parts of a server from its settings and starts their background tasks. No feature imports it.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet};

use crate::{
    access::{self, Access, ViewerCache},
    auth::{Accounts, Hasher, Keys, Lifetimes, LoginLimiter, LoginLimits},
    bus::{Bus, BusSubscriber},
    db::{Db, warn_of_unknown_values},
    discord::{self, Bot, DirectMessages, Discord, DiscordAnnouncer, delivery},
    identity::{self, Guilds, RosterCache},
    kernel::{clock::Clock, metrics::Metrics, public_url::PublicUrl, supervise::spawn_supervised},
    live::{self, Live},
    outbox,
    privacy::{self, Retention},
    voting::{self, Voting, scheduler},
};

/// Time between two clean-ups, which delete old personal data, and search for stored values that this release doesn't
/// know. A search reads whole tables.
const CLEAN_UP_INTERVAL: Duration = Duration::from_hours(1);

/// Time between two searches for keys of names that a server of another release has written. A search reads whole
/// tables.
const KEY_REFRESH: Duration = Duration::from_hours(1);

/// Options of a server.
pub struct Options {
    /// How long tokens and codes stay valid.
    pub lifetimes: Lifetimes,
    /// How often clients may attempt to sign in.
    pub limits: LoginLimits,
    /// How long personal data is kept.
    pub retention: Retention,
    /// The slug of the guild that serves requests which name no guild; `None` for the oldest guild.
    pub default_guild: Option<String>,
    /// The Discord bot, if the operator has set a token.
    pub bot: Option<Bot>,
    /// Longest time that the issuer of a code waits for its delivery by Discord.
    pub delivery_wait: Duration,
    /// The address of the site, for links in messages.
    pub public_url: Option<PublicUrl>,
    /// Whether other processes cache viewers of this database; if `None`, they may if the database can be shared.
    pub has_peers: Option<bool>,
    /// How long a cached viewer is used without checking that notifications arrive.
    pub lease: Duration,
    /// The channel of PostgreSQL's LISTEN and NOTIFY that the servers of one database share.
    pub channel: &'static str,
    /// How often watched tallies and campaigns are compared with the database, in case notifications were lost.
    pub reconcile_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lifetimes: Lifetimes::default(),
            limits: LoginLimits::default(),
            retention: Retention::default(),
            default_guild: None,
            bot: None,
            delivery_wait: discord::DELIVERY_WAIT,
            public_url: None,
            has_peers: None,
            lease: access::LEASE,
            channel: "guildhall",
            reconcile_every: live::RECONCILE_EVERY,
        }
    }
}

/// The parts of a running server. Each operation takes the one it needs.
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Notifies other parts and other servers of changes.
    pub bus: Arc<Bus>,
    /// Loads viewers and changes their rights.
    pub access: Access,
    /// Guilds by slug.
    pub guilds: Guilds,
    /// Ladders and numbers of members.
    pub rosters: RosterCache,
    /// Accounts.
    pub accounts: Accounts,
    /// How long personal data is kept.
    pub retention: Retention,
    /// Campaigns and ballots.
    pub voting: Voting,
    /// Watched tallies and campaigns.
    pub live: Arc<Live>,
    /// Discord.
    pub discord: Arc<Discord>,
    /// The server's metrics.
    pub metrics: Arc<Metrics>,
    /// Each mutation has a receiver until it is done, so that a shutdown also waits for mutations whose clients have
    /// disconnected.
    pub mutations: watch::Sender<()>,
}

impl App {
    /// Builds the parts of a server with default options.
    pub fn new(db: Db, clock: Clock, keys: Keys, hasher: Hasher) -> Self {
        Self::with(db, clock, keys, hasher, Options::default())
    }

    /// Builds the parts of a server.
    pub fn with(db: Db, clock: Clock, keys: Keys, hasher: Hasher, options: Options) -> Self {
        let (bus, metrics) = (Arc::new(Bus::new(options.channel, options.lease)), Arc::new(Metrics::default()));
        let viewers = Arc::new(ViewerCache::new(options.lease));
        let access = Access {
            has_peers: options.has_peers.unwrap_or(db.is_shared()),
            db: db.clone(),
            clock: clock.clone(),
            bus: Arc::clone(&bus),
            viewers: Arc::clone(&viewers),
        };
        let bot = options.bot.map(Arc::new);
        let public_url = options.public_url;
        let direct_messages = DirectMessages {
            bot: bot.clone(),
            cipher: keys.cipher.clone(),
            clock: clock.clone(),
            wait: options.delivery_wait,
            public_url: public_url.clone(),
        };
        let discord = Discord {
            access: access.clone(),
            cipher: keys.cipher.clone(),
            bot: bot.clone(),
            public_url: public_url.clone(),
        };
        let accounts = Accounts {
            access: access.clone(),
            keys: Arc::new(keys),
            hasher,
            lifetimes: options.lifetimes,
            limiter: Arc::new(LoginLimiter::new(options.limits, &clock)),
            metrics: Arc::clone(&metrics),
            delivery: Arc::new(direct_messages),
        };
        let voting = Voting {
            db: db.clone(),
            clock: clock.clone(),
            bus: Arc::clone(&bus),
            tallies: Arc::default(),
            boxes: Arc::default(),
            non_voters: Arc::default(),
            announcer: Arc::new(DiscordAnnouncer { bot, public_url }),
        };
        let live = Arc::new(Live::new(voting.clone(), Arc::clone(&metrics), options.reconcile_every));
        // The viewer cache comes first, because the other subscribers load viewers when they are notified.
        let subscribers: Vec<Arc<dyn BusSubscriber>> = vec![viewers, Arc::clone(&live) as Arc<dyn BusSubscriber>];
        bus.subscribe(subscribers);
        Self {
            guilds: Guilds::new(options.default_guild),
            rosters: RosterCache::default(),
            discord: Arc::new(discord),
            mutations: watch::Sender::default(),
            db,
            clock,
            bus,
            access,
            accounts,
            retention: options.retention,
            voting,
            live,
            metrics,
        }
    }

    /// Starts the background tasks: the scheduler, the exchange with other servers, and the delivery to Discord. They
    /// end when the set is dropped.
    pub fn start(&self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let voting = self.voting.clone();
        spawn_supervised(&mut tasks, "the scheduler", move || scheduler::run(voting.clone()));
        let (bus, db) = (Arc::clone(&self.bus), self.db.clone());
        spawn_supervised(&mut tasks, "the bus between servers", move || {
            let (bus, db) = (Arc::clone(&bus), db.clone());
            async move { bus.run(&db).await }
        });
        let (db, clock) = (self.db.clone(), self.clock.clone());
        let (retention, refresh) = (self.retention, self.accounts.lifetimes.refresh);
        spawn_supervised(&mut tasks, "the clean-up", move || clean_up(db.clone(), clock.clone(), retention, refresh));
        let (db, clock) = (self.db.clone(), self.clock.clone());
        spawn_supervised(&mut tasks, "the refresh of names' keys", move || refresh_keys(db.clone(), clock.clone()));
        if self.db.is_shared() {
            let live = Arc::clone(&self.live);
            spawn_supervised(&mut tasks, "the comparison with the database", move || {
                live::reconcile(Arc::clone(&live))
            });
        } else {
            let db = self.db.clone();
            spawn_supervised(&mut tasks, "the check of SQLite's log", move || {
                let db = db.clone();
                async move { db.keep_log_small().await }
            });
        }
        if self.discord.bot.is_some() {
            let discord = Arc::clone(&self.discord);
            spawn_supervised(&mut tasks, "the delivery to Discord", move || delivery::run(Arc::clone(&discord)));
        }
        tasks
    }
}

/// Regularly deletes old personal data, and logs what a newer release on the same database has stored and this one
/// ignores.
async fn clean_up(db: Db, clock: Clock, retention: Retention, refresh: Duration) {
    let columns =
        || [identity::CHARACTER_VALUES, voting::CAMPAIGN_VALUES, outbox::MESSAGE_VALUES].into_iter().flatten();
    loop {
        let checked = db.read(async move |conn| Ok(warn_of_unknown_values(conn, columns()).await?)).await;
        if let Err(error) = checked {
            tracing::warn!(%error, "could not search for values of a newer release");
        }
        if let Err(error) = privacy::clean_up(&db, clock.now(), retention, refresh).await {
            tracing::warn!(%error, "could not delete old personal data");
        }
        clock.sleep(CLEAN_UP_INTERVAL).await;
    }
}

/// Brings the keys of names and titles up to date, at start and regularly. A migration also does this, before the server
/// starts.
async fn refresh_keys(db: Db, clock: Clock) {
    loop {
        if let Err(error) = identity::refresh_keys(&db).await {
            tracing::warn!(%error, "could not bring the keys of names up to date");
        }
        if let Err(error) = voting::refresh_sort_keys(&db).await {
            tracing::warn!(%error, "could not bring the keys of titles up to date");
        }
        clock.sleep(KEY_REFRESH).await;
    }
}
