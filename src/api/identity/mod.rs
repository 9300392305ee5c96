//! Guilds, ranks, members and characters in the schema.

mod mutation;
mod types;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};

pub use self::mutation::{IdentityMutation, MemberPayload};
use crate::{
    api::{
        connection::{Connection, PageArgs},
        context::RequestContext,
    },
    db::Conn,
    identity::{Character, CharacterClass, CharacterFilter, CharacterRole, Guild, Member, MemberFilter, Rank, store},
    kernel::{
        error::{Code, Refusal, Result},
        id::{MemberId, RankId},
        text,
    },
};

/// Conditions that all listed members meet.
#[derive(InputObject)]
#[graphql(name = "MemberFilter")]
struct MemberFilterInput {
    /// Text in the display name or, unless the viewer is a visitor, in the Discord username; at most 200 characters.
    /// Case, accents, apostrophes, spaces and hyphens are ignored, and base letters such as `o` also find `ø`.
    search: Option<String>,
    /// Lowest rank level.
    rank_level_at_least: Option<i32>,
    /// `true` for registered members only, `false` for others only. `FORBIDDEN` for visitors, who are not signed in.
    registered: Option<bool>,
    /// `true` for active members only, `false` for inactive members only, `null` for both.
    #[graphql(default_with = "Some(true)")]
    active: Option<bool>,
}

impl MemberFilterInput {
    fn into_filter(filter: Option<Self>, for_visitors: bool) -> Result<MemberFilter, Refusal> {
        if for_visitors && filter.as_ref().is_some_and(|filter| filter.registered.is_some()) {
            let message = "Only members can filter by registration. Sign in first.";
            return Err(Refusal::new(Code::Forbidden, message).at("registered"));
        }
        Ok(match filter {
            None => MemberFilter { active: Some(true), for_visitors, ..MemberFilter::default() },
            Some(filter) => MemberFilter {
                search: filter.search.map(text::search).transpose()?,
                rank_level_at_least: filter.rank_level_at_least.map(i64::from),
                registered: filter.registered,
                active: filter.active,
                for_visitors,
            },
        })
    }
}

/// Conditions that all listed characters meet.
#[derive(InputObject)]
#[graphql(name = "CharacterFilter")]
struct CharacterFilterInput {
    /// Text in the name or the realm, at most 200 characters. Case, accents, apostrophes, spaces and hyphens are
    /// ignored, and base letters such as `o` also find `ø`.
    search: Option<String>,
    /// Class of the characters.
    class: Option<CharacterClass>,
    /// Role of the characters.
    role: Option<CharacterRole>,
    /// `true` for main characters only.
    mains_only: Option<bool>,
}

/// Queries of the guild, its ranks, members and characters.
#[derive(Default)]
pub struct IdentityQuery;

#[Object]
impl IdentityQuery {
    /// The signed-in member; `null` if the request has no access token.
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<Member>> {
        match RequestContext::of(ctx).viewer() {
            Some(viewer) => RequestContext::of(ctx).loaders.member.load(viewer.member).await,
            None => Ok(None),
        }
    }

    /// The guild that the request selects, for example by the `X-Guild` header.
    async fn guild(&self, ctx: &Context<'_>) -> Result<Arc<Guild>> {
        RequestContext::of(ctx).guild_row().await
    }

    /// All ranks, highest level first.
    async fn ranks(&self, ctx: &Context<'_>) -> Result<Vec<Rank>> {
        let guild = RequestContext::of(ctx).guild;
        RequestContext::of(ctx).app.db.read(async move |conn| Ok(store::ranks(conn, guild).await?)).await
    }

    /// The rank with this id; `null` if there is none.
    async fn rank(&self, ctx: &Context<'_>, #[graphql(desc = "Id of the rank.")] id: ID) -> Result<Option<Rank>> {
        match RankId::try_from(&id) {
            Ok(id) => RequestContext::of(ctx).loaders.rank.load(id).await,
            Err(_) => Ok(None),
        }
    }

    /// The members of the guild by rank, highest level first, then by display name.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Members to list. Without it, the active members.")] filter: Option<MemberFilterInput>,
    ) -> Result<Connection<Member>> {
        let context = RequestContext::of(ctx);
        let guild = context.guild;
        let request = PageArgs { first, after, last, before }.check(context)?;
        let filter = MemberFilterInput::into_filter(filter, !context.sees_usernames())?;
        let list = async move |conn: &mut Conn| {
            let rows = store::list_members(conn, guild, &filter, &request.page).await?;
            Ok(request.connection(rows, filter))
        };
        context.app.db.read(list).await
    }

    /// The member with this id; `null` if there is none.
    async fn member(&self, ctx: &Context<'_>, #[graphql(desc = "Id of the member.")] id: ID) -> Result<Option<Member>> {
        match MemberId::try_from(&id) {
            Ok(id) => RequestContext::of(ctx).loaders.member.load(id).await,
            Err(_) => Ok(None),
        }
    }

    /// The characters of the guild by name.
    async fn characters(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Characters to list. Without it, all.")] filter: Option<CharacterFilterInput>,
    ) -> Result<Connection<Character>> {
        let context = RequestContext::of(ctx);
        let guild = context.guild;
        let request = PageArgs { first, after, last, before }.check(context)?;
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
        context.app.db.read(list).await
    }
}
