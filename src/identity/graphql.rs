//! The guild's people in the schema.

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use super::{
    Character, CharacterClass, CharacterFilter, CharacterKey, CharacterRole, Guild, Member, MemberChange,
    MemberFilter, MemberKey, NewMember, Rank, RankSource, Region, create_member, store, update_member,
};
use crate::{
    auth::Permission,
    error::{Refusal, Result},
    graphql::caller::Caller,
    id::{MemberId, RankId},
    page::{Connection, Listed, PageArgs},
};

/// A guild: everything else belongs to one.
#[Object]
impl Guild {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// Its short name in addresses and in the `X-Guild` header: 2 to 40 of a–z, 0–9 and hyphen.
    async fn slug(&self) -> &str {
        &self.slug
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.name
    }

    /// Where it plays.
    async fn region(&self) -> Region {
        self.region
    }

    /// How many active members it has.
    async fn member_count(&self, ctx: &Context<'_>) -> Result<i64> {
        let guild = self.id;
        Caller::of(ctx).app.db.read(async move |conn| Ok(store::member_count(conn, guild).await?)).await
    }

    /// When it was founded here.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }
}

/// A rung of the guild's ladder.
#[guarded]
#[Object]
impl Rank {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// Its name, unique in the guild whatever the case.
    async fn name(&self) -> &str {
        &self.name
    }

    /// Its level from 1 to 1000, unique in the guild: the higher, the more authority.
    async fn level(&self) -> i64 {
        self.level
    }

    /// What it stands for.
    async fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// What it allows its holders.
    async fn permissions(&self) -> Vec<Permission> {
        self.permissions.iter().collect()
    }

    /// How many active members hold it.
    async fn member_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(Caller::of(ctx).load.members_of_rank.maybe(self.id).await?.unwrap_or_default())
    }

    /// The Discord role it goes with.
    #[requires_permission(DiscordManage)]
    async fn discord_role_id(&self) -> Option<&str> {
        self.discord_role_id.as_deref()
    }
}

/// A person in the guild.
#[Object]
impl Member {
    /// Their global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// How they are shown.
    async fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Their Discord username, unique in the guild whatever the case.
    async fn discord_username(&self) -> &str {
        &self.discord_username
    }

    /// Their rank.
    async fn rank(&self, ctx: &Context<'_>) -> Result<Rank> {
        Caller::of(ctx).load.rank.one(self.rank_id).await
    }

    /// Where their rank came from.
    async fn rank_source(&self) -> RankSource {
        self.rank_source
    }

    /// Their characters, the main first, then by name.
    async fn characters(&self, ctx: &Context<'_>) -> Result<Vec<Character>> {
        Ok(Caller::of(ctx).load.characters_of.maybe(self.id).await?.unwrap_or_default())
    }

    /// Their main character, if they have one.
    async fn main_character(&self, ctx: &Context<'_>) -> Result<Option<Character>> {
        let characters = Caller::of(ctx).load.characters_of.maybe(self.id).await?.unwrap_or_default();
        Ok(characters.into_iter().find(|character| character.is_main))
    }

    /// Whether they have an account and are active. Only then can they vote.
    #[graphql(name = "isRegistered")]
    async fn shown_as_registered(&self) -> bool {
        self.is_registered()
    }

    /// Whether they are an active member. Others cannot sign in.
    async fn is_active(&self) -> bool {
        self.is_active
    }

    /// When they were added to the roster.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }

    /// Their Discord id: shown to themselves and to those who manage members, otherwise `null`.
    async fn discord_id(&self, ctx: &Context<'_>) -> Option<&str> {
        self.discord_id.as_deref().filter(|_| self.is_open_to(ctx))
    }

    /// When they registered: shown to themselves and to those who manage members, otherwise `null`.
    async fn registered_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        self.registered_at.filter(|_| self.is_open_to(ctx)).map(|at| at.and_utc())
    }

    /// When they last signed in or renewed a session: shown to themselves and to those who manage members, otherwise
    /// `null`.
    async fn last_seen_at(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        self.last_seen_at.filter(|_| self.is_open_to(ctx)).map(|at| at.and_utc())
    }
}

