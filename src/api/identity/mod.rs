//! Guilds, ranks, members and characters in the schema.

mod character_classes;
mod character_mutation;
mod mutation;
mod roster_files;
mod types;
mod viewer_actions;

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object};

pub use self::{
    character_classes::CharacterClassQuery,
    character_mutation::CharacterMutation,
    mutation::{IdentityMutation, MemberPayload},
    roster_files::RosterQuery,
};
use crate::{
    api::{
        connection::{Connection, PageArgs},
        context::RequestContext,
    },
    db::Conn,
    identity::{
        self, Character, CharacterClass, CharacterFilter, CharacterRole, Guild, Member, MemberFilter, MemberList,
        MemberOrder, MemberOrderField, Rank, store,
    },
    kernel::{
        error::{Code, Refusal, Result},
        id::{MemberId, RankId},
        input::{InputCheck, both},
        page::OrderDirection,
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
    /// Id of the members' rank.
    rank_id: Option<ID>,
    /// Class of one of the member's characters.
    class: Option<CharacterClass>,
    /// Role of one of the member's characters; together with `class`, of a character of this class.
    role: Option<CharacterRole>,
    /// `true` for registered members only, `false` for others only. `FORBIDDEN` for visitors, who are not signed in.
    registered: Option<bool>,
    /// `true` for active members only, `false` for inactive members only, `null` for both.
    #[graphql(default_with = "Some(true)")]
    active: Option<bool>,
}

impl MemberFilterInput {
    fn into_filter(filter: Option<Self>, for_visitors: bool) -> Result<MemberFilter, Refusal> {
        InputCheck::run(|check| match filter {
            None => MemberFilter { active: Some(true), for_visitors, ..MemberFilter::default() },
            Some(filter) => MemberFilter {
                search: filter.search.map(|search| check.valid(text::search(search))),
                rank_level_at_least: filter.rank_level_at_least.map(i64::from),
                rank: filter.rank_id.as_ref().map(RankId::from_input),
                class: filter.class,
                role: filter.role,
                registered: filter.registered.inspect(|_| {
                    if for_visitors {
                        let message = "Only members can filter by registration. Sign in first.";
                        check.refuse(Refusal::new(Code::Forbidden, message).at("registered"));
                    }
                }),
                active: filter.active,
                for_visitors,
            },
        })
    }
}

/// Order of a list of members. Members who are equal in it are in a fixed order.
#[derive(InputObject)]
#[graphql(name = "MemberOrder")]
struct MemberOrderInput {
    /// Property by which the members are sorted.
    field: MemberOrderField,
    /// Direction of the order.
    #[graphql(default_with = "OrderDirection::Asc")]
    direction: OrderDirection,
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
    async fn me(&self, ctx: &Context<'_>) -> Result<Option<Arc<Member>>> {
        match RequestContext::of(ctx).viewer() {
            Some(viewer) => RequestContext::of(ctx).member(viewer.member).await,
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
        let load = async move |conn: &mut Conn| Ok(store::ranks(conn, guild).await?);
        RequestContext::of(ctx).read_once("ranks".to_owned(), load).await
    }

    /// The rank with this id; `null` if there is none.
    async fn rank(&self, ctx: &Context<'_>, #[graphql(desc = "Id of the rank.")] id: ID) -> Result<Option<Rank>> {
        match RankId::try_from(&id) {
            Ok(id) => RequestContext::of(ctx).loaders.rank.load(id).await,
            Err(_) => Ok(None),
        }
    }

    /// The members of the guild by rank, highest level first, then by display name, unless `orderBy` says otherwise.
    async fn members(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start: 1 to 100, 25 by default.")] first: Option<i32>,
        #[graphql(desc = "Returns only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end: 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Returns only items before this cursor.")] before: Option<String>,
        #[graphql(desc = "Members to list. Without it, the active members.")] filter: Option<MemberFilterInput>,
        #[graphql(desc = "Order of the members. Without it, by rank, highest level first.")] order_by: Option<
            MemberOrderInput,
        >,
    ) -> Result<Connection<Arc<Member>>> {
        let context = RequestContext::of(ctx);
        let order = order_by.map(|it| MemberOrder { field: it.field, direction: it.direction }).unwrap_or_default();
        let order_check = match order.field {
            // The order would reveal the times.
            MemberOrderField::LastSeenAt => context.signed_in()?.require(identity::MANAGE_MEMBERS),
            MemberOrderField::Rank | MemberOrderField::Name | MemberOrderField::JoinedAt => Ok(()),
        };
        let request = PageArgs { first, after, last, before }.check_ordered(context, order);
        let filter = MemberFilterInput::into_filter(filter, !context.sees_usernames());
        let ((), (request, filter)) =
            both(order_check.map_err(|refusal| refusal.at("orderBy")), both(request, filter))?;
        let list = MemberList { filter: filter.clone(), order, page: request.page.clone() };
        let members = context.member_page(list).await?;
        Ok(request.connection(members.to_vec(), filter))
    }

    /// The member with this id; `null` if there is none.
    async fn member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the member.")] id: ID,
    ) -> Result<Option<Arc<Member>>> {
        match MemberId::try_from(&id) {
            Ok(id) => RequestContext::of(ctx).member(id).await,
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
        let request = PageArgs { first, after, last, before }.check(context);
        let filter = InputCheck::run(|check| match filter {
            None => CharacterFilter::default(),
            Some(filter) => CharacterFilter {
                search: filter.search.map(|search| check.valid(text::search(search))),
                class: filter.class,
                role: filter.role,
                mains_only: filter.mains_only.unwrap_or_default(),
            },
        });
        let (request, filter) = both(request, filter)?;
        let key = format!("characters {filter:?} {:?}", request.page);
        let (page, listed) = (request.page.clone(), filter.clone());
        let list = async move |conn: &mut Conn| Ok(store::list_characters(conn, guild, &listed, &page).await?);
        let rows =
            if filter.may_scan() { context.scan_once(key, list).await? } else { context.read_once(key, list).await? };
        Ok(request.connection(rows, filter))
    }
}
