//! `guildhall bootstrap`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{
    offline::{DEFAULT_DATABASE, offline_app_on},
    output::{BoxError, print},
};
use crate::{
    app::Options,
    audit::{self, Action},
    auth::Lifetimes,
    auth::{self, Keys},
    cli::settings::{DatabaseSettings, lifetime},
    db::Conn,
    identity::{self, Ladder, Member, NewMember, RankSource, Region, store},
    kernel::{
        clock::Timestamp,
        error::{Code, Refusal, Result},
        id::GuildId,
        text,
    },
};

/// A game region, as the command line names it.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum RegionName {
    Us,
    Eu,
    Kr,
    Tw,
}

impl From<RegionName> for Region {
    fn from(name: RegionName) -> Self {
        match name {
            RegionName::Us => Self::Us,
            RegionName::Eu => Self::Eu,
            RegionName::Kr => Self::Kr,
            RegionName::Tw => Self::Tw,
        }
    }
}

/// Create a guild and its leader.
#[derive(Args)]
pub(super) struct Bootstrap {
    /// Slug of the guild: 2 to 40 characters of a–z, 0–9 and hyphen.
    #[arg(long, value_name = "SLUG")]
    guild: String,
    /// Name of the guild.
    ///
    /// Default: the slug
    #[arg(long, value_name = "NAME")]
    guild_name: Option<String>,
    /// Region in which the guild plays.
    #[arg(long, value_name = "REGION", default_value = "us", ignore_case = true)]
    region: RegionName,
    /// Discord username of the guild's leader.
    #[arg(long, value_name = "DISCORD_USERNAME")]
    leader: String,
    /// Make this member a leader although the guild has another.
    #[arg(long)]
    another_leader: bool,
    /// How long an invite code stays valid.
    #[arg(long, env = "GUILDHALL_INVITE_TTL", value_name = "TIME", default_value = "72h", value_parser = lifetime)]
    invite_ttl: Duration,
}

impl Bootstrap {
    pub(super) async fn run(self, database: &DatabaseSettings) -> std::result::Result<(), BoxError> {
        // This command signs no tokens, so it needs no stored keys.
        let lifetimes = Lifetimes { invite: self.invite_ttl, ..Lifetimes::default() };
        let options = Options { lifetimes, ..Options::default() };
        // Checked first: otherwise a wrong name would leave a database without a guild, or a guild without a leader.
        text::discord_username(&self.leader)?;
        identity::check_guild(&self.guild, self.guild_name.as_deref().unwrap_or(&self.guild))?;
        let db = database.open(&database.url_or(DEFAULT_DATABASE)?).await?;
        let app = offline_app_on(db, Keys::ephemeral(), options)?;
        let now = app.clock.now();
        let (slug, name, region) = (self.guild, self.guild_name, self.region.into());
        let guild = app
            .db
            .write(async move |conn| {
                if let Some(guild) = store::guild_by_slug(conn, &slug).await? {
                    return Ok(guild.id);
                }
                let name = name.as_deref().unwrap_or(&slug);
                Ok(identity::create_guild(conn, GuildId::new(), &slug, name, region, now).await?.0.id)
            })
            .await?;
        let leader = app
            .access
            .change(
                guild,
                |_| None,
                async move |conn| appoint_leader(conn, guild, self.leader, self.another_leader, now).await,
            )
            .await?;
        let issued = auth::invite(&app.accounts, &leader).await?;
        print(&format!("{}\n", issued.code))
    }
}

/// Makes the member with this username the guild's leader, unless they already have an account. If the guild has a
/// leader, makes them one only if they may be `another`.
async fn appoint_leader(
    conn: &mut Conn,
    guild: GuildId,
    username: String,
    another: bool,
    now: Timestamp,
) -> Result<Member> {
    store::bump_roster_version(conn, guild).await?;
    let ladder = Ladder::load(conn, guild).await?;
    let highest = ladder.highest().ok_or_else(|| Refusal::not_found("rank"))?;
    let new = NewMember { discord_username: username, discord_id: None, display_name: None, rank: None };
    let member = new.into_row(highest, now)?;
    let named = store::member_by_username(conn, guild, &member.username_key).await?;
    let is_leader = |member: &Member| member.rank_id == highest.id && member.is_active;
    if !another && !named.as_ref().is_some_and(is_leader) {
        let active = store::active_members(conn, guild).await?;
        if let Some(leader) = active.into_iter().find(is_leader) {
            let message = format!(
                "{} leads this guild already. To make {} a leader too, use --another-leader.",
                leader.discord_username, member.discord_username
            );
            return Err(Refusal::new(Code::Conflict, message).into());
        }
    }
    let leader = match named {
        None => {
            store::insert_members(conn, vec![member.clone()]).await?;
            member
        }
        Some(registered) if registered.registered_at.is_some() => return Ok(registered),
        Some(leader) if leader.rank_id == highest.id => return Ok(leader),
        Some(known) => {
            let (rank_id, rank_level, rank_source) = (highest.id, highest.level, RankSource::Manual);
            let leader = Member { rank_id, rank_level, rank_source, ..known.clone() };
            store::update_member(conn, &known, &leader).await?;
            leader
        }
    };
    let summary = format!("Made {} a leader", leader.display_name);
    audit::record(conn, guild, None, now, audit::event(Action::MemberUpdate, leader.id, summary)).await?;
    Ok(leader)
}
