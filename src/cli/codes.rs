//! `guildhall invite` and `guildhall reset-code`.

use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use futures_util::{StreamExt, stream};

use super::{
    offline::{DEFAULT_DATABASE, offline_app_on},
    output::{BoxError, print},
};
use crate::{
    app::{App, Options},
    auth::{self, IssuedCode, Keys, Lifetimes},
    cli::settings::{DatabaseSettings, DiscordSettings, SigningSettings, lifetime},
    db::Conn,
    identity::{Member, import::escape_formulas, store},
    kernel::{clock::Clock, error::Result, id::GuildId, private_file, text},
};

/// The number of codes that are issued at the same time. Hashing them takes one core each.
const CONCURRENT_CODES: usize = 8;

/// The guild whose members get codes, and the delivery by Discord.
#[derive(Args)]
struct CodeSettings {
    /// Slug of the guild: 2 to 40 characters of a–z, 0–9 and hyphen.
    ///
    /// Default: the oldest guild
    #[arg(long, value_name = "SLUG")]
    guild: Option<String>,
    /// Also send each code by direct message to members with a known Discord id.
    ///
    /// A running server with the bot delivers the messages. The command needs the server's `GUILDHALL_DISCORD_TOKEN` and
    /// `GUILDHALL_JWT_SECRET` (or key file).
    #[arg(long)]
    direct_messages: bool,
    #[command(flatten)]
    signing: SigningSettings,
    #[command(flatten)]
    discord: DiscordSettings,
}

impl CodeSettings {
    async fn open(&self, database: &DatabaseSettings, lifetimes: Lifetimes) -> Result<(App, GuildId), BoxError> {
        let options = Options { lifetimes, delivery_wait: Duration::ZERO, ..Options::default() };
        let bot = if self.direct_messages {
            let bot = self.discord.bot(&Clock::system())?;
            Some(bot.ok_or("--direct-messages needs the token of the bot (GUILDHALL_DISCORD_TOKEN)")?)
        } else {
            None
        };
        let url = database.url_or(DEFAULT_DATABASE)?;
        let db = database.open_existing(&url).await?;
        // Without messages, nothing is signed or encrypted.
        let keys = if self.direct_messages { self.signing.keys(&url)? } else { Keys::ephemeral() };
        let app = offline_app_on(db, keys, Options { bot, ..options })?;
        let guild = app.guilds.find(&app.db, self.guild.as_deref()).await?;
        Ok((app, guild))
    }
}

/// Issue invite codes for active members without an account. Earlier codes of these members become invalid.
#[derive(Args)]
pub(super) struct Invite {
    #[command(flatten)]
    members: InvitedMembers,
    /// Maximum number of codes. If more members have no account, none is issued.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
    /// Write the codes to this new CSV file, readable by its owner only, instead of standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How long an invite code stays valid.
    #[arg(long, env = "GUILDHALL_INVITE_TTL", value_name = "TIME", default_value = "72h", value_parser = lifetime)]
    invite_ttl: Duration,
    #[command(flatten)]
    settings: CodeSettings,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct InvitedMembers {
    /// Issue a code for each active member without an account.
    #[arg(long)]
    all: bool,
    /// Issue a code for the member with this Discord username.
    #[arg(long, value_name = "USERNAME")]
    member: Option<String>,
}

impl Invite {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let lifetimes = Lifetimes { invite: self.invite_ttl, ..Lifetimes::default() };
        let (app, guild) = self.settings.open(database, lifetimes).await?;
        let members = match &self.members.member {
            Some(username) => vec![member(&app, guild, username).await?],
            None => app.db.read(async move |conn| uninvited(conn, guild).await).await?,
        };
        if members.len() > self.limit {
            let (found, limit) = (members.len(), self.limit);
            return Err(
                format!("{found} members have no account, more than --limit {limit}: no code was issued").into()
            );
        }
        let mut list = CodeList::create(self.output.as_deref())?;
        let accounts = &app.accounts;
        let mut codes = stream::iter(&members)
            .map(|member| async move { (member, auth::invite(accounts, member).await) })
            .buffered(CONCURRENT_CODES);
        let mut failures = 0;
        while let Some((member, issued)) = codes.next().await {
            match issued {
                Ok(issued) => list.add(&issued)?,
                // A member who registered meanwhile needs no code.
                Err(error) if error.refusal().is_some() => {
                    failures += 1;
                    writeln!(std::io::stderr(), "{}: {error}", member.discord_username)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if failures == 0 {
            Ok(())
        } else {
            Err(format!("{failures} of {} codes were not issued", members.len()).into())
        }
    }
}

/// The active members without an account, by rank and name.
async fn uninvited(conn: &mut Conn, guild: GuildId) -> Result<Vec<Member>> {
    let members = store::active_members(conn, guild).await?;
    Ok(members.into_iter().filter(|member| member.registered_at.is_none()).collect())
}

/// Issue a code with which a registered member chooses a new password.
///
/// The member's earlier reset code becomes invalid.
#[derive(Args)]
pub(super) struct ResetCode {
    /// Discord username of the member.
    #[arg(value_name = "USERNAME")]
    username: String,
    /// How long a reset code stays valid.
    #[arg(long, env = "GUILDHALL_RESET_TTL", value_name = "TIME", default_value = "24h", value_parser = lifetime)]
    reset_ttl: Duration,
    #[command(flatten)]
    settings: CodeSettings,
}

impl ResetCode {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let lifetimes = Lifetimes { reset: self.reset_ttl, ..Lifetimes::default() };
        let (app, guild) = self.settings.open(database, lifetimes).await?;
        let member = member(&app, guild, &self.username).await?;
        print(&format!("{}\n", auth::reset_code(&app.accounts, &member).await?.code))
    }
}

/// The member with this username, active or not.
async fn member(app: &App, guild: GuildId, username: &str) -> Result<Member, BoxError> {
    let key = text::username_key(username);
    let found = app.db.read(async move |conn| Ok(store::member_by_username(conn, guild, &key).await?)).await?;
    Ok(found.ok_or_else(|| format!("there is no member {username}"))?)
}

/// Where codes are written, one by one, so that an interruption loses none that is valid.
enum CodeList {
    Lines,
    Table(Box<csv::Writer<File>>),
}

impl CodeList {
    fn create(file: Option<&Path>) -> Result<Self, BoxError> {
        let Some(path) = file else { return Ok(Self::Lines) };
        let file = private_file::create_new(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let mut table = csv::Writer::from_writer(file);
        table.write_record(["discord_username", "display_name", "code", "expires_at", "delivery"])?;
        table.flush()?;
        Ok(Self::Table(Box::new(table)))
    }

    fn add(&mut self, issued: &IssuedCode) -> Result<(), BoxError> {
        let IssuedCode { code, expires_at, member, delivery } = issued;
        match self {
            Self::Lines => print(&format!("{} {code}\n", member.discord_username)),
            Self::Table(table) => {
                let [username, name] =
                    [&member.discord_username, &member.display_name].map(|name| escape_formulas(name));
                let delivery = async_graphql::Value::from(*delivery).to_string();
                table.write_record([&username, &name, code, &expires_at.and_utc().to_rfc3339(), &delivery])?;
                Ok(table.flush()?)
            }
        }
    }
}
