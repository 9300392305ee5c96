//! Accounts in the schema.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use crate::{
    api::{context::RequestContext, node::DeletePayload},
    auth::{
        self, InviteDelivery, IssuedCode, Session, SignedIn, change_password, login, logout, refresh_session, register,
        reset_password, revoke_session, send_invite, send_reset_code, sessions,
    },
    identity::Member,
    kernel::{
        error::{Refusal, Result},
        id::{MemberId, SessionId},
    },
};

/// What it takes to register.
#[derive(InputObject)]
struct RegisterInput {
    /// The code the member was sent; upper or lower case.
    #[graphql(secret)]
    invite_code: String,
    /// The Discord username the code was made for.
    discord_username: String,
    /// At least 10 characters, at most 256.
    #[graphql(secret)]
    password: String,
}

/// What it takes to sign in.
#[derive(InputObject)]
struct LoginInput {
    /// The member's Discord username.
    discord_username: String,
    /// Their password.
    #[graphql(secret)]
    password: String,
}

/// What it takes to renew a session.
#[derive(InputObject)]
struct RefreshSessionInput {
    /// The refresh token last issued.
    #[graphql(secret)]
    refresh_token: String,
}

/// What it takes to change one's password.
#[derive(InputObject)]
struct ChangePasswordInput {
    /// The present one.
    #[graphql(secret)]
    current_password: String,
    /// At least 10 characters, at most 256.
    #[graphql(secret)]
    new_password: String,
}

/// What it takes to choose another password without the present one.
#[derive(InputObject)]
struct ResetPasswordInput {
    /// The code the member was sent; upper or lower case.
    #[graphql(secret)]
    reset_code: String,
    /// The Discord username the code was made for.
    discord_username: String,
    /// At least 10 characters, at most 256.
    #[graphql(secret)]
    new_password: String,
}

/// A session's tokens.
#[derive(SimpleObject)]
struct AuthPayload {
    /// For the `Authorization: Bearer …` header.
    access_token: String,
    /// When the access token expires.
    access_token_expires_at: DateTime<Utc>,
    /// For `refreshSession`, once.
    refresh_token: String,
    /// When the refresh token expires.
    refresh_token_expires_at: DateTime<Utc>,
    /// Who signed in.
    member: Member,
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

/// An invite code, shown once.
#[derive(SimpleObject)]
struct InvitePayload {
    /// The code. It is not stored in a readable form: this is the only time it is shown.
    code: String,
    /// When it expires.
    expires_at: DateTime<Utc>,
    /// Whose it is.
    member: Member,
    /// Whether it reached them.
    delivery: InviteDelivery,
}

/// A reset code, shown once.
#[derive(SimpleObject)]
struct ResetCodePayload {
    /// The code. It is not stored in a readable form: this is the only time it is shown.
    code: String,
    /// When it expires.
    expires_at: DateTime<Utc>,
    /// Whose it is.
    member: Member,
    /// Whether it reached them.
    delivery: InviteDelivery,
}

/// A time signed in: from `login` (or `register`, or `resetPassword`) for as long as it is renewed.
#[Object]
impl Session {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        self.id.into()
    }

    /// When the member signed in.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at.and_utc()
    }

    /// When the member signed in or last renewed it.
    async fn last_used_at(&self) -> DateTime<Utc> {
        self.last_used_at.and_utc()
    }

    /// What the client that signed in calls itself.
    async fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }

    /// Whether it is the one that asks.
    async fn is_current(&self, ctx: &Context<'_>) -> bool {
        RequestContext::of(ctx).viewer().is_some_and(|viewer| viewer.session == Some(self.id))
    }
}

/// What is asked of accounts.
#[derive(Default)]
pub struct AuthQuery;

#[guarded]
#[Object]
impl AuthQuery {
    /// The viewer's own open sessions, the last used first.
    #[authenticated]
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Vec<Session>> {
        let caller = RequestContext::of(ctx);
        sessions(&caller.app.accounts, &*caller.signed_in()?).await
    }
}

/// Done.
#[derive(SimpleObject)]
struct SuccessPayload {
    /// Always true: what fails is an error.
    success: bool,
}

/// What signs members in and out.
#[derive(Default)]
pub struct AuthMutation;

