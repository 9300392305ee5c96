//! `guildhall bootstrap`.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Failure, offline_app, say};
use crate::{
    auth::{self, Keys},
    config::{Database, lifetime},
    id::GuildId,
    identity::{self, Ladder, Member, NewMember, RankSource, Region, store},
    text,
};

#[derive(Clone, Copy, ValueEnum)]
enum RegionName {
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

/// Make a guild and its leader.
#[derive(Args)]
pub(super) struct Bootstrap {
    /// The guild's short name in addresses: 2 to 40 of a–z, 0–9 and hyphen.
    #[arg(long, value_name = "SLUG")]
    guild: String,
    /// The guild's name; its slug unless given.
    #[arg(long, value_name = "NAME")]
    guild_name: Option<String>,
    /// Where the guild plays: us, eu, kr or tw.
    #[arg(long, value_name = "REGION", default_value = "us", ignore_case = true)]
    region: RegionName,
    /// The leader's Discord username.
    #[arg(long, value_name = "DISCORD_USERNAME")]
    leader: String,
    /// How long the invite code is good for.
    #[arg(long, env = "GUILDHALL_INVITE_TTL", value_name = "TIME", default_value = "72h", value_parser = lifetime)]
    invite_ttl: Duration,
}

impl Bootstrap {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        // Nothing is signed here.
        let mut app = offline_app(database, Keys::ephemeral()).await?;
        app.lifetimes.invite = self.invite_ttl;
        let now = app.clock.now();
        let leader = app
            .db
            .write(async move |conn| {
                let guild = if let Some(guild) = store::guild_by_slug(conn, &self.guild).await? {
                    guild.id
                } else {
                    let name = self.guild_name.as_deref().unwrap_or(&self.guild);
                    identity::found_guild(conn, GuildId::new(), &self.guild, name, self.region.into(), now).await?.0.id
                };
                let new = NewMember { discord_username: self.leader, discord_id: None, display_name: None, rank: None };
                store::change_roster(conn, guild).await?;
                let ladder = Ladder::load(conn, guild).await?;
                let highest = ladder.highest().ok_or_else(|| crate::error::Refusal::not_found("rank"))?;
                let member = new.into_row(highest, now)?;
                match store::member_by_username(conn, guild, &text::key(&member.discord_username)).await? {
                    None => {
                        store::insert_members(conn, vec![member.clone()]).await?;
                        Ok(member)
                    }
                    // Whoever is on the roster already and has no account becomes the leader.
                    Some(known) if known.registered_at.is_none() => {
                        let leader = Member {
                            rank_id: highest.id,
                            rank_level: highest.level,
                            rank_source: RankSource::Manual,
                            ..known
                        };
                        store::update_member(conn, &leader).await?;
                        Ok(leader)
                    }
                    Some(registered) => Ok(registered),
                }
            })
            .await?;
        let issued = auth::invite(&app, leader).await?;
        say(&format!("{}\n", issued.code))
    }
}
