//! Deletes members who were added by mistake: nothing else may refer to them.

use diesel::result::{DatabaseErrorKind, Error::DatabaseError};

use super::{
    actions::MemberAction,
    deletion_store,
    members::revoke_access,
    policy::{self, MANAGE_MEMBERS},
    store,
};
use crate::{
    access::{Access, Viewer},
    audit::{self, Action},
    kernel::{
        error::{Error, Refusal, Result},
        id::MemberId,
    },
    outbox,
};

/// Deletes a member below the viewer who never registered, with their characters and codes.
///
/// # Errors
/// `NOT_FOUND`; `FORBIDDEN` (`RANK_TOO_LOW`), also for the viewer; `CONFLICT` (`ALREADY_REGISTERED`, `MEMBER_ERASED`,
/// `MEMBER_IN_USE`, `LAST_LEADER`).
pub async fn delete_member(access: &Access, viewer: &Viewer, id: MemberId) -> Result<()> {
    let (actor, guild, now) = (viewer.clone(), viewer.guild, access.clock.now());
    access
        .change(
            guild,
            move |()| Some(id),
            async move |conn| {
                let (actor, ladder) = policy::lock_roster(conn, &actor, MANAGE_MEMBERS).await?;
                let member = store::lock_member(conn, guild, id).await?;
                let member = member.ok_or_else(|| Refusal::not_found("member").at("id"))?;
                MemberAction::Delete.check(&actor, &ladder, &member)?;
                if !deletion_store::members_in_use(conn, guild, &[id]).await?.is_empty() {
                    return Err(in_use(&member.display_name).into());
                }
                let leaders = store::count_leaders(conn, guild, ladder.highest_level()).await?;
                if ladder.highest().is_some_and(|highest| highest.id == member.rank_id) {
                    policy::check_leader_remains(leaders, leaders.without(&member))?;
                }
                revoke_access(conn, &member, now).await?;
                outbox::store::delete_all_messages_to(conn, guild, id).await?;
                deletion_store::delete_member(conn, guild, id).await.map_err(|error| match error {
                    // A transaction that has just committed refers to the member, or a table of a newer release does.
                    DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _) => in_use(&member.display_name).into(),
                    error => Error::from(error),
                })?;
                let summary = format!("Deleted {}", member.display_name);
                audit::record(conn, guild, Some(&actor), now, audit::event(Action::MemberDelete, id, summary)).await
            },
        )
        .await?;
    access.await_revocation().await;
    Ok(())
}

fn in_use(name: &str) -> Refusal {
    let message = format!(
        "{name} has taken part in votes or made changes, or an entry of a vote is about them. Deactivate the member \
         instead."
    );
    Refusal::conflict("MEMBER_IN_USE", message)
}
