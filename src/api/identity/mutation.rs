//! What changes the guild's people, in the schema.

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use guildhall_macros::guarded;

use crate::{
    access::Permission,
    api::{context::RequestContext, node::DeletePayload},
    identity::{
        self, Character, CharacterChange, CharacterClass, CharacterRole, Guild, GuildChange, ImportOutcome, Member,
        MemberChange, NewCharacter, NewMember, NewRank, Rank, RankChange, Region, create_character, create_member,
        create_rank, delete_character, delete_rank, import::Format, import_roster, update_character, update_guild,
        update_member, update_rank,
    },
    kernel::{
        error::{Refusal, Result},
        id::{CharacterId, MemberId, RankId},
    },
};

/// Most problems that an import tells of.
const MAX_PROBLEMS: usize = 100;

/// What is to change of the guild. An absent field stays as it is.
#[derive(InputObject)]
struct UpdateGuildInput {
    /// Its name.
    name: Option<String>,
    /// Where it plays.
    region: Option<Region>,
}

/// A rank to make.
#[derive(InputObject)]
struct CreateRankInput {
    /// Its name, unique in the guild whatever the case: at most 50 characters.
    name: String,
    /// Its level from 1 to 1000, unique in the guild and below the viewer's.
    level: i32,
    /// What it stands for: at most 5,000 characters.
    description: Option<String>,
    /// What it allows: nothing that the viewer's rank does not allow.
    permissions: Vec<Permission>,
    /// The id of the Discord role it goes with.
    discord_role_id: Option<String>,
}

/// What is to change of a rank. An absent field stays as it is, `null` clears one that may be null.
#[derive(InputObject)]
struct UpdateRankInput {
    /// Which rank.
    id: ID,
    /// Its name, unique in the guild whatever the case: at most 50 characters.
    name: Option<String>,
    /// Its level from 1 to 1000, unique in the guild. The highest rank stays the highest.
    level: Option<i32>,
    /// What it stands for: at most 5,000 characters.
    description: MaybeUndefined<String>,
    /// What it allows: nothing more that the viewer's rank does not allow. The highest rank always allows everything.
    permissions: Option<Vec<Permission>>,
    /// The id of the Discord role it goes with.
    discord_role_id: MaybeUndefined<String>,
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

/// A character to make.
#[derive(InputObject)]
struct CreateCharacterInput {
    /// Whose it is; the viewer's own unless given.
    member_id: Option<ID>,
    /// Its name, unique with the realm in the guild whatever the case: at most 50 characters.
    name: String,
    /// The realm it lives on: at most 50 characters.
    realm: String,
    /// Its class.
    class: CharacterClass,
    /// Its specialisation, one of its class's.
    spec: Option<String>,
    /// What it does in a group.
    role: CharacterRole,
    /// Whether it is its member's main, in place of the one before. A member's first character always is.
    #[graphql(default_with = "Some(false)")]
    is_main: Option<bool>,
}

/// What is to change of a character. An absent field stays as it is, `null` clears one that may be null.
#[derive(InputObject)]
struct UpdateCharacterInput {
    /// Which character.
    id: ID,
    /// Its name, unique with the realm in the guild whatever the case: at most 50 characters.
    name: Option<String>,
    /// The realm it lives on: at most 50 characters.
    realm: Option<String>,
    /// Its class.
    class: Option<CharacterClass>,
    /// Its specialisation, one of its class's.
    spec: MaybeUndefined<String>,
    /// What it does in a group.
    role: Option<CharacterRole>,
    /// Whether it is its member's main, in place of the one before.
    is_main: Option<bool>,
}

/// What a roster is written in.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum RosterFormat {
    /// A table with a header line: `discord_username`, `discord_id`, `display_name`, `rank`, `character_name`, `realm`,
    /// `class`, `spec`, `role`, `main_alt`, a row a character. Only the first is needed.
    Csv,
    /// `{"members": [{"discordUsername", "discordId", "displayName", "rank", "characters": [{"name", "realm", "class",
    /// "spec", "role", "isMain"}]}]}`.
    Json,
}

/// A roster to import.
#[derive(InputObject)]
struct ImportRosterInput {
    /// What it is written in.
    format: RosterFormat,
    /// The file's text. What it leaves empty stays as it is.
    data: String,
    /// Whether to import the other rows when some are bad; otherwise nothing is.
    #[graphql(default = false)]
    skip_bad: bool,
}

