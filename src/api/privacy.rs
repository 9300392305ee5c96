//! Personal data in the schema: its export and its erasure.

use async_graphql::{Context, ID, Object, SimpleObject};
use guildhall_macros::guarded;

use super::identity::MemberPayload;
use crate::{
    api::context::RequestContext,
    identity::MANAGE_MEMBERS,
    kernel::{error::Result, id::MemberId},
    privacy,
};

/// How much of a response's budget an export takes, so that one request exports only a few times.
const EXPORT_CHARGE: usize = 400_000;

/// Everything that the server keeps about a member.
#[derive(SimpleObject)]
struct PersonalData {
    /// Suggested name of the file.
    file_name: String,
    /// The data, as JSON.
    data: String,
}

/// Queries of personal data.
#[derive(Default)]
pub struct PrivacyQuery;

#[guarded]
#[Object]
impl PrivacyQuery {
    /// Everything that the server keeps about the viewer, without secrets. `docs/privacy.md` describes it.
    #[authenticated]
    async fn export_my_data(&self, ctx: &Context<'_>) -> Result<PersonalData> {
        let context = RequestContext::of(ctx);
        context.charge_response_budget(EXPORT_CHARGE)?;
        let exported = privacy::export_viewer(&context.app.access, &*context.signed_in()?).await?;
        Ok(PersonalData { file_name: exported.file_name, data: exported.data })
    }
}

/// Mutations of personal data.
#[derive(Default)]
pub struct PrivacyMutation;

#[guarded(mutations)]
#[Object]
impl PrivacyMutation {
    /// Erases a member below the viewer's rank, never the viewer: deactivates the member, and replaces their names, ids
    /// and account with placeholders, also in the audit log. Ballots, results and receipts stay valid. This cannot be
    /// undone. Erasing a member again changes nothing.
    ///
    /// Error reasons: `RANK_TOO_LOW`, `LAST_LEADER`.
    #[requires_permission(MANAGE_MEMBERS)]
    async fn erase_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Id of the member to erase.")] id: ID,
    ) -> Result<MemberPayload> {
        let context = RequestContext::of(ctx);
        let member =
            privacy::erase_member(&context.app.access, &*context.signed_in()?, MemberId::from_input(&id)).await?;
        Ok(MemberPayload { member })
    }
}