impl Member {
    fn is_open_to(&self, ctx: &Context<'_>) -> bool {
        let viewer = Caller::of(ctx).viewer();
        viewer.is_some_and(|viewer| viewer.member == self.id || viewer.may(Permission::MembersManage))
    }
}

impl Listed for Member {
    const NAME: &'static str = "Member";
    type Filter = MemberFilter;
    type Key = MemberKey;

    fn key(&self) -> MemberKey {
        (self.rank_level, self.sort_key.clone(), self.id)
    }

    async fn count(ctx: &Context<'_>, filter: &MemberFilter) -> Result<i64> {
        let (caller, filter) = (Caller::of(ctx), filter.clone());
        let guild = caller.guild;
        caller.app.db.read(async move |conn| Ok(store::count_members(conn, guild, &filter).await?)).await
    }
}

/// A World of Warcraft character of a member.
#[Object]
impl Character {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// Whose it is.
    async fn member(&self, ctx: &Context<'_>) -> Result<Member> {
        Caller::of(ctx).load.member.one(self.member_id).await
    }

    /// Its name, unique with the realm in the guild whatever the case.
    async fn name(&self) -> &str {
        &self.name
    }

    /// The realm it lives on.
    async fn realm(&self) -> &str {
        &self.realm
    }

    /// Its class.
    async fn class(&self) -> CharacterClass {
        self.class
    }

    /// Its specialisation.
    async fn spec(&self) -> Option<&str> {
        self.spec.as_deref()
    }

    /// What it does in a group.
    async fn role(&self) -> CharacterRole {
        self.role
    }

    /// Whether it is its member's main; the others are alts.
    async fn is_main(&self) -> bool {
        self.is_main
    }

    /// Its page in Blizzard's armory.
    #[graphql(name = "armoryUrl")]
    async fn shown_armory_url(&self, ctx: &Context<'_>) -> Result<String> {
        let guild = Caller::of(ctx).load.guild.one(self.guild_id).await?;
        Ok(self.armory_url(guild.region))
    }
}

impl Listed for Character {
    const NAME: &'static str = "Character";
    type Filter = CharacterFilter;
    type Key = CharacterKey;

    fn key(&self) -> CharacterKey {
        (self.sort_key.clone(), self.id)
    }

