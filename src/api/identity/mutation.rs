//! Mutations of guilds, ranks, members and characters.

use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use guildhall_macros::guarded;

use crate::{
    access::Permission,
    api::{context::RequestContext, node::DeletePayload},
    discord,
    identity::{
        self, Character, CharacterChange, CharacterClass, CharacterRole, Guild, GuildChange, ImportOptions,
        ImportOutcome, Member, MemberChange, NewCharacter, NewMember, NewRank, Rank, RankChange, Region,
        create_character, create_member, create_rank, delete_character, delete_rank, import::Format, import_roster,
        update_character, update_guild, update_me, update_member, update_rank,
    },
    kernel::{
        error::Result,
        id::{CharacterId, MemberId, RankId},
    },
};

/// Maximum number of problems that the result of an import lists.
const MAX_PROBLEMS: usize = 100;

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

/// A character to create.
#[derive(InputObject)]
struct CreateCharacterInput {
    /// Id of the member who owns the character. Without it, the viewer.
    member_id: Option<ID>,
    /// Name, at most 50 characters. Name and realm together are unique in the guild, ignoring case, width and spaces.
    name: String,
    /// Realm, at most 50 characters.
    realm: String,
    /// Class of the character.
    class: CharacterClass,
    /// Specialisation of the class, by its name in the game. Case, spaces and punctuation do not matter.
    spec: Option<String>,
    /// Role in a group.
    role: CharacterRole,
    /// Whether this becomes the member's main character. A member's first character always does.
    #[graphql(default_with = "Some(false)")]
    is_main: Option<bool>,
}

/// Changes to a character. An omitted field keeps its value; `null` clears an optional one.
#[derive(InputObject)]
struct UpdateCharacterInput {
    /// Id of the character.
    id: ID,
    /// Name, at most 50 characters. Name and realm together are unique in the guild, ignoring case, width and spaces.
    name: Option<String>,
    /// Realm, at most 50 characters.
    realm: Option<String>,
    /// Class of the character.
    class: Option<CharacterClass>,
    /// Specialisation of the class, by its name in the game. Case, spaces and punctuation do not matter.
    spec: MaybeUndefined<String>,
    /// Role in a group.
    role: Option<CharacterRole>,
    /// Whether this is the member's main character. `true` replaces the current main.
    is_main: Option<bool>,
}

/// File format of a roster.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum RosterFormat {
    /// CSV with a header line and one row for each character or for a member without one. The columns are
    /// `discord_username`, `discord_id`, `display_name`, `rank`, `character_name`, `realm`, `class`, `spec`, `role` and
    /// `main_alt`. Only the first is required.
    Csv,
    /// JSON: `{"members": [{"discordUsername", "discordId", "displayName", "rank", "characters": [{"name", "realm",
    /// "class", "spec", "role", "isMain"}]}]}`.
    Json,
}

/// A roster to import.
#[derive(InputObject)]
struct ImportRosterInput {
    /// Format of the file.
    format: RosterFormat,
    /// Text of the file. An empty value in it keeps the stored value.
    data: String,
    /// Whether to skip invalid rows. Otherwise one invalid row prevents the whole import.
    #[graphql(default = false)]
    skip_bad: bool,
    /// Whether to import nothing, and only return what an import would do.
    #[graphql(default = false)]
    dry_run: bool,
}

/// A problem of a row in a roster.
#[derive(SimpleObject)]
struct ImportProblem {
    /// Position of the row: `line 12`, `members[3]` or `members[3].characters[0]`.
    place: String,
    /// Name of the invalid field, as in the inputs for members and characters; `null` if no single field is invalid.
    field: Option<String>,
    /// Machine-readable reason, `RANK_TOO_LOW`, `LAST_LEADER` or `MEMBER_INACTIVE`; `null` for other problems.
    reason: Option<String>,
    /// Description of the problem for the user.
    message: String,
}

