//! Announces the events of campaigns in a channel.
//!
//! The next event depends only on the campaign's state and on the events announced so far
//! ([`super::announcement_rules`]). So no event is announced twice, and an event that a crashed server missed is
//! announced by the next server. The launch and the results are queued in the transaction of the campaign's step. The
//! holder of the gateway lease queues all other events, a moment after the ballots.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::sync::broadcast::error::RecvError;

use super::{
    announcement_rules::{self, AnnouncedState, AnnouncementEvent, CampaignFacts},
    boards,
    embed::{self, AnnouncementContext, Branding},
    messages, overdue_drafts,
    rows::{Destination, Link},
    service::Discord,
    store,
};
use crate::{
    db::Conn,
    identity,
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::{CampaignId, GuildId},
        public_url::PublicUrl,
    },
    outbox::{self, Message},
    voting::{self, AnnouncementLevel, Campaign, CampaignStatus, ResultsVisibility, Tally, Turnout},
};

type CampaignRef = (GuildId, CampaignId);

/// Delay from a ballot to the check of its campaign, and shortest time between two checks. Events in between are
/// announced as one.
const CHECK_DELAY: Duration = Duration::from_secs(1);
/// The checks of a large campaign take at most 1/`TIME_SHARE` of the time.
const TIME_SHARE: u32 = 20;
/// Time between two searches for deadlines of all campaigns, because links and campaigns are added and removed.
const SWEEP: Duration = Duration::from_mins(1);
/// Time between two checks of all campaigns, which make up for lost notifications of ballots.
const CHECK_ALL: Duration = Duration::from_mins(10);
/// Pause after a failed check.
const RETRY_DELAY: Duration = Duration::from_secs(5);
/// Times before a campaign's end at which its last day and its last hour are announced.
const DEADLINES: [Duration; 2] = [Duration::from_hours(24), Duration::from_hours(1)];

/// Queues the next announcement of a campaign, if there is one. It runs in the transaction that changed the campaign,
/// or in its own.
///
/// # Errors
/// A database error.
pub(crate) async fn announce_campaign(
    conn: &mut Conn,
    public_url: Option<&PublicUrl>,
    campaign: &Campaign,
    now: Timestamp,
) -> Result<()> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    let Some((link, destination)) = destination(conn, campaign).await? else { return Ok(()) };
    let Some(announced) = store::lock_announced_state(conn, guild, id).await? else { return Ok(()) };
    // Read again under the lock, so that the campaign is not older than its announced events.
    let Some(campaign) = voting::store::campaign(conn, guild, id).await? else { return Ok(()) };
    conn.prefer_hash_joins().await?;
    let NextAnnouncement { event, after, tally, turnout } =
        next_announcement(conn, campaign.clone(), &announced, now).await?;
    let branding = branding(conn, &link, public_url).await?;
    if let (Some(event), Some(tally)) = (event, tally) {
        // An announcement that waits is no longer news. The last one says all that a closed campaign needs.
        let launch = AnnouncementEvent::Launch.to_string();
        let kept = (!event.is_last()).then_some(launch.as_str());
        outbox::store::delete_announcements(conn, guild, id, kept).await?;
        let body = compose(&tally, event, &announced, &branding)?;
        messages::announce(conn, (guild, id), destination, (event, body), now).await?;
    }
    if after != announced {
        store::update_announced_state(conn, guild, id, &after).await?;
    }
    boards::refresh(conn, &campaign, turnout, &branding, now).await
}

/// Remembers the message that announced a launch, in the transaction that records its delivery, and edits it if ballots
/// have arrived meanwhile.
pub(super) async fn record_posted(
    conn: &mut Conn,
    public_url: Option<&PublicUrl>,
    message: &Message,
    posted: u64,
    now: Timestamp,
) -> Result<()> {
    let (guild, Some(id)) = (message.guild_id, boards::launched_campaign(message)) else { return Ok(()) };
    // It may have been deleted meanwhile, together with its guild.
    if voting::store::campaign(conn, guild, id).await?.is_none() {
        return Ok(());
    }
    // Under the lock, so that a step of the campaign either finds the message or is found here.
    if store::lock_announced_state(conn, guild, id).await?.is_none() {
        return Ok(());
    }
    let Some(campaign) = voting::store::campaign(conn, guild, id).await? else { return Ok(()) };
    let turnout = boards::turnout(conn, &campaign).await?;
    boards::record(conn, &campaign, turnout, message, posted, now).await?;
    let Some((link, _)) = destination(conn, &campaign).await? else { return Ok(()) };
    let branding = branding(conn, &link, public_url).await?;
    boards::refresh(conn, &campaign, turnout, &branding, now).await
}

