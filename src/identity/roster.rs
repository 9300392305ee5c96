//! A guild's roster, in from a file and out to one.

use std::collections::HashMap;

use super::{
    characters,
    import::{Actor, Format, ImportPlan, Problem, Roster, plan, read, write},
    members,
    policy::{Ladder, MANAGE_MEMBERS},
    rows::Character,
    store,
};
use crate::{
    access::{Access, Viewer},
    audit::{self, Action},
    db::{Conn, violated_constraint},
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{CharacterId, GuildId, MemberId},
    },
};

/// Rows of a statement: so many at once, so that progress can be told between them.
const CHUNK: usize = 1_000;

/// Most rows that an officer imports at once.
const MAX_ROWS: usize = 20_000;

/// What came of an import.
pub struct ImportOutcome {
    /// Whether anything was imported: not if rows were bad and those were not to be skipped.
    pub imported: bool,
    /// Rows in the file.
    pub rows: usize,
    /// Members added, or to be added if the import were made.
    pub members_added: usize,
    /// Members changed.
    pub members_changed: usize,
    /// Characters added.
    pub characters_added: usize,
    /// Characters changed.
    pub characters_changed: usize,
    /// Rows that say what is so already.
    pub unchanged: usize,
    /// Rows left out.
    pub left_out: usize,
    /// Why they were left out.
    pub problems: Vec<Problem>,
    /// Columns that are not understood.
    pub unknown_columns: Vec<String>,
}

/// Imports a roster, as this officer or as an operator: all of it, or, where bad rows are skipped, the others. Importing it
/// again changes nothing. `progress` is told how many of how many rows are written.
///
/// # Errors
/// `BAD_USER_INPUT` at `data` for a file that cannot be read at all.
pub async fn import_roster(
    access: &Access,
    guild: GuildId,
    by: Option<&Viewer>,
    (format, data): (Format, Vec<u8>),
    skip_bad: bool,
    progress: impl FnMut(usize, usize) + Send + 'static,
) -> Result<ImportOutcome> {
    let (by, now) = (by.cloned(), access.clock.now());
    let is_command = by.is_none();
    let reading = off_thread(move || read(format, &data)).await??;
    if !is_command && reading.records.len() + reading.problems.len() > MAX_ROWS {
        let message = format!("A roster of more than {MAX_ROWS} rows is imported on the command line.");
        return Err(Refusal::input("data", message).into());
    }
    let (imported, takes_away) = access
        .change(
            guild,
            |_| None,
            async move |conn| {
                // As all do who change the roster.
                store::lock_guild(conn, guild).await?;
                let by = match by {
                    Some(by) => Some(by.confirm(conn).await?),
                    None => None,
                };
                let actor = match &by {
                    Some(by) => {
                        by.require(MANAGE_MEMBERS)?;
                        Actor::Officer(by.clone())
                    }
                    None => Actor::Operator,
                };
                let roster = roster(conn, guild).await?;
                let (roster, plan) = off_thread(move || {
                    let plan = plan(&roster, &actor, &reading, now);
                    (roster, plan)
                })
                .await?;
                let imported = skip_bad || plan.problems.is_empty();
                let outcome = ImportOutcome {
                    imported,
                    rows: plan.rows,
                    members_added: plan.new_members.len(),
                    members_changed: plan.changed_members.len(),
                    characters_added: plan.new_characters.len(),
                    characters_changed: plan.changed_characters.len(),
                    unchanged: plan.unchanged,
                    left_out: plan.left_out,
                    problems: plan.problems.clone(),
                    unknown_columns: plan.unknown_columns.clone(),
                };
                let takes_away = plan.changed_members.iter().any(|diff| diff.before.rank_id != diff.after.rank_id);
                if imported && !plan.changes_nothing() {
                    store::bump_roster_version(conn, guild).await?;
                    record(conn, by.as_ref(), now, &roster, &plan).await?;
                    apply(conn, plan, progress).await?;
                }
                Ok((outcome, imported && takes_away))
            },
        )
        .await?;
    if takes_away {
        access.await_revocation().await;
    }
    // Whoever watches a vote hears of its end from a server, so a command leaves it to them.
    if !is_command {
        access.bus.roster_changed(guild).await;
    }
    Ok(imported)
}

