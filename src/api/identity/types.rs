//! Guilds, ranks, members and characters as objects of the schema.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{Context, ID};
use chrono::{DateTime, Utc};
use guildhall_macros::{guarded, row};

use super::viewer_actions;
use crate::{
    access::Permission,
    api::{connection::ConnectionNode, context::RequestContext, row::List, voting::participation_of},
    auth::OpenInvite,
    discord,
    identity::{
        self, Character, CharacterClass, CharacterFilter, CharacterKey, CharacterRole, Characters, Guild, Member,
        MemberAction, MemberFilter, MemberKey, MemberOrder, Rank, RankAction, RankSource, Region, store,
    },
    kernel::error::{Error, Result},
    voting::Participation,
};

/// A guild. Every other object belongs to one guild.
#[row]
impl Guild {
    /// Global id of the guild.
    pub(crate) fn id(&self) -> ID {
        self.id.into()
    }

    /// Short name for URLs and the `X-Guild` header: 2 to 40 characters of a–z, 0–9 and hyphen.
    fn slug(&self) -> &str {
        &self.slug
    }

    /// Name of the guild.
    fn name(&self) -> &str {
        &self.name
    }

    /// Region in which the guild plays.
    fn region(&self) -> Region {
        self.region
    }

    /// Number of active members.
    async fn member_count(&self, ctx: &Context<'_>) -> Result<i64> {
        let app = &RequestContext::of(ctx).app;
        let active = MemberFilter { active: Some(true), ..MemberFilter::default() };
        app.rosters.member_count(&app.db, self, &active).await
    }

    /// Time at which the guild was created on this server.
    fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }
}

/// A rank of the guild. Members act only on lower ranks; members of the highest rank also act on each other.
#[guarded]
#[row]
impl Rank {
    /// Global id of the rank.
    pub(crate) fn id(&self) -> ID {
        self.id.into()
    }

    /// Name, unique in the guild, ignoring case, width and spaces.
    fn name(&self) -> &str {
        &self.name
    }

    /// Level from 1 to 1000, unique in the guild. A higher level has more authority.
    fn level(&self) -> i64 {
        self.level
    }

    /// Description of the rank, if any.
    fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Permissions that the rank grants to its members.
    fn permissions(&self) -> Vec<Permission> {
        self.permissions.iter().collect()
    }

    /// Number of active members with this rank.
    async fn member_count(&self, ctx: &Context<'_>) -> Result<i64> {
        Ok(RequestContext::of(ctx).loaders.members_of_rank.load(self.id).await?.unwrap_or_default())
    }

    /// Id of the Discord role that maps to the rank, if any.
    #[requires_permission(discord::MANAGE)]
    fn discord_role_id(&self) -> Option<&str> {
        self.discord_role_id.as_deref()
    }

    /// Actions that the viewer can take on the rank now, by the rules of the mutations. Empty for visitors.
    async fn viewer_actions(&self, ctx: &Context<'_>) -> Result<Vec<RankAction>> {
        viewer_actions::of_rank(RequestContext::of(ctx), self).await
    }
}

/// A member of the guild.
#[guarded]
#[row]
impl Member {
    /// Global id of the member.
    pub(crate) fn id(&self) -> ID {
        self.id.into()
    }

