//! Imports a guild's roster from a file and exports it to one.

use std::{collections::HashMap, sync::Arc};

use super::{
    characters,
    import::{Actor, Format, ImportChange, ImportPlan, MemberDiff, Problem, Roster, plan, read, write},
    members,
    policy::{Ladder, MANAGE_MEMBERS},
    rows::{Character, Member},
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

/// Maximum number of rows inserted before progress is reported.
const ROWS_PER_INSERT: usize = 1_000;

/// Maximum number of rows that an officer can import at once. Operators have no limit.
const MAX_ROWS: usize = 20_000;

/// How to import a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportOptions {
    /// Whether to import the good rows of a file that has bad ones.
    pub skip_bad: bool,
    /// Whether to import nothing, and only say what an import would do.
    pub dry_run: bool,
}

/// The outcome of an import. If nothing was imported, the numbers say what the import would have done.
pub struct ImportOutcome {
    /// Whether the file was imported. It was not if it has bad rows that were not to be skipped, or in a dry run.
    pub imported: bool,
    /// The number of rows in the file.
    pub rows: usize,
    /// The number of members added.
    pub members_added: usize,
    /// The number of members changed.
    pub members_changed: usize,
    /// The number of characters added.
    pub characters_added: usize,
    /// The number of characters changed.
    pub characters_changed: usize,
    /// The number of rows that change nothing.
    pub unchanged: usize,
    /// The number of bad rows, which are left out.
    pub left_out: usize,
    /// The first changes, with their fields.
    pub changes: Vec<ImportChange>,
    /// Why rows were left out.
    pub problems: Vec<Problem>,
    /// The headers of unknown columns.
    pub unknown_columns: Vec<String>,
}

/// Imports a roster from a file, as this officer or, without an `officer`, as an operator.
///
/// A file with bad rows is not imported, unless they are to be skipped: then the other rows are. Importing a file again
/// changes nothing. `progress` is called with the number of written rows and of all rows.
///
/// # Errors
/// `BAD_USER_INPUT` at `data` for a file that cannot be read.
pub async fn import_roster(
    access: &Access,
    guild: GuildId,
    officer: Option<&Viewer>,
    (format, data): (Format, Vec<u8>),
    options: ImportOptions,
    progress: impl FnMut(usize, usize) + Clone + Send + 'static,
) -> Result<ImportOutcome> {
    let (officer, now) = (officer.cloned(), access.clock.now());
    let is_command = officer.is_none();
    let file = Arc::new(spawn_blocking(move || read(format, &data)).await??);
    if !is_command && file.rows() > MAX_ROWS {
        let message = format!(
            "The roster has more than {MAX_ROWS} rows. An operator can import it with the command `guildhall import`."
        );
        return Err(Refusal::input("data", message).into());
    }
    let (outcome, is_revocation) = access
        .change(
            guild,
            |_| None,
            async move |conn| {
                // Every change of the roster locks the guild.
                store::lock_guild(conn, guild).await?;
                let officer = match officer {
                    Some(officer) => Some(officer.confirm(conn).await?),
                    None => None,
                };
                let actor = match &officer {
                    Some(officer) => {
                        officer.require(MANAGE_MEMBERS)?;
                        Actor::Officer(officer.clone())
                    }
                    None => Actor::Operator,
                };
                let roster = load_roster(conn, guild).await?;
                let (roster, plan) = spawn_blocking(move || {
                    let plan = plan(&roster, &actor, &file, now);
                    (roster, plan)
                })
                .await?;
                let imported = !options.dry_run && (options.skip_bad || plan.problems.is_empty());
                let outcome = ImportOutcome {
                    imported,
                    rows: plan.rows,
                    members_added: plan.new_members.len(),
                    members_changed: plan.changed_members.len(),
                    characters_added: plan.new_characters.len(),
                    characters_changed: plan.changed_characters.len(),
                    unchanged: plan.unchanged,
                    left_out: plan.left_out,
                    changes: plan.changes.clone(),
                    problems: plan.problems.clone(),
                    unknown_columns: plan.unknown_columns.clone(),
                };
                let changes_ranks = plan.changed_members.iter().any(|diff| diff.before.rank_id != diff.after.rank_id);
                if imported && !plan.changes_nothing() {
                    store::bump_roster_version(conn, guild).await?;
                    record(conn, officer.as_ref(), now, &roster, &plan).await?;
                    apply(conn, plan, progress).await?;
                }
                Ok((outcome, imported && changes_ranks))
            },
        )
        .await?;
    if is_revocation {
        access.await_revocation().await;
    }
    Ok(outcome)
}

