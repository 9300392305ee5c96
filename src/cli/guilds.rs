//! `guildhall guilds`: lists, creates, suspends, exports, imports and deletes guilds.

use std::{fmt::Write, path::PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    bootstrap::RegionName,
    guild_file::GuildFile,
    offline::{DEFAULT_DATABASE, offline_app, offline_app_on},
    output::{BoxError, print, write_export},
};
use crate::{
    app::{App, Options},
    auth::Keys,
    cli::settings::DatabaseSettings,
    db,
    identity::{self, Guild, store},
    kernel::id::GuildId,
};

/// List, create, suspend, resume, export, import and delete guilds.
#[derive(Args)]
pub(super) struct Guilds {
    #[command(subcommand)]
    command: GuildsCommand,
}

#[derive(Subcommand)]
enum GuildsCommand {
    /// List all guilds, oldest first.
    List {
        /// Print the list as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Create a guild with the default ranks and no members. `bootstrap` also creates its leader.
    Create {
        #[command(flatten)]
        guild: GuildSlug,
        /// Name of the guild.
        ///
        /// Default: the slug
        #[arg(long, value_name = "NAME")]
        guild_name: Option<String>,
        /// Region in which the guild plays.
        #[arg(long, value_name = "REGION", default_value = "us", ignore_case = true)]
        region: RegionName,
    },
    /// Suspend a guild: the server refuses its requests, ends its subscriptions and sends no messages for it.
    ///
    /// The guild's votes still start and end at their times.
    Suspend {
        #[command(flatten)]
        guild: GuildSlug,
    },
    /// Resume a suspended guild.
    Resume {
        #[command(flatten)]
        guild: GuildSlug,
    },
    /// Export all data of a guild as one JSON file, without passwords, sessions and codes.
    ///
    /// The file says who cast which ballot. docs/guilds.md describes it.
    Export {
        #[command(flatten)]
        guild: GuildSlug,
        /// The file to write; - for standard output.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Replace an existing file.
        #[arg(long)]
        force: bool,
    },
    /// Create a guild from an export, all of it or nothing: to move it here from another server.
    ///
    /// Its members have no passwords here. `invite --all` issues codes for them.
    Import {
        /// The file that `guilds export` wrote; - for standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Another slug for the guild, if its own is taken.
        #[arg(long, value_name = "SLUG")]
        slug: Option<String>,
    },
    /// Delete a guild with all its data. This cannot be undone: export the guild or make a backup first.
    ///
    /// Asks for the slug again, unless `--confirm` gives it.
    Delete {
        #[command(flatten)]
        guild: GuildSlug,
        /// The slug again, to confirm that this guild is to be deleted.
        #[arg(long, value_name = "SLUG")]
        confirm: Option<String>,
    },
}

#[derive(Args)]
struct GuildSlug {
    /// Slug of the guild: 2 to 40 characters of a–z, 0–9 and hyphen.
    #[arg(value_name = "SLUG")]
    slug: String,
}

/// A guild as `guilds list` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedGuild {
    slug: String,
    name: String,
    active_members: i64,
    created_at: String,
    suspended_at: Option<String>,
}

