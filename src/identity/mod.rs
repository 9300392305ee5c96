//! The guild's people: ranks, members and their characters.

pub mod graphql;
mod policy;
mod rows;
pub mod store;

use async_graphql::MaybeUndefined;
use serde::Deserialize;

pub use self::{
    policy::Ladder,
    rows::{
        Character, CharacterClass, CharacterFilter, CharacterKey, CharacterRole, Guild, Member, MemberFilter,
        MemberKey, Rank, RankSource, Region,
    },
};
use crate::{
    app::App,
    auth::{self, Permission, Permissions, Viewer},
    clock::Instant,
    db::{Conn, violated},
    error::{Error, Refusal, Result},
    id::{GuildId, MemberId, RankId},
    text, voting,
};

/// Most characters of a username or a display name.
const MAX_PERSON_NAME: usize = 100;

/// The ladder a new guild starts with.
const SEED_RANKS: &str = include_str!("../../data/seed/ranks.json");

#[derive(Deserialize)]
struct SeedRank {
    name: String,
    level: i64,
    description: Option<String>,
    permissions: Vec<Permission>,
}

/// A new guild with the seed's ranks, lowest first.
///
/// # Errors
/// `BAD_USER_INPUT` for a bad slug or name; `CONFLICT`, `SLUG_TAKEN`.
pub async fn found_guild(
    conn: &mut Conn,
    id: GuildId,
    slug: &str,
    name: &str,
    region: Region,
    now: Instant,
) -> Result<(Guild, Vec<Rank>)> {
    let is_slug =
        (2..=40).contains(&slug.len()) && slug.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !is_slug {
        return Err(Refusal::input("slug", "A slug is 2 to 40 of a–z, 0–9 and hyphen.").into());
    }
    let guild = Guild {
        id,
        slug: slug.to_owned(),
        name: text::name("name", name, MAX_PERSON_NAME)?,
        region,
        roster_version: 0,
        created_at: now,
    };
    let seed: Vec<SeedRank> = serde_json::from_str(SEED_RANKS).map_err(Error::internal)?;
    let ranks: Vec<Rank> = seed
        .into_iter()
        .map(|seed| Rank {
            guild_id: guild.id,
            id: RankId::new(),
            name_key: text::key(&seed.name),
            name: seed.name,
            level: seed.level,
            description: seed.description,
            permissions: seed.permissions.into_iter().collect::<Permissions>(),
            discord_role_id: None,
        })
        .collect();
    store::insert_guild(conn, &guild).await.map_err(|error| match violated(&error) {
        Some("guilds_slug") => Refusal::conflict("SLUG_TAKEN", "There is a guild with this slug already.").into(),
        _ => Error::from(error),
    })?;
    store::insert_ranks(conn, ranks.clone()).await?;
    Ok((guild, ranks))
}

/// Someone to be added to the roster.
pub struct NewMember {
    /// Their Discord username.
    pub discord_username: String,
    /// Their Discord id, if known.
    pub discord_id: Option<String>,
    /// How they are shown; their Discord username unless given.
    pub display_name: Option<String>,
    /// Their rank; the lowest unless given.
    pub rank: Option<RankId>,
}

impl NewMember {
    /// The member's row: active, not registered.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`.
    pub fn into_row(self, rank: &Rank, now: Instant) -> Result<Member, Refusal> {
        let discord_username = text::discord_username(&self.discord_username)?;
        let display_name = display_name(self.display_name.as_deref(), &discord_username)?;
        Ok(Member {
            guild_id: rank.guild_id,
            id: MemberId::new(),
            username_key: text::key(&discord_username),
            sort_key: text::sort_key(&[&display_name, &discord_username]),
            discord_username,
            discord_id: self.discord_id.as_deref().map(discord_id).transpose()?,
            display_name,
            rank_id: rank.id,
            rank_level: rank.level,
            rank_source: RankSource::Manual,
            is_active: true,
            password_hash: None,
            credentials_version: 0,
            registered_at: None,
            last_seen_at: None,
            created_at: now,
        })
    }
}

/// Adds a member below the viewer to the roster.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND` for the rank; `FORBIDDEN`, `RANK_TOO_LOW`; `CONFLICT`, `NAME_TAKEN`.
pub async fn create_member(app: &App, viewer: &Viewer, new: NewMember) -> Result<Member> {
    viewer.require(Permission::MembersManage)?;
    let (actor, now) = (viewer.clone(), app.clock.now());
    let member = app
        .db
        .write(async move |conn| {
            store::change_roster(conn, actor.guild).await?;
            let ladder = Ladder::load(conn, actor.guild).await?;
            let rank = match new.rank {
                Some(rank) => ladder.rank(rank).ok_or_else(|| Refusal::not_found("rank").at("rankId"))?,
                None => ladder.lowest().ok_or_else(|| Refusal::not_found("rank"))?,
            };
            ladder.check_reach(&actor, rank.level)?;
            let member = new.into_row(rank, now)?;
            store::insert_members(conn, vec![member.clone()]).await.map_err(taken)?;
            Ok(member)
        })
        .await?;
    app.live.access_changed(viewer.guild);
    Ok(member)
}