/// Whether an announcement comes too late, because its campaign no longer accepts ballots, or its last day is its last
/// hour by now.
pub(super) async fn is_obsolete(conn: &mut Conn, message: &Message, now: Timestamp) -> Result<bool> {
    let (Some(event), Some(id)) = (message.event.as_deref(), message.campaign_id) else { return Ok(false) };
    if [AnnouncementEvent::Results, AnnouncementEvent::Cancelled].iter().any(|last| event == last.to_string()) {
        return Ok(false);
    }
    let campaign = voting::store::campaign(conn, message.guild_id, id).await?;
    let closes = campaign.filter(|campaign| campaign.status == CampaignStatus::Live).and_then(|it| it.closes_at);
    let last_hour = (event == AnnouncementEvent::DayLeft.to_string()).then_some(Duration::from_hours(1));
    Ok(closes.is_none_or(|closes| now >= closes - last_hour.unwrap_or_default()))
}

/// The settings of a guild that all its messages share.
async fn branding(conn: &mut Conn, link: &Link, public_url: Option<&PublicUrl>) -> Result<Branding> {
    let guild = identity::store::guild(conn, link.guild_id).await?;
    let (guild_name, slug) = guild.map(|guild| (guild.name, guild.slug)).unwrap_or_default();
    let page = public_url.map(|site| site.page(&slug, "/votes/{id}"));
    Ok(Branding {
        guild_name,
        color: u32::try_from(link.color).unwrap_or_default(),
        campaign_url: link.campaign_url.clone().or(page),
        thumbnail_url: link.thumbnail_url.clone(),
    })
}

/// The link and the channel for a campaign's announcements; `None` if it is not announced.
async fn destination(conn: &mut Conn, campaign: &Campaign) -> Result<Option<(Link, Destination)>> {
    if campaign.announcements == AnnouncementLevel::Off {
        return Ok(None);
    }
    let Some(link) = store::link(conn, campaign.guild_id).await? else { return Ok(None) };
    let own = campaign.discord_channel_id.as_deref();
    // Readers of the guild's channel can have any rank, so a campaign that some ranks can't see needs a channel of its
    // own.
    let is_for_all = match campaign.min_rank_level_to_view {
        None => true,
        Some(_) if own.is_some() => true,
        Some(level) => {
            let ladder = identity::Ladder::load(conn, campaign.guild_id).await?;
            ladder.lowest().is_some_and(|lowest| level <= lowest.level)
        }
    };
    let channel = own.or(link.channel_id.as_deref()).filter(|_| is_for_all);
    Ok(channel.and_then(Destination::channel).map(|destination| (link, destination)))
}

/// What to announce of a campaign.
struct NextAnnouncement {
    /// The event to announce now, if there is one.
    event: Option<AnnouncementEvent>,
    /// The announced events after it.
    after: AnnouncedState,
    /// The tally, if it was needed.
    tally: Option<Tally>,
    /// The turnout.
    turnout: Turnout,
}

/// Finds what to announce of a campaign.
async fn next_announcement(
    conn: &mut Conn,
    campaign: Campaign,
    announced: &AnnouncedState,
    now: Timestamp,
) -> Result<NextAnnouncement> {
    let turnout = boards::turnout(conn, &campaign).await?;
    let hides_standings = campaign.results_visibility != ResultsVisibility::Always;
    let is_hyped = campaign.announcements == AnnouncementLevel::Hype && campaign.status == CampaignStatus::Live;
    let mut tally = None;
    let mut facts = CampaignFacts {
        level: campaign.announcements,
        status: campaign.status,
        is_cancelled: campaign.is_cancelled(),
        start_at: campaign.start_at,
        closes_at: campaign.closes_at,
        turnout,
        leader: None,
        hides_standings,
        now,
    };
    // Only where everyone sees the standings: a lead change right after a ballot would reveal who cast it.
    if is_hyped && !hides_standings && facts.turnout.voted > 0 {
        tally = load_tally(conn, campaign.clone(), now).await?;
        facts.leader = tally.as_ref().and_then(|tally| announcement_rules::leader(&tally.outcome));
    }
    let (event, after) = announcement_rules::next_event(&facts, announced);
    if event.is_some() && tally.is_none() {
        tally = load_tally(conn, campaign, now).await?;
    }
    Ok(NextAnnouncement { event, after, tally, turnout })
}

