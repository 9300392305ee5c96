//! The contest agent: tells a channel what becomes of a vote.
//!
//! What is told is a matter of a vote's state and of what was told before ([`super::story`]), so nothing is told twice, and
//! whatever was not told yet, because a server died, is told by the next that looks. Launch and results are queued in the
//! transaction of the step itself; the rest by the keeper, moments after the ballots.

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

/// The time from a ballot to the look at its vote, and the least between two: what happens meanwhile falls together.
const PACE: Duration = Duration::from_secs(1);
/// Looking at a large vote takes at most one part of so many of the time.
const SHARE: u32 = 20;
/// How often all votes are looked through for what is due: links and votes come and go.
const SWEEP: Duration = Duration::from_mins(1);
/// How often all votes are looked at as if each had other ballots, in case that was not heard.
const LOOK_AT_ALL: Duration = Duration::from_mins(10);
/// How long to wait after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// From when on before its end a vote's last day and last hour are told of.
const MARKS: [Duration; 2] = [Duration::from_hours(24), Duration::from_hours(1)];

/// Queues what there is to tell of a vote, in the transaction that changed it or in one of its own.
///
/// # Errors
/// The database's.
pub(crate) async fn tell_of(conn: &mut Conn, campaign: &Campaign, now: Timestamp) -> Result<()> {
    let (guild, id) = (campaign.guild_id, campaign.id);
    let Some((link, lane)) = place(conn, campaign).await? else { return Ok(()) };
    let Some(told) = store::lock_story(conn, guild, id).await? else { return Ok(()) };
    // As it is now that nobody else tells of it.
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

/// Where a vote is told of, if it is.
async fn place(conn: &mut Conn, campaign: &Campaign) -> Result<Option<(Link, Lane)>> {
    if campaign.announcements == AnnouncementLevel::Off {
        return Ok(None);
    }
    let Some(link) = store::link(conn, campaign.guild_id).await? else { return Ok(None) };
    let own = campaign.discord_channel_id.as_deref();
    // Whoever reads the guild's channel may be of any rank: what not every rank sees has to have a channel named for it.
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

/// What is to be told of a vote now, if anything; what counts as told from then on; and its count, where it was needed.
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
    // Whoever tells of a change of the lead at the very moment of a ballot tells whose ballot it was.
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

/// What the keeper knows of the votes that are told of.
#[derive(Default)]
struct Desk {
    /// Votes to be looked at, and not before when.
    due: HashMap<Key, Timestamp>,
    /// Until when votes that were looked at are left alone.
    rested: HashMap<Key, Timestamp>,
    /// Votes of which nothing is told but the steps.
    quiet: HashSet<Key>,
    /// When the last day and hour of votes begin.
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

    /// Notes when a vote's last day and hour begin, also if that was a moment ago: whether it was told is known elsewhere.
    fn mark(&mut self, key: Key, closes: Timestamp, now: Timestamp) {
        self.marks.extend(MARKS.iter().map(|before| (closes - *before, key)).filter(|(at, _)| now < *at + 2 * SWEEP));
    }

    /// Takes what is due by now.
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

    /// When something is due next.
    fn next(&self) -> Option<Timestamp> {
        self.due.values().chain(self.marks.iter().map(|(at, _)| at)).min().copied()
    }
}

/// Tells of all guilds' votes until the task is dropped.
pub(crate) async fn run(discord: Arc<Discord>) {
    let mut stirred = discord.access.bus.campaign_events();
    let (mut desk, mut swept_at, mut looked_at) = (Desk::default(), None::<Timestamp>, None::<Timestamp>);
    loop {
        let now = discord.access.clock.now();
        if swept_at.is_none_or(|at| now >= at + SWEEP || now < at) {
            // After a start, and in case something was not heard, each vote is looked at whatever is due.
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
                // What was missed may have been anything.
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

/// Looks at one vote, and tells what there is to tell.
async fn visit(discord: &Discord, desk: &mut Desk, key: Key, now: Timestamp) {
    let began = discord.access.clock.elapsed();
    let looked = discord.access.db.snapshot(async move |conn| something_to_tell(conn, key, now).await).await;
    if let Ok(Some((_, Some(closes)))) = looked {
        // A vote that was not there at the last sweep has its last hour as well.
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

/// Whether a vote has news, and when it closes; `None` if there are none to expect.
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