/// What is to change of a member; what is undefined stays.
pub struct MemberChange {
    /// Who.
    pub id: MemberId,
    /// Their Discord username.
    pub discord_username: Option<String>,
    /// Their Discord id; null clears it.
    pub discord_id: MaybeUndefined<String>,
    /// How they are shown; null makes it their Discord username.
    pub display_name: MaybeUndefined<String>,
    /// Their rank.
    pub rank: Option<RankId>,
    /// Whether they are active.
    pub active: Option<bool>,
}

/// Changes a member below the viewer (or, of oneself, the display name).
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `FORBIDDEN`, `RANK_TOO_LOW`; `CONFLICT`, `NAME_TAKEN` or `LAST_LEADER`.
pub async fn update_member(app: &App, viewer: &Viewer, change: MemberChange) -> Result<Member> {
    viewer.require(Permission::MembersManage)?;
    let (actor, now) = (viewer.clone(), app.clock.now());
    let member = app
        .db
        .write(async move |conn| {
            // Also locks the guild's roster: two changes at once must not leave it without a leader.
            store::change_roster(conn, actor.guild).await?;
            let ladder = Ladder::load(conn, actor.guild).await?;
            let before = store::member(conn, actor.guild, change.id).await?;
            let before = before.ok_or_else(|| Refusal::not_found("member").at("id"))?;
            let after = change.apply(&before, &ladder)?;
            let own_name_only = before.id == actor.member
                && after
                    == Member {
                        display_name: after.display_name.clone(),
                        sort_key: after.sort_key.clone(),
                        ..before.clone()
                    };
            if !own_name_only {
                ladder.check_reach(&actor, before.rank_level)?;
                if after.rank_id != before.rank_id {
                    ladder.check_reach(&actor, after.rank_level)?;
                }
            }
            let led_before = store::leaders(conn, actor.guild, ladder.highest_level()).await?;
            store::update_member(conn, &after).await.map_err(taken)?;
            if before.is_active && !after.is_active {
                auth::store::revoke_sessions_of(conn, actor.guild, after.id, now).await?;
            }
            let led_after = store::leaders(conn, actor.guild, ladder.highest_level()).await?;
            policy::check_still_led(led_before, led_after)?;
            Ok(after)
        })
        .await?;
    app.live.access_changed(viewer.guild);
    // Whoever had not voted yet may have been the last.
    voting::close_complete(app, viewer.guild).await;
    Ok(member)
}

impl MemberChange {
    /// The member's row with the change made.
    fn apply(self, before: &Member, ladder: &Ladder) -> Result<Member, Refusal> {
        let mut after = before.clone();
        if let Some(username) = self.discord_username {
            after.discord_username = text::discord_username(&username)?;
            after.username_key = text::key(&after.discord_username);
        }
        match self.display_name {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => after.display_name = after.discord_username.clone(),
            MaybeUndefined::Value(name) => {
                after.display_name = display_name(Some(&name), &after.discord_username)?;
            }
        }
        after.sort_key = text::sort_key(&[&after.display_name, &after.discord_username]);
        match self.discord_id {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => after.discord_id = None,
            MaybeUndefined::Value(id) => after.discord_id = Some(discord_id(&id)?),
        }
        if let Some(rank) = self.rank
            && rank != before.rank_id
        {
            let rank = ladder.rank(rank).ok_or_else(|| Refusal::not_found("rank").at("rankId"))?;
            (after.rank_id, after.rank_level, after.rank_source) = (rank.id, rank.level, RankSource::Manual);
        }
        if let Some(active) = self.active {
            after.is_active = active;
            if before.is_active && !active {
                // Voids every access token, an operator's too; coming back revives none.
                after.credentials_version += 1;
            }
        }
        Ok(after)
    }
}

/// The name given, or the Discord username where it is left out or cleared.
fn display_name(given: Option<&str>, discord_username: &str) -> Result<String, Refusal> {
    match given.map(str::trim) {
        None | Some("") => Ok(discord_username.to_owned()),
        Some(name) => text::name("displayName", name, MAX_PERSON_NAME),
    }
}

/// A Discord id: a number of up to 20 digits.
fn discord_id(id: &str) -> Result<String, Refusal> {
    match id.trim().parse::<u64>() {
        Ok(number) if number > 0 => Ok(number.to_string()),
        _ => Err(Refusal::input("discordId", "A Discord id is a number of up to 20 digits.")),
    }
}

fn taken(error: diesel::result::Error) -> Error {
    let taken = |field, message: &'static str| Refusal::conflict("NAME_TAKEN", message).at(field).into();
    match violated(&error) {
        Some("members_username") => taken("discordUsername", "There is a member with this Discord username already."),
        Some("members_discord_id") => taken("discordId", "There is a member with this Discord id already."),
        _ => error.into(),
    }
}