impl Guilds {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        match self.command {
            GuildsCommand::List { json } => list(&open(database).await?, json).await,
            GuildsCommand::Create { guild, guild_name, region } => {
                let (slug, region) = (guild.slug, region.into());
                let name = guild_name.unwrap_or_else(|| slug.clone());
                // Checked before a database is created.
                identity::check_guild(&slug, &name)?;
                let db = database.open(&database.url_or(DEFAULT_DATABASE)?).await?;
                let app = offline_app_on(db, Keys::ephemeral(), Options::default())?;
                let now = app.clock.now();
                let create = async move |conn: &mut db::Conn| {
                    identity::create_guild(conn, GuildId::new(), &slug, &name, region, now).await
                };
                let (guild, _) = app.db.write(create).await?;
                print(&format!("{} is created. `guildhall bootstrap` makes its leader.\n", guild.slug))
            }
            GuildsCommand::Suspend { guild } => {
                let (app, found) = find(database, &guild.slug).await?;
                let suspended = identity::suspend_guild(&app.access, found.id, true).await?;
                let since = suspended.suspended_at.map(|at| at.and_utc().to_rfc3339()).unwrap_or_default();
                print(&format!("{} is suspended since {since}.\n", guild.slug))
            }
            GuildsCommand::Resume { guild } => {
                let (app, found) = find(database, &guild.slug).await?;
                identity::suspend_guild(&app.access, found.id, false).await?;
                print(&format!("{} is not suspended.\n", guild.slug))
            }
            GuildsCommand::Export { guild, file, force } => {
                let (app, found) = find(database, &guild.slug).await?;
                let tables = app.db.snapshot(async move |conn| db::export_guild_rows(conn, found.id).await).await?;
                let text = GuildFile::new(tables, app.clock.now()).to_text()?;
                write_export(Some(&file), &text, force, &database.url_or(DEFAULT_DATABASE)?)
            }
            GuildsCommand::Import { file, slug } => {
                // Read before a database is created.
                let tables = GuildFile::read(&file)?.tables;
                let db = database.open(&database.url_or(DEFAULT_DATABASE)?).await?;
                let app = offline_app_on(db, Keys::ephemeral(), Options::default())?;
                let Guild { slug, suspended_at, .. } = identity::import_guild(&app.access, slug, tables).await?;
                // Another release may have written the keys of names.
                identity::refresh_keys(&app.db).await?;
                let mut text = format!(
                    "{slug} is imported. Its members have no passwords here: `guildhall invite --guild {slug} --all` \
                     issues codes.\n"
                );
                if suspended_at.is_some() {
                    writeln!(text, "It is suspended: `guildhall guilds resume {slug}` resumes it.")?;
                }
                print(&text)
            }
            GuildsCommand::Delete { guild, confirm } => {
                let (app, found) = find(database, &guild.slug).await?;
                let mut confirmation = confirm.unwrap_or_default();
                if confirmation.is_empty() {
                    print(&format!("This deletes {} with all its data. Type its slug to confirm: ", found.name))?;
                    std::io::stdin().read_line(&mut confirmation)?;
                }
                if confirmation.trim() != guild.slug {
                    return Err(format!("not confirmed: the slug is {}, so nothing was deleted", guild.slug).into());
                }
                identity::delete_guild(&app.access, found.id).await?;
                print(&format!("{} is deleted.\n", guild.slug))
            }
        }
    }
}

async fn open(database: &DatabaseSettings) -> Result<App, BoxError> {
    // These commands sign no tokens, so they need no stored keys.
    offline_app(database, Keys::ephemeral(), Options::default()).await
}

async fn find(database: &DatabaseSettings, slug: &str) -> Result<(App, Guild), BoxError> {
    let (app, query) = (open(database).await?, slug.to_owned());
    let guild = app.db.read(async move |conn| Ok(store::guild_by_slug(conn, &query).await?)).await?;
    Ok((app, guild.ok_or_else(|| format!("there is no guild {slug}"))?))
}

async fn list(app: &App, json: bool) -> Result<(), BoxError> {
    let guilds = app.db.snapshot(async |conn| Ok(store::guilds_with_sizes(conn).await?)).await?;
    let guilds: Vec<ListedGuild> = guilds
        .into_iter()
        .map(|(guild, active_members)| ListedGuild {
            slug: guild.slug,
            name: guild.name,
            active_members,
            created_at: guild.created_at.and_utc().to_rfc3339(),
            suspended_at: guild.suspended_at.map(|at| at.and_utc().to_rfc3339()),
        })
        .collect();
    if json {
        return print(&(serde_json::to_string_pretty(&guilds)? + "\n"));
    }
    let mut text = String::new();
    for ListedGuild { slug, name, active_members, suspended_at, .. } in guilds {
        let suspended = if suspended_at.is_some() { "suspended" } else { "" };
        let line = format!("{slug:<40} {active_members:>7} members  {suspended:<9}  {name}");
        writeln!(text, "{}", line.trim_end())?;
    }
    print(&text)
}