/// Work that takes a while, where it holds up nobody else.
async fn off_thread<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// A guild's active members and their characters, in the format that [`import_roster`] takes.
///
/// # Errors
/// The database's.
pub async fn export_roster(access: &Access, guild: GuildId, format: Format) -> Result<String> {
    let roster = access.db.snapshot(async move |conn| roster(conn, guild).await).await?;
    write(format, &roster)
}

async fn roster(conn: &mut Conn, guild: GuildId) -> Result<Roster> {
    Ok(Roster {
        guild,
        ranks: store::ranks(conn, guild).await?,
        members: store::all_members(conn, guild).await?,
        characters: store::all_characters(conn, guild).await?,
    })
}

/// Writes what is planned, in the order in which the one main of each member is never two.
async fn apply(conn: &mut Conn, plan: ImportPlan, mut progress: impl FnMut(usize, usize)) -> Result<()> {
    let ImportPlan { new_members, changed_members, changed_characters, new_characters, .. } = plan;
    let all = new_members.len() + changed_members.len() + changed_characters.len() + new_characters.len();
    let mut written = 0;
    let mut tell = |more: usize| {
        written += more;
        progress(written, all);
    };
    for chunk in new_members.chunks(CHUNK) {
        store::insert_members(conn, chunk.to_vec()).await?;
        tell(chunk.len());
    }
    for diff in changed_members {
        store::update_member(conn, &diff.before, &diff.after).await?;
        tell(1);
    }
    for character in changed_characters {
        store::update_character(conn, &character).await.map_err(held_by_unknown)?;
        tell(1);
    }
    for chunk in new_characters.chunks(CHUNK) {
        store::insert_characters(conn, chunk.to_vec()).await.map_err(held_by_unknown)?;
        tell(chunk.len());
    }
    Ok(())
}

/// The plan knows all characters but those with a class or role of a newer release on the same database.
fn held_by_unknown(error: diesel::result::Error) -> Error {
    match violated_constraint(&error) {
        Some("characters_name" | "characters_one_main") => {
            let message = "A character of the file takes the name, or the place as main, of one that only a newer release \
                of the server can read. Import the roster there.";
            Refusal::conflict("NAME_TAKEN", message).at("data").into()
        }
        _ => error.into(),
    }
}

/// Records the import as a whole, and what it did to each member and to the characters of those who were there before.
async fn record(
    conn: &mut Conn,
    by: Option<&Viewer>,
    now: Timestamp,
    roster: &Roster,
    plan: &ImportPlan,
) -> Result<()> {
    let ladder = Ladder::new(roster.ranks.clone());
    let rank = |id| ladder.rank(id).map_or("an unknown rank", |rank| &rank.name);
    let names: HashMap<MemberId, &str> = roster.members.iter().map(|it| (it.id, it.display_name.as_str())).collect();
    let before: HashMap<CharacterId, &Character> = roster.characters.iter().map(|it| (it.id, it)).collect();
    let added = plan.new_members.iter().map(|member| {
        let summary = format!("Added {} as {}", member.display_name, rank(member.rank_id));
        audit::event(Action::MemberCreate, member.id, summary)
    });
    let changed = plan.changed_members.iter().map(|diff| {
        let summary = members::summarize_change(&diff.before, &diff.after, &ladder);
        audit::event(Action::MemberUpdate, diff.after.id, summary)
    });
    let characters_added = plan.new_characters.iter().filter_map(|it| {
        let summary = format!("Added {}, a character of {}", it.full_name(), names.get(&it.member_id)?);
        Some(audit::event(Action::CharacterCreate, it.id, summary))
    });
    let characters_changed = plan.changed_characters.iter().filter_map(|after| {
        let (before, owner) = (before.get(&after.id)?, names.get(&after.member_id)?);
        let changes = characters::changes(before, after);
        let summary = format!("Changed {} of {owner}: {changes}", before.full_name());
        Some(audit::event(Action::CharacterUpdate, after.id, summary))
    });
    let summary = format!(
        "Imported a roster: {} members added and {} changed, {} characters added and {} changed",
        plan.new_members.len(),
        plan.changed_members.len(),
        plan.new_characters.len(),
        plan.changed_characters.len()
    );
    let whole = audit::event(Action::RosterImport, roster.guild, summary);
    let entries = added.chain(changed).chain(characters_added).chain(characters_changed).chain([whole]);
    audit::record_all(conn, roster.guild, by, now, entries.collect()).await
}
