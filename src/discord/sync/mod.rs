//! Syncs ranks with Discord roles: on demand, on a schedule, and when a member changes on Discord.

pub mod plan;

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};

pub use self::plan::{DiscordSyncConflict, SyncChange, SyncPlan};
use self::plan::{GuildRoster, plan};
use super::{
    client::Bot,
    rest::{DiscordError, PAGE, ServerMember},
    rows::Link,
    service::{self, Discord},
    store,
};
use crate::{
    access::Viewer,
    audit::{self, Action},
    db::Conn,
    identity::{self, Ladder},
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{GuildId, MemberId},
        text,
    },
};

/// Longest time between two searches for guilds whose sync is due.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// Time within which events of one member may arrive out of order.
const REORDER_WINDOW: Duration = Duration::from_secs(2);
/// Shortest time between two searches.
const PAUSE: Duration = Duration::from_secs(1);
/// Pause after a failed sync, unless the guild's interval is shorter.
const RETRY_DELAY: Duration = Duration::from_mins(5);
/// Maximum number of guilds that are synced at once.
const MAX_CONCURRENT: usize = 4;
/// Longest wait for a rate limit in a sync that an officer waits for.
const REQUESTED_MAX_WAIT: Duration = Duration::from_secs(10);
/// Longest wait for a rate limit in a scheduled sync.
const SCHEDULED_MAX_WAIT: Duration = Duration::from_mins(10);
/// Maximum number of rows in a statement.
const CHUNK: usize = 1_000;

/// The result of a sync.
#[derive(Clone)]
pub struct SyncReport {
    /// The time of the sync.
    pub at: Timestamp,
    /// Whether this was a dry run, which changes nothing.
    pub dry_run: bool,
    /// The changes.
    pub plan: SyncPlan,
}

/// The counts of a report, as they are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncCounts {
    /// Members added.
    pub added: usize,
    /// Members promoted.
    pub promoted: usize,
    /// Members demoted.
    pub demoted: usize,
    /// Members whose Discord id was added.
    pub linked: usize,
    /// Members whose rank was kept.
    pub untouched: usize,
    /// Users who were not changed or added because of a conflict.
    pub conflicts: usize,
}

impl From<&SyncPlan> for SyncCounts {
    fn from(plan: &SyncPlan) -> Self {
        Self {
            added: plan.added.len(),
            promoted: plan.promoted,
            demoted: plan.demoted,
            linked: plan.linked,
            untouched: plan.untouched,
            conflicts: plan.conflicts.len(),
        }
    }
}

/// Syncs ranks with roles now; a dry run only reports the changes. `overwrite_manual` also changes ranks that were set
/// by hand, if the officer could change them by hand.
///
/// # Errors
/// `CONFLICT`: `DISCORD_OFF` without a bot, `DISCORD_NOT_LINKED`, `DISCORD_UNAVAILABLE` while Discord is down, or
/// `DISCORD_REFUSED` when it does not let the bot see the server.
pub async fn sync_roles(
    discord: &Discord,
    viewer: &Viewer,
    dry_run: bool,
    overwrite_manual: bool,
) -> Result<SyncReport> {
    let bot = discord.bot()?;
    let guild = viewer.guild;
    let link = discord.access.db.read(async move |conn| Ok(store::link(conn, guild).await?)).await?;
    let link = link.ok_or_else(super::links::not_linked)?;
    let seen = match list_members(discord, bot, &link, REQUESTED_MAX_WAIT).await {
        Ok(seen) => seen,
        Err(failure) => return Err(refusal(&failure).into()),
    };
    let requester = SyncRequester { officer: viewer.clone(), overwrite_manual };
    sync_all(discord, &link, Some(requester), seen, dry_run).await
}

