//! Mutations of characters.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use guildhall_macros::guarded;

use crate::{
    api::{context::RequestContext, node::DeletePayload},
    identity::{
        Character, CharacterChange, CharacterClass, CharacterRole, NewCharacter, create_character, delete_character,
        update_character,
    },
    kernel::{
        error::Result,
        id::{CharacterId, MemberId},
    },
};

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

/// A created or changed character.
#[derive(SimpleObject)]
struct CharacterPayload {
    /// The character after the change.
    character: Character,
}

/// Mutations of characters.
#[derive(Default)]
pub struct CharacterMutation;

#[guarded(mutations)]
#[Object]
impl CharacterMutation {
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