    async fn count(ctx: &Context<'_>, filter: &CharacterFilter) -> Result<i64> {
        let (caller, filter) = (Caller::of(ctx), filter.clone());
        let guild = caller.guild;
        caller.app.db.read(async move |conn| Ok(store::count_characters(conn, guild, &filter).await?)).await
    }
}

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
    fn into_filter(filter: Option<Self>) -> MemberFilter {
        match filter {
            None => MemberFilter { active: Some(true), ..MemberFilter::default() },
            Some(filter) => MemberFilter {
                search: filter.search,
                rank_level_at_least: filter.rank_level_at_least.map(i64::from),
                registered: filter.registered,
                active: filter.active,
            },
        }
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
        match Caller::of(ctx).viewer() {
            Some(viewer) => Caller::of(ctx).load.member.maybe(viewer.member).await,
            None => Ok(None),
        }
    }

    /// The guild this request is for.
    async fn guild(&self, ctx: &Context<'_>) -> Result<Guild> {
        Caller::of(ctx).load.guild.one(Caller::of(ctx).guild).await
    }

    /// The guild's ladder, highest level first.
    async fn ranks(&self, ctx: &Context<'_>) -> Result<Vec<Rank>> {
        let guild = Caller::of(ctx).guild;
        Caller::of(ctx).app.db.read(async move |conn| Ok(store::ranks(conn, guild).await?)).await
    }

    /// A rank by id; `null` if there is none.
    async fn rank(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Rank>> {
        match RankId::try_from(&id) {
            Ok(id) => Caller::of(ctx).load.rank.maybe(id).await,
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
        let guild = Caller::of(ctx).guild;
        let page = PageArgs { first, after, last, before }.page::<Member>(guild)?;
        let filter = MemberFilterInput::into_filter(filter);
        let list = async move |conn: &mut crate::db::Conn| {
            let rows = store::list_members(conn, guild, &filter, &page).await?;
            Ok(Connection::new(guild, &page, rows, filter))
        };
        Caller::of(ctx).app.db.read(list).await
    }

    /// A member by id; `null` if there is none.
    async fn member(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Member>> {
        match MemberId::try_from(&id) {
            Ok(id) => Caller::of(ctx).load.member.maybe(id).await,
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
        let guild = Caller::of(ctx).guild;
        let page = PageArgs { first, after, last, before }.page::<Character>(guild)?;
        let filter = filter.map_or_else(CharacterFilter::default, |filter| CharacterFilter {
            search: filter.search,
            class: filter.class,
            role: filter.role,
            mains_only: filter.mains_only.unwrap_or_default(),
        });
        let list = async move |conn: &mut crate::db::Conn| {
            let rows = store::list_characters(conn, guild, &filter, &page).await?;
            Ok(Connection::new(guild, &page, rows, filter))
        };
        Caller::of(ctx).app.db.read(list).await
    }
}

/// Someone to add to the roster.
#[derive(InputObject)]
struct CreateMemberInput {
    /// Their Discord username; a leading `@` is dropped.
    discord_username: String,
    /// Their Discord id.
    discord_id: Option<String>,
    /// How they are shown; their Discord username unless given.
    display_name: Option<String>,
    /// Their rank; the guild's lowest unless given.
    rank_id: Option<ID>,
}

/// What is to change of a member. An absent field stays as it is, `null` clears one that may be null.
#[derive(InputObject)]
struct UpdateMemberInput {
    /// Who.
    id: ID,
    /// Their Discord username; a leading `@` is dropped.
    discord_username: Option<String>,
    /// Their Discord id.
    discord_id: MaybeUndefined<String>,
    /// How they are shown; `null` makes it their Discord username.
    display_name: MaybeUndefined<String>,
    /// Their rank.
    rank_id: Option<ID>,
    /// Whether they are active. Deactivation ends their sessions.
    active: Option<bool>,
}

/// A member, changed.
#[derive(SimpleObject)]
struct MemberPayload {
    /// The member as they are now.
    member: Member,
}

/// How a code reached its member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum InviteDelivery {
    /// By direct message.
    Sent,
    /// It will be sent by direct message.
    Queued,
    /// The member has no known Discord id.
    NotLinked,
    /// The direct message could not be sent; pass the code on.
    Failed,
    /// There is no bot; pass the code on.
    NotConfigured,
}

/// What changes the guild's people.
#[derive(Default)]
pub struct IdentityMutation;

#[guarded]
#[Object]
impl IdentityMutation {
    /// Adds a member below the viewer's rank to the roster.
    #[requires_permission(MembersManage)]
    async fn create_member(&self, ctx: &Context<'_>, input: CreateMemberInput) -> Result<MemberPayload> {
        let caller = Caller::of(ctx);
        let new = NewMember {
            discord_username: input.discord_username,
            discord_id: input.discord_id,
            display_name: input.display_name,
            rank: input.rank_id.as_ref().map(rank_id).transpose()?,
        };
        Ok(MemberPayload { member: create_member(&caller.app, &*caller.signed_in()?, new).await? })
    }

    /// Changes a member below the viewer's rank.
    #[requires_permission(MembersManage)]
    async fn update_member(&self, ctx: &Context<'_>, input: UpdateMemberInput) -> Result<MemberPayload> {
        let caller = Caller::of(ctx);
        let change = MemberChange {
            id: MemberId::try_from(&input.id).map_err(|_| Refusal::not_found("member").at("id"))?,
            discord_username: input.discord_username,
            discord_id: input.discord_id,
            display_name: input.display_name,
            rank: input.rank_id.as_ref().map(rank_id).transpose()?,
            active: input.active,
        };
        Ok(MemberPayload { member: update_member(&caller.app, &*caller.signed_in()?, change).await? })
    }
}

fn rank_id(id: &ID) -> Result<RankId, Refusal> {
    RankId::try_from(id).map_err(|_| Refusal::not_found("rank").at("rankId"))
}