async fn load_tally(conn: &mut Conn, campaign: Campaign, now: Timestamp) -> Result<Option<Tally>> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    Ok(voting::tallies(conn, None, guild, vec![campaign], now).await?.remove(&id))
}

fn compose(tally: &Tally, event: AnnouncementEvent, announced: &AnnouncedState, branding: &Branding) -> Result<String> {
    let Tally { campaign, entries, turnout, outcome, .. } = tally;
    let context =
        AnnouncementContext { campaign, entries, turnout: *turnout, outcome: Some(outcome), event, announced };
    serde_json::to_string(&embed::announcement(&context, branding)).map_err(Error::internal)
}

/// When to check which campaign for a new event.
#[derive(Default)]
struct AnnouncementSchedule {
    /// Campaigns to check, and the earliest time.
    due: HashMap<CampaignRef, Timestamp>,
    /// Checked campaigns, and the earliest time of their next check.
    rest_until: HashMap<CampaignRef, Timestamp>,
    /// Campaigns that are not announced.
    quiet: HashSet<CampaignRef>,
    /// The times at which the last day and the last hour of campaigns begin.
    deadlines: Vec<(Timestamp, CampaignRef)>,
}

impl AnnouncementSchedule {
    fn enqueue(&mut self, key: CampaignRef, now: Timestamp) {
        if !self.quiet.contains(&key) {
            let at = now + CHECK_DELAY;
            let at = self.rest_until.get(&key).map_or(at, |until| at.max(*until));
            self.enqueue_at(key, at);
        }
    }

    fn enqueue_at(&mut self, key: CampaignRef, at: Timestamp) {
        self.due.entry(key).and_modify(|due| *due = at.min(*due)).or_insert(at);
    }

    /// Notes when a campaign's last day and last hour begin, or have just begun. The announced events prevent a
    /// repetition.
    fn add_deadlines(&mut self, key: CampaignRef, closes: Timestamp, now: Timestamp) {
        self.deadlines
            .extend(DEADLINES.iter().map(|before| (closes - *before, key)).filter(|(at, _)| now < *at + 2 * SWEEP));
    }

    /// Removes and returns the campaigns that are due.
    fn take_due(&mut self, now: Timestamp) -> Vec<CampaignRef> {
        for (_, key) in self.deadlines.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.enqueue_at(key, now);
        }
        self.rest_until.retain(|_, until| now < *until);
        let due: Vec<CampaignRef> = self.due.iter().filter(|(_, at)| **at <= now).map(|(key, _)| *key).collect();
        for key in &due {
            self.due.remove(key);
        }
        due
    }

    /// The earliest time at which a campaign is due.
    fn next_due(&self) -> Option<Timestamp> {
        self.due.values().chain(self.deadlines.iter().map(|(at, _)| at)).min().copied()
    }
}

/// Announces the campaigns of all guilds until the task is dropped.
pub(crate) async fn run(discord: Arc<Discord>) {
    let mut campaign_events = discord.access.bus.campaign_events();
    let (mut schedule, mut swept_at, mut checked_at) =
        (AnnouncementSchedule::default(), None::<Timestamp>, None::<Timestamp>);
    loop {
        let now = discord.access.clock.now();
        if swept_at.is_none_or(|at| now >= at + SWEEP || now < at) {
            // After a start and every `CHECK_ALL`, every campaign is checked, because notifications may have been lost.
            let all = checked_at.is_none_or(|at| now >= at + CHECK_ALL || now < at);
            if let Err(error) = overdue_drafts::report(&discord, now).await {
                tracing::warn!(%error, "could not report drafts that could not start");
            }
            match sweep(&discord, &mut schedule, all, now).await {
                Ok(()) => checked_at = if all { Some(now) } else { checked_at },
                Err(error) => tracing::warn!(%error, "could not search for campaigns to announce"),
            }
            swept_at = Some(now);
        }
        for key in schedule.take_due(now) {
            check_campaign(&discord, &mut schedule, key, now).await;
        }
        let next = swept_at.unwrap_or(now) + SWEEP;
        let next = schedule.next_due().map_or(next, |due| due.min(next));
        tokio::select! {
            event = campaign_events.recv() => match event {
                Ok(Some(key)) => schedule.enqueue(key, discord.access.clock.now()),
                // Any campaign may have changed.
                Ok(None) | Err(RecvError::Lagged(_)) => (swept_at, checked_at) = (None, None),
                Err(RecvError::Closed) => return,
            },
            () = discord.access.clock.sleep_until(next) => {}
        }
    }
}

