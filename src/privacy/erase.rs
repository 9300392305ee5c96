//! Erases a member: replaces their names, ids and account with placeholders. Ballots, results and receipts stay valid.

use std::collections::HashSet;

use async_graphql::ID;

use super::{
    redaction::{FormerNames, redact},
    store,
};
use crate::{
    access::{Access, Viewer},
    audit::{self, Action},
    db::Conn,
    discord,
    identity::{self, Character, Ladder, MANAGE_MEMBERS, Member, MemberAction},
    kernel::{
        clock::Timestamp,
        error::{Refusal, Result},
        id::{GuildId, MemberId},
        text,
    },
};

/// The actions whose events can name a member. Events of campaigns can name an entry.
const NAMING_ACTIONS: [Action; 9] = [
    Action::CampaignUpdate,
    Action::MemberCreate,
    Action::MemberUpdate,
    Action::MemberInvite,
    Action::MemberRevokeInvite,
    Action::MemberSendResetCode,
    Action::CharacterCreate,
    Action::CharacterUpdate,
    Action::CharacterDelete,
];

/// Erases a member below the viewer. Does nothing if they were erased before.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` (`RANK_TOO_LOW`), also for the viewer; `CONFLICT` (`LAST_LEADER`).
pub async fn erase_member(access: &Access, viewer: &Viewer, id: MemberId) -> Result<Member> {
    erase(access, viewer.guild, Some(viewer.clone()), id).await
}

/// Erases a member, as an operator.
///
/// # Errors
/// `NOT_FOUND`; `CONFLICT` (`LAST_LEADER`).
pub async fn erase_member_as_operator(access: &Access, guild: GuildId, id: MemberId) -> Result<Member> {
    erase(access, guild, None, id).await
}

async fn erase(access: &Access, guild: GuildId, by: Option<Viewer>, id: MemberId) -> Result<Member> {
    let now = access.clock.now();
    let member = access
        .change(
            guild,
            |member: &Member| Some(member.id),
            async move |conn| {
                let (actor, ladder) = if let Some(by) = by {
                    let (actor, ladder) = identity::lock_roster(conn, &by, MANAGE_MEMBERS).await?;
                    (Some(actor), ladder)
                } else {
                    identity::store::bump_roster_version(conn, guild).await?;
                    (None, Ladder::load(conn, guild).await?)
                };
                let member = identity::store::lock_member(conn, guild, id).await?;
                let member = member.ok_or_else(|| Refusal::not_found("member").at("id"))?;
                if let Some(actor) = &actor {
                    MemberAction::Erase.check(actor, &ladder, &member)?;
                }
                if member.erased_at.is_some() {
                    return Ok(member);
                }
                let leaders_before = identity::store::count_leaders(conn, guild, ladder.highest_level()).await?;
                let erased = placeholder_for(&member, now);
                identity::store::update_member(conn, &member, &erased).await?;
                identity::revoke_access(conn, &member, now).await?;
                identity::store::erase_account(conn, guild, id, now).await?;
                let leaders_after = identity::store::count_leaders(conn, guild, ladder.highest_level()).await?;
                identity::check_leader_remains(leaders_before, leaders_after)?;
                store::delete_sign_ins_of(conn, guild, id).await?;
                store::delete_messages_about(conn, guild, id).await?;
                let characters = identity::store::characters_of(conn, guild, &[id]).await?;
                redact_log(conn, &member, &characters, &erased.display_name).await?;
                discord::forget_member(conn, &member).await?;
                rename_characters(conn, characters, &erased).await?;
                let summary = format!("Erased the data of {}", erased.display_name);
                audit::record(conn, guild, actor.as_ref(), now, audit::event(Action::MemberErase, id, summary)).await?;
                Ok(erased)
            },
        )
        .await?;
    access.await_revocation().await;
    Ok(member)
}

/// The deactivated member with placeholders and without an account. The placeholders are random, so that they do not
/// reveal whom they replace.
fn placeholder_for(member: &Member, now: Timestamp) -> Member {
    let number = rand::random::<u64>();
    let discord_username = format!("erased-{number:016x}");
    let display_name = format!("Erased member {:06x}", number >> 40);
    Member {
        username_key: text::key(&discord_username),
        sort_key: text::sort_key(&[&display_name, &discord_username]),
        discord_username,
        discord_id: None,
        display_name,
        is_active: false,
        credentials_version: member.credentials_version + 1,
        password_hash: None,
        registered_at: None,
        last_seen_at: None,
        erased_at: Some(now),
        ..member.clone()
    }
}

/// Replaces the names of the member's characters.
async fn rename_characters(conn: &mut Conn, characters: Vec<Character>, erased: &Member) -> Result<()> {
    for (number, character) in (1..).zip(characters) {
        let name = format!("{} {number}", erased.discord_username);
        identity::store::update_character(conn, &character.with_name(name, "erased".to_owned())).await?;
    }
    Ok(())
}

/// Replaces the names in the summaries of all events about the member and their characters, also deleted ones.
async fn redact_log(conn: &mut Conn, member: &Member, characters: &[Character], placeholder: &str) -> Result<()> {
    let guild = member.guild_id;
    let actions: Vec<String> = NAMING_ACTIONS.iter().map(ToString::to_string).collect();
    let events = audit::store::summaries(conn, guild, &actions).await?;
    let own = std::iter::once(ID::from(member.id)).chain(characters.iter().map(|it| ID::from(it.id)));
    let own: Vec<String> = own.map(|id| id.0).collect();
    let is_own = |subject: &Option<String>| subject.as_ref().is_some_and(|subject| own.contains(subject));
    let mut names = FormerNames::new([member.display_name.clone(), member.discord_username.clone()]);
    for (_, action, subject, summary) in &events {
        if action.starts_with("member.") && is_own(subject) {
            names.learn(summary);
        }
    }
    // Only officers' changes of others' characters are recorded, so a character's owner may be known by name alone.
    let existing = identity::store::character_ids(conn, guild).await?.into_iter();
    let existing: HashSet<String> = existing.map(|id| ID::from(id).0).collect();
    for (id, action, subject, summary) in &events {
        let is_of_deleted = action.starts_with("character.")
            && subject.as_ref().is_none_or(|subject| !existing.contains(subject))
            && names.own_character_of(summary);
        let redacted = if action.starts_with("campaign.") {
            names.redact_entry(summary, placeholder)
        } else {
            (is_own(subject) || is_of_deleted).then(|| redact(action, summary, placeholder))
        };
        if let Some(redacted) = redacted {
            audit::store::set_summary(conn, guild, *id, &redacted).await?;
        }
    }
    Ok(())
}
