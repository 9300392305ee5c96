//! Members. Officers add and change the members below them.

use async_graphql::MaybeUndefined;

use super::{
    actions::MemberAction,
    policy::{self, Ladder, MANAGE_MEMBERS},
    rows::{Member, Rank, RankSource},
    store,
};
use crate::{
    access::{self, Access, Viewer},
    audit::{self, Action, Changes},
    db::{Conn, violated_constraint},
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{MemberId, RankId},
        input::InputCheck,
        text,
    },
};

/// Longest display name, in Unicode characters.
const MAX_DISPLAY_NAME: usize = 100;

/// A member to add to the roster.
#[derive(Clone)]
pub struct NewMember {
    /// Their Discord username.
    pub discord_username: String,
    /// Their Discord id, if known.
    pub discord_id: Option<String>,
    /// Their display name; their Discord username by default.
    pub display_name: Option<String>,
    /// Their rank; the lowest by default.
    pub rank: Option<RankId>,
}

impl NewMember {
    /// Checks the input and returns the member's row: active, and not registered.
    ///
    /// # Errors
    /// `BAD_USER_INPUT`.
    pub fn into_row(self, rank: &Rank, now: Timestamp) -> Result<Member, Refusal> {
        InputCheck::run(|check| self.check(check, rank, now))
    }

    fn check(self, check: &mut InputCheck, rank: &Rank, now: Timestamp) -> Member {
        let discord_username = check.valid(text::discord_username(&self.discord_username));
        let display_name = check.valid(display_name(self.display_name.as_deref(), &discord_username));
        Member {
            guild_id: rank.guild_id,
            id: MemberId::new(),
            username_key: text::key(&discord_username),
            sort_key: text::sort_key(&[&display_name, &discord_username]),
            discord_username,
            discord_id: self.discord_id.map(|id| check.valid(text::discord_id("discordId", &id))),
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
            erased_at: None,
        }
    }
}

/// Adds a member below the viewer to the roster.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND` for the rank; `FORBIDDEN` (`RANK_TOO_LOW`); `CONFLICT` (`NAME_TAKEN`).
pub async fn create_member(access: &Access, viewer: &Viewer, new: NewMember) -> Result<Member> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .change(
            viewer.guild,
            |member: &Member| Some(member.id),
            async move |conn| {
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_MEMBERS).await?;
                let lowest = ladder.lowest().ok_or_else(|| Refusal::not_found("rank"))?;
                let mut check = InputCheck::default();
                let rank = new.rank.map_or(Ok(lowest), |id| known_rank(&ladder, id));
                let rank = check.found(rank).unwrap_or(lowest);
                check.valid(check_assignment(&ladder, &actor, None, rank));
                let member = new.check(&mut check, rank, now);
                check_names_are_free(conn, &mut check, &member).await?;
                let member = check.finish(member)?;
                store::insert_members(conn, vec![member.clone()]).await.map_err(name_conflict)?;
                let summary = format!("Added {} as {}", member.display_name, rank.name);
                let event = audit::event(Action::MemberCreate, member.id, summary);
                audit::record(conn, actor.guild, Some(&actor), now, event).await?;
                Ok(member)
            },
        )
        .await
}

/// A change of a member. Unset fields are not changed.
#[derive(Clone)]
pub struct MemberChange {
    /// The member.
    pub id: MemberId,
    /// Their Discord username.
    pub discord_username: Option<String>,
    /// Their Discord id; null clears it.
    pub discord_id: MaybeUndefined<String>,
    /// Their display name; null makes it their Discord username.
    pub display_name: MaybeUndefined<String>,
    /// Their rank.
    pub rank: Option<RankId>,
    /// Whether they are active.
    pub active: Option<bool>,
}

