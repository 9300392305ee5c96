//! Roster files in the schema: the input and the result of an import, and the export.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use guildhall_macros::guarded;

use crate::{
    api::context::RequestContext,
    identity::{
        self, ImportOptions, ImportOutcome, Member, export_roster,
        import::{Format, ImportChange, ImportChangeKind, ImportFieldChange},
    },
    kernel::error::Result,
};

/// Maximum number of problems that the result of an import lists.
const MAX_PROBLEMS: usize = 100;

/// How much of a response's budget an export takes, so that one request exports only a few times.
const EXPORT_CHARGE: usize = 400_000;

/// File format of a roster.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum RosterFormat {
    /// CSV with a header line and one row for each character or for a member without one. The columns are
    /// `discord_username`, `discord_id`, `display_name`, `rank`, `character_name`, `realm`, `class`, `spec`, `role` and
    /// `main_alt`. Only the first is required.
    Csv,
    /// JSON: `{"members": [{"discordUsername", "discordId", "displayName", "rank", "characters": [{"name", "realm",
    /// "class", "spec", "role", "isMain"}]}]}`.
    Json,
}

impl From<RosterFormat> for Format {
    fn from(format: RosterFormat) -> Self {
        match format {
            RosterFormat::Csv => Self::Csv,
            RosterFormat::Json => Self::Json,
        }
    }
}

/// A roster to import.
#[derive(InputObject)]
pub struct ImportRosterInput {
    /// Format of the file.
    format: RosterFormat,
    /// Text of the file. An empty value in it keeps the stored value.
    data: String,
    /// Whether to skip invalid rows. Otherwise one invalid row prevents the whole import.
    #[graphql(default = false)]
    skip_bad: bool,
    /// Whether to import nothing, and only return what an import would do.
    #[graphql(default = false)]
    dry_run: bool,
}

impl ImportRosterInput {
    /// The file, and how to import it.
    pub fn into_file(self) -> ((Format, Vec<u8>), ImportOptions) {
        let options = ImportOptions { skip_bad: self.skip_bad, dry_run: self.dry_run };
        ((self.format.into(), self.data.into_bytes()), options)
    }
}

/// A problem of a row in a roster.
#[derive(SimpleObject)]
pub struct ImportProblem {
    /// Position of the row: `line 12`, `members[3]` or `members[3].characters[0]`.
    place: String,
    /// Name of the invalid field, as in the inputs for members and characters; `null` if no single field is invalid.
    field: Option<String>,
    /// Machine-readable reason, `RANK_TOO_LOW`, `LAST_LEADER` or `MEMBER_INACTIVE`; `null` for other problems.
    reason: Option<String>,
    /// Description of the problem for the user.
    message: String,
}

/// A member or a character that an import adds or changes.
#[Object]
impl ImportChange {
    /// Position of the first row that makes the change, as in `ImportProblem`.
    async fn place(&self) -> String {
        self.location.to_string()
    }

    /// Kind of the change.
    async fn kind(&self) -> ImportChangeKind {
        self.kind
    }

    /// Display name of the member after the change, or name and realm of the character.
    async fn name(&self) -> &str {
        &self.name
    }

    /// Fields with new values. All fields of an added member or character that have one.
    async fn changes(&self) -> &[ImportFieldChange] {
        &self.fields
    }

    /// The member, or the owner of the character. `null` if the import would add the member, and was not made.
    async fn member(&self, ctx: &Context<'_>) -> Result<Option<Arc<Member>>> {
        RequestContext::of(ctx).member(self.member).await
    }
}

/// A new value of a field.
#[Object(serial)]
impl ImportFieldChange {
    /// Name of the field, as in the inputs for members and characters; `rank` for the rank's name.
    async fn field(&self) -> &str {
        self.field
    }

    /// Value before the change; `null` if there was none.
    async fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// Value after the change; `null` if there is none.
    async fn to(&self) -> Option<&str> {
        self.to.as_deref()
    }
}

/// The result of an import.
#[derive(SimpleObject)]
pub struct ImportRosterPayload {
    /// Whether the roster was imported. `false` in a dry run, or if rows are invalid and `skipBad` is off; the numbers
    /// then say what an import of the valid rows would do.
    imported: bool,
    /// Number of rows in the file.
    rows: usize,
    /// Number of members added.
    members_added: usize,
    /// Number of members changed.
    members_changed: usize,
    /// Number of characters added.
    characters_added: usize,
    /// Number of characters changed.
    characters_changed: usize,
    /// Number of rows that change nothing.
    rows_unchanged: usize,
    /// Number of invalid rows, which are left out.
    rows_left_out: usize,
    /// The first 1,000 changes, in the order of the file.
    changes: Vec<ImportChange>,
    /// The first 100 problems of invalid rows.
    problems: Vec<ImportProblem>,
    /// Unknown columns, which are ignored.
    unknown_columns: Vec<String>,
}

impl From<ImportOutcome> for ImportRosterPayload {
    fn from(it: ImportOutcome) -> Self {
        let problems = it.problems.into_iter().take(MAX_PROBLEMS).map(|problem| ImportProblem {
            place: problem.location.to_string(),
            field: problem.field.map(str::to_owned),
            reason: problem.reason.map(str::to_owned),
            message: problem.message,
        });
        Self {
            imported: it.imported,
            rows: it.rows,
            members_added: it.members_added,
            members_changed: it.members_changed,
            characters_added: it.characters_added,
            characters_changed: it.characters_changed,
            rows_unchanged: it.unchanged,
            rows_left_out: it.left_out,
            changes: it.changes,
            problems: problems.collect(),
            unknown_columns: it.unknown_columns,
        }
    }
}

/// A roster in a file.
#[derive(SimpleObject)]
struct RosterFile {
    /// Suggested name of the file.
    file_name: String,
    /// Text of the file.
    data: String,
    /// Number of members in the file.
    members: usize,
}

/// Queries of roster files.
#[derive(Default)]
pub struct RosterQuery;

#[guarded]
#[Object]
impl RosterQuery {
    /// The active members and their characters as a file, which `importRoster` reads without changing anything.
    #[requires_permission(identity::MANAGE_MEMBERS)]
    async fn export_roster(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Format of the file.", default_with = "RosterFormat::Csv")] format: RosterFormat,
    ) -> Result<RosterFile> {
        let context = RequestContext::of(ctx);
        context.charge_response_budget(EXPORT_CHARGE)?;
        let viewer = context.signed_in()?;
        let file = export_roster(&context.app.access, context.guild, Some(&viewer), format.into()).await?;
        Ok(RosterFile { file_name: file.file_name, data: file.data, members: file.members })
    }
}
