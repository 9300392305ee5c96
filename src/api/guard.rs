//! Guards of fields: a field requires a signed-in viewer or a permission.
//!
//! A field declares its requirement once, under [`guildhall_macros::guarded`]. That adds both the guard below and the
//! directive in the schema.
#![expect(missing_docs, reason = "the macro `TypeDirective` generates items without docs")]

use async_graphql::{Context, Guard, TypeDirective};

use super::context::RequestContext;
use crate::{
    access::Permission,
    kernel::error::{Error, Refusal},
};

/// The viewer must be signed in. Otherwise the field fails with the code `UNAUTHENTICATED`.
#[TypeDirective(location = "FieldDefinition")]
pub fn authenticated() {}

/// The viewer's rank must grant this permission. Otherwise the field fails with the code `UNAUTHENTICATED`, or with
/// `FORBIDDEN` and the reason `PERMISSION_REQUIRED`.
#[TypeDirective(location = "FieldDefinition", name = "requiresPermission")]
pub fn requires_permission(#[graphql(desc = "The permission.")] permission: Permission) {}

/// Refuses a field to viewers who do not meet its requirement.
pub enum AccessGuard {
    /// The viewer must be signed in.
    SignedIn,
    /// The viewer's rank must grant this permission.
    Permission(Permission),
}

impl Guard for AccessGuard {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        let viewer = RequestContext::of(ctx).viewer().ok_or_else(Refusal::sign_in).map_err(Error::from)?;
        match self {
            Self::SignedIn => Ok(()),
            Self::Permission(permission) => Ok(viewer.require(*permission).map_err(Error::from)?),
        }
    }
}
