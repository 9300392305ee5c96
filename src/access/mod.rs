//! Authorisation: permissions, viewers, and the revocation of rights on all servers.

mod changes;
mod permission;
pub mod store;
pub mod viewer;
mod viewer_cache;

pub use self::{
    changes::{Access, TokenClaim},
    permission::{Permission, Permissions},
    viewer::Viewer,
    viewer_cache::{LEASE, Lookup, ViewerCache},
};
