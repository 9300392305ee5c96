//! Exports everything that the server keeps about a member, as JSON.

use std::collections::HashMap;

use async_graphql::ID;
use serde_json::{Value, json};

use super::store;
use crate::{
    access::{Access, Viewer},
    audit::{self, AuditEvent, AuditScope},
    db::Conn,
    discord::{self, SyncChange},
    identity::{self, Character, Member},
    kernel::{
        clock::Timestamp,
        error::{Error, Refusal, Result},
        id::{CampaignId, EntryId, GuildId, MemberId},
    },
    voting::{self, Ballot, Campaign, Entry},
};

/// Everything that the server keeps about a member.
pub struct PersonalData {
    /// A name for the file: the guild's slug and the date.
    pub file_name: String,
    /// The data, as indented JSON.
    pub data: String,
}

/// Exports the viewer's own data.
///
/// # Errors
/// A database error.
pub async fn export_viewer(access: &Access, viewer: &Viewer) -> Result<PersonalData> {
    let (viewer, now) = (viewer.clone(), access.clock.now());
    access.db.snapshot(async move |conn| export(conn, viewer.guild, viewer.member, Some(&viewer), now).await).await
}

/// Exports a member's data, as an operator.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn export_member(access: &Access, guild: GuildId, member: MemberId) -> Result<PersonalData> {
    let now = access.clock.now();
    access.db.snapshot(async move |conn| export(conn, guild, member, None, now).await).await
}

/// Exports a member's data. With a `viewer`, leaves out the titles and events of campaigns that are hidden from them.
async fn export(
    conn: &mut Conn,
    guild: GuildId,
    id: MemberId,
    viewer: Option<&Viewer>,
    now: Timestamp,
) -> Result<PersonalData> {
    let member = identity::store::member(conn, guild, id).await?.ok_or_else(|| Refusal::not_found("member"))?;
    let slug = identity::store::guild(conn, guild).await?.map(|guild| guild.slug).unwrap_or_default();
    let rank = identity::store::ranks_by_id(conn, guild, &[member.rank_id]).await?.pop();
    let characters = identity::store::characters_of(conn, guild, &[id]).await?;
    let account = account(conn, &member).await?;
    let votes = votes(conn, guild, id, viewer).await?;
    let reported = discord::reported_changes(conn, &member).await?;
    let subjects = std::iter::once(ID::from(id)).chain(characters.iter().map(|it| ID::from(it.id)));
    let subjects: Vec<String> = subjects.map(|subject| subject.0).collect();
    let scope = viewer.map_or(AuditScope::All, AuditScope::from);
    let events = audit::store::events_about(conn, guild, &scope, id, &subjects).await?;
    let data = json!({
        "exportedAt": time(now),
        "guild": slug,
        "member": {
            "id": ID::from(id),
            "discordUsername": member.discord_username,
            "discordId": member.discord_id,
            "displayName": member.display_name,
            "rank": rank.map(|rank| rank.name),
            "rankSource": member.rank_source,
            "isActive": member.is_active,
            "createdAt": time(member.created_at),
            "erasedAt": member.erased_at.map(time),
        },
        "characters": characters.iter().map(character).collect::<Vec<_>>(),
        "account": account,
        "votes": votes,
        "lastDiscordSync": reported.iter().map(sync_change).collect::<Vec<_>>(),
        "auditEvents": events.iter().map(|event| audit_event(event, id)).collect::<Vec<_>>(),
    });
    let data = serde_json::to_string_pretty(&data).map_err(Error::internal)?;
    Ok(PersonalData { file_name: format!("{slug}-personal-data-{}.json", now.date()), data })
}

/// The account without its secrets: the password's hash, and those of tokens, codes and addresses.
async fn account(conn: &mut Conn, member: &Member) -> Result<Value> {
    let (guild, id) = (member.guild_id, member.id);
    let sessions = store::sessions_of(conn, guild, id).await?.into_iter().map(|session| {
        json!({
            "id": ID::from(session.id),
            "userAgent": session.user_agent,
            "createdAt": time(session.created_at),
            "lastUsedAt": time(session.last_used_at),
            "revokedAt": session.revoked_at.map(time),
        })
    });
    let sessions: Vec<Value> = sessions.collect();
    let addresses = store::known_addresses_of(conn, guild, id).await?;
    let codes = store::codes_of(conn, guild, id).await?.into_iter();
    let codes = codes.map(|(purpose, issued_at, expires_at)| {
        json!({ "purpose": purpose, "createdAt": issued_at.map(time), "expiresAt": time(expires_at) })
    });
    let messages = store::messages_to(conn, guild, id).await?.into_iter();
    let messages = messages.map(|(kind, state, at)| json!({ "kind": kind, "state": state, "queuedAt": time(at) }));
    Ok(json!({
        "hasPassword": member.password_hash.is_some(),
        "registeredAt": member.registered_at.map(time),
        "lastSeenAt": member.last_seen_at.map(time),
        "sessions": sessions,
        "knownAddresses": addresses.into_iter().map(|at| json!({ "lastUsedAt": time(at) })).collect::<Vec<_>>(),
        "codes": codes.collect::<Vec<_>>(),
        "discordMessages": messages.collect::<Vec<_>>(),
    }))
}