async fn sweep(discord: &Discord, schedule: &mut AnnouncementSchedule, all: bool, now: Timestamp) -> Result<()> {
    let live = discord.access.db.read(async |conn| Ok(store::announced_campaigns(conn).await?)).await?;
    schedule.quiet.clear();
    schedule.deadlines.clear();
    for campaign in live {
        let key = (campaign.guild_id, campaign.id);
        if let Some(closes) = campaign.closes_at {
            schedule.add_deadlines(key, closes, now);
        }
        if all {
            schedule.enqueue(key, now);
        }
    }
    Ok(())
}

/// Checks one campaign, and announces its next event.
async fn check_campaign(discord: &Discord, schedule: &mut AnnouncementSchedule, key: CampaignRef, now: Timestamp) {
    let started = discord.access.clock.elapsed();
    let checked = discord.access.db.snapshot(async move |conn| pending_announcement(conn, key, now).await).await;
    if let Ok(Some(PendingAnnouncement { closes: Some(closes), .. })) = checked {
        // A campaign that was started after the last sweep has no deadlines yet.
        schedule.deadlines.retain(|(_, of)| *of != key);
        schedule.add_deadlines(key, closes, now + 2 * SWEEP);
    }
    let announced = match checked {
        Ok(Some(PendingAnnouncement { is_due: false, next_edit, .. })) => {
            if let Some(at) = next_edit {
                schedule.enqueue_at(key, at);
            }
            Ok(())
        }
        Ok(None) => {
            schedule.quiet.insert(key);
            return;
        }
        Ok(Some(_)) => {
            let public_url = discord.public_url.clone();
            let announce = async move |conn: &mut Conn| match voting::store::campaign(conn, key.0, key.1).await? {
                Some(campaign) => announce_campaign(conn, public_url.as_ref(), &campaign, now).await,
                None => Ok(()),
            };
            let announced = discord.access.db.write(announce).await;
            if let (Ok(()), Some(bot)) = (&announced, &discord.bot) {
                bot.outbox().wake();
            }
            announced
        }
        Err(error) => Err(error),
    };
    let rest = CHECK_DELAY.max((discord.access.clock.elapsed().saturating_sub(started)).saturating_mul(TIME_SHARE));
    schedule.rest_until.insert(key, now + rest);
    if let Err(error) = announced {
        tracing::warn!(%error, campaign = key.1.0, "could not announce a campaign; retrying");
        schedule.due.insert(key, now + RETRY_DELAY);
    }
}

/// What a check of a campaign finds.
#[derive(Default)]
struct PendingAnnouncement {
    /// Whether there is an event to announce, or a message to edit now.
    is_due: bool,
    /// When the campaign closes.
    closes: Option<Timestamp>,
    /// When its message can be edited next, if it is out of date.
    next_edit: Option<Timestamp>,
}

/// Checks for something to announce; `None` if no further check is needed.
async fn pending_announcement(
    conn: &mut Conn,
    (guild, id): CampaignRef,
    now: Timestamp,
) -> Result<Option<PendingAnnouncement>> {
    let Some(campaign) = voting::store::campaign(conn, guild, id).await? else { return Ok(None) };
    if campaign.status == CampaignStatus::Draft {
        return Ok(Some(PendingAnnouncement::default()));
    }
    if destination(conn, &campaign).await?.is_none() {
        return Ok(None);
    }
    let Some(announced) = store::announced_state(conn, guild, id).await? else { return Ok(None) };
    let closes = campaign.closes_at.filter(|_| campaign.status == CampaignStatus::Live);
    let NextAnnouncement { event, after, turnout, .. } =
        next_announcement(conn, campaign.clone(), &announced, now).await?;
    let next_edit = boards::next_edit(conn, &campaign, turnout, now).await?;
    let is_due = event.is_some() || after != announced || next_edit.is_some_and(|at| at <= now);
    Ok(Some(PendingAnnouncement { is_due, closes, next_edit }))
}