/// Why a row of a roster was left out.
#[derive(SimpleObject)]
struct ImportProblem {
    /// Where it stands: `line 12`, `members[3]` or `members[3].characters[0]`.
    place: String,
    /// What is at fault, as the inputs of members and characters call it.
    field: Option<String>,
    /// Why, such as `RANK_TOO_LOW`, where there is a word for it.
    reason: Option<String>,
    /// Why, in a sentence for a person.
    message: String,
}

/// What came of an import.
#[derive(SimpleObject)]
struct ImportRosterPayload {
    /// Whether anything was imported: not if rows were bad and `skipBad` was not asked for.
    imported: bool,
    /// Rows in the file.
    rows: usize,
    /// Members added, or to be added if it were imported.
    members_added: usize,
    /// Members changed.
    members_changed: usize,
    /// Characters added.
    characters_added: usize,
    /// Characters changed.
    characters_changed: usize,
    /// Rows that say what is so already.
    rows_unchanged: usize,
    /// Rows left out.
    rows_left_out: usize,
    /// Why they were left out: the first 100 reasons.
    problems: Vec<ImportProblem>,
    /// Columns that are not understood, and passed over.
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

/// A guild, changed.
#[derive(SimpleObject)]
struct GuildPayload {
    /// The guild as it is now.
    guild: Guild,
}

/// A rank, made or changed.
#[derive(SimpleObject)]
struct RankPayload {
    /// The rank as it is now.
    rank: Rank,
}

/// A character, made or changed.
#[derive(SimpleObject)]
struct CharacterPayload {
    /// The character as it is now.
    character: Character,
}

/// A member, changed.
#[derive(SimpleObject)]
struct MemberPayload {
    /// The member as they are now.
    member: Member,
}

/// What changes the guild's people.
#[derive(Default)]
pub struct IdentityMutation;

#[guarded]
#[Object]
impl IdentityMutation {
    /// Changes the guild's name or region.
    #[requires_permission(identity::MANAGE_GUILD)]
    async fn update_guild(&self, ctx: &Context<'_>, input: UpdateGuildInput) -> Result<GuildPayload> {
        let caller = RequestContext::of(ctx);
        let change = GuildChange { name: input.name, region: input.region };
        Ok(GuildPayload { guild: update_guild(&caller.app.access, &*caller.signed_in()?, change).await? })
    }

    /// Makes a rank below the viewer's.
    #[requires_permission(identity::MANAGE_RANKS)]
    async fn create_rank(&self, ctx: &Context<'_>, input: CreateRankInput) -> Result<RankPayload> {
        let caller = RequestContext::of(ctx);
        let new = NewRank {
            name: input.name,
            level: input.level.into(),
            description: input.description,
            permissions: input.permissions,
            discord_role_id: input.discord_role_id,
        };
        Ok(RankPayload { rank: create_rank(&caller.app.access, &*caller.signed_in()?, new).await? })
    }

    /// Changes a rank below the viewer's; or, for its holders, the highest.
    #[requires_permission(identity::MANAGE_RANKS)]
    async fn update_rank(&self, ctx: &Context<'_>, input: UpdateRankInput) -> Result<RankPayload> {
        let caller = RequestContext::of(ctx);
        let change = RankChange {
            id: rank_id("id", &input.id)?,
            name: input.name,
            level: input.level.map(i64::from),
            description: input.description,
            permissions: input.permissions,
            discord_role_id: input.discord_role_id,
        };
        Ok(RankPayload { rank: update_rank(&caller.app.access, &*caller.signed_in()?, change).await? })
    }

