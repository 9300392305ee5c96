//! `guildhall token`.

use std::{fmt::Write, time::Duration};

use clap::Args;

use super::{
    offline::{DEFAULT_DATABASE, offline_app_on},
    output::{BoxError, print},
};
use crate::{
    app::Options,
    auth,
    cli::settings::{DatabaseSettings, SigningSettings, lifetime},
    identity::store,
    kernel::text,
};

/// Mint access tokens.
#[derive(Args)]
pub(super) struct Token {
    /// Slug of the guild: 2 to 40 characters of a–z, 0–9 and hyphen.
    #[arg(long, value_name = "SLUG")]
    guild: String,
    #[command(flatten)]
    members: MemberSelection,
    /// How long the tokens stay valid.
    ///
    /// A token also ends when its member is deactivated or changes the password.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = lifetime)]
    ttl: Duration,
    #[command(flatten)]
    signing: SigningSettings,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct MemberSelection {
    /// Mint a token for the active member with this Discord username. Either this or `--all` is required.
    #[arg(long, value_name = "USERNAME")]
    member: Option<String>,
    /// Mint a token for each active member.
    #[arg(long)]
    all: bool,
}

impl Token {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let url = database.url_or(DEFAULT_DATABASE)?;
        let db = database.open_existing(&url).await?;
        let app = offline_app_on(db, self.signing.keys(&url)?, Options::default())?;
        let guild = app.guilds.find(&app.db, Some(&self.guild)).await?;
        let members = match self.members.member {
            None => app.db.read(async move |conn| Ok(store::active_members(conn, guild).await?)).await?,
            Some(username) => {
                let key = text::username_key(&username);
                let found =
                    app.db.read(async move |conn| Ok(store::member_by_username(conn, guild, &key).await?)).await?;
                let active = found.filter(|member| member.is_active);
                vec![active.ok_or_else(|| format!("there is no active member {username} in {}", self.guild))?]
            }
        };
        let mut lines = String::new();
        for member in &members {
            writeln!(lines, "{} {}", member.discord_username, auth::mint(&app.accounts, member, self.ttl)?)?;
        }
        print(&lines)
    }
}
