//! The audit log: who did what, to whom, when, and with which rank.
//!
//! An operation records its events in its own transaction. So the log has every committed change, and no change that
//! was rolled back.

pub mod store;

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

/// A recorded action. Its name in the log is the kind of subject and the verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[expect(missing_docs, reason = "the names in the log are self-explanatory")]
pub enum Action {
    #[strum(serialize = "guild.update")]
    GuildUpdate,
    #[strum(serialize = "guild.suspend")]
    GuildSuspend,
    #[strum(serialize = "guild.resume")]
    GuildResume,
    #[strum(serialize = "guild.import")]
    GuildImport,
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
    #[strum(serialize = "member.revoke_invite")]
    MemberRevokeInvite,
    #[strum(serialize = "member.delete")]
    MemberDelete,
    #[strum(serialize = "member.erase")]
    MemberErase,
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
    #[strum(serialize = "campaign.cancel")]
    CampaignCancel,
    #[strum(serialize = "campaign.archive")]
    CampaignArchive,
    #[strum(serialize = "campaign.outcome")]
    CampaignOutcome,
    #[strum(serialize = "discord.link")]
    DiscordLink,
    #[strum(serialize = "discord.unlink")]
    DiscordUnlink,
    #[strum(serialize = "discord.sync")]
    DiscordSync,
    #[strum(serialize = "discord.retry")]
    DiscordRetry,
}

/// An event that is not recorded yet.
#[derive(Clone, Debug)]
pub struct NewAuditEvent {
    action: Action,
    subject: ID,
    campaign: Option<(CampaignId, Option<i64>)>,
    summary: String,
}

/// Creates an event. `summary` is a sentence without its subject, such as "Added Thrall as Raider".
pub fn event(action: Action, subject: impl Into<ID>, summary: impl Into<String>) -> NewAuditEvent {
    NewAuditEvent { action, subject: subject.into(), campaign: None, summary: summary.into() }
}

impl NewAuditEvent {
    /// Marks the event as one of a campaign or its entries. Only members who can see the campaign see the event.
    /// `min_rank_level_to_view` is the campaign's own.
    #[must_use]
    pub fn of_campaign(self, campaign: CampaignId, min_rank_level_to_view: Option<i64>) -> Self {
        Self { campaign: Some((campaign, min_rank_level_to_view)), ..self }
    }
}

/// Records an event. Without an `actor`, an operator or the server itself did it.
///
/// # Errors
/// A database error.
pub async fn record(
    conn: &mut Conn,
    guild: GuildId,
    actor: Option<&Viewer>,
    at: Timestamp,
    event: NewAuditEvent,
) -> Result<()> {
    record_all(conn, guild, actor, at, vec![event]).await
}

/// Records several events with the same actor and time.
///
/// # Errors
/// A database error.
pub async fn record_all(
    conn: &mut Conn,
    guild: GuildId,
    actor: Option<&Viewer>,
    at: Timestamp,
    events: Vec<NewAuditEvent>,
) -> Result<()> {
    let rows = events.into_iter().map(|event| AuditEvent {
        guild_id: guild,
        id: AuditEventId::new(),
        at,
        actor_id: actor.map(|actor| actor.member),
        actor_rank: actor.map(|actor| actor.rank_name.clone()),
        actor_rank_level: actor.map(|actor| actor.rank_level),
        action: event.action.to_string(),
        subject: Some(event.subject.0),
        campaign_id: event.campaign.map(|(id, _)| id),
        min_rank_level: event.campaign.and_then(|(_, level)| level),
        summary: event.summary,
    });
    Ok(store::insert_events(conn, rows.collect()).await?)
}

/// The changed fields of a subject. Its `Display` lists them for an event's summary.
#[derive(Debug, Default)]
pub struct Changes(Vec<String>);

impl Changes {
    /// Adds a field with its old and new value, if it was changed.
    pub fn note<T: PartialEq + fmt::Display>(&mut self, field: &str, before: &T, after: &T) {
        if before != after {
            self.0.push(format!("{field} from {before} to {after}"));
        }
    }

    /// Adds a field without its values, if it was changed.
    pub fn note_hidden(&mut self, field: &str, changed: bool) {
        if changed {
            self.0.push(field.to_owned());
        }
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("nothing") } else { f.write_str(&self.0.join(", ")) }
    }
}

/// An event of the audit log.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = audit_events)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
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

/// The permission to read the audit log.
pub const VIEW: Permission = Permission::AuditView;

/// An event's position in the log: its time and its id.
pub type AuditEventKey = (Timestamp, AuditEventId);

/// Which events a viewer can see. Events of campaigns that are hidden from the viewer are hidden too.
#[derive(Clone, Copy, Debug)]
pub enum AuditScope {
    /// All events; for operators only.
    All,
    /// The events that a viewer can see.
    Of {
        /// The viewer.
        viewer: MemberId,
        /// Whether the viewer can see drafts.
        sees_drafts: bool,
    },
}

impl From<&Viewer> for AuditScope {
    fn from(viewer: &Viewer) -> Self {
        Self::Of { viewer: viewer.member, sees_drafts: viewer.may(Permission::CampaignsManage) }
    }
}

/// Which events to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// The member who made the change.
    pub actor: Option<MemberId>,
    /// The global id of the changed object.
    pub subject: Option<String>,
    /// The kinds of the change.
    pub actions: Option<Vec<String>>,
    /// Only events at this time or later.
    pub from: Option<Timestamp>,
    /// Only events before this time.
    pub to: Option<Timestamp>,
}
