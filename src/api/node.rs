//! Anything that has a global id.

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
    voting::{Ballot, Campaign, Entry, may_see},
};

/// Most ids of one `nodes` field.
const MAX_NODES: usize = 100;

/// Anything that has a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id: opaque, and unique among all nodes."))]
pub enum Node {
    /// The guild.
    Guild(Guild),
    /// A rank.
    Rank(Rank),
    /// A member.
    Member(Member),
    /// A character.
    Character(Character),
    /// A campaign.
    Campaign(Campaign),
    /// An entry of a campaign.
    CampaignEntry(Entry),
    /// The viewer's own ballot.
    Ballot(Ballot),
    /// A session of the viewer's own.
    Session(Session),
    /// An entry of the audit log.
    AuditEvent(AuditEvent),
    /// A message on its way to Discord, for those who manage that.
    DiscordMessage(Message),
}

/// What was deleted.
#[derive(SimpleObject)]
pub struct DeletePayload {
    /// The id it had.
    pub deleted_id: ID,
}

/// Look-ups by global id.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// What has this id; `null` if nothing has, or nothing the viewer may see.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        find(ctx, &id).await
    }

    /// What has these ids, in their order, `null` where nothing has: at most 100.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > MAX_NODES {
            return Err(Refusal::input("ids", format!("Ask for at most {MAX_NODES} ids at once.")).into());
        }
        futures_util::future::try_join_all(ids.iter().map(|id| find(ctx, id))).await
    }
}

/// What has this id, if anything has that the viewer may see.
pub async fn find(ctx: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    let (caller, load) = (RequestContext::of(ctx), &RequestContext::of(ctx).load);
    let sees = |campaign: &Campaign| may_see(campaign, caller.viewer().as_deref());
    Ok(match GlobalId::try_from(id) {
        Ok(GlobalId::GuildId(id)) if id == caller.guild => load.guild.maybe(id).await?.map(Node::Guild),
        Ok(GlobalId::RankId(id)) => load.rank.maybe(id).await?.map(Node::Rank),
        Ok(GlobalId::MemberId(id)) => load.member.maybe(id).await?.map(Node::Member),
        Ok(GlobalId::CharacterId(id)) => load.character.maybe(id).await?.map(Node::Character),
        Ok(GlobalId::CampaignId(id)) => load.campaign.maybe(id).await?.filter(sees).map(Node::Campaign),
        Ok(GlobalId::EntryId(id)) => match load.entry.maybe(id).await? {
            Some(entry) => {
                let campaign = load.campaign.maybe(entry.campaign_id).await?;
                campaign.filter(sees).map(|_| Node::CampaignEntry(entry))
            }
            None => None,
        },
        Ok(GlobalId::Ballot(campaign, member)) if caller.viewer().is_some_and(|viewer| viewer.member == member) => {
            let visible = load.campaign.maybe(campaign).await?.is_some_and(|campaign| sees(&campaign));
            if visible { load.viewer_ballot.maybe(campaign).await?.map(Node::Ballot) } else { None }
        }
        Ok(GlobalId::SessionId(id)) => load.session.maybe(id).await?.map(Node::Session),
        Ok(GlobalId::AuditEventId(id)) => load.audit_event.maybe(id).await?.map(Node::AuditEvent),
        Ok(GlobalId::MessageId(id)) if caller.viewer().is_some_and(|it| it.may(discord::MANAGE)) => {
            load.discord_message.maybe(id).await?.map(Node::DiscordMessage)
        }
        _ => None,
    })
}
