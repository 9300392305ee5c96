//! The audit log: who did what to whom, when, and by which rank.
//!
//! An operation records what it did in its own transaction, so the log holds all that was done and nothing else.

pub(crate) mod store;

use std::fmt;

use async_graphql::ID;
use diesel::prelude::*;

use crate::{
    access::{Permission, Viewer},
    db::{Conn, schema::audit_events},
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{AuditEventId, CampaignId, GuildId, MemberId},
    },
};

/// What can be done that is recorded, by the name it has in the log: what it is done to, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[expect(missing_docs, reason = "the names in the log say it")]
pub enum Action {
    #[strum(serialize = "guild.update")]
    GuildUpdate,
    #[strum(serialize = "rank.create")]
    RankCreate,
    #[strum(serialize = "rank.update")]
    RankUpdate,
    #[strum(serialize = "rank.delete")]
    RankDelete,
    #[strum(serialize = "member.create")]
    MemberCreate,
    #[strum(serialize = "member.update")]
    MemberUpdate,
    #[strum(serialize = "member.invite")]
    MemberInvite,
    #[strum(serialize = "member.send_reset_code")]
    MemberSendResetCode,
    #[strum(serialize = "character.create")]
    CharacterCreate,
    #[strum(serialize = "character.update")]
    CharacterUpdate,
    #[strum(serialize = "character.delete")]
    CharacterDelete,
    #[strum(serialize = "roster.import")]
    RosterImport,
    #[strum(serialize = "campaign.create")]
    CampaignCreate,
    #[strum(serialize = "campaign.update")]
    CampaignUpdate,
    #[strum(serialize = "campaign.delete")]
    CampaignDelete,
    #[strum(serialize = "campaign.activate")]
    CampaignActivate,
    #[strum(serialize = "campaign.close")]
    CampaignClose,
    #[strum(serialize = "campaign.archive")]
    CampaignArchive,
    #[strum(serialize = "discord.link")]
    DiscordLink,
    #[strum(serialize = "discord.unlink")]
    DiscordUnlink,
    #[strum(serialize = "discord.sync")]
    DiscordSync,
    #[strum(serialize = "discord.retry")]
    DiscordRetry,
}

/// An event to record.
#[derive(Clone, Debug)]
pub struct NewAuditEvent {
    action: Action,
    subject: ID,
    campaign: Option<(CampaignId, Option<i64>)>,
    summary: String,
}

/// What was done, to whom or what, in a sentence without its subject.
pub fn event(action: Action, subject: impl Into<ID>, summary: impl Into<String>) -> NewAuditEvent {
    NewAuditEvent { action, subject: subject.into(), campaign: None, summary: summary.into() }
}

impl NewAuditEvent {
    /// The same of a campaign or its entries: shown only to those who may see the campaign, seen from this level up.
    #[must_use]
    pub fn of_campaign(self, campaign: CampaignId, min_rank_level_to_view: Option<i64>) -> Self {
        Self { campaign: Some((campaign, min_rank_level_to_view)), ..self }
    }
}

/// Records what was done by this viewer, or by an operator.
///
/// # Errors
/// The database's.
pub async fn record(
    conn: &mut Conn,
    guild: GuildId,
    by: Option<&Viewer>,
    at: Timestamp,
    entry: NewAuditEvent,
) -> Result<()> {
    record_all(conn, guild, by, at, vec![entry]).await
}

/// Records several things done at once.
///
/// # Errors
/// The database's.
pub async fn record_all(
    conn: &mut Conn,
    guild: GuildId,
    by: Option<&Viewer>,
    at: Timestamp,
    entries: Vec<NewAuditEvent>,
) -> Result<()> {
    let events = entries.into_iter().map(|entry| AuditEvent {
        guild_id: guild,
        id: AuditEventId::new(),
        at,
        actor_id: by.map(|by| by.member),
        actor_rank: by.map(|by| by.rank_name.clone()),
        actor_rank_level: by.map(|by| by.rank_level),
        action: entry.action.to_string(),
        subject: Some(entry.subject.0),
        campaign_id: entry.campaign.map(|(id, _)| id),
        min_rank_level: entry.campaign.and_then(|(_, level)| level),
        summary: entry.summary,
    });
    Ok(store::insert_events(conn, events.collect()).await?)
}

/// What was changed of something, part by part.
#[derive(Debug, Default)]
pub struct Changes(Vec<String>);

impl Changes {
    /// Notes a part, if it was changed.
    pub fn note<T: PartialEq + fmt::Display>(&mut self, part: &str, before: &T, after: &T) {
        if before != after {
            self.0.push(format!("{part} from {before} to {after}"));
        }
    }

    /// Notes a part that was changed without what it was or is.
    pub fn note_hidden(&mut self, part: &str, changed: bool) {
        if changed {
            self.0.push(part.to_owned());
        }
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("nothing") } else { f.write_str(&self.0.join(", ")) }
    }
}

/// An entry of the audit log.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events)]
#[expect(missing_docs, reason = "the schema's columns, told in the migrations")]
pub struct AuditEvent {
    pub guild_id: GuildId,
    pub id: AuditEventId,
    pub at: Timestamp,
    pub actor_id: Option<MemberId>,
    pub actor_rank: Option<String>,
    pub actor_rank_level: Option<i64>,
    pub action: String,
    pub subject: Option<String>,
    pub campaign_id: Option<CampaignId>,
    pub min_rank_level: Option<i64>,
    pub summary: String,
}

/// The permission for the audit log.
pub const VIEW: Permission = Permission::AuditView;

/// An event's place in the log: when, id.
pub type AuditEventKey = (Timestamp, AuditEventId);

/// The events that a viewer may see: none of a campaign that is hidden from them.
#[derive(Clone, Copy, Debug)]
pub struct AuditScope {
    /// The viewer's rank level.
    pub level: i64,
    /// Whether they see drafts.
    pub drafts: bool,
}

impl From<&Viewer> for AuditScope {
    fn from(viewer: &Viewer) -> Self {
        Self { level: viewer.rank_level, drafts: viewer.may(Permission::CampaignsManage) }
    }
}
