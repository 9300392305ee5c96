//! Accounts and sessions in the schema.

use std::sync::Arc;

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use crate::{
    api::{context::RequestContext, node::DeletePayload},
    auth::{
        Session, SignedIn, change_password, login, logout, logout_everywhere, refresh_session, register,
        reset_password, revoke_session, sessions,
    },
    identity::Member,
    kernel::{error::Result, id::SessionId},
};

/// The invite code and the credentials of a new account.
#[derive(InputObject)]
struct RegisterInput {
    /// Invite code of the member. Case does not matter.
    #[graphql(secret)]
    invite_code: String,
    /// Discord username of the member to whom the code was issued.
    discord_username: String,
    /// Password of the new account: 10 to 256 characters.
    #[graphql(secret)]
    password: String,
}

/// The credentials of a member.
#[derive(InputObject)]
struct LoginInput {
    /// Discord username of the member.
    discord_username: String,
    /// Password of the member's account.
    #[graphql(secret)]
    password: String,
}

/// The refresh token to exchange.
#[derive(InputObject)]
struct RefreshSessionInput {
    /// A refresh token of the session that was not exchanged yet, or at most 30 seconds ago.
    #[graphql(secret)]
    refresh_token: String,
}

/// The viewer's current and new password.
#[derive(InputObject)]
struct ChangePasswordInput {
    /// The current password.
    #[graphql(secret)]
    current_password: String,
    /// The new password: 10 to 256 characters.
    #[graphql(secret)]
    new_password: String,
}

/// A reset code and the new password.
#[derive(InputObject)]
struct ResetPasswordInput {
    /// Reset code of the member. Case does not matter.
    #[graphql(secret)]
    reset_code: String,
    /// Discord username of the member to whom the code was issued.
    discord_username: String,
    /// The new password: 10 to 256 characters.
    #[graphql(secret)]
    new_password: String,
}

/// The tokens of a session.
#[derive(SimpleObject)]
#[graphql(complex)]
struct AuthPayload {
    /// Access token, to be sent as `Authorization: Bearer …`.
    access_token: String,
    /// Time at which the access token expires.
    access_token_expires_at: DateTime<Utc>,
    /// Token for `refreshSession`.
    refresh_token: String,
    /// Time at which the refresh token expires.
    refresh_token_expires_at: DateTime<Utc>,
    #[graphql(skip)]
    member: Member,
}

#[ComplexObject]
impl AuthPayload {
    /// The member who is signed in.
    async fn member(&self, ctx: &Context<'_>) -> &Member {
        RequestContext::of(ctx).record_sign_in();
        &self.member
    }
}

impl From<SignedIn> for AuthPayload {
    fn from(it: SignedIn) -> Self {
        Self {
            access_token: it.access_token,
            access_token_expires_at: it.access_token_expires_at.and_utc(),
            refresh_token: it.refresh_token,
            refresh_token_expires_at: it.refresh_token_expires_at.and_utc(),
            member: it.member,
        }
    }
}

/// A session of the viewer. `login`, `register` and `resetPassword` start one; `refreshSession` extends it.
#[Object]
impl Session {
    /// Global id of the session.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// Time at which the member signed in.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }

    /// Time at which the member signed in or last refreshed the session.
    async fn last_used_at(&self) -> DateTime<Utc> {
        self.last_used_at.and_utc()
    }

    /// `User-Agent` header of the client that signed in, if it sent one.
    async fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// Whether this request belongs to the session.
    async fn is_current(&self, ctx: &Context<'_>) -> bool {
        RequestContext::of(ctx).viewer().is_some_and(|viewer| viewer.session == Some(self.id))
    }
}

/// Queries of sessions.
#[derive(Default)]
pub struct AuthQuery;

#[guarded]
#[Object]
impl AuthQuery {
    /// The viewer's active sessions, last used first.
    #[authenticated]
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<Session>> {
        let context = RequestContext::of(ctx);
        let (app, viewer) = (Arc::clone(&context.app), context.signed_in()?);
        context.once("sessions".to_owned(), async move { sessions(&app.accounts, &viewer).await }).await
    }
}

/// Confirms a mutation that returns no object.
#[derive(SimpleObject)]
struct SuccessPayload {
    /// Always `true`: a failure is an error instead.
    success: bool,
}