    /// Deletes a rank below the viewer's that nobody holds.
    #[requires_permission(identity::MANAGE_RANKS)]
    async fn delete_rank(&self, ctx: &Context<'_>, #[graphql(desc = "Which rank.")] id: ID) -> Result<DeletePayload> {
        let caller = RequestContext::of(ctx);
        delete_rank(&caller.app.access, &*caller.signed_in()?, rank_id("id", &id)?).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Adds a member below the viewer's rank to the roster.
    #[requires_permission(identity::MANAGE_MEMBERS)]
    async fn create_member(&self, ctx: &Context<'_>, input: CreateMemberInput) -> Result<MemberPayload> {
        let caller = RequestContext::of(ctx);
        let new = NewMember {
            discord_username: input.discord_username,
            discord_id: input.discord_id,
            display_name: input.display_name,
            rank: input.rank_id.as_ref().map(|id| rank_id("rankId", id)).transpose()?,
        };
        Ok(MemberPayload { member: create_member(&caller.app.access, &*caller.signed_in()?, new).await? })
    }

    /// Changes a member below the viewer's rank.
    #[requires_permission(identity::MANAGE_MEMBERS)]
    async fn update_member(&self, ctx: &Context<'_>, input: UpdateMemberInput) -> Result<MemberPayload> {
        let caller = RequestContext::of(ctx);
        let change = MemberChange {
            id: member_id("id", &input.id)?,
            discord_username: input.discord_username,
            discord_id: input.discord_id,
            display_name: input.display_name,
            rank: input.rank_id.as_ref().map(|id| rank_id("rankId", id)).transpose()?,
            active: input.active,
        };
        Ok(MemberPayload { member: update_member(&caller.app.access, &*caller.signed_in()?, change).await? })
    }

    /// Imports a roster of members below the viewer's rank and their characters: all of it, or, with `skipBad`, what is
    /// good of it. Members are found by Discord username and characters by name and realm; importing it again changes
    /// nothing. The larger rosters go in by the command line.
    #[requires_permission(identity::MANAGE_MEMBERS)]
    async fn import_roster(&self, ctx: &Context<'_>, input: ImportRosterInput) -> Result<ImportRosterPayload> {
        let (caller, skip_bad) = (RequestContext::of(ctx), input.skip_bad);
        let format = match input.format {
            RosterFormat::Csv => Format::Csv,
            RosterFormat::Json => Format::Json,
        };
        let (viewer, file) = (caller.signed_in()?, (format, input.data.into_bytes()));
        Ok(import_roster(&caller.app.access, caller.guild, Some(&viewer), file, skip_bad, |_, _| ()).await?.into())
    }

    /// Makes a character of the viewer's own, or, with `MEMBERS_MANAGE`, of a member below their rank.
    #[authenticated]
    async fn create_character(&self, ctx: &Context<'_>, input: CreateCharacterInput) -> Result<CharacterPayload> {
        let caller = RequestContext::of(ctx);
        let new = NewCharacter {
            member: input.member_id.as_ref().map(|id| member_id("memberId", id)).transpose()?,
            name: input.name,
            realm: input.realm,
            class: input.class,
            spec: input.spec,
            role: input.role,
            is_main: input.is_main.unwrap_or_default(),
        };
        Ok(CharacterPayload { character: create_character(&caller.app.access, &*caller.signed_in()?, new).await? })
    }

    /// Changes a character of the viewer's own, or, with `MEMBERS_MANAGE`, of a member below their rank.
    #[authenticated]
    async fn update_character(&self, ctx: &Context<'_>, input: UpdateCharacterInput) -> Result<CharacterPayload> {
        let caller = RequestContext::of(ctx);
        let change = CharacterChange {
            id: character_id(&input.id)?,
            name: input.name,
            realm: input.realm,
            class: input.class,
            spec: input.spec,
            role: input.role,
            is_main: input.is_main,
        };
        Ok(CharacterPayload { character: update_character(&caller.app.access, &*caller.signed_in()?, change).await? })
    }

    /// Deletes a character of the viewer's own, or, with `MEMBERS_MANAGE`, of a member below their rank.
    #[authenticated]
    async fn delete_character(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which character.")] id: ID,
    ) -> Result<DeletePayload> {
        let caller = RequestContext::of(ctx);
        delete_character(&caller.app.access, &*caller.signed_in()?, character_id(&id)?).await?;
        Ok(DeletePayload { deleted_id: id })
    }
}

fn rank_id(field: &'static str, id: &ID) -> Result<RankId, Refusal> {
    RankId::try_from(id).map_err(|_| Refusal::not_found("rank").at(field))
}

fn member_id(field: &'static str, id: &ID) -> Result<MemberId, Refusal> {
    MemberId::try_from(id).map_err(|_| Refusal::not_found("member").at(field))
}

fn character_id(id: &ID) -> Result<CharacterId, Refusal> {
    CharacterId::try_from(id).map_err(|_| Refusal::not_found("character").at("id"))
}
