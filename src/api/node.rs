//! Objects with a global id.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface, Object, SimpleObject};

use super::context::RequestContext;
use crate::{
    audit::AuditEvent,
    auth::Session,
    discord,
    identity::{Character, Guild, Member, Rank},
    kernel::{
        error::{Refusal, Result},
        id::GlobalId,
    },
    outbox::Message,
    voting::{Ballot, Campaign, Entry},
};

/// Maximum number of ids in one `nodes` field.
const MAX_NODES: usize = 100;

/// An object with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Global id: opaque, and unique among all nodes."))]
pub enum Node {
    /// The guild.
    Guild(Guild),
    /// A rank.
    Rank(Rank),
    /// A member.
    Member(Arc<Member>),
    /// A character.
    Character(Character),
    /// A campaign.
    Campaign(Campaign),
    /// An entry of a campaign.
    CampaignEntry(Entry),
    /// The viewer's own ballot.
    Ballot(Ballot),
    /// The viewer's own session.
    Session(Session),
    /// An event of the audit log.
    AuditEvent(AuditEvent),
    /// An undelivered message to Discord, for viewers with `DISCORD_MANAGE`.
    DiscordMessage(Message),
}

/// Confirms a deletion.
#[derive(SimpleObject)]
pub struct DeletePayload {
    /// Global id of the deleted object.
    pub deleted_id: ID,
}

/// Queries by global id.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The object with this global id; `null` if there is none or the viewer cannot see it.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Global id of the object.")] id: ID,
    ) -> Result<Option<Node>> {
        find(ctx, &id).await
    }

    /// The objects with these global ids, in the same order, with `null` as in `node`.
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 global ids.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>> {
        if ids.len() > MAX_NODES {
            return Err(Refusal::input("ids", format!("ids must have at most {MAX_NODES} items.")).into());
        }
        futures_util::future::try_join_all(ids.iter().map(|id| find(ctx, id))).await
    }
}

/// Finds the object with this id, if the viewer may see it.
pub async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let (context, loaders) = (RequestContext::of(ctx), &RequestContext::of(ctx).loaders);
    let visible = async |id| context.if_visible(loaders.campaign.load(id).await?).await;
    Ok(match GlobalId::try_from(id) {
        Ok(GlobalId::GuildId(id)) if id == context.guild => loaders.guild.load(id).await?.map(Node::Guild),
        Ok(GlobalId::RankId(id)) => loaders.rank.load(id).await?.map(Node::Rank),
        Ok(GlobalId::MemberId(id)) => context.member(id).await?.map(Node::Member),
        Ok(GlobalId::CharacterId(id)) => loaders.character.load(id).await?.map(Node::Character),
        Ok(GlobalId::CampaignId(id)) => visible(id).await?.map(Node::Campaign),
        Ok(GlobalId::EntryId(id)) => match loaders.entry.load(id).await? {
            Some(entry) => visible(entry.campaign_id).await?.map(|_| Node::CampaignEntry(entry)),
            None => None,
        },
        Ok(GlobalId::Ballot(campaign, member)) if context.viewer().is_some_and(|viewer| viewer.member == member) => {
            match visible(campaign).await? {
                Some(_) => loaders.viewer_ballot.load(campaign).await?.map(Node::Ballot),
                None => None,
            }
        }
        Ok(GlobalId::SessionId(id)) => loaders.session.load(id).await?.map(Node::Session),
        Ok(GlobalId::AuditEventId(id)) => loaders.audit_event.load(id).await?.map(Node::AuditEvent),
        Ok(GlobalId::MessageId(id)) if context.viewer().is_some_and(|it| it.may(discord::MANAGE)) => {
            loaders.discord_message.load(id).await?.map(Node::DiscordMessage)
        }
        _ => None,
    })
}