/// Syncs a guild with all members of its server; a dry run only reports the changes.
async fn sync_all(
    discord: &Discord,
    link: &Link,
    requester: Option<SyncRequester>,
    seen: Vec<ServerMember>,
    dry_run: bool,
) -> Result<SyncReport> {
    // Planned on a snapshot first: most syncs change nothing, and a snapshot does not block writers.
    let (at, guild, link_before) = (discord.access.clock.now(), link.guild_id, link.clone());
    let snapshot = ServerSnapshot::All(seen);
    let (plan, requester, snapshot) = discord
        .access
        .db
        .snapshot(async move |conn| {
            let guild = load_roster(conn, &link_before, &snapshot).await?;
            let work = move || {
                let plan =
                    plan(&guild, snapshot.users(), requester.as_ref().and_then(SyncRequester::overriding_officer), at);
                (plan, requester, snapshot)
            };
            on_blocking_thread(work).await
        })
        .await?;
    if !dry_run && !plan.changes_nothing() {
        return apply(discord, link, requester, snapshot).await;
    }
    let report = SyncReport { at, dry_run, plan };
    if dry_run {
        return Ok(report);
    }
    let write = async move |conn: &mut Conn| {
        let officer = confirm_requester(conn, requester).await?.map(|requester| requester.officer);
        record(conn, guild, officer.as_ref(), at, &report.plan, true).await?;
        store::record_sync(conn, guild, Some((at, encode_counts(&report.plan)?)), None).await?;
        Ok(report)
    };
    discord.access.db.write(write).await
}

/// Syncs one member after a change on Discord.
pub(crate) async fn sync_member(discord: &Discord, server: &str, seen: ServerMember) -> Result<()> {
    let (server, now) = (server.to_owned(), discord.access.clock.now());
    let before = discord.bot.as_ref().and_then(|bot| bot.record_member_event(&server, &seen.user.id, now));
    let found = discord.access.db.snapshot(async move |conn| {
        let Some(link) = store::link_by_server(conn, &server).await? else { return Ok(None) };
        let snapshot = ServerSnapshot::One(Box::new(seen));
        let guild = load_roster(conn, &link, &snapshot).await?;
        let changes = !plan(&guild, snapshot.users(), None, now).changes_nothing();
        Ok(changes.then_some((link, snapshot)))
    });
    // Most events are changes of names and avatars, which need no sync.
    let Some((link, snapshot)) = found.await? else { return Ok(()) };
    // Events in quick succession may arrive out of order, so the current state of the member is fetched.
    let is_clear = before.is_none_or(|before| now > before + REORDER_WINDOW);
    let snapshot = match (&discord.bot, link.server(), snapshot.users().first().and_then(ServerMember::id)) {
        (Some(bot), Some(server), Some(user)) if !is_clear => match bot.rest().member(server, user).await {
            Ok(member) => ServerSnapshot::One(Box::new(member)),
            // The user has left the server.
            Err(DiscordError::Refused { code: 10_007, .. }) => return Ok(()),
            Err(_) => snapshot,
        },
        _ => snapshot,
    };
    apply(discord, &link, None, snapshot).await?;
    Ok(())
}

/// The officer who requested a sync.
#[derive(Clone)]
struct SyncRequester {
    officer: Viewer,
    overwrite_manual: bool,
}

impl SyncRequester {
    fn overriding_officer(&self) -> Option<&Viewer> {
        self.overwrite_manual.then_some(&self.officer)
    }
}

/// Confirms the requester's permission within this transaction.
async fn confirm_requester(conn: &mut Conn, requester: Option<SyncRequester>) -> Result<Option<SyncRequester>> {
    let Some(requester) = requester else { return Ok(None) };
    let officer = service::officer(conn, &requester.officer).await?;
    Ok(Some(SyncRequester { officer, ..requester }))
}

fn encode_counts(plan: &SyncPlan) -> Result<String> {
    serde_json::to_string(&SyncCounts::from(plan)).map_err(Error::internal)
}

/// The members of a server at one time.
#[derive(Clone)]
enum ServerSnapshot {
    /// All members.
    All(Vec<ServerMember>),
    /// One member.
    One(Box<ServerMember>),
}

impl ServerSnapshot {
    fn users(&self) -> &[ServerMember] {
        match self {
            Self::All(users) => users,
            Self::One(user) => std::slice::from_ref(user),
        }
    }
}

/// Syncs all guilds on their schedules, until the task is dropped.
pub(crate) async fn run(discord: Arc<Discord>) {
    let Some(bot) = &discord.bot else { return };
    loop {
        let now = discord.access.clock.now();
        match discord.access.db.read(async move |conn| Ok(store::due_links(conn, now, 100).await?)).await {
            Ok(due) => {
                let syncs = due.into_iter().map(|link| sync_if_due(&discord, bot, link));
                futures_util::stream::iter(syncs).buffer_unordered(MAX_CONCURRENT).collect::<()>().await;
            }
            Err(error) => tracing::warn!(%error, "could not search for guilds whose role sync is due"),
        }
        let next = discord.access.db.read(async |conn| Ok(store::next_sync_at(conn).await?)).await.ok().flatten();
        // Pauses at least, because a sync stays due while the database can't be written.
        let now = discord.access.clock.now();
        discord
            .access
            .clock
            .sleep_until(next.unwrap_or(now + CHECK_INTERVAL).min(now + CHECK_INTERVAL).max(now + PAUSE))
            .await;
    }
}

