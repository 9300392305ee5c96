//! Accounts in the schema.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use guildhall_macros::guarded;

use super::{IssuedCode, SignedIn, login, logout, refresh_session, register, send_invite};
use crate::{
    error::{Refusal, Result},
    graphql::caller::Caller,
    id::MemberId,
    identity::Member,
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
        let caller = Caller::of(ctx);
        let (code, username) = (&input.invite_code, &input.discord_username);
        let signed_in =
            register(&caller.app, caller.guild, code, username, input.password, caller.user_agent.clone()).await?;
        Ok(signed_in.into())
    }

    /// Signs a registered member in.
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> Result<AuthPayload> {
        let caller = Caller::of(ctx);
        let user_agent = caller.user_agent.clone();
        Ok(login(&caller.app, caller.guild, &input.discord_username, input.password, user_agent).await?.into())
    }

    /// Exchanges a refresh token for new tokens. Each can be used once; using it again revokes the session.
    async fn refresh_session(&self, ctx: &Context<'_>, input: RefreshSessionInput) -> Result<AuthPayload> {
        let caller = Caller::of(ctx);
        Ok(refresh_session(&caller.app, caller.guild, &input.refresh_token).await?.into())
    }

    /// Ends this session: its tokens are void at once, its subscriptions end.
    #[authenticated]
    async fn logout(&self, ctx: &Context<'_>) -> Result<SuccessPayload> {
        let caller = Caller::of(ctx);
        logout(&caller.app, &*caller.signed_in()?).await?;
        Ok(SuccessPayload { success: true })
    }

    /// Issues an invite code for a member below the viewer's rank, voiding the member's older ones.
    #[requires_permission(MembersInvite)]
    async fn send_invite(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Who is invited.")] member_id: ID,
    ) -> Result<InvitePayload> {
        let caller = Caller::of(ctx);
        let member = MemberId::try_from(&member_id).map_err(|_| Refusal::not_found("member").at("memberId"))?;
        let IssuedCode { code, expires_at, member } = send_invite(&caller.app, &*caller.signed_in()?, member).await?;
        Ok(InvitePayload { code, expires_at: expires_at.and_utc(), member, delivery: InviteDelivery::NotConfigured })
    }
}
