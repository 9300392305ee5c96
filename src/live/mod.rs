//! What is watched: tallies, campaigns, and who may do what. Each is looked up once for all who watch it, here and, over
//! PostgreSQL, on every server.

mod answers;
mod bus;
mod campaigns;
mod tallies;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, Semaphore, SemaphorePermit, broadcast, mpsc, watch},
    time::Instant,
};

pub use self::{
    answers::{Answers, Made, Place, Recipe},
    campaigns::{CampaignWatch, Change, watch_campaigns},
    tallies::{Counted, Watch, watch_tally},
};
use self::{campaigns::CampaignFeed, tallies::Feed};
use crate::{
    app::App,
    auth::Viewers,
    db::Notice,
    held::Held,
    id::{CampaignId, GuildId, MemberId},
    voting::{Campaign, CampaignStatus},
};

/// How many watchers are looked up anew at the same time.
const RENEWALS: usize = 4;
/// How many stirred votes are remembered for whoever is slow to hear of them.
const STIRRED: usize = 4_096;

/// Something that other servers, and those who watch here, must hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    /// A campaign has other ballots.
    Ballots(GuildId, CampaignId),
    /// A campaign has other settings or entries, or another status: what is due next may be another thing.
    Campaign(GuildId, CampaignId),
    /// What someone in a guild may do has changed: this member alone, or anyone.
    Access(GuildId, Option<MemberId>),
}

/// Whose rights: a member's, or those of whoever is not signed in.
type Whose = (GuildId, Option<MemberId>);

/// Who watches what on this server, and what it knows of them.
pub struct Live {
    /// Viewers looked up before.
    pub viewers: Viewers,
    /// Where the servers on one database tell each other of changes.
    pub channel: &'static str,
    /// How often what is watched is held against the database, so that a notice that was lost is made up for.
    pub reconcile_every: Duration,
    /// Tells this server's events from the others'.
    server: u64,
    tallies: Mutex<HashMap<(GuildId, CampaignId), Arc<Feed>>>,
    campaigns: Mutex<HashMap<GuildId, Arc<CampaignFeed>>>,
    access: Mutex<Held<Whose, watch::Sender<()>>>,
    /// When those whose turn it has been to be told something have been told.
    free_at: Mutex<Option<Instant>>,
    cores: u32,
    /// Those whose rights may have changed are looked up a few at a time, so that requests get their turn.
    renewals: Semaphore,
    schedule: Notify,
    /// Votes that have other ballots or another status; none, when that is not known any more.
    stirred: broadcast::Sender<Option<(GuildId, CampaignId)>>,
    /// To the other servers; what is sent before the bus runs waits for it.
    outgoing: mpsc::UnboundedSender<Event>,
    bus: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
}

impl Default for Live {
    fn default() -> Self {
        let (outgoing, bus) = mpsc::unbounded_channel();
        Self {
            viewers: Viewers::default(),
            channel: "guildhall",
            reconcile_every: Duration::from_secs(5),
            server: rand::random(),
            tallies: Mutex::default(),
            campaigns: Mutex::default(),
            access: Mutex::default(),
            free_at: Mutex::default(),
            cores: std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1)),
            renewals: Semaphore::new(RENEWALS),
            schedule: Notify::new(),
            stirred: broadcast::Sender::new(STIRRED),
            outgoing,
            bus: tokio::sync::Mutex::new(bus),
        }
    }
}

impl Live {
    /// Says that a campaign has other ballots.
    pub fn ballots_changed(&self, guild: GuildId, campaign: CampaignId) {
        self.tell(Event::Ballots(guild, campaign));
    }

    /// What tells the other servers that ranks, accounts or sessions of a guild have changed: of this member alone, or of
    /// anyone.
    pub fn access_notice(&self, guild: GuildId) -> impl FnOnce(Option<MemberId>) -> Notice + use<> {
        let (server, channel) = (self.server, self.channel);
        move |of| Notice { channel, payload: bus::write(server, Event::Access(guild, of)) }
    }

    /// Says so on this server alone.
    pub fn access_changed(&self, guild: GuildId, of: Option<MemberId>) {
        self.hear(Event::Access(guild, of));
    }

    /// What tells the other servers that a campaign has changed.
    pub fn campaign_notice(&self) -> impl FnOnce(&Campaign) -> Notice + use<> {
        let (server, channel) = (self.server, self.channel);
        move |it| Notice { channel, payload: bus::write(server, Event::Campaign(it.guild_id, it.id)) }
    }

    /// Says, on this server alone, that a campaign has changed.
    pub fn campaign_changed(&self, campaign: &Campaign) {
        self.hear(Event::Campaign(campaign.guild_id, campaign.id));
    }

    /// Returns when a campaign changes after this, here or elsewhere.
    pub fn schedule_changed(&self) -> impl Future<Output = ()> {
        self.schedule.notified()
    }

    /// Votes with other ballots or another status, here or elsewhere, from now on; `None` is any of them.
    pub fn stirred(&self) -> broadcast::Receiver<Option<(GuildId, CampaignId)>> {
        self.stirred.subscribe()
    }