/// Mutations of accounts and sessions.
#[derive(Default)]
pub struct AuthMutation;

#[guarded(mutations)]
#[Object]
impl AuthMutation {
    /// Creates the account of an invited member and signs the member in.
    ///
    /// Error reasons: `INVALID_CODE`, `PASSWORD_TOO_SHORT`. Too many attempts fail with the code `RATE_LIMITED`.
    async fn register(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Invite code and credentials.")] input: RegisterInput,
    ) -> Result<AuthPayload> {
        let context = RequestContext::of(ctx);
        let (code, username) = (&input.invite_code, &input.discord_username);
        Ok(register(&context.app.accounts, context.guild, code, username, input.password, &context.origin)
            .await?
            .into())
    }

    /// Signs a registered member in.
    ///
    /// Error reasons: `BAD_CREDENTIALS`. Too many attempts fail with the code `RATE_LIMITED`.
    async fn login(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Credentials of the member.")] input: LoginInput,
    ) -> Result<AuthPayload> {
        let context = RequestContext::of(ctx);
        let username = &input.discord_username;
        Ok(login(&context.app.accounts, context.guild, username, input.password, &context.origin).await?.into())
    }

    /// Exchanges a refresh token for new tokens. For 30 seconds the old token can be exchanged again, after a lost
    /// answer or by a second tab. Using it later revokes the session.
    ///
    /// Error reasons: `INVALID_TOKEN`. Too many attempts fail with the code `RATE_LIMITED`.
    async fn refresh_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The refresh token.")] input: RefreshSessionInput,
    ) -> Result<AuthPayload> {
        let context = RequestContext::of(ctx);
        Ok(refresh_session(&context.app.accounts, context.guild, &input.refresh_token, &context.origin).await?.into())
    }

    /// Sets a new password with a reset code and signs the member in. Ends all their other sessions.
    ///
    /// Error reasons: `INVALID_CODE`, `PASSWORD_TOO_SHORT`. Too many attempts fail with the code `RATE_LIMITED`.
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Reset code and new password.")] input: ResetPasswordInput,
    ) -> Result<AuthPayload> {
        let context = RequestContext::of(ctx);
        let (code, username) = (&input.reset_code, &input.discord_username);
        Ok(reset_password(&context.app.accounts, context.guild, code, username, input.new_password, &context.origin)
            .await?
            .into())
    }

    /// Changes the viewer's password. Ends their other sessions and revokes all access tokens except the returned one.
    ///
    /// Error reasons: `BAD_CREDENTIALS`, `PASSWORD_TOO_SHORT`. Too many attempts fail with the code `RATE_LIMITED`.
    #[authenticated]
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Current and new password.")] input: ChangePasswordInput,
    ) -> Result<AuthPayload> {
        let context = RequestContext::of(ctx);
        let (viewer, origin) = (context.signed_in()?, &context.origin);
        Ok(change_password(&context.app.accounts, &viewer, input.current_password, input.new_password, origin)
            .await?
            .into())
    }

    /// Ends one of the viewer's sessions: revokes its tokens immediately and ends its subscriptions.
    #[authenticated]
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the session.")] id: ID,
    ) -> Result<DeletePayload> {
        let context = RequestContext::of(ctx);
        revoke_session(&context.app.accounts, &*context.signed_in()?, SessionId::from_input(&id)).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Ends the session of this request: revokes its tokens immediately and ends its subscriptions.
    ///
    /// A token of `guildhall token` has no session and stays valid.
    #[authenticated]
    async fn logout(&self, ctx: &Context<'_>) -> Result<SuccessPayload> {
        let context = RequestContext::of(ctx);
        logout(&context.app.accounts, &*context.signed_in()?).await?;
        Ok(SuccessPayload { success: true })
    }

    /// Ends all sessions of the viewer, that of this request included: revokes all their tokens immediately, also those
    /// of `guildhall token`, and ends their subscriptions.
    #[authenticated]
    async fn logout_everywhere(&self, ctx: &Context<'_>) -> Result<SuccessPayload> {
        let context = RequestContext::of(ctx);
        logout_everywhere(&context.app.accounts, &*context.signed_in()?).await?;
        Ok(SuccessPayload { success: true })
    }
}
