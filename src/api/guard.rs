//! Guards: what a field demands of the viewer.
//!
//! A field declares it once, under [`guildhall_macros::guarded`]; from that declaration come both the check here and the
//! directive in the schema.
#![expect(missing_docs, reason = "the directives' macro makes items without docs")]

use async_graphql::{Context, Guard, TypeDirective};

use super::context::RequestContext;
use crate::{
    access::Permission,
    kernel::error::{Error, Refusal},
};

/// The viewer must be signed in.
#[TypeDirective(location = "FieldDefinition")]
pub fn authenticated() {}

/// The viewer's rank must grant this permission.
#[TypeDirective(location = "FieldDefinition", name = "requiresPermission")]
pub fn requires_permission(permission: Permission) {}

/// Refuses a field to those who may not have it.
pub enum RankGuard {
    /// Being signed in is enough.
    SignedIn,
    /// The viewer's rank must grant this.
    Permission(Permission),
}

impl Guard for RankGuard {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        let viewer = RequestContext::of(ctx).viewer().ok_or_else(Refusal::sign_in).map_err(Error::from)?;
        match self {
            Self::SignedIn => Ok(()),
            Self::Permission(permission) => Ok(viewer.require(*permission).map_err(Error::from)?),
        }
    }
}
