//! The guild's people in the schema.

mod mutation;
mod types;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};

pub use self::mutation::IdentityMutation;
use crate::{
    api::{
        connection::{Connection, PageArgs},
        context::RequestContext,
    },
    db::Conn,
    identity::{Character, CharacterClass, CharacterFilter, CharacterRole, Guild, Member, MemberFilter, Rank, store},
    kernel::{
        error::{Refusal, Result},
        id::{MemberId, RankId},
        text,
    },
};

/// Which members to list.
#[derive(InputObject)]
#[graphql(name = "MemberFilter")]
struct MemberFilterInput {
    /// Found anywhere in the display name or the Discord username, whatever the case and accents.
    search: Option<String>,
    /// At least this rank level.
    rank_level_at_least: Option<i32>,
    /// Only those who are registered, or only those who are not.
    registered: Option<bool>,
    /// Only active members, or only those who are not; `null` for both.
    #[graphql(default_with = "Some(true)")]
    active: Option<bool>,
}

impl MemberFilterInput {
    fn into_filter(filter: Option<Self>) -> Result<MemberFilter, Refusal> {
        Ok(match filter {
            None => MemberFilter { active: Some(true), ..MemberFilter::default() },
            Some(filter) => MemberFilter {
                search: filter.search.map(text::search).transpose()?,
                rank_level_at_least: filter.rank_level_at_least.map(i64::from),
                registered: filter.registered,
                active: filter.active,
            },
        })
    }
}

/// Which characters to list.
#[derive(InputObject)]
#[graphql(name = "CharacterFilter")]
struct CharacterFilterInput {
    /// Found anywhere in the name or the realm, whatever the case and accents.
    search: Option<String>,
    /// Of this class.
    class: Option<CharacterClass>,
    /// In this role.
    role: Option<CharacterRole>,
    /// Only members' mains.
    mains_only: Option<bool>,
}

/// What is asked of the guild's people.
#[derive(Default)]
pub struct IdentityQuery;

#[Object]
impl IdentityQuery {
    /// The member who asks; `null` when not signed in.
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match RequestContext::of(ctx).viewer() {
            Some(viewer) => RequestContext::of(ctx).load.member.maybe(viewer.member).await,
            None => Ok(None),
        }
    }

    /// The guild this request is for.
    async fn guild(&self, ctx: &Context<'_>) -> Result<Arc<Guild>> {
        RequestContext::of(ctx).guild_row().await
    }

    /// The guild's ladder, highest level first.
    async fn ranks(&self, ctx: &Context<'_>) -> Result<Vec<Rank>> {
        let guild = RequestContext::of(ctx).guild;
        RequestContext::of(ctx).app.db.read(async move |conn| Ok(store::ranks(conn, guild).await?)).await
    }

    /// A rank by id; `null` if there is none.
    async fn rank(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Rank>> {
        match RankId::try_from(&id) {
            Ok(id) => RequestContext::of(ctx).load.rank.maybe(id).await,
            Err(_) => Ok(None),
        }
    }

    /// The roster: by rank, highest first, then by display name.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which members; active ones unless given.")] filter: Option<MemberFilterInput>,
    ) -> Result<Connection<Member>> {
        let caller = RequestContext::of(ctx);
        let guild = caller.guild;
        let request = PageArgs { first, after, last, before }.check(caller)?;
        let filter = MemberFilterInput::into_filter(filter)?;
        let list = async move |conn: &mut Conn| {
            let rows = store::list_members(conn, guild, &filter, &request.page).await?;
            Ok(request.connection(rows, filter))
        };
        caller.app.db.read(list).await
    }

    /// A member by id; `null` if there is none.
    async fn member(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Member>> {
        match MemberId::try_from(&id) {
            Ok(id) => RequestContext::of(ctx).load.member.maybe(id).await,
            Err(_) => Ok(None),
        }
    }

    /// The guild's characters by name.
    async fn characters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, from the start: 1 to 100, 25 unless asked.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
        #[graphql(desc = "Which characters; all unless given.")] filter: Option<CharacterFilterInput>,
    ) -> Result<Connection<Character>> {
        let caller = RequestContext::of(ctx);
        let guild = caller.guild;
        let request = PageArgs { first, after, last, before }.check(caller)?;
        let filter = match filter {
            None => CharacterFilter::default(),
            Some(filter) => CharacterFilter {
                search: filter.search.map(text::search).transpose()?,
                class: filter.class,
                role: filter.role,
                mains_only: filter.mains_only.unwrap_or_default(),
            },
        };
        let list = async move |conn: &mut Conn| {
            let rows = store::list_characters(conn, guild, &filter, &request.page).await?;
            Ok(request.connection(rows, filter))
        };
        caller.app.db.read(list).await
    }
}