/// Runs a guild's scheduled sync, unless another server has started it.
async fn sync_if_due(discord: &Discord, bot: &Bot, link: Link) {
    let now = discord.access.clock.now();
    let interval = Duration::from_secs(u64::try_from(link.sync_minutes).unwrap_or(60) * 60);
    let (scheduled, next) = (link.clone(), now + interval);
    let postpone = async move |conn: &mut Conn| Ok(store::postpone_sync(conn, &scheduled, next).await?);
    match discord.access.db.write(postpone).await {
        Ok(true) => {}
        Ok(false) => return,
        Err(error) => {
            tracing::warn!(%error, "could not start a role sync");
            return;
        }
    }
    let problem = match list_members(discord, bot, &link, SCHEDULED_MAX_WAIT).await {
        Err(failure) => refusal(&failure).message.into_owned(),
        Ok(seen) => match sync_all(discord, &link, None, seen, false).await {
            Ok(_) => return,
            Err(error) => error.refusal().map_or("Something went wrong.".to_owned(), |it| it.message.to_string()),
        },
    };
    tracing::warn!(guild = link.guild_id.0, problem, "role sync failed");
    let postponed = Link { next_sync_at: next, ..link };
    let write = async move |conn: &mut Conn| {
        store::record_sync(conn, postponed.guild_id, None, Some(problem)).await?;
        store::postpone_sync(conn, &postponed, now + RETRY_DELAY.min(interval)).await?;
        Ok(())
    };
    if let Err(error) = discord.access.db.write(write).await {
        tracing::warn!(%error, "could not record why a role sync failed");
    }
}

/// Fetches all members of a server, page by page.
async fn list_members(
    discord: &Discord,
    bot: &Bot,
    link: &Link,
    max_wait: Duration,
) -> Result<Vec<ServerMember>, DiscordError> {
    let Some(server) = link.server() else { return Ok(Vec::new()) };
    let started = discord.access.clock.now();
    let latest = started + max_wait;
    let mut seen: Vec<ServerMember> = Vec::new();
    let mut has_retried = false;
    loop {
        let after = seen.last().map(|last| last.user.id.clone());
        match bot.rest().members(server, after.as_deref()).await {
            Ok(page) => {
                let is_last = page.len() < PAGE;
                seen.extend(page);
                if is_last {
                    // Members who changed since the start were synced by their event, which is newer than this list.
                    seen.retain(|it| !bot.has_changed_since(&link.server_id, &it.user.id, started));
                    return Ok(seen);
                }
            }
            Err(DiscordError::NotBefore(until)) if until <= latest && !bot.is_down() => {
                discord.access.clock.sleep_until(until).await;
            }
            // One failed page is retried.
            Err(DiscordError::Down(_)) if !has_retried => has_retried = true,
            Err(failure) => return Err(failure),
        }
    }
}

fn refusal(failure: &DiscordError) -> Refusal {
    match failure {
        DiscordError::Refused { status: 403 | 404, .. } => Refusal::conflict(
            "DISCORD_REFUSED",
            "Discord does not let the bot list the server's members. Check that the bot is in the server and that the Server \
             Members Intent is on.",
        ),
        DiscordError::Refused { .. } => Refusal::conflict("DISCORD_REFUSED", failure.to_string()),
        DiscordError::Unauthorized => Refusal::conflict("DISCORD_UNAVAILABLE", "Discord rejects the bot's token."),
        DiscordError::NotBefore(_) | DiscordError::Down(_) => {
            Refusal::conflict("DISCORD_UNAVAILABLE", "Discord does not respond at the moment. Try again later.")
        }
    }
}