#[guarded]
#[Object]
impl AuthMutation {
    /// Makes the account of a member who was sent an invite code, and signs them in.
    async fn register(&self, ctx: &Context<'_>, input: RegisterInput) -> Result<AuthPayload> {
        let caller = RequestContext::of(ctx);
        let (code, username) = (&input.invite_code, &input.discord_username);
        Ok(register(&caller.app.accounts, caller.guild, code, username, input.password, &caller.origin).await?.into())
    }

    /// Signs a registered member in.
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> Result<AuthPayload> {
        let caller = RequestContext::of(ctx);
        let username = &input.discord_username;
        Ok(login(&caller.app.accounts, caller.guild, username, input.password, &caller.origin).await?.into())
    }

    /// Exchanges a refresh token for new tokens. Each can be used once; using it again revokes the session.
    async fn refresh_session(&self, ctx: &Context<'_>, input: RefreshSessionInput) -> Result<AuthPayload> {
        let caller = RequestContext::of(ctx);
        Ok(refresh_session(&caller.app.accounts, caller.guild, &input.refresh_token, &caller.origin).await?.into())
    }

    /// Gives an account another password with a reset code, and signs its member in. All their other sessions end.
    async fn reset_password(&self, ctx: &Context<'_>, input: ResetPasswordInput) -> Result<AuthPayload> {
        let caller = RequestContext::of(ctx);
        let (code, username) = (&input.reset_code, &input.discord_username);
        Ok(reset_password(&caller.app.accounts, caller.guild, code, username, input.new_password, &caller.origin)
            .await?
            .into())
    }

    /// Gives the viewer's account another password. Their other sessions end, and every access token is void but the one
    /// in the answer.
    #[authenticated]
    async fn change_password(&self, ctx: &Context<'_>, input: ChangePasswordInput) -> Result<AuthPayload> {
        let caller = RequestContext::of(ctx);
        let (viewer, origin) = (caller.signed_in()?, &caller.origin);
        Ok(change_password(&caller.app.accounts, &viewer, input.current_password, input.new_password, origin)
            .await?
            .into())
    }

    /// Ends one of the viewer's own sessions: its tokens are void at once, its subscriptions end.
    #[authenticated]
    async fn revoke_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which session.")] id: ID,
    ) -> Result<DeletePayload> {
        let caller = RequestContext::of(ctx);
        let session = SessionId::try_from(&id).map_err(|_| Refusal::not_found("session").at("id"))?;
        revoke_session(&caller.app.accounts, &*caller.signed_in()?, session).await?;
        Ok(DeletePayload { deleted_id: id })
    }

    /// Ends this session: its tokens are void at once, its subscriptions end.
    #[authenticated]
    async fn logout(&self, ctx: &Context<'_>) -> Result<SuccessPayload> {
        let caller = RequestContext::of(ctx);
        logout(&caller.app.accounts, &*caller.signed_in()?).await?;
        Ok(SuccessPayload { success: true })
    }

    /// Issues an invite code for a member below the viewer's rank, voiding the member's older ones.
    #[requires_permission(auth::SEND_INVITE)]
    async fn send_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is invited.")] member_id: ID,
    ) -> Result<InvitePayload> {
        let caller = RequestContext::of(ctx);
        let member = MemberId::try_from(&member_id).map_err(|_| Refusal::not_found("member").at("memberId"))?;
        let issued = send_invite(&caller.app.accounts, &*caller.signed_in()?, member).await?;
        let IssuedCode { code, expires_at, member, delivery } = issued;
        Ok(InvitePayload { code, expires_at: expires_at.and_utc(), member, delivery })
    }

    /// Issues a code with which a registered member below the viewer's rank chooses another password, voiding their older
    /// ones.
    #[requires_permission(auth::SEND_RESET_CODE)]
    async fn send_reset_code(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is to choose another password.")] member_id: ID,
    ) -> Result<ResetCodePayload> {
        let caller = RequestContext::of(ctx);
        let member = MemberId::try_from(&member_id).map_err(|_| Refusal::not_found("member").at("memberId"))?;
        let issued = send_reset_code(&caller.app.accounts, &*caller.signed_in()?, member).await?;
        let IssuedCode { code, expires_at, member, delivery } = issued;
        Ok(ResetCodePayload { code, expires_at: expires_at.and_utc(), member, delivery })
    }
}
