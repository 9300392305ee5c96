//! The input and the result of a roster import.

use async_graphql::{Enum, InputObject, SimpleObject};

use crate::identity::{ImportOptions, ImportOutcome, import::Format};

/// Maximum number of problems that the result of an import lists.
const MAX_PROBLEMS: usize = 100;

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
        let format = match self.format {
            RosterFormat::Csv => Format::Csv,
            RosterFormat::Json => Format::Json,
        };
        let options = ImportOptions { skip_bad: self.skip_bad, dry_run: self.dry_run };
        ((format, self.data.into_bytes()), options)
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
            problems: problems.collect(),
            unknown_columns: it.unknown_columns,
        }
    }
}
