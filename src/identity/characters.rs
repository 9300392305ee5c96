//! Characters. Members manage their own; officers also manage those of members below them.

use async_graphql::MaybeUndefined;

use super::{
    actions::MemberAction,
    classes::{self, Spec},
    policy::Ladder,
    rows::{Character, CharacterClass, CharacterRole, Member},
    store,
};
use crate::{
    access::{Access, Viewer},
    audit::{self, Action, Changes},
    db::{Conn, violated_constraint},
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{CharacterId, GuildId, MemberId},
        input::InputCheck,
        text,
    },
};

/// Longest name of a character or a realm, in Unicode characters.
pub(super) const MAX_CHARACTER_NAME: usize = 50;
/// Maximum number of characters of one member. They are shown on one page.
pub(super) const MAX_CHARACTERS: usize = 200;

/// A character to create.
#[derive(Clone)]
pub struct NewCharacter {
    /// Its owner; the viewer by default.
    pub member: Option<MemberId>,
    /// Its name.
    pub name: String,
    /// Its realm.
    pub realm: String,
    /// Its class.
    pub class: CharacterClass,
    /// Its specialisation.
    pub spec: Option<String>,
    /// Its role in a group.
    pub role: CharacterRole,
    /// Whether it is the member's main.
    pub is_main: bool,
}

impl NewCharacter {
    /// Checks the input and returns the character's row.
    pub(super) fn into_row(self, guild: GuildId, member: MemberId) -> Result<Character, Refusal> {
        InputCheck::run(|check| self.check(check, guild, member))
    }

    fn check(self, check: &mut InputCheck, guild: GuildId, member: MemberId) -> Character {
        let (name, realm) = (check.valid(character_name(&self.name)), check.valid(realm(&self.realm)));
        let row = Character {
            guild_id: guild,
            id: CharacterId::new(),
            member_id: member,
            name: String::new(),
            name_key: String::new(),
            realm: String::new(),
            realm_key: String::new(),
            sort_key: String::new(),
            class: self.class,
            spec: self.spec.and_then(|spec| check.valid(spec_name(self.class, &spec))),
            role: self.role,
            is_main: self.is_main,
        };
        row.with_name(name, realm)
    }
}

/// Creates a character of the viewer or of a member below them.
///
/// # Errors
/// `BAD_USER_INPUT`; `NOT_FOUND` for the member; `FORBIDDEN` (`PERMISSION_REQUIRED`, `RANK_TOO_LOW`); `CONFLICT`
/// (`NAME_TAKEN`).
pub async fn create_character(access: &Access, viewer: &Viewer, new: NewCharacter) -> Result<Character> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .db
        .write(async move |conn| {
            let actor = actor.confirm(conn).await?;
            let owner = lock_owner(conn, &actor, new.member.unwrap_or(actor.member)).await?;
            let others = match &owner {
                Some(owner) => store::characters_of(conn, actor.guild, &[owner.id]).await?,
                None => Vec::new(),
            };
            let no_member = || Refusal::not_found("member").at("memberId");
            let mut check = InputCheck::default();
            if owner.is_none() {
                check.refuse(no_member());
            }
            if others.len() >= MAX_CHARACTERS {
                let message = format!("A member has at most {MAX_CHARACTERS} characters.");
                check.refuse(Refusal::input("memberId", message));
            }
            let character = new.check(&mut check, actor.guild, owner.as_ref().map_or(actor.member, |owner| owner.id));
            check_name_is_free(conn, &mut check, &character).await?;
            let mut character = check.finish(character)?;
            let owner = owner.ok_or_else(no_member)?;
            character.is_main |= others.is_empty();
            if character.is_main {
                store::demote_main(conn, actor.guild, owner.id).await?;
            }
            store::insert_characters(conn, vec![character.clone()]).await.map_err(name_conflict)?;
            let summary = format!("Added {}, a character of {}", character.full_name(), owner.display_name);
            record(conn, &actor, &owner, now, Action::CharacterCreate, character.id, summary).await?;
            Ok(character)
        })
        .await
}

