//! Announces the events of campaigns in a channel.
//!
//! The next event depends only on the campaign's state and on the events announced so far ([`super::story`]). So no event is
//! announced twice, and an event that a crashed server missed is announced by the next server. The launch and the results are
//! queued in the transaction of the campaign's step, all other events by the holder of the gateway lease, a moment after the
//! ballots.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::sync::broadcast::error::RecvError;

use super::{
    embed::{self, Look, Scene},
    messages,
    rows::{Lane, Link},
    service::Discord,
    store,
    story::{self, Event, Facts, Told},
};
use crate::{
    db::Conn,
    identity,
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::{CampaignId, GuildId},
    },
    voting::{self, AnnouncementLevel, Campaign, CampaignStatus, ResultsVisibility, Tally},
};

type Key = (GuildId, CampaignId);

/// Delay from a ballot to the check of its campaign, and shortest time between two checks. Events in between are announced as
/// one.
const PACE: Duration = Duration::from_secs(1);
/// Checks of a large campaign take at most one part in this many of the time.
const SHARE: u32 = 20;
/// Time between two searches for deadlines of all campaigns, because links and campaigns are added and removed.
const SWEEP: Duration = Duration::from_mins(1);
/// Time between two checks of all campaigns, which make up for lost notices of ballots.
const LOOK_AT_ALL: Duration = Duration::from_mins(10);
/// Pause after a failed check.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Time before a campaign's end at which its last day and its last hour are announced.
const MARKS: [Duration; 2] = [Duration::from_hours(24), Duration::from_hours(1)];

/// Queues the next announcement of a campaign, if there is one. It runs in the transaction that changed the campaign, or in its
/// own.
///
/// # Errors
/// The database's.
pub(crate) async fn tell_of(conn: &mut Conn, campaign: &Campaign, now: Timestamp) -> Result<()> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    let Some((link, lane)) = place(conn, campaign).await? else { return Ok(()) };
    let Some(told) = store::lock_story(conn, guild, id).await? else { return Ok(()) };
    // Read again under the lock, so that the campaign is not older than its announced events.
    let Some(campaign) = voting::store::campaign(conn, guild, id).await? else { return Ok(()) };
    conn.prefer_hash_joins().await?;
    let (event, after, tally) = look(conn, campaign, &told, now).await?;
    if let (Some(event), Some(tally)) = (event, tally) {
        let guild_name = identity::store::guild(conn, guild).await?.map(|guild| guild.name).unwrap_or_default();
        let body = worded(&tally, event, &told, &link, guild_name)?;
        messages::announce(conn, (guild, id), lane, body, now).await?;
    }
    if after != told {
        store::update_story(conn, guild, id, &after).await?;
    }
    Ok(())
}

/// The link and the channel for a campaign's announcements; `None` if it is not announced.
async fn place(conn: &mut Conn, campaign: &Campaign) -> Result<Option<(Link, Lane)>> {
    if campaign.announcements == AnnouncementLevel::Off {
        return Ok(None);
    }
    let Some(link) = store::link(conn, campaign.guild_id).await? else { return Ok(None) };
    let own = campaign.discord_channel_id.as_deref();
    // Readers of the guild's channel can have any rank, so a campaign that some ranks can't see needs a channel of its own.
    let is_for_all = match campaign.min_rank_level_to_view {
        None => true,
        Some(_) if own.is_some() => true,
        Some(level) => {
            let ladder = identity::Ladder::load(conn, campaign.guild_id).await?;
            ladder.lowest().is_some_and(|lowest| level <= lowest.level)
        }
    };
    let channel = own.or(link.channel_id.as_deref()).filter(|_| is_for_all);
    Ok(channel.and_then(Lane::channel).map(|lane| (link, lane)))
}