    /// Changes of what someone may do from now on; `None` is whoever is not signed in.
    pub fn watch_access(&self, guild: GuildId, member: Option<MemberId>) -> watch::Receiver<()> {
        let key = (guild, member);
        lock(&self.access).get_or_hold(key, |sender| sender.receiver_count() > 0, watch::Sender::default).subscribe()
    }

    /// How many here watch a campaign's tally; `None` when it is not counted any more.
    pub fn watching(&self, guild: GuildId, campaign: CampaignId) -> Option<usize> {
        lock(&self.tallies).get(&(guild, campaign)).map(|feed| feed.watching())
    }

    /// How many here are told what becomes of a guild's campaigns.
    pub fn following(&self, guild: GuildId) -> usize {
        lock(&self.campaigns).get(&guild).map_or(0, |feed| feed.following())
    }

    /// How many here watch a tally, and how many are told what becomes of campaigns.
    pub fn watchers(&self) -> (usize, usize) {
        let tallies = lock(&self.tallies).values().map(|feed| feed.watching()).sum();
        let campaigns = lock(&self.campaigns).values().map(|feed| feed.following()).sum();
        (tallies, campaigns)
    }

    fn tell(&self, event: Event) {
        self.hear(event);
        // Only a server that is going down has nobody to pass it on.
        let _ = self.outgoing.send(event);
    }

    /// Takes an event in, from here or from another server.
    fn hear(&self, event: Event) {
        if let Event::Ballots(guild, campaign) | Event::Campaign(guild, campaign) = event {
            // Mostly nobody here tells of votes.
            let _ = self.stirred.send(Some((guild, campaign)));
        }
        match event {
            Event::Ballots(guild, campaign) => self.recount_one(guild, campaign),
            Event::Campaign(guild, campaign) => {
                self.recount_one(guild, campaign);
                if let Some(feed) = lock(&self.campaigns).get(&guild) {
                    feed.changed(campaign);
                }
                self.schedule.notify_waiters();
            }
            Event::Access(guild, of) => {
                self.viewers.forget(guild, of);
                match of {
                    Some(_) => lock(&self.access).get(&(guild, of)).into_iter().for_each(tell),
                    None => self.tell_access(|it| it == guild),
                }
                self.recount(|(of, _)| *of == guild);
            }
        }
    }

    /// After a time of not hearing the other servers: anything may have changed.
    fn missed_events(&self) {
        let _ = self.stirred.send(None);
        self.viewers.forget_all();
        self.tell_access(|_| true);
        self.recount(|_| true);
        lock(&self.campaigns).values().for_each(|feed| feed.look_at_all());
        self.schedule.notify_waiters();
    }

    fn tell_access(&self, which: impl Fn(GuildId) -> bool) {
        lock(&self.access).iter().filter(|((guild, _), _)| which(*guild)).for_each(|(_, sender)| tell(sender));
    }

    /// The guilds whose campaigns are followed.
    fn followed_guilds(&self) -> Vec<GuildId> {
        lock(&self.campaigns).keys().copied().collect()
    }

    /// Holds what was told of followed campaigns against what was found of them.
    fn campaigns_found(&self, found: &[(GuildId, CampaignId, CampaignStatus)]) {
        let mut by_guild: HashMap<GuildId, HashMap<CampaignId, CampaignStatus>> = HashMap::new();
        for (guild, campaign, status) in found {
            by_guild.entry(*guild).or_default().insert(*campaign, *status);
        }
        for (guild, feed) in lock(&self.campaigns).iter() {
            feed.found(by_guild.get(guild).unwrap_or(&HashMap::new()));
        }
    }

    fn recount_one(&self, guild: GuildId, campaign: CampaignId) {
        if let Some(feed) = lock(&self.tallies).get(&(guild, campaign)) {
            feed.recount();
        }
    }

    fn recount(&self, which: impl Fn(&(GuildId, CampaignId)) -> bool) {
        lock(&self.tallies).iter().filter(|(key, _)| which(key)).for_each(|(_, feed)| feed.recount());
    }

    /// The tallies that are watched, and the revision of each that was told last.
    fn watched_tallies(&self) -> Vec<((GuildId, CampaignId), i64)> {
        lock(&self.tallies).iter().filter_map(|(key, feed)| Some((*key, feed.revision()?))).collect()
    }

    /// A place among those who are looked up anew.
    pub async fn renewal(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.renewals.acquire().await.ok()
    }

    /// The guilds of which someone watches something.
    fn watched_guilds(&self) -> HashSet<GuildId> {
        lock(&self.access)
            .iter()
            .filter(|(_, sender)| sender.receiver_count() > 0)
            .map(|((guild, _), _)| *guild)
            .collect()
    }
}

fn tell(sender: &watch::Sender<()>) {
    sender.send_replace(());
}

/// Passes events between servers until the task is dropped.
pub async fn run_bus(app: Arc<App>) {
    let mut outgoing = app.live.bus.lock().await;
    bus::run(&app, &mut outgoing).await;
}

/// A lock is only ever held for a few lines that do not panic; if one did, the map is still a map.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
