//! Messages, as the database stores them.

use diesel::prelude::*;

use crate::{
    db::{known_values, schema::discord_messages, text_enum, wide_row},
    kernel::{
        clock::Timestamp,
        id::{CampaignId, GuildId, MemberId, MessageId},
    },
};

text_enum! {
    /// The kind of a message to Discord.
    #[graphql(name = "DiscordMessageKind")]
    pub enum MessageKind {
        /// Announces a campaign in a channel.
        Announcement,
        /// Delivers an invite code to a member.
        Invite,
        /// Delivers a code to reset a password to a member.
        ResetCode,
        /// Edits the message that announced a campaign.
        Edit,
        /// Reports what needs the officers' attention to their channel.
        Log,
    }
}

text_enum! {
    /// The state of a message to Discord. Delivered messages are deleted.
    #[graphql(name = "DiscordMessageState")]
    pub enum MessageState {
        /// The message waits for its delivery.
        Queued,
        /// The server gave up: Discord refused the message, or it expired.
        Failed,
    }
}

/// A message that is not delivered yet.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = discord_messages)]
#[expect(missing_docs, reason = "the schema's columns, documented in the migrations")]
pub struct Message {
    pub guild_id: GuildId,
    pub id: MessageId,
    /// Where the message goes, written by the feature that delivers it. Messages to one destination arrive in order.
    #[diesel(column_name = lane)]
    pub destination: String,
    pub number: i64,
    pub kind: MessageKind,
    pub campaign_id: Option<CampaignId>,
    pub member_id: Option<MemberId>,
    pub body: String,
    pub state: MessageState,
    pub queued_at: Timestamp,
    pub expires_at: Timestamp,
    pub due_at: Timestamp,
    pub claimed_until: Option<Timestamp>,
    pub claim: Option<i64>,
    pub attempts: i64,
    pub problem: Option<String>,
    /// The announced event, as the feature that delivers the message names it.
    pub event: Option<String>,
}

known_values!(KnownMessages, MESSAGE_VALUES, discord_messages { kind: MessageKind, state: MessageState });
wide_row!(Message, discord_messages);

/// A message's position in the outbox: the time it was queued, and its id.
pub type MessageKey = (Timestamp, MessageId);

impl Message {
    /// An empty message that is due now. [`super::store::enqueue`] numbers it.
    pub fn new(guild: GuildId, destination: String, kind: MessageKind, now: Timestamp, expires_at: Timestamp) -> Self {
        Self {
            guild_id: guild,
            id: MessageId::new(),
            destination,
            number: 0,
            kind,
            campaign_id: None,
            member_id: None,
            body: String::new(),
            state: MessageState::Queued,
            queued_at: now,
            expires_at,
            due_at: now,
            claimed_until: None,
            claim: None,
            attempts: 0,
            problem: None,
            event: None,
        }
    }
}