/// The event to announce now, if there is one; the announced events after it; and the tally, if it was needed.
async fn look(
    conn: &mut Conn,
    campaign: Campaign,
    told: &Told,
    now: Timestamp,
) -> Result<(Option<Event>, Told, Option<Tally>)> {
    let guild = campaign.guild_id;
    let is_secretive = campaign.results_visibility != ResultsVisibility::Always;
    let is_hyped = campaign.announcements == AnnouncementLevel::Hype && campaign.status == CampaignStatus::Live;
    let mut tally = None;
    let mut facts = Facts {
        level: campaign.announcements,
        status: campaign.status,
        start_at: campaign.start_at,
        closes_at: campaign.closes_at,
        turnout: voting::turnouts(conn, None, guild, std::slice::from_ref(&campaign))
            .await?
            .remove(&campaign.id)
            .unwrap_or_default(),
        leader: None,
        is_secretive,
        now,
    };
    // Only where everyone sees the standings: a lead change right after a ballot would reveal who cast it.
    if is_hyped && !is_secretive && facts.turnout.voted > 0 {
        tally = count(conn, campaign.clone(), now).await?;
        facts.leader = tally.as_ref().and_then(|tally| story::leader(&tally.outcome));
    }
    let (event, after) = story::next(&facts, told);
    if event.is_some() && tally.is_none() {
        tally = count(conn, campaign, now).await?;
    }
    Ok((event, after, tally))
}

async fn count(conn: &mut Conn, campaign: Campaign, now: Timestamp) -> Result<Option<Tally>> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    Ok(voting::tallies(conn, None, guild, vec![campaign], now).await?.remove(&id))
}

fn worded(tally: &Tally, event: Event, told: &Told, link: &Link, guild_name: String) -> Result<String> {
    let look = Look {
        guild_name,
        color: u32::try_from(link.color).unwrap_or_default(),
        campaign_url: link.campaign_url.clone(),
        thumbnail_url: link.thumbnail_url.clone(),
    };
    let Tally { campaign, entries, turnout, outcome, .. } = tally;
    let scene = Scene { campaign, entries, turnout: *turnout, outcome: Some(outcome), event, told };
    serde_json::to_string(&embed::announcement(&scene, &look)).map_err(Error::internal)
}

/// When to check which campaign for a new event.
#[derive(Default)]
struct Desk {
    /// Campaigns to check, and the earliest time.
    due: HashMap<Key, Timestamp>,
    /// Checked campaigns, and the earliest time of their next check.
    rested: HashMap<Key, Timestamp>,
    /// Campaigns of which only the launch and the results are announced.
    quiet: HashSet<Key>,
    /// The times at which the last day and the last hour of campaigns begin.
    marks: Vec<(Timestamp, Key)>,
}

impl Desk {
    fn stir(&mut self, key: Key, now: Timestamp) {
        if !self.quiet.contains(&key) {
            let at = now + PACE;
            let at = self.rested.get(&key).map_or(at, |until| at.max(*until));
            self.due.entry(key).or_insert(at);
        }
    }

    /// Notes when a campaign's last day and last hour begin, or have just begun. The announced events prevent a repetition.
    fn mark(&mut self, key: Key, closes: Timestamp, now: Timestamp) {
        self.marks.extend(MARKS.iter().map(|before| (closes - *before, key)).filter(|(at, _)| now < *at + 2 * SWEEP));
    }

    /// Removes and returns the campaigns that are due.
    fn take(&mut self, now: Timestamp) -> Vec<Key> {
        for (_, key) in self.marks.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.due.entry(key).or_insert(now);
        }
        self.rested.retain(|_, until| now < *until);
        let due: Vec<Key> = self.due.iter().filter(|(_, at)| **at <= now).map(|(key, _)| *key).collect();
        for key in &due {
            self.due.remove(key);
        }
        due
    }

    /// The earliest time at which a campaign is due.
    fn next(&self) -> Option<Timestamp> {
        self.due.values().chain(self.marks.iter().map(|(at, _)| at)).min().copied()
    }
}

