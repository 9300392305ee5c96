//! Accounts: who someone is, what they may do, and how they prove it.

mod accounts;
mod cipher;
mod codes;
pub mod graphql;
mod limits;
mod password;
mod permission;
mod sessions;
pub(crate) mod store;
mod token;
pub(crate) mod viewer;
mod viewers;

use std::{net::IpAddr, time::Duration};

pub use self::{
    accounts::{change_password, login, register, reset_password},
    cipher::Cipher,
    codes::{InviteDelivery, IssuedCode, invite, send_invite, send_reset_code},
    limits::{Limiter, Limits, Trial, neighbourhood},
    password::Hasher,
    permission::{Permission, Permissions},
    sessions::{SignedIn, logout, mint, refresh_session, revoke_session, sessions},
    store::Session,
    token::{Claims, Keys, MIN_SECRET, secret_beside},
    viewer::{Viewer, acting, authenticate},
    viewers::{LEASE, Viewers},
};

/// How long tokens and codes are good for.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Of an access token.
    pub access: Duration,
    /// Of a refresh token.
    pub refresh: Duration,
    /// Of an invite code.
    pub invite: Duration,
    /// Of a reset code.
    pub reset: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const HOUR: u64 = 3_600;
        Self {
            access: Duration::from_secs(HOUR / 4),
            refresh: Duration::from_secs(30 * 24 * HOUR),
            invite: Duration::from_secs(72 * HOUR),
            reset: Duration::from_secs(24 * HOUR),
        }
    }
}

/// Where a request comes from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The client's address; none when it did not come over a socket.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}