async fn load_roster(conn: &mut Conn, link: &Link, snapshot: &ServerSnapshot) -> Result<GuildRoster> {
    let id = link.guild_id;
    let ladder = Ladder::load(conn, id).await?;
    let members = match snapshot {
        ServerSnapshot::All(_) => identity::store::all_members(conn, id).await?,
        ServerSnapshot::One(seen) => {
            store::matching_members(conn, id, &seen.user.id, &text::username_key(&seen.user.username)).await?
        }
    };
    let leaders = identity::store::count_leaders(conn, id, ladder.highest_level()).await?;
    Ok(GuildRoster { ladder, members, leaders, newcomer: link.newcomer_rank_id })
}

async fn apply(
    discord: &Discord,
    link: &Link,
    requester: Option<SyncRequester>,
    snapshot: ServerSnapshot,
) -> Result<SyncReport> {
    let (now, link, guild) = (discord.access.clock.now(), link.clone(), link.guild_id);
    let (report, takes_away, _) = discord
        .access
        .change(
            guild,
            |(_, _, only_member): &(SyncReport, bool, Option<MemberId>)| *only_member,
            async move |conn| {
                // Locks the guild first, like every change of the roster.
                identity::store::lock_guild(conn, guild).await?;
                let requester = confirm_requester(conn, requester).await?;
                let linked = store::link(conn, guild).await?.filter(|now| now.server_id == link.server_id);
                let link = linked.ok_or_else(super::links::not_linked)?;
                let before = load_roster(conn, &link, &snapshot).await?;
                let officer = requester.as_ref().map(|requester| requester.officer.clone());
                let is_whole = matches!(snapshot, ServerSnapshot::All(_));
                let work = move || {
                    plan(&before, snapshot.users(), requester.as_ref().and_then(SyncRequester::overriding_officer), now)
                };
                let plan = on_blocking_thread(work).await?;
                let takes_away = plan.changed.iter().any(|(before, after)| before.rank_id != after.rank_id);
                if !plan.changes_nothing() {
                    identity::store::bump_roster_version(conn, guild).await?;
                    write_plan(conn, &plan).await?;
                }
                record(conn, guild, officer.as_ref(), now, &plan, is_whole).await?;
                if is_whole {
                    store::record_sync(conn, guild, Some((now, encode_counts(&plan)?)), None).await?;
                }
                let changed = plan.changed.iter().map(|(_, after)| after).chain(&plan.added).next();
                let only_member = changed.map(|member| member.id).filter(|_| !is_whole);
                Ok((SyncReport { at: now, dry_run: false, plan }, takes_away, only_member))
            },
        )
        .await?;
    if takes_away {
        discord.access.await_revocation().await;
    }
    Ok(report)
}

async fn write_plan(conn: &mut Conn, plan: &SyncPlan) -> Result<()> {
    for chunk in plan.added.chunks(CHUNK) {
        identity::store::insert_members(conn, chunk.to_vec()).await?;
    }
    for (before, after) in &plan.changed {
        identity::store::update_member(conn, before, after).await?;
    }
    Ok(())
}

/// Records the change of each member in the audit log, and the sync itself if an officer requested it or it changed
/// anything.
async fn record(
    conn: &mut Conn,
    guild: GuildId,
    requester: Option<&Viewer>,
    now: Timestamp,
    plan: &SyncPlan,
    is_whole: bool,
) -> Result<()> {
    let ladder = Ladder::load(conn, guild).await?;
    let rank = |id| ladder.rank(id).map_or("an unknown rank", |rank| &rank.name);
    let added = plan.added.iter().map(|member| {
        let summary = format!("Added {} as {}, from Discord", member.display_name, rank(member.rank_id));
        audit::event(Action::MemberCreate, member.id, summary)
    });
    let changed = plan.changed.iter().map(|(before, after)| {
        let summary = format!("{}, by their Discord roles", identity::summarize_change(before, after, &ladder));
        audit::event(Action::MemberUpdate, after.id, summary)
    });
    let whole = (is_whole && (requester.is_some() || !plan.changes_nothing())).then(|| {
        let SyncCounts { added, promoted, demoted, conflicts, .. } = SyncCounts::from(plan);
        let summary = format!(
            "Synced Discord roles: {added} members added, {promoted} promoted, {demoted} demoted, {conflicts} conflicts"
        );
        audit::event(Action::DiscordSync, guild, summary)
    });
    audit::record_all(conn, guild, requester, now, added.chain(changed).chain(whole).collect()).await
}

/// Runs work on a blocking thread, because planning for a large server takes a while.
async fn on_blocking_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}