    /// Display name; unless set, the Discord username, for which visitors see a name such as `Member 3F9A2C`.
    fn display_name(&self, request: &RequestContext) -> Cow<'_, str> {
        // Reads the viewer only if the name depends on them, because such responses are not shared by subscribers.
        if self.is_shown_as_username() && !request.sees_usernames() {
            return self.public_name();
        }
        Cow::Borrowed(&self.display_name)
    }

    /// Discord username, unique in the guild, ignoring case, width and spaces. `null` for visitors, who are not signed
    /// in.
    fn discord_username(&self, request: &RequestContext) -> Option<&str> {
        request.sees_usernames().then_some(&self.discord_username)
    }

    /// Current rank.
    async fn rank(&self, ctx: &Context<'_>) -> Result<Arc<Rank>> {
        RequestContext::of(ctx).rank(self.rank_id).await
    }

    /// Origin of the current rank.
    fn rank_source(&self) -> RankSource {
        self.rank_source
    }

    /// Characters of the member: first the main character, then by name.
    async fn characters(&self, ctx: &Context<'_>) -> Result<List<Characters>> {
        RequestContext::of(ctx).characters_of(self.id).await.map(List)
    }

    /// Main character, if there is one.
    async fn main_character(&self, ctx: &Context<'_>) -> Result<Option<Character>> {
        let characters = RequestContext::of(ctx).characters_of(self.id).await?;
        Ok(characters.first().filter(|first| first.is_main).cloned())
    }

    /// Whether the member is active and has an account. Only registered members can vote. `null` for visitors, who are
    /// not signed in.
    #[graphql(name = "isRegistered")]
    fn shown_as_registered(&self, request: &RequestContext) -> Option<bool> {
        request.sees_usernames().then(|| self.is_registered())
    }

    /// Whether the member is active. Inactive members cannot sign in.
    fn is_active(&self) -> bool {
        self.is_active
    }

    /// Time at which the member was added to the roster.
    fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }

    /// Participation in campaigns. `null` unless the viewer is this member or has `CAMPAIGNS_MANAGE`.
    async fn participation(&self, ctx: &Context<'_>) -> Result<Option<Participation>> {
        participation_of(ctx, self.id).await
    }

    /// Discord user id, if known. `null` unless the viewer is this member or has `MEMBERS_MANAGE`.
    fn discord_id(&self, request: &RequestContext) -> Option<&str> {
        self.discord_id.as_deref().filter(|_| self.shows_details_to(request))
    }

    /// Time of the registration. `null` unless the viewer is this member or has `MEMBERS_MANAGE`.
    fn registered_at(&self, request: &RequestContext) -> Option<DateTime<Utc>> {
        self.registered_at.filter(|_| self.shows_details_to(request)).map(|at| at.and_utc())
    }

    /// Time of the last sign-in or session refresh. `null` unless the viewer is this member or has `MEMBERS_MANAGE`.
    async fn last_seen_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>> {
        let request = RequestContext::of(ctx);
        if !self.shows_details_to(request) {
            return Ok(None);
        }
        let at = request.loaders.last_seen.load(self.id).await?;
        Ok(at.map(|at| at.and_utc()))
    }

    /// The invite code that the member can redeem now, without the code. `null` if there is none.
    #[requires_permission(identity::SEND_INVITE)]
    async fn open_invite(&self, ctx: &Context<'_>) -> Result<Option<OpenInvite>> {
        RequestContext::of(ctx).loaders.open_invite.load(self.id).await
    }

    /// Actions that the viewer can take on the member now, by the rules of the mutations. An action that would change
    /// nothing is not listed. Empty for visitors.
    async fn viewer_actions(&self, ctx: &Context<'_>) -> Result<Vec<MemberAction>> {
        viewer_actions::of_member(RequestContext::of(ctx), self).await
    }
}

impl Member {
    fn shows_details_to(&self, request: &RequestContext) -> bool {
        let viewer = request.viewer();
        viewer.is_some_and(|viewer| viewer.member == self.id || viewer.may(identity::MANAGE_MEMBERS))
    }
}

impl ConnectionNode for Arc<Member> {
    const NAME: &'static str = "Member";
    type Filter = MemberFilter;
    type Order = MemberOrder;
    type Key = MemberKey;

    fn key(&self, order: MemberOrder) -> MemberKey {
        self.position(order)
    }

    async fn count(ctx: &Context<'_>, filter: &MemberFilter) -> Result<i64> {
        let context = RequestContext::of(ctx);
        let (app, guild, filter) = (Arc::clone(&context.app), context.guild_row().await?, filter.clone());
        let key = format!("members count {filter:?}");
        context.once(key, async move { app.rosters.member_count(&app.db, &guild, &filter).await }).await
    }
}

/// A World of Warcraft character of a member.
#[row]
impl Character {
    /// Global id of the character.
    pub(crate) fn id(&self) -> ID {
        self.id.into()
    }

    /// The member who owns the character.
    async fn member(&self, ctx: &Context<'_>) -> Result<Arc<Member>> {
        let owner = RequestContext::of(ctx).member(self.member_id).await?;
        owner.ok_or_else(|| Error::internal("the owner of a character is missing"))
    }

    /// Name. Name and realm together are unique in the guild, ignoring case, width and spaces.
    fn name(&self) -> &str {
        &self.name
    }

    /// Realm of the character.
    fn realm(&self) -> &str {
        &self.realm
    }

    /// Class of the character.
    fn class(&self) -> CharacterClass {
        self.class
    }

    /// Specialisation of the class, if given.
    fn spec(&self) -> Option<&str> {
        self.spec.as_deref()
    }

    /// Role in a group.
    fn role(&self) -> CharacterRole {
        self.role
    }

    /// Whether this is the member's main character. All others are alts.
    fn is_main(&self) -> bool {
        self.is_main
    }

    /// URL of the character's page in Blizzard's armory.
    #[graphql(name = "armoryUrl")]
    async fn shown_armory_url(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(self.armory_url(RequestContext::of(ctx).guild_row().await?.region))
    }
}

impl ConnectionNode for Character {
    const NAME: &'static str = "Character";
    type Filter = CharacterFilter;
    type Order = ();
    type Key = CharacterKey;

    fn key(&self, (): ()) -> CharacterKey {
        (self.sort_key.clone(), self.id)
    }

    async fn count(ctx: &Context<'_>, filter: &CharacterFilter) -> Result<i64> {
        let (context, filter) = (RequestContext::of(ctx), filter.clone());
        let guild = context.guild;
        let key = format!("characters count {filter:?}");
        context.scan_once(key, async move |conn| Ok(store::count_characters(conn, guild, &filter).await?)).await
    }
}