/// A change of a character. Unset fields are not changed.
#[derive(Clone)]
pub struct CharacterChange {
    /// The character.
    pub id: CharacterId,
    /// Its name.
    pub name: Option<String>,
    /// Its realm.
    pub realm: Option<String>,
    /// Its class.
    pub class: Option<CharacterClass>,
    /// Its specialisation; null clears it.
    pub spec: MaybeUndefined<String>,
    /// Its role in a group.
    pub role: Option<CharacterRole>,
    /// Whether it is its member's main.
    pub is_main: Option<bool>,
}

impl CharacterChange {
    /// Checks the fields of a change of an unknown character. A specialisation is checked only if its class is given.
    fn check_alone(self, check: &mut InputCheck) {
        if let Some(name) = self.name {
            check.valid(character_name(&name));
        }
        if let Some(name) = self.realm {
            check.valid(realm(&name));
        }
        if let (Some(class), MaybeUndefined::Value(spec)) = (self.class, self.spec) {
            check.valid(spec_name(class, &spec));
        }
    }

    fn apply(self, check: &mut InputCheck, before: &Character) -> Character {
        let name = self.name.map_or_else(|| before.name.clone(), |name| check.valid(character_name(&name)));
        let realm = self.realm.map_or_else(|| before.realm.clone(), |name| check.valid(realm(&name)));
        let class = self.class.unwrap_or(before.class);
        let spec = match self.spec {
            MaybeUndefined::Undefined => before.spec.clone(),
            MaybeUndefined::Null => None,
            MaybeUndefined::Value(spec) => Some(spec),
        };
        let after = Character {
            class,
            spec: spec.and_then(|spec| check.valid(spec_name(class, &spec))),
            role: self.role.unwrap_or(before.role),
            is_main: self.is_main.unwrap_or(before.is_main),
            ..before.clone()
        };
        after.with_name(name, realm)
    }
}

/// Changes a character of the viewer or of a member below them.
///
/// # Errors
/// The same as [`create_character`].
pub async fn update_character(access: &Access, viewer: &Viewer, change: CharacterChange) -> Result<Character> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .db
        .write(async move |conn| {
            let actor = actor.confirm(conn).await?;
            let Some((owner, before)) = lock_character(conn, &actor, change.id).await? else {
                return Err(not_found().and(InputCheck::run(|check| change.check_alone(check))).into());
            };
            let mut check = InputCheck::default();
            let after = change.apply(&mut check, &before);
            if (&after.name_key, &after.realm_key) != (&before.name_key, &before.realm_key) {
                check_name_is_free(conn, &mut check, &after).await?;
            }
            let after = check.finish(after)?;
            if after == before {
                return Ok(after);
            }
            if after.is_main && !before.is_main {
                store::demote_main(conn, actor.guild, owner.id).await?;
            }
            store::update_character(conn, &after).await.map_err(name_conflict)?;
            let summary =
                format!("Changed {} of {}: {}", before.full_name(), owner.display_name, changes(&before, &after));
            record(conn, &actor, &owner, now, Action::CharacterUpdate, after.id, summary).await?;
            Ok(after)
        })
        .await
}

/// Deletes a character of the viewer or of a member below them.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` (`PERMISSION_REQUIRED`, `RANK_TOO_LOW`).
pub async fn delete_character(access: &Access, viewer: &Viewer, id: CharacterId) -> Result<()> {
    let (actor, now) = (viewer.clone(), access.clock.now());
    access
        .db
        .write(async move |conn| {
            let actor = actor.confirm(conn).await?;
            let (owner, character) = lock_character(conn, &actor, id).await?.ok_or_else(not_found)?;
            store::delete_character(conn, actor.guild, id).await?;
            let summary = format!("Deleted {}, a character of {}", character.full_name(), owner.display_name);
            record(conn, &actor, &owner, now, Action::CharacterDelete, id, summary).await
        })
        .await
}

/// Locks the owner of a character before a change, so that at most one of their characters is the main. Returns `None`
/// if there is no such member.
///
/// The lock on the roster excludes imports, which change the characters of all members.
async fn lock_owner(conn: &mut Conn, actor: &Viewer, id: MemberId) -> Result<Option<Member>> {
    store::bump_roster_version(conn, actor.guild).await?;
    let Some(owner) = store::lock_member(conn, actor.guild, id).await? else { return Ok(None) };
    if owner.id != actor.member {
        let ladder = Ladder::load(conn, actor.guild).await?;
        MemberAction::EditCharacters.check(actor, &ladder, &owner)?;
    }
    Ok(Some(owner))
}

