//! Guilds, ranks, members and characters as objects of the schema.

use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use crate::{
    access::Permission,
    api::{connection::ConnectionNode, context::RequestContext, voting::participation_of},
    discord,
    identity::{
        self, Character, CharacterClass, CharacterFilter, CharacterKey, CharacterRole, Guild, Member, MemberFilter,
        MemberKey, Rank, RankSource, Region, store,
    },
    kernel::error::Result,
    voting::Participation,
};

/// A guild: everything else belongs to one.
#[Object(serial)]
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
        let app = &RequestContext::of(ctx).app;
        let active = MemberFilter { active: Some(true), ..MemberFilter::default() };
        app.rosters.member_count(&app.db, self, &active).await
    }

    /// When it was founded here.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }
}

/// A rung of the guild's ladder.
#[guarded]
#[Object(serial)]
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
        Ok(RequestContext::of(ctx).load.members_of_rank.maybe(self.id).await?.unwrap_or_default())
    }

    /// The Discord role it goes with.
    #[requires_permission(discord::MANAGE)]
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
        RequestContext::of(ctx).rank(self.rank_id).await
    }

    /// Where their rank came from.
    async fn rank_source(&self) -> RankSource {
        self.rank_source
    }

    /// Their characters, the main first, then by name.
    async fn characters(&self, ctx: &Context<'_>) -> Result<Vec<Character>> {
        Ok(RequestContext::of(ctx).load.characters_of.maybe(self.id).await?.unwrap_or_default())
    }

    /// Their main character, if they have one.
    async fn main_character(&self, ctx: &Context<'_>) -> Result<Option<Character>> {
        RequestContext::of(ctx).load.main_of.maybe(self.id).await
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

    /// In which votes they took part: shown to themselves and to those who manage campaigns, otherwise `null`.
    async fn participation(&self, ctx: &Context<'_>) -> Result<Option<Participation>> {
        participation_of(ctx, self.id).await
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
        let viewer = RequestContext::of(ctx).viewer();
        viewer.is_some_and(|viewer| viewer.member == self.id || viewer.may(identity::MANAGE_MEMBERS))
    }
}

impl ConnectionNode for Member {
    const NAME: &'static str = "Member";
    type Filter = MemberFilter;
    type Key = MemberKey;

    fn key(&self) -> MemberKey {
        (self.rank_level, self.sort_key.clone(), self.id)
    }

    async fn count(ctx: &Context<'_>, filter: &MemberFilter) -> Result<i64> {
        let caller = RequestContext::of(ctx);
        caller.app.rosters.member_count(&caller.app.db, &*caller.guild_row().await?, filter).await
    }
}

/// A World of Warcraft character of a member.
#[Object(serial)]
impl Character {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// Whose it is.
    async fn member(&self, ctx: &Context<'_>) -> Result<Member> {
        RequestContext::of(ctx).load.member.one(self.member_id).await
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
        Ok(self.armory_url(RequestContext::of(ctx).guild_row().await?.region))
    }
}

impl ConnectionNode for Character {
    const NAME: &'static str = "Character";
    type Filter = CharacterFilter;
    type Key = CharacterKey;

    fn key(&self) -> CharacterKey {
        (self.sort_key.clone(), self.id)
    }

    async fn count(ctx: &Context<'_>, filter: &CharacterFilter) -> Result<i64> {
        let (caller, filter) = (RequestContext::of(ctx), filter.clone());
        let guild = caller.guild;
        caller.app.db.read(async move |conn| Ok(store::count_characters(conn, guild, &filter).await?)).await
    }
}