/// The member's ballots and missed votes, the live votes in which they can no longer vote, the campaigns they created,
/// and the entries about them.
async fn votes(conn: &mut Conn, guild: GuildId, id: MemberId, viewer: Option<&Viewer>) -> Result<Value> {
    let voted = voting::store::voted(conn, guild, None, &[id]).await?;
    let voted: Vec<CampaignId> = voted.into_iter().map(|(_, campaign)| campaign.id).collect();
    let ballots = voting::store::ballots_by(conn, guild, id, &voted).await?;
    let missed = voting::store::abstained(conn, guild, None, &[id]).await?;
    let missed: Vec<CampaignId> = missed.into_iter().map(|(_, campaign)| campaign.id).collect();
    let created = store::created_campaigns(conn, guild, id).await?;
    let former = store::formerly_eligible(conn, guild, id).await?;
    let about = store::entries_about(conn, guild, id).await?;
    let picked = ballots.iter().flat_map(|ballot| ballot.picks.iter().copied());
    let entries: Vec<EntryId> = about.iter().copied().chain(picked).collect();
    let entries = voting::store::entries_by_id(conn, guild, &entries).await?;
    let entries: HashMap<EntryId, Entry> = entries.into_iter().map(|entry| (entry.id, entry)).collect();
    let about: Vec<&Entry> = about.iter().filter_map(|id| entries.get(id)).collect();
    let of_entries = about.iter().map(|entry| entry.campaign_id);
    let all = [voted, missed.clone(), former.clone(), created.clone()].concat();
    let campaigns: Vec<CampaignId> = all.into_iter().chain(of_entries).collect();
    let campaigns = voting::store::campaigns_by_id(conn, guild, &campaigns).await?;
    // An operator sees all of them.
    let viewer = match viewer {
        // The ladder has changed since the viewer was read. All statements here see one snapshot.
        Some(viewer) if !campaigns.iter().all(|it| voting::are_on_one_ladder(it, viewer)) => {
            Some(viewer.confirm(conn).await?)
        }
        viewer => viewer.cloned(),
    };
    let is_visible = |campaign: &Campaign| viewer.is_none() || voting::may_see(campaign, viewer.as_ref());
    let visible = campaigns.into_iter().filter(is_visible);
    let visible: HashMap<CampaignId, Campaign> = visible.map(|campaign| (campaign.id, campaign)).collect();
    let campaign = |id: &CampaignId| {
        let title = visible.get(id).map(|campaign| campaign.title.as_str());
        json!({ "id": ID::from(*id), "title": title })
    };
    let ballot = |ballot: &Ballot| {
        let picks = ballot.picks.iter().filter_map(|id| entries.get(id)).map(|entry| entry.name.as_str());
        json!({
            "campaign": campaign(&ballot.campaign),
            "castAt": time(ballot.cast_at),
            "picks": picks.collect::<Vec<_>>(),
            "nonce": ballot.nonce,
        })
    };
    let former = former.iter().filter(|id| visible.contains_key(*id));
    let about = about.into_iter().filter(|entry| visible.contains_key(&entry.campaign_id));
    let about = about.map(|entry| {
        json!({
            "campaign": campaign(&entry.campaign_id),
            "name": entry.name,
            "description": entry.description,
            "imageUrl": entry.image_url,
        })
    });
    Ok(json!({
        "ballots": ballots.iter().map(ballot).collect::<Vec<_>>(),
        "missed": missed.iter().map(campaign).collect::<Vec<_>>(),
        "formerlyEligible": former.map(campaign).collect::<Vec<_>>(),
        "createdCampaigns": created.iter().map(campaign).collect::<Vec<_>>(),
        "entriesAboutTheMember": about.collect::<Vec<_>>(),
    }))
}

fn character(character: &Character) -> Value {
    json!({
        "id": ID::from(character.id),
        "name": character.name,
        "realm": character.realm,
        "class": character.class,
        "spec": character.spec,
        "role": character.role,
        "isMain": character.is_main,
    })
}

fn sync_change(change: &SyncChange) -> Value {
    json!({
        "discordId": change.discord_id,
        "discordUsername": change.discord_username,
        "previousUsername": change.previous_username,
        "reason": change.conflict,
    })
}

fn audit_event(event: &AuditEvent, member: MemberId) -> Value {
    let is_actor = event.actor_id == Some(member);
    json!({
        "at": time(event.at),
        "byTheMember": is_actor,
        "rank": event.actor_rank.as_deref().filter(|_| is_actor),
        "action": event.action,
        "summary": event.summary,
    })
}

fn time(at: Timestamp) -> String {
    at.and_utc().to_rfc3339()
}