/// Announces the campaigns of all guilds until the task is dropped.
pub(crate) async fn run(discord: Arc<Discord>) {
    let mut stirred = discord.access.bus.campaign_events();
    let (mut desk, mut swept_at, mut looked_at) = (Desk::default(), None::<Timestamp>, None::<Timestamp>);
    loop {
        let now = discord.access.clock.now();
        if swept_at.is_none_or(|at| now >= at + SWEEP || now < at) {
            // After a start and now and then, every campaign is checked, because notices may have been lost.
            let all = looked_at.is_none_or(|at| now >= at + LOOK_AT_ALL || now < at);
            match sweep(&discord, &mut desk, all, now).await {
                Ok(()) => looked_at = if all { Some(now) } else { looked_at },
                Err(error) => tracing::warn!(%error, "the votes to tell of could not be looked through"),
            }
            swept_at = Some(now);
        }
        for key in desk.take(now) {
            visit(&discord, &mut desk, key, now).await;
        }
        let next = swept_at.unwrap_or(now) + SWEEP;
        let next = desk.next().map_or(next, |due| due.min(next));
        tokio::select! {
            heard = stirred.recv() => match heard {
                Ok(Some(key)) => desk.stir(key, discord.access.clock.now()),
                // Any campaign may have changed.
                Ok(None) | Err(RecvError::Lagged(_)) => (swept_at, looked_at) = (None, None),
                Err(RecvError::Closed) => return,
            },
            () = discord.access.clock.sleep_until(next) => {}
        }
    }
}

async fn sweep(discord: &Discord, desk: &mut Desk, all: bool, now: Timestamp) -> Result<()> {
    let live = discord.access.db.read(async |conn| Ok(store::told_campaigns(conn).await?)).await?;
    desk.quiet.clear();
    desk.marks.clear();
    for campaign in live {
        let key = (campaign.guild_id, campaign.id);
        if let Some(closes) = campaign.closes_at {
            desk.mark(key, closes, now);
        }
        if all {
            desk.stir(key, now);
        }
    }
    Ok(())
}

/// Checks one campaign, and announces its next event.
async fn visit(discord: &Discord, desk: &mut Desk, key: Key, now: Timestamp) {
    let began = discord.access.clock.elapsed();
    let looked = discord.access.db.snapshot(async move |conn| something_to_tell(conn, key, now).await).await;
    if let Ok(Some((_, Some(closes)))) = looked {
        // A campaign that was started after the last sweep has no deadlines yet.
        desk.marks.retain(|(_, of)| *of != key);
        desk.mark(key, closes, now + 2 * SWEEP);
    }
    let told = match looked {
        Ok(Some((false, _))) => Ok(()),
        Ok(None) => {
            desk.quiet.insert(key);
            return;
        }
        Ok(Some((true, _))) => {
            let tell = async move |conn: &mut Conn| match voting::store::campaign(conn, key.0, key.1).await? {
                Some(campaign) => tell_of(conn, &campaign, now).await,
                None => Ok(()),
            };
            let told = discord.access.db.write(tell).await;
            if let (Ok(()), Some(bot)) = (&told, &discord.bot) {
                bot.outbox().wake();
            }
            told
        }
        Err(error) => Err(error),
    };
    let rest = PACE.max((discord.access.clock.elapsed().saturating_sub(began)).saturating_mul(SHARE));
    desk.rested.insert(key, now + rest);
    if let Err(error) = told {
        tracing::warn!(%error, campaign = key.1.0, "a vote could not be told of; trying again");
        desk.due.insert(key, now + AFTER_FAILURE);
    }
}

/// Whether there is an event to announce, and when the campaign closes; `None` if no further check is needed.
async fn something_to_tell(
    conn: &mut Conn,
    (guild, id): Key,
    now: Timestamp,
) -> Result<Option<(bool, Option<Timestamp>)>> {
    let Some(campaign) = voting::store::campaign(conn, guild, id).await? else { return Ok(None) };
    let is_quiet = matches!(campaign.announcements, AnnouncementLevel::Off | AnnouncementLevel::Quiet);
    if campaign.status == CampaignStatus::Draft {
        return Ok(Some((false, None)));
    }
    if place(conn, &campaign).await?.is_none() {
        return Ok(None);
    }
    let Some(told) = store::story(conn, guild, id).await? else { return Ok(None) };
    let closes = campaign.closes_at.filter(|_| campaign.status == CampaignStatus::Live);
    let (event, after, _) = look(conn, campaign, &told, now).await?;
    let has_news = event.is_some() || after != told;
    Ok((has_news || !is_quiet).then_some((has_news, closes)))
}
