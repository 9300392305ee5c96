//! Plans and applies the sync of a guild, or of one member.

use std::{collections::HashSet, time::Duration};

use super::{
    changes::SyncPlan,
    listing::{SyncTrigger, list_members, refusal},
    log_lines::sync_lines,
    plan::{GuildRoster, ServerSnapshot, plan},
    report::{SyncCounts, SyncReport},
};
use crate::{
    access::Viewer,
    audit::{self, Action},
    db::Conn,
    discord::{
        client::Bot,
        links, officer_log,
        rest::{DiscordError, ServerMember},
        rows::Link,
        service::{self, Discord},
        store,
    },
    identity::{self, Ladder, Member},
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::{GuildId, MemberId},
        text,
    },
};

/// Time within which events of one member may arrive out of order.
const REORDER_WINDOW: Duration = Duration::from_secs(2);
/// Time from an event that may be half of an exchange of usernames to a sync of all members.
const EXCHANGE_PAUSE: Duration = Duration::from_mins(1);
/// Maximum number of rows in a statement.
const CHUNK: usize = 1_000;

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
    let link = link.ok_or_else(links::not_linked)?;
    let seen = match list_members(discord, bot, &link, SyncTrigger::Officer).await {
        Ok(seen) => seen,
        Err(failure) => return Err(refusal(&failure).into()),
    };
    let requester = SyncRequester { officer: viewer.clone(), overwrite_manual };
    sync_all(discord, &link, Some(requester), seen, dry_run).await
}

/// Syncs a guild with all members of its server; a dry run only reports the changes.
pub(super) async fn sync_all(
    discord: &Discord,
    link: &Link,
    requester: Option<SyncRequester>,
    snapshot: ServerSnapshot,
    dry_run: bool,
) -> Result<SyncReport> {
    // Planned on a snapshot first: most syncs change nothing, and a snapshot does not block writers.
    let snapshot = without_changed(discord.bot.as_deref(), &link.server_id, snapshot);
    let (at, guild, link_before) = (discord.access.clock.now(), link.guild_id, link.clone());
    let (plan, requester, snapshot) = discord
        .access
        .db
        .snapshot(async move |conn| {
            let guild = load_roster(conn, &link_before, &snapshot).await?;
            let work = move || {
                let plan = plan(&guild, &snapshot, requester.as_ref().and_then(SyncRequester::overriding_officer), at);
                (plan, requester, snapshot)
            };
            on_blocking_thread(work).await
        })
        .await?;
    if !dry_run && !plan.changes_nothing() {
        return apply(discord, link, requester, snapshot).await;
    }
    let report = SyncReport::new(&plan, at, dry_run);
    if dry_run {
        return Ok(report);
    }
    let server_id = link.server_id.clone();
    let write = async move |conn: &mut Conn| {
        // Locked so that no member who is erased meanwhile is in the stored report.
        identity::store::lock_guild(conn, guild).await?;
        let officer = confirm_requester(conn, requester).await?.map(|requester| requester.officer);
        let linked = store::link(conn, guild).await?.filter(|now| now.server_id == server_id);
        linked.ok_or_else(links::not_linked)?;
        record(conn, guild, officer.as_ref(), at, &plan, true).await?;
        log_conflicts(conn, guild, officer.is_none(), at, &plan).await?;
        store_report(conn, guild, &report).await?;
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
        let plan = plan(&guild, &snapshot, None, now);
        Ok(Some((link, snapshot, !plan.changes_nothing(), !plan.refused_renames.is_empty())))
    });
    let Some((link, snapshot, has_changes, has_refused_rename)) = found.await? else { return Ok(()) };
    if has_refused_rename && link.synced_at.is_some() {
        // Two members may have exchanged their usernames, which only a sync of all members can follow.
        let (guild, until) = (link.guild_id, now + EXCHANGE_PAUSE);
        discord.access.db.write(async move |conn| Ok(store::bring_sync_forward(conn, guild, until).await?)).await?;
    }
    // Most events are changes of avatars, which need no sync.
    if !has_changes {
        return Ok(());
    }
    // Events in quick succession may arrive out of order, so the current state of the member is fetched.
    let is_clear = before.is_none_or(|before| now > before + REORDER_WINDOW);
    let snapshot = match (&discord.bot, link.server(), snapshot.users().first().and_then(ServerMember::id)) {
        (Some(bot), Some(server), Some(user)) if !is_clear => {
            match bot.rest().member(link.guild_id, server, user).await {
                Ok(member) => ServerSnapshot::One(Box::new(member)),
                // The user has left the server.
                Err(DiscordError::Refused { code: 10_007, .. }) => return Ok(()),
                Err(_) => snapshot,
            }
        }
        _ => snapshot,
    };
    apply(discord, &link, None, snapshot).await?;
    Ok(())
}

