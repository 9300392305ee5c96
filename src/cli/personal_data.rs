//! `guildhall export-member` and `guildhall erase-member`.

use std::path::PathBuf;

use clap::Args;

use super::{
    offline::{DEFAULT_DATABASE, offline_app},
    output::{BoxError, print, write_export},
};
use crate::{
    app::{App, Options},
    auth::Keys,
    cli::settings::DatabaseSettings,
    identity::store,
    kernel::{
        id::{GuildId, MemberId},
        text,
    },
    privacy,
};

/// A member, by the names that an operator knows.
#[derive(Args)]
struct MemberArgs {
    /// Slug of the guild: 2 to 40 characters of a–z, 0–9 and hyphen.
    #[arg(long, value_name = "SLUG")]
    guild: String,
    /// Discord username of the member, who need not be active.
    #[arg(long, value_name = "USERNAME")]
    member: String,
}

impl MemberArgs {
    async fn find(&self, app: &App) -> Result<(GuildId, MemberId), BoxError> {
        let guild = app.guilds.find(&app.db, Some(&self.guild)).await?;
        let key = text::username_key(&self.member);
        let found = app.db.read(async move |conn| Ok(store::member_by_username(conn, guild, &key).await?)).await?;
        let member = found.ok_or_else(|| format!("there is no member {} in {}", self.member, self.guild))?;
        Ok((guild, member.id))
    }
}

/// Export everything that is kept about a member, as JSON.
#[derive(Args)]
pub(super) struct ExportMember {
    /// The file to write, readable by its owner only. Without it, or with -, standard output.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    member: MemberArgs,
}

impl ExportMember {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        // This command signs no tokens, so it needs no stored keys.
        let app = offline_app(database, Keys::ephemeral(), Options::default()).await?;
        let (guild, member) = self.member.find(&app).await?;
        let data = format!("{}\n", privacy::export_member(&app.access, guild, member).await?.data);
        write_export(self.file.as_deref(), &data, self.force, &database.url_or(DEFAULT_DATABASE)?)
    }
}

/// Replace a member's names, ids and account with placeholders.
#[derive(Args)]
pub(super) struct EraseMember {
    #[command(flatten)]
    member: MemberArgs,
    /// Confirm the erasure, which cannot be undone.
    #[arg(long, required = true)]
    yes: bool,
}

impl EraseMember {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let app = offline_app(database, Keys::ephemeral(), Options::default()).await?;
        let (guild, member) = self.member.find(&app).await?;
        let erased = privacy::erase_member_as_operator(&app.access, guild, member).await?;
        print(&format!("The member is now {} ({}).\n", erased.display_name, erased.discord_username))
    }
}
