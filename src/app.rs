//! What a running server holds.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::watch;

use crate::{
    auth::{Hasher, Keys, Lifetimes, Limiter, Limits},
    clock::Clock,
    db::{Conn, Db, Work},
    discord::{self, Bot},
    error::{Code, Refusal, Result},
    id::{GuildId, MemberId},
    identity::{self, Rosters},
    live::{self, Live},
    metrics::Metrics,
    panics, text,
    voting::{CampaignChanged, Counts, WaitedFor, scheduler},
};

/// All that operations need. One for a server's life.
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Signs and reads access tokens.
    pub keys: Keys,
    /// Hashes passwords and codes.
    pub hasher: Hasher,
    /// How long tokens and codes are good for.
    pub lifetimes: Lifetimes,
    /// Bounds how often someone may try to sign in.
    pub limiter: Limiter,
    /// Who watches what.
    pub live: Live,
    /// What is counted.
    pub metrics: Metrics,
    /// What was read of rosters.
    pub rosters: Rosters,
    /// What was counted of votes that run.
    pub counts: Arc<Counts>,
    /// Of each vote somebody who has not voted.
    pub waited_for: WaitedFor,
    /// Held by each mutation until it is over, so that a server that ends can wait for those whose clients have hung up.
    pub under_way: watch::Sender<()>,
    /// The Discord bot, where there is one.
    pub discord: Option<Bot>,
    /// Whether servers in other processes go by what this one changes: always where they can share the database, and for
    /// a command beside a server on SQLite.
    pub has_peers: bool,
    /// The slug of the guild that serves requests which name none; the oldest guild unless given.
    pub default_guild: Option<String>,
    /// Guilds by slug, and the oldest under none: a guild keeps its slug, and there is no older one to come. Only guilds
    /// that there are get in, so it grows no further than the deployment.
    guilds: RwLock<HashMap<Option<String>, GuildId>>,
}

impl App {
    /// An app with the defaults of everything but these.
    pub fn new(db: Db, clock: Clock, keys: Keys, hasher: Hasher) -> Self {
        Self {
            limiter: Limiter::new(Limits::default(), &clock),
            has_peers: db.is_shared(),
            db,
            clock,
            keys,
            hasher,
            lifetimes: Lifetimes::default(),
            live: Live::default(),
            metrics: Metrics::default(),
            rosters: Rosters::default(),
            counts: Arc::default(),
            waited_for: WaitedFor::default(),
            under_way: watch::Sender::default(),
            discord: None,
            default_guild: None,
            guilds: RwLock::default(),
        }
    }

    /// Starts what goes on beside the requests: the scheduler, the bus between servers, and the Discord bot. All end when
    /// the returned set is dropped.
    pub fn start(self: &Arc<Self>) -> tokio::task::JoinSet<()> {
        let mut tasks = tokio::task::JoinSet::new();
        self.go_on(&mut tasks, "the scheduler", scheduler::run);
        self.go_on(&mut tasks, "the bus between servers", live::run_bus);
        discord::start(self, &mut tasks);
        tasks
    }

    /// Starts something that goes on for as long as the server does.
    pub(crate) fn go_on<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        tasks: &mut tokio::task::JoinSet<()>,
        what: &'static str,
        work: fn(Arc<Self>) -> F,
    ) {
        let app = Arc::clone(self);
        tasks.spawn(async move { panics::begin_again(what, || work(Arc::clone(&app))).await });
    }

    /// Runs `work` in a transaction that may change who may do what in a guild, and tells all servers: of the member that
    /// `of` finds in the result, where nobody else's rights change, or else of anyone. What it gives is known elsewhere a
    /// moment later; whatever takes something away must [`App::settle`] before it is acknowledged.
    ///
    /// # Errors
    /// Those of `work`; internal when there is no connection to be had.
    pub async fn change_access<R, F>(
        &self,
        guild: GuildId,
        of: impl Fn(&R) -> Option<MemberId> + Clone + Send + 'static,
        work: F,
    ) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        let notice = {
            let (of, notice) = (of.clone(), self.live.access_notice(guild));
            move |result: &R| Some(notice(of(result)))
        };
        let result = self.db.write_and_notify(notice, work).await?;
        self.live.access_changed(guild, of(&result));
        Ok(result)
    }

    /// Runs `work` in a transaction that may change a campaign's settings, entries or status, and tells all servers of the
    /// campaign in its result.
    ///
    /// # Errors
    /// Those of `work`; internal when there is no connection to be had.
    pub async fn change_campaign<R, F>(&self, work: F) -> Result<R>
    where
        R: CampaignChanged + Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        let notice = self.live.campaign_notice();
        let result = self.db.write_and_notify(move |result: &R| result.campaign().map(notice), work).await?;
        if let Some(campaign) = result.campaign() {
            self.live.campaign_changed(campaign);
            // A step may have queued what there is to tell of it.
            self.discord.iter().for_each(Bot::wake);
        }
        Ok(result)
    }

    /// Waits until no server goes by what was before the last change of access; [`crate::auth::Viewers`] tells why that
    /// is so.
    pub async fn settle(&self) {
        if self.has_peers {
            tokio::time::sleep(self.live.viewers.lease).await;
        }
    }

    /// The guild a request is for.
    ///
    /// # Errors
    /// `NOT_FOUND` for an unknown slug, or when there is no guild at all.
    pub async fn guild(&self, slug: Option<&str>) -> Result<GuildId> {
        let slug = slug.map(text::storable).or_else(|| self.default_guild.clone());
        if let Some(known) = self.guilds.read().unwrap_or_else(PoisonError::into_inner).get(&slug) {
            return Ok(*known);
        }
        let wanted = slug.clone();
        let guild = self
            .db
            .read(async move |conn| {
                Ok(match wanted {
                    Some(slug) => identity::store::guild_by_slug(conn, &slug).await?,
                    None => identity::store::oldest_guild(conn).await?,
                })
            })
            .await?;
        let guild = guild.ok_or_else(|| Refusal::new(Code::NotFound, "There is no such guild."))?;
        self.guilds.write().unwrap_or_else(PoisonError::into_inner).insert(slug, guild.id);
        Ok(guild.id)
    }
}
