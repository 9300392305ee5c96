//! Mutations of the guild, its ranks and its members.

use async_graphql::{ComplexObject, Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use guildhall_macros::guarded;

use super::roster_files::{ImportRosterInput, ImportRosterPayload};
use crate::{
    access::Permission,
    api::{context::RequestContext, node::DeletePayload},
    discord,
    identity::{
        self, Guild, GuildChange, Member, MemberChange, NewMember, NewRank, Rank, RankChange, RankLevel, Region,
        create_member, create_rank, delete_member, delete_rank, import_roster, set_rank_levels, update_guild,
        update_me, update_member, update_rank,
    },
    kernel::{
        error::Result,
        id::{MemberId, RankId},
    },
};

/// Changes to the guild. An omitted field keeps its value.
#[derive(InputObject)]
struct UpdateGuildInput {
    /// Name, at most 100 characters.
    name: Option<String>,
    /// Region in which the guild plays.
    region: Option<Region>,
}

/// A rank to create.
#[derive(InputObject)]
struct CreateRankInput {
    /// Name, at most 50 characters. It is unique in the guild, ignoring case, width and spaces.
    name: String,
    /// Level from 1 to 1000, unique in the guild and below the viewer's.
    level: i32,
    /// Description, at most 5,000 characters.
    description: Option<String>,
    /// Permissions that the rank grants. The viewer must have each of them.
    permissions: Vec<Permission>,
    /// Id of the Discord role that maps to the rank.
    discord_role_id: Option<String>,
}

/// Changes to a rank. An omitted field keeps its value; `null` clears an optional one.
#[derive(InputObject)]
struct UpdateRankInput {
    /// Id of the rank.
    id: ID,
    /// Name, at most 50 characters. It is unique in the guild, ignoring case, width and spaces.
    name: Option<String>,
    /// Level from 1 to 1000, unique in the guild. The highest rank must remain the highest.
    level: Option<i32>,
    /// Description, at most 5,000 characters.
    description: MaybeUndefined<String>,
    /// Permissions that the rank grants. The viewer must have each added one. The highest rank always grants all.
    permissions: Option<Vec<Permission>>,
    /// Id of the Discord role that maps to the rank.
    discord_role_id: MaybeUndefined<String>,
}

/// New levels of ranks.
#[derive(InputObject)]
struct SetRankLevelsInput {
    /// Ranks with their new levels, each rank at most once. Other ranks keep theirs.
    levels: Vec<RankLevelInput>,
}

/// A new level of a rank.
#[derive(InputObject)]
struct RankLevelInput {
    /// Id of the rank.
    rank_id: ID,
    /// Level from 1 to 1000. After the change, each rank has another level, and the highest rank remains the highest.
    level: i32,
}

/// The ranks after a change of levels.
#[derive(SimpleObject)]
struct SetRankLevelsPayload {
    /// All ranks, highest level first.
    ranks: Vec<Rank>,
}

/// A member to add to the roster.
#[derive(InputObject)]
struct CreateMemberInput {
    /// Discord username, at most 100 characters, unique in the guild, ignoring case, width and spaces. A leading `@`
    /// and a trailing `#0` are removed.
    discord_username: String,
    /// Discord user id, up to 20 digits, unique in the guild.
    discord_id: Option<String>,
    /// Display name, at most 100 characters. Without it, the Discord username.
    display_name: Option<String>,
    /// Id of the rank. Without it, the lowest rank.
    rank_id: Option<ID>,
}

/// Changes to a member. An omitted field keeps its value; `null` clears an optional one.
#[derive(InputObject)]
struct UpdateMemberInput {
    /// Id of the member.
    id: ID,
    /// Discord username, at most 100 characters, unique in the guild, ignoring case, width and spaces. A leading `@`
    /// and a trailing `#0` are removed.
    discord_username: Option<String>,
    /// Discord user id, up to 20 digits, unique in the guild.
    discord_id: MaybeUndefined<String>,
    /// Display name, at most 100 characters; `null` resets it to the Discord username.
    display_name: MaybeUndefined<String>,
    /// Id of the new rank. Role sync then keeps it, as `RankSource.MANUAL`.
    rank_id: Option<ID>,
    /// Whether the member is active. Deactivation ends their sessions.
    active: Option<bool>,
}

/// Changes to the viewer. An omitted field keeps its value.
#[derive(InputObject)]
struct UpdateMeInput {
    /// Display name, at most 100 characters; `null` resets it to the Discord username.
    display_name: MaybeUndefined<String>,
}

/// A changed guild.
#[derive(SimpleObject)]
struct GuildPayload {
    /// The guild after the change.
    guild: Guild,
}

/// A created or changed rank.
#[derive(SimpleObject)]
#[graphql(complex)]
struct RankPayload {
    /// The rank after the change.
    rank: Rank,
}

#[ComplexObject]
impl RankPayload {
    /// What is wrong with the rank's Discord role, a sentence each: the linked server does not have it, or it is
    /// `@everyone` and the rank has permissions. `null` while Discord does not respond, and without a bot or a link.
    async fn warnings(&self, ctx: &Context<'_>) -> Result<Option<Vec<String>>> {
        let context = RequestContext::of(ctx);
        discord::warnings(&context.app.discord, context.guild, Some(self.rank.id)).await
    }
}

/// A created or changed member.
#[derive(SimpleObject)]
pub struct MemberPayload {
    /// The member after the change.
    pub member: Member,
}

/// Mutations of the guild, its ranks and its members.
#[derive(Default)]
pub struct IdentityMutation;

#[guarded(mutations)]
#[Object]
impl IdentityMutation {
    /// Changes the guild's name or region.
    #[requires_permission(identity::MANAGE_GUILD)]
    async fn update_guild(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Fields to change.")] input: UpdateGuildInput,
    ) -> Result<GuildPayload> {
        let context = RequestContext::of(ctx);
        let change = GuildChange { name: input.name, region: input.region };
        Ok(GuildPayload { guild: update_guild(&context.app.access, &*context.signed_in()?, change).await? })
    }

    /// Creates a rank below the viewer's.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `NAME_TAKEN`, `LEVEL_TAKEN`, `DISCORD_ROLE_TAKEN`.
    #[requires_permission(identity::MANAGE_RANKS)]
    async fn create_rank(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new rank.")] input: CreateRankInput,
    ) -> Result<RankPayload> {
        let context = RequestContext::of(ctx);
        let new = NewRank {
            name: input.name,
            level: input.level.into(),
            description: input.description,
            permissions: input.permissions,
            discord_role_id: input.discord_role_id,
        };
        Ok(RankPayload { rank: create_rank(&context.app.access, &*context.signed_in()?, new).await? })
    }

    /// Changes a rank below the viewer's. Members of the highest rank can change that rank too.
    ///
    /// A new level changes no one's access: the campaigns and audit events that require a rank follow it.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `NAME_TAKEN`, `LEVEL_TAKEN`, `RANK_ORDER_IN_USE`, `DISCORD_ROLE_TAKEN`.
    #[requires_permission(identity::MANAGE_RANKS)]
    async fn update_rank(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the rank and fields to change.")] input: UpdateRankInput,
    ) -> Result<RankPayload> {
        let context = RequestContext::of(ctx);
        let change = RankChange {
            id: RankId::from_input(&input.id),
            name: input.name,
            level: input.level.map(i64::from),
            description: input.description,
            permissions: input.permissions,
            discord_role_id: input.discord_role_id,
        };
        Ok(RankPayload { rank: update_rank(&context.app.access, &*context.signed_in()?, change).await? })
    }

    /// Gives ranks below the viewer's new levels, all at once, so that two ranks can change places. Members of the
    /// highest rank can move that rank too.
    ///
    /// The change has the rules of `updateRank`, and changes no one's access. An error names each level at fault with its
    /// place, as in `levels[1].level`.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `LEVEL_TAKEN`, `RANK_ORDER_IN_USE`.
    #[requires_permission(identity::MANAGE_RANKS)]
    async fn set_rank_levels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Ranks with their new levels.")] input: SetRankLevelsInput,
    ) -> Result<SetRankLevelsPayload> {
        let context = RequestContext::of(ctx);
        let level = |it: &RankLevelInput| RankLevel { rank: RankId::from_input(&it.rank_id), level: it.level.into() };
        let levels = input.levels.iter().map(level).collect();
        let ranks = set_rank_levels(&context.app.access, &*context.signed_in()?, levels).await?;
        Ok(SetRankLevelsPayload { ranks })
    }

    /// Deletes a rank below the viewer's. No active or inactive member may have the rank.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `RANK_IN_USE`.
    #[requires_permission(identity::MANAGE_RANKS)]
    async fn delete_rank(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the rank.")] id: ID,
    ) -> Result<DeletePayload> {
        let context = RequestContext::of(ctx);
        delete_rank(&context.app.access, &*context.signed_in()?, RankId::from_input(&id)).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Adds a member below the viewer's rank to the roster.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `NAME_TAKEN`.
    #[requires_permission(identity::MANAGE_MEMBERS)]
    async fn create_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new member.")] input: CreateMemberInput,
    ) -> Result<MemberPayload> {
        let context = RequestContext::of(ctx);
        let new = NewMember {
            discord_username: input.discord_username,
            discord_id: input.discord_id,
            display_name: input.display_name,
            rank: input.rank_id.as_ref().map(RankId::from_input),
        };
        Ok(MemberPayload { member: create_member(&context.app.access, &*context.signed_in()?, new).await? })
    }

    /// Changes a member below the viewer's rank, or the viewer's own display name.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `NAME_TAKEN`, `LAST_LEADER`.
    #[requires_permission(identity::MANAGE_MEMBERS)]
    async fn update_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the member and fields to change.")] input: UpdateMemberInput,
    ) -> Result<MemberPayload> {
        let context = RequestContext::of(ctx);
        let change = MemberChange {
            id: MemberId::from_input(&input.id),
            discord_username: input.discord_username,
            discord_id: input.discord_id,
            display_name: input.display_name,
            rank: input.rank_id.as_ref().map(RankId::from_input),
            active: input.active,
        };
        Ok(MemberPayload { member: update_member(&context.app.access, &*context.signed_in()?, change).await? })
    }

    /// Deletes a member below the viewer's rank who was added by mistake, with their characters and codes: one who never
    /// registered, and whom no vote is about. The audit log keeps the name. Other members can only be deactivated or
    /// erased.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `ALREADY_REGISTERED`, `MEMBER_IN_USE`, `MEMBER_ERASED`, `LAST_LEADER`.
    #[requires_permission(identity::MANAGE_MEMBERS)]
    async fn delete_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the member.")] id: ID,
    ) -> Result<DeletePayload> {
        let context = RequestContext::of(ctx);
        delete_member(&context.app.access, &*context.signed_in()?, MemberId::from_input(&id)).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Changes the viewer's own display name. The audit log records it.
    #[authenticated]
    async fn update_me(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Fields to change.")] input: UpdateMeInput,
    ) -> Result<MemberPayload> {
        let context = RequestContext::of(ctx);
        let member = update_me(&context.app.access, &*context.signed_in()?, input.display_name).await?;
        Ok(MemberPayload { member })
    }

    /// Imports members below the viewer's rank and their characters from a file of at most 20,000 rows. The command
    /// line has no limit.
    ///
    /// Members are matched by Discord id, otherwise by Discord username; a known id with a new username renames its
    /// member. Characters are matched by name and realm. A second import of the same file changes nothing. Only an
    /// unreadable file is an error; `problems` lists the invalid rows.
    #[requires_permission(identity::MANAGE_MEMBERS)]
    async fn import_roster(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The file and its format.")] input: ImportRosterInput,
    ) -> Result<ImportRosterPayload> {
        let context = RequestContext::of(ctx);
        let (viewer, (file, options)) = (context.signed_in()?, input.into_file());
        Ok(import_roster(&context.app.access, context.guild, Some(&viewer), file, options, |_, _| ()).await?.into())
    }
}