/// Changes a member below the viewer. Viewers can also change their own display name.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND`; `FORBIDDEN` (`RANK_TOO_LOW`); `CONFLICT` (`NAME_TAKEN`, `LAST_LEADER`).
pub async fn update_member(access: &Access, viewer: &Viewer, change: MemberChange) -> Result<Member> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    let (member, is_revocation) = access
        .change(
            viewer.guild,
            |(member, _): &(Member, _)| Some(member.id),
            async move |conn| {
                // The lock prevents two concurrent changes from demoting the last two leaders.
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_MEMBERS).await?;
                let Some(before) = store::member(conn, actor.guild, change.id).await? else {
                    return Err(change.refuse_unknown(conn, &actor, &ladder).await?.into());
                };
                MemberAction::Edit.check_state(&before)?;
                let mut check = InputCheck::default();
                let after = change.check(&mut check, &before, &ladder);
                if let Some(rank) = ladder.rank(after.rank_id).filter(|rank| rank.id != before.rank_id) {
                    check.valid(check_assignment(&ladder, &actor, Some(before.rank_id), rank));
                }
                let is_own_name = before.id == actor.member && after.differs_in_name_only(&before);
                let reach = if is_own_name { Ok(()) } else { MemberAction::Edit.check_actor(&actor, &ladder, &before) };
                if reach.is_ok() && !after.has_names_of(&before) {
                    check_names_are_free(conn, &mut check, &after).await?;
                }
                let after = check.finish(after)?;
                reach?;
                if after == before {
                    return Ok((after, false));
                }
                let leaders_before = store::count_leaders(conn, actor.guild, ladder.highest_level()).await?;
                store::update_member(conn, &before, &after).await.map_err(name_conflict)?;
                if before.is_active && !after.is_active {
                    revoke_access(conn, &after, now).await?;
                }
                let leaders_after = store::count_leaders(conn, actor.guild, ladder.highest_level()).await?;
                policy::check_leader_remains(leaders_before, leaders_after)?;
                let event = audit::event(Action::MemberUpdate, after.id, summarize_change(&before, &after, &ladder));
                audit::record(conn, actor.guild, Some(&actor), now, event).await?;
                // Even a higher rank may lack permissions of the old one.
                let is_revocation = after.rank_id != before.rank_id || !after.is_active;
                Ok((after, is_revocation))
            },
        )
        .await?;
    if is_revocation {
        access.await_revocation().await;
    }
    Ok(member)
}

/// Ends the sessions of a deactivated member, and voids the codes for them and by them.
pub async fn revoke_access(conn: &mut Conn, member: &Member, now: Timestamp) -> Result<()> {
    access::store::revoke_sessions_of(conn, member.guild_id, member.id, None, now).await?;
    access::store::delete_codes_of(conn, member.guild_id, member.id).await?;
    Ok(access::store::delete_codes_issued_by(conn, member.guild_id, member.id).await?)
}

/// Changes the viewer's own display name; null makes it their Discord username.
///
/// # Errors
/// `BAD_USER_INPUT`.
pub async fn update_me(access: &Access, viewer: &Viewer, display_name: MaybeUndefined<String>) -> Result<Member> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .change(
            viewer.guild,
            |member: &Member| Some(member.id),
            async move |conn| {
                store::bump_roster_version(conn, actor.guild).await?;
                let actor = actor.confirm(conn).await?;
                let ladder = Ladder::load(conn, actor.guild).await?;
                let before = store::member(conn, actor.guild, actor.member).await?;
                let before = before.ok_or_else(|| Refusal::not_found("member"))?;
                let change = MemberChange {
                    id: before.id,
                    discord_username: None,
                    discord_id: MaybeUndefined::Undefined,
                    display_name,
                    rank: None,
                    active: None,
                };
                let after = change.apply(&before, &ladder)?;
                if after != before {
                    store::update_member(conn, &before, &after).await?;
                    let summary = summarize_change(&before, &after, &ladder);
                    let event = audit::event(Action::MemberUpdate, after.id, summary);
                    audit::record(conn, actor.guild, Some(&actor), now, event).await?;
                }
                Ok(after)
            },
        )
        .await
}