/// Locks a character's owner and returns both. Returns `None` if there is no such character.
async fn lock_character(conn: &mut Conn, actor: &Viewer, id: CharacterId) -> Result<Option<(Member, Character)>> {
    let Some(found) = store::characters_by_id(conn, actor.guild, &[id]).await?.pop() else { return Ok(None) };
    let Some(owner) = lock_owner(conn, actor, found.member_id).await? else { return Ok(None) };
    // Read again: it may have been changed or deleted before its owner was locked.
    let character = store::characters_by_id(conn, actor.guild, &[id]).await?.pop();
    Ok(character.map(|character| (owner, character)))
}

fn not_found() -> Refusal {
    Refusal::not_found("character").at("id")
}

/// Records a change of another member's character. Changes that members make to their own are not recorded.
async fn record(
    conn: &mut Conn,
    actor: &Viewer,
    owner: &Member,
    now: Timestamp,
    action: Action,
    id: CharacterId,
    summary: String,
) -> Result<()> {
    if owner.id == actor.member {
        return Ok(());
    }
    audit::record(conn, actor.guild, Some(actor), now, audit::event(action, id, summary)).await
}

pub(super) fn character_name(name: &str) -> Result<String, Refusal> {
    text::name("name", name, MAX_CHARACTER_NAME)
}

pub(super) fn realm(name: &str) -> Result<String, Refusal> {
    text::name("realm", name, MAX_CHARACTER_NAME)
}

/// Returns the name of a class's specialisation as the game spells it, or `None` for a blank name.
fn spec_name(class: CharacterClass, name: &str) -> Result<Option<String>, Refusal> {
    if name.trim().is_empty() {
        return Ok(None);
    }
    known_spec(class, name).map(|spec| Some(spec.name.clone()))
}

/// Returns the class's specialisation with this name, however it is spelled.
pub(super) fn known_spec(class: CharacterClass, name: &str) -> Result<&'static Spec, Refusal> {
    classes::find_spec(class, name).ok_or_else(|| {
        let names: Vec<&str> = classes::specs(class).iter().map(|spec| spec.name.as_str()).collect();
        Refusal::input("spec", format!("{class} has no such spec. It has {}.", names.join(", ")))
    })
}

pub(super) fn changes(before: &Character, after: &Character) -> Changes {
    let spec = |character: &Character| character.spec.clone().unwrap_or_else(|| "none".to_owned());
    let mut changes = Changes::default();
    changes.note("name", &before.name, &after.name);
    changes.note("realm", &before.realm, &after.realm);
    changes.note("class", &before.class, &after.class);
    changes.note("spec", &spec(before), &spec(after));
    changes.note("role", &before.role, &after.role);
    changes.note("main", &before.is_main, &after.is_main);
    changes
}

/// Checks that there is no other character with this one's name and realm. The refusal says if its member is
/// deactivated: lists do not show them.
async fn check_name_is_free(conn: &mut Conn, check: &mut InputCheck, character: &Character) -> Result<()> {
    let Character { guild_id, name_key, realm_key, .. } = character;
    let Some(owner) = store::owner_of(conn, *guild_id, name_key, realm_key).await? else { return Ok(()) };
    let owner = store::member(conn, *guild_id, owner).await?;
    check.refuse(name_taken(owner.is_some_and(|owner| !owner.is_active)));
    Ok(())
}

fn name_taken(is_owner_inactive: bool) -> Refusal {
    let owner = if is_owner_inactive { " It belongs to a deactivated member." } else { "" };
    let message = format!("There is already a character with this name on this realm.{owner}");
    Refusal::conflict("NAME_TAKEN", message).at("name")
}

/// Maps a violated unique constraint to its refusal.
fn name_conflict(error: diesel::result::Error) -> Error {
    match violated_constraint(&error) {
        Some("characters_name") => name_taken(false).into(),
        _ => error.into(),
    }
}