/// The result of an import.
#[derive(SimpleObject)]
struct ImportRosterPayload {
    /// Whether the roster was imported. `false` in a dry run, or if rows are invalid and `skipBad` is off; the numbers
    /// then say what an import of the valid rows would do.
    imported: bool,
    /// Number of rows in the file.
    rows: usize,
    /// Number of members added.
    members_added: usize,
    /// Number of members changed.
    members_changed: usize,
    /// Number of characters added.
    characters_added: usize,
    /// Number of characters changed.
    characters_changed: usize,
    /// Number of rows that change nothing.
    rows_unchanged: usize,
    /// Number of invalid rows, which are left out.
    rows_left_out: usize,
    /// The first 100 problems of invalid rows.
    problems: Vec<ImportProblem>,
    /// Unknown columns, which are ignored.
    unknown_columns: Vec<String>,
}

impl From<ImportOutcome> for ImportRosterPayload {
    fn from(it: ImportOutcome) -> Self {
        let problems = it.problems.into_iter().take(MAX_PROBLEMS).map(|problem| ImportProblem {
            place: problem.location.to_string(),
            field: problem.field.map(str::to_owned),
            reason: problem.reason.map(str::to_owned),
            message: problem.message,
        });
        Self {
            imported: it.imported,
            rows: it.rows,
            members_added: it.members_added,
            members_changed: it.members_changed,
            characters_added: it.characters_added,
            characters_changed: it.characters_changed,
            rows_unchanged: it.unchanged,
            rows_left_out: it.left_out,
            problems: problems.collect(),
            unknown_columns: it.unknown_columns,
        }
    }
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

/// A created or changed character.
#[derive(SimpleObject)]
struct CharacterPayload {
    /// The character after the change.
    character: Character,
}

/// A created or changed member.
#[derive(SimpleObject)]
pub struct MemberPayload {
    /// The member after the change.
    pub member: Member,
}

/// Mutations of the guild, its ranks, members and characters.
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
        let options = ImportOptions { skip_bad: input.skip_bad, dry_run: input.dry_run };
        let format = match input.format {
            RosterFormat::Csv => Format::Csv,
            RosterFormat::Json => Format::Json,
        };
        let (viewer, file) = (context.signed_in()?, (format, input.data.into_bytes()));
        Ok(import_roster(&context.app.access, context.guild, Some(&viewer), file, options, |_, _| ()).await?.into())
    }

    /// Creates a character of the viewer or, with `MEMBERS_MANAGE`, of a member below the viewer's rank. A member has
    /// at most 200.
    ///
    /// Error reasons: `PERMISSION_REQUIRED`, `RANK_TOO_LOW`, `NAME_TAKEN`.
    #[authenticated]
    async fn create_character(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new character.")] input: CreateCharacterInput,
    ) -> Result<CharacterPayload> {
        let context = RequestContext::of(ctx);
        let new = NewCharacter {
            member: input.member_id.as_ref().map(MemberId::from_input),
            name: input.name,
            realm: input.realm,
            class: input.class,
            spec: input.spec,
            role: input.role,
            is_main: input.is_main.unwrap_or_default(),
        };
        Ok(CharacterPayload { character: create_character(&context.app.access, &*context.signed_in()?, new).await? })
    }

    /// Changes a character of the viewer or, with `MEMBERS_MANAGE`, of a member below the viewer's rank.
    ///
    /// Error reasons: `PERMISSION_REQUIRED`, `RANK_TOO_LOW`, `NAME_TAKEN`.
    #[authenticated]
    async fn update_character(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the character and fields to change.")] input: UpdateCharacterInput,
    ) -> Result<CharacterPayload> {
        let context = RequestContext::of(ctx);
        let change = CharacterChange {
            id: CharacterId::from_input(&input.id),
            name: input.name,
            realm: input.realm,
            class: input.class,
            spec: input.spec,
            role: input.role,
            is_main: input.is_main,
        };
        Ok(CharacterPayload { character: update_character(&context.app.access, &*context.signed_in()?, change).await? })
    }

    /// Deletes a character of the viewer or, with `MEMBERS_MANAGE`, of a member below the viewer's rank.
    ///
    /// Error reasons: `PERMISSION_REQUIRED`, `RANK_TOO_LOW`.
    #[authenticated]
    async fn delete_character(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the character.")] id: ID,
    ) -> Result<DeletePayload> {
        let context = RequestContext::of(ctx);
        delete_character(&context.app.access, &*context.signed_in()?, CharacterId::from_input(&id)).await?;
        Ok(DeletePayload { deleted_id: id })
    }
}