/// Describes the change of a member for the audit log.
pub fn summarize_change(before: &Member, after: &Member, ladder: &Ladder) -> String {
    let rank = |member: &Member| ladder.rank(member.rank_id).map_or("an unknown rank", |rank| &rank.name).to_owned();
    let verb = match after.rank_level.cmp(&before.rank_level) {
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
    // Without the ids: not every reader of the log may see them.
    changes.note_hidden("Discord id", before.discord_id != after.discord_id);
    format!("{verb} {}: {changes}", before.display_name)
}

impl Member {
    /// Whether only the display name was changed.
    pub(super) fn differs_in_name_only(&self, before: &Self) -> bool {
        let renamed =
            Self { display_name: self.display_name.clone(), sort_key: self.sort_key.clone(), ..before.clone() };
        *self == renamed
    }

    /// Whether this member has the same unique names.
    fn has_names_of(&self, other: &Self) -> bool {
        (&self.username_key, &self.discord_id) == (&other.username_key, &other.discord_id)
    }
}

impl MemberChange {
    /// The refusal of a change of an unknown member. Its other fields are checked as if the member were like the actor.
    async fn refuse_unknown(self, conn: &mut Conn, actor: &Viewer, ladder: &Ladder) -> Result<Refusal> {
        let not_found = Refusal::not_found("member").at("id");
        let Some(own) = store::member(conn, actor.guild, actor.member).await? else { return Ok(not_found) };
        let before = Member { id: self.id, ..own };
        let mut check = InputCheck::default();
        let after = self.check(&mut check, &before, ladder);
        if let Some(rank) = ladder.rank(after.rank_id).filter(|rank| rank.id != before.rank_id) {
            check.valid(check_assignment(ladder, actor, None, rank));
        }
        if !after.has_names_of(&before) {
            check_names_are_free(conn, &mut check, &after).await?;
        }
        Ok(not_found.and(check.finish(())))
    }

    /// Checks the change and returns the changed row.
    pub(super) fn apply(self, before: &Member, ladder: &Ladder) -> Result<Member, Refusal> {
        InputCheck::run(|check| self.check(check, before, ladder))
    }

    fn check(self, check: &mut InputCheck, before: &Member, ladder: &Ladder) -> Member {
        let mut after = before.clone();
        if let Some(username) = self.discord_username {
            check.set(&mut after.discord_username, text::discord_username(&username));
            after.username_key = text::key(&after.discord_username);
        }
        match self.display_name {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => after.display_name = after.discord_username.clone(),
            MaybeUndefined::Value(name) => {
                after.display_name = check.valid(display_name(Some(&name), &after.discord_username));
            }
        }
        after.sort_key = text::sort_key(&[&after.display_name, &after.discord_username]);
        match self.discord_id {
            MaybeUndefined::Undefined => {}
            MaybeUndefined::Null => after.discord_id = None,
            MaybeUndefined::Value(id) => after.discord_id = Some(check.valid(text::discord_id("discordId", &id))),
        }
        if let Some(rank) = self.rank
            && rank != before.rank_id
            && let Some(rank) = check.found(known_rank(ladder, rank))
        {
            (after.rank_id, after.rank_level, after.rank_source) = (rank.id, rank.level, RankSource::Manual);
        }
        if let Some(active) = self.active {
            after.is_active = active;
            if before.is_active && !active {
                // Invalidates every access token, even an operator's. They stay invalid when the member is reactivated.
                after.credentials_version += 1;
            }
        }
        after
    }
}

fn known_rank(ladder: &Ladder, id: RankId) -> Result<&Rank, Refusal> {
    ladder.rank(id).ok_or_else(|| Refusal::not_found("rank").at("rankId"))
}

/// Checks that an officer can give a member this rank, instead of the rank `before`.
fn check_assignment(ladder: &Ladder, actor: &Viewer, before: Option<RankId>, rank: &Rank) -> Result<(), Refusal> {
    ladder.check_assignment(actor, before, rank).map_err(|refusal| refusal.at("rankId"))
}

/// Checks a display name. A missing or blank name becomes the Discord username.
pub(super) fn display_name(name: Option<&str>, discord_username: &str) -> Result<String, Refusal> {
    match name.map(str::trim) {
        None | Some("") => Ok(discord_username.to_owned()),
        Some(name) => text::name("displayName", name, MAX_DISPLAY_NAME),
    }
}

/// Checks that no other member has this one's username or Discord id. The refusal says if the other is deactivated:
/// lists do not show them.
async fn check_names_are_free(conn: &mut Conn, check: &mut InputCheck, member: &Member) -> Result<()> {
    let Member { guild_id, username_key, discord_id, .. } = member;
    let known = store::members_known_as(conn, *guild_id, username_key, discord_id.as_deref()).await?;
    let others = || known.iter().filter(|other| other.id != member.id);
    let namesake = others().find(|other| other.username_key == *username_key);
    let same_id = others().find(|other| discord_id.is_some() && other.discord_id == *discord_id);
    for (field, name, other) in
        [("discordUsername", "Discord username", namesake), ("discordId", "Discord id", same_id)]
    {
        let Some(other) = other else { continue };
        let is_inactive = if other.is_active { "" } else { ", who is deactivated and can be reactivated" };
        let message = format!("There is already a member with this {name}{is_inactive}.");
        check.refuse(Refusal::conflict("NAME_TAKEN", message).at(field));
    }
    Ok(())
}

/// Maps a violated unique constraint to its refusal.
fn name_conflict(error: diesel::result::Error) -> Error {
    let conflict = |field, message: &'static str| Refusal::conflict("NAME_TAKEN", message).at(field).into();
    match violated_constraint(&error) {
        Some("members_username") => {
            conflict("discordUsername", "There is already a member with this Discord username.")
        }
        Some("members_discord_id") => conflict("discordId", "There is already a member with this Discord id."),
        _ => error.into(),
    }
}