/// The officer who requested a sync.
#[derive(Clone)]
pub(super) struct SyncRequester {
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

/// Stores the report of a successful sync, without members who were erased since it was planned. The guild must be
/// locked.
async fn store_report(conn: &mut Conn, guild: GuildId, report: &SyncReport) -> Result<()> {
    let mut stored = report.clone();
    stored.forget_ids(&store::erased_members(conn, guild, &report.members()).await?);
    let counts = serde_json::to_string(&report.counts).map_err(Error::internal)?;
    store::record_sync(conn, guild, Some((report.at, counts, stored.encode()?)), None).await?;
    Ok(())
}

async fn load_roster(conn: &mut Conn, link: &Link, snapshot: &ServerSnapshot) -> Result<GuildRoster> {
    let id = link.guild_id;
    let ladder = Ladder::load(conn, id).await?;
    let members = match snapshot {
        ServerSnapshot::All { .. } => identity::store::all_members(conn, id).await?,
        ServerSnapshot::One(seen) => {
            store::matching_members(conn, id, &seen.user.id, &text::username_key(&seen.user.username)).await?
        }
    };
    let leaders = identity::store::count_leaders(conn, id, ladder.highest_level()).await?;
    let server_id = link.server_id.clone();
    Ok(GuildRoster { ladder, members, leaders, newcomer: link.newcomer_rank_id, server_id })
}

async fn apply(
    discord: &Discord,
    link: &Link,
    requester: Option<SyncRequester>,
    snapshot: ServerSnapshot,
) -> Result<SyncReport> {
    let (now, link, guild, bot) = (discord.access.clock.now(), link.clone(), link.guild_id, discord.bot.clone());
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
                let link = linked.ok_or_else(links::not_linked)?;
                // Events wait for the guild from here on, so none of them is undone.
                let snapshot = without_changed(bot.as_deref(), &link.server_id, snapshot);
                let before = load_roster(conn, &link, &snapshot).await?;
                let officer = requester.as_ref().map(|requester| requester.officer.clone());
                let is_whole = matches!(snapshot, ServerSnapshot::All { .. });
                let work = move || {
                    plan(&before, &snapshot, requester.as_ref().and_then(SyncRequester::overriding_officer), now)
                };
                let plan = on_blocking_thread(work).await?;
                let takes_away = plan.changed.iter().any(|(before, after)| before.rank_id != after.rank_id);
                if !plan.changes_nothing() {
                    identity::store::bump_roster_version(conn, guild).await?;
                    write_plan(conn, &plan).await?;
                }
                record(conn, guild, officer.as_ref(), now, &plan, is_whole).await?;
                if is_whole {
                    log_conflicts(conn, guild, officer.is_none(), now, &plan).await?;
                    store_report(conn, guild, &SyncReport::new(&plan, now, false)).await?;
                }
                let changed = plan.changed.iter().map(|(_, after)| after).chain(&plan.added).next();
                let only_member = changed.map(|member| member.id).filter(|_| !is_whole);
                Ok((SyncReport::new(&plan, now, false), takes_away, only_member))
            },
        )
        .await?;
    if takes_away {
        discord.access.await_revocation().await;
    }
    Ok(report)
}

/// The list without members who have changed since its start, and were synced by their event.
fn without_changed(bot: Option<&Bot>, server: &str, snapshot: ServerSnapshot) -> ServerSnapshot {
    snapshot.without_changed(|user, since| bot.is_some_and(|bot| bot.has_changed_since(server, &user.user.id, since)))
}

/// Reports the conflicts of a sync that no officer waits for to their channel, if they differ from the last ones.
async fn log_conflicts(
    conn: &mut Conn,
    guild: GuildId,
    is_scheduled: bool,
    now: Timestamp,
    plan: &SyncPlan,
) -> Result<()> {
    if !is_scheduled || plan.conflicts.is_empty() && plan.kept.is_empty() {
        return Ok(());
    }
    let link = store::link(conn, guild).await?;
    let last: SyncCounts = link.and_then(|link| serde_json::from_str(link.report.as_deref()?).ok()).unwrap_or_default();
    if last.digest == plan.digest() {
        return Ok(());
    }
    let lines = sync_lines(plan, &Ladder::load(conn, guild).await?);
    officer_log::enqueue(conn, guild, &lines, now).await
}

async fn write_plan(conn: &mut Conn, plan: &SyncPlan) -> Result<()> {
    // Members may exchange their usernames, so those who give theirs up do so first.
    let taken: HashSet<&str> = plan.changed.iter().map(|(_, after)| after.username_key.as_str()).collect();
    for (before, after) in &plan.changed {
        if before.username_key != after.username_key && taken.contains(before.username_key.as_str()) {
            // No username contains a control character.
            let none = Member { username_key: format!("\u{1}{}", before.id.0), ..before.clone() };
            identity::store::update_member(conn, before, &none).await?;
        }
    }
    for (before, after) in &plan.changed {
        identity::store::update_member(conn, before, after).await?;
    }
    // Newcomers may have a username that another member has given up.
    for chunk in plan.added.chunks(CHUNK) {
        identity::store::insert_members(conn, chunk.to_vec()).await?;
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
        let SyncCounts { added, promoted, demoted, renamed, conflicts, kept, .. } = SyncCounts::from(plan);
        let summary = format!(
            "Synced Discord roles: {added} members added, {promoted} promoted, {demoted} demoted, {renamed} renamed, \
             {kept} kept without a role, {conflicts} conflicts"
        );
        audit::event(Action::DiscordSync, guild, summary)
    });
    audit::record_all(conn, guild, requester, now, added.chain(changed).chain(whole).collect()).await
}

/// Runs work on a blocking thread, because planning for a large server takes a while.
async fn on_blocking_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}
