//! Accounts: passwords, sessions, tokens, one-time codes and login throttling.

mod accounts;
mod address;
mod attempts;
mod cipher;
mod codes;
mod delivery;
mod invites;
mod issuing;
mod known_addresses;
mod limiter;
mod password;
mod service;
mod sessions;
pub(crate) mod store;
mod token;

pub use self::{
    accounts::{change_password, login, register, reset_password},
    address::AddressHasher,
    attempts::AttemptKind,
    cipher::Cipher,
    codes::is_code_valid,
    delivery::{CodeDelivery, CodeMessage, InviteDelivery, NoDelivery, PendingDeliveries},
    invites::{OpenInvite, open_invites, revoke_invite},
    issuing::{IssuedCode, invite, reset_code, send_invite, send_invites, send_reset_code},
    known_addresses::KNOWN_FOR,
    limiter::{LoginLimiter, LoginLimits},
    password::Hasher,
    service::{Accounts, Lifetimes},
    sessions::{SignedIn, logout, logout_everywhere, mint, refresh_session, revoke_session, sessions},
    store::{Purpose, Session},
    token::{Claims, Keys, MIN_SECRET, load_or_create_secret, load_secret},
};
