//! Members: added, changed, promoted and demoted by those above them.

use async_graphql::MaybeUndefined;

use super::{
    policy::{self, Ladder, MANAGE_MEMBERS},
    rows::{Member, Rank, RankSource},
    store,
};
use crate::{
    access::{self, Access, Viewer},
    audit::{self, Action, Changes},
    db::violated_constraint,
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{MemberId, RankId},
        text,
    },
};

/// Most characters of a username or a display name.
const MAX_PERSON_NAME: usize = 100;

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
    pub fn into_row(self, rank: &Rank, now: Timestamp) -> Result<Member, Refusal> {
        let discord_username = text::discord_username(&self.discord_username)?;
        let display_name = display_name(self.display_name.as_deref(), &discord_username)?;
        Ok(Member {
            guild_id: rank.guild_id,
            id: MemberId::new(),
            username_key: text::key(&discord_username),
            sort_key: text::sort_key(&[&display_name, &discord_username]),
            discord_username,
            discord_id: self.discord_id.as_deref().map(|id| text::discord_id("discordId", id)).transpose()?,
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
pub async fn create_member(access: &Access, viewer: &Viewer, new: NewMember) -> Result<Member> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .change(
            viewer.guild,
            |member: &Member| Some(member.id),
            async move |conn| {
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_MEMBERS).await?;
                let rank = match new.rank {
                    Some(rank) => ladder.rank(rank).ok_or_else(|| Refusal::not_found("rank").at("rankId"))?,
                    None => ladder.lowest().ok_or_else(|| Refusal::not_found("rank"))?,
                };
                ladder.check_reach(&actor, rank.level)?;
                ladder.check_grant(&actor, None, rank.id)?;
                let member = new.into_row(rank, now)?;
                store::insert_members(conn, vec![member.clone()]).await.map_err(taken)?;
                let summary = format!("Added {} as {}", member.display_name, rank.name);
                let entry = audit::event(Action::MemberCreate, member.id, summary);
                audit::record(conn, actor.guild, Some(&actor), now, entry).await?;
                Ok(member)
            },
        )
        .await
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
pub async fn update_member(access: &Access, viewer: &Viewer, change: MemberChange) -> Result<Member> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    let (member, takes_away) = access
        .change(
            viewer.guild,
            |(member, _): &(Member, _)| Some(member.id),
            async move |conn| {
                // Locked, for two changes at once must not leave it without a leader.
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_MEMBERS).await?;
                let before = store::member(conn, actor.guild, change.id).await?;
                let before = before.ok_or_else(|| Refusal::not_found("member").at("id"))?;
                let after = change.apply(&before, &ladder)?;
                if before.id != actor.member || !after.differs_in_name_only(&before) {
                    ladder.check_reach(&actor, before.rank_level)?;
                }
                if after.rank_id != before.rank_id {
                    ladder.check_reach(&actor, after.rank_level)?;
                    ladder.check_grant(&actor, Some(before.rank_id), after.rank_id)?;
                }
                if after == before {
                    return Ok((after, false));
                }
                let led_before = store::count_leaders(conn, actor.guild, ladder.highest_level()).await?;
                store::update_member(conn, &before, &after).await.map_err(taken)?;
                if before.is_active && !after.is_active {
                    access::store::revoke_sessions_of(conn, actor.guild, after.id, None, now).await?;
                    access::store::delete_codes_of(conn, actor.guild, after.id).await?;
                }
                let led_after = store::count_leaders(conn, actor.guild, ladder.highest_level()).await?;
                policy::check_leader_remains(led_before, led_after)?;
                let entry = audit::event(Action::MemberUpdate, after.id, summarize_change(&before, &after, &ladder));
                audit::record(conn, actor.guild, Some(&actor), now, entry).await?;
                // Another rank may lack something that the one before allowed, whichever is higher.
                let takes_away = after.rank_id != before.rank_id || !after.is_active;
                Ok((after, takes_away))
            },
        )
        .await?;
    if takes_away {
        access.await_revocation().await;
    }
    // Whoever had not voted yet may have been the last.
    access.bus.roster_changed(viewer.guild).await;
    Ok(member)
}

/// What was changed of a member, in words.
pub fn summarize_change(before: &Member, after: &Member, ladder: &Ladder) -> String {
    let rank = |member: &Member| ladder.rank(member.rank_id).map_or("an unknown rank", |rank| &rank.name).to_owned();
    let did = match after.rank_level.cmp(&before.rank_level) {
        _ if before.is_active && !after.is_active => "Deactivated",
        _ if after.is_active && !before.is_active => "Reactivated",
        std::cmp::Ordering::Greater => "Promoted",
        std::cmp::Ordering::Less => "Demoted",
        std::cmp::Ordering::Equal => "Changed",
    };
    let mut changes = Changes::default();
    changes.note("rank", &rank(before), &rank(after));
    changes.note("Discord username", &before.discord_username, &after.discord_username);
    changes.note("display name", &before.display_name, &after.display_name);
    changes.note("active", &before.is_active, &after.is_active);
    // Shown to fewer than the log is.
    changes.note_hidden("Discord id", before.discord_id != after.discord_id);
    format!("{did} {}: {changes}", before.display_name)
}

impl Member {
    /// Whether this differs from what was before in nothing but the display name.
    pub(super) fn differs_in_name_only(&self, before: &Self) -> bool {
        let renamed =
            Self { display_name: self.display_name.clone(), sort_key: self.sort_key.clone(), ..before.clone() };
        *self == renamed
    }
}

impl MemberChange {
    /// The member's row with the change made.
    pub(super) fn apply(self, before: &Member, ladder: &Ladder) -> Result<Member, Refusal> {
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
            MaybeUndefined::Value(id) => after.discord_id = Some(text::discord_id("discordId", &id)?),
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
pub(super) fn display_name(given: Option<&str>, discord_username: &str) -> Result<String, Refusal> {
    match given.map(str::trim) {
        None | Some("") => Ok(discord_username.to_owned()),
        Some(name) => text::name("displayName", name, MAX_PERSON_NAME),
    }
}

fn taken(error: diesel::result::Error) -> Error {
    let taken = |field, message: &'static str| Refusal::conflict("NAME_TAKEN", message).at(field).into();
    match violated_constraint(&error) {
        Some("members_username") => taken("discordUsername", "There is a member with this Discord username already."),
        Some("members_discord_id") => taken("discordId", "There is a member with this Discord id already."),
        _ => error.into(),
    }
}