/// Runs CPU-bound work on a thread where it does not block other tasks.
async fn spawn_blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// An exported roster.
#[derive(Clone)]
pub struct RosterFile {
    /// A name for the file: the guild's slug and the date.
    pub file_name: String,
    /// The text of the file.
    pub data: String,
    /// The number of members in it.
    pub members: usize,
}

/// Exports a guild's active members and their characters, in a format that [`import_roster`] reads.
///
/// # Errors
/// `FORBIDDEN` if the officer lacks the permission; an operator, without an `officer`, needs none.
pub async fn export_roster(
    access: &Access,
    guild: GuildId,
    officer: Option<&Viewer>,
    format: Format,
) -> Result<RosterFile> {
    let (officer, today) = (officer.cloned(), access.clock.now().date());
    let export = async move |conn: &mut Conn| {
        if let Some(officer) = officer {
            officer.confirm(conn).await?.require(MANAGE_MEMBERS)?;
        }
        let slug = store::guild(conn, guild).await?.map(|guild| guild.slug).unwrap_or_default();
        Ok((slug, load_roster(conn, guild).await?))
    };
    let (slug, roster) = access.db.snapshot(export).await?;
    spawn_blocking(move || {
        let extension = match format {
            Format::Csv => "csv",
            Format::Json => "json",
        };
        Ok(RosterFile {
            file_name: format!("{slug}-roster-{today}.{extension}"),
            data: write(format, &roster)?,
            members: roster.members.iter().filter(|member| member.is_active).count(),
        })
    })
    .await?
}

async fn load_roster(conn: &mut Conn, guild: GuildId) -> Result<Roster> {
    Ok(Roster {
        guild,
        ranks: store::ranks(conn, guild).await?,
        members: store::all_members(conn, guild).await?,
        characters: store::all_characters(conn, guild).await?,
    })
}

/// Stores the planned changes. Their order never gives a member two mains, which a unique index forbids.
async fn apply(conn: &mut Conn, plan: ImportPlan, mut progress: impl FnMut(usize, usize)) -> Result<()> {
    let ImportPlan { new_members, changed_members, changed_characters, new_characters, .. } = plan;
    let total = new_members.len() + changed_members.len() + changed_characters.len() + new_characters.len();
    let mut written = 0;
    let mut report = |rows: usize| {
        written += rows;
        progress(written, total);
    };
    // Members may exchange usernames, or leave theirs to a new member.
    let new_names = |diff: &&MemberDiff| {
        let names = |member: &Member| (member.username_key.clone(), member.discord_id.clone());
        names(&diff.before) != names(&diff.after)
    };
    for diff in changed_members.iter().filter(new_names) {
        store::release_names(conn, &diff.before).await?;
    }
    for chunk in new_members.chunks(ROWS_PER_INSERT) {
        store::insert_members(conn, chunk.to_vec()).await?;
        report(chunk.len());
    }
    for diff in changed_members {
        store::update_member(conn, &diff.before, &diff.after).await?;
        report(1);
    }
    for character in changed_characters {
        store::update_character(conn, &character).await.map_err(unknown_character_conflict)?;
        report(1);
    }
    for chunk in new_characters.chunks(ROWS_PER_INSERT) {
        store::insert_characters(conn, chunk.to_vec()).await.map_err(unknown_character_conflict)?;
        report(chunk.len());
    }
    Ok(())
}

/// Maps a violated unique constraint to its refusal. Only a character that the plan does not know can cause it: one
/// with a class or role of a newer release that shares the database.
fn unknown_character_conflict(error: diesel::result::Error) -> Error {
    match violated_constraint(&error) {
        Some("characters_name" | "characters_one_main") => {
            let message = "A character conflicts with an existing character or main that only a newer release of the \
                server can read. Import the roster with that release.";
            Refusal::conflict("NAME_TAKEN", message).at("data").into()
        }
        _ => error.into(),
    }
}

/// Records the import, each added or changed member, and the characters of existing members.
async fn record(
    conn: &mut Conn,
    actor: Option<&Viewer>,
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
    let import = audit::event(Action::RosterImport, roster.guild, summary);
    let events = added.chain(changed).chain(characters_added).chain(characters_changed).chain([import]);
    audit::record_all(conn, roster.guild, actor, now, events.collect()).await
}
