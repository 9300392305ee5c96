//! The actor of an import, and the changes they are allowed to make.

use crate::{
    access::Viewer,
    identity::{
        import::{problem::RowError, record::Column},
        policy::Ladder,
        rows::Member,
    },
};

/// The actor of an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// An operator of the server, who can change everything.
    Operator,
    /// A member, who can change what their rank allows.
    Officer(Viewer),
}

impl Actor {
    /// Checks that the actor can change a member, or the member's characters. Members can always change their own
    /// characters and display name.
    pub(super) fn check(&self, ladder: &Ladder, before: Option<&Member>, after: &Member) -> Result<(), RowError> {
        let Self::Officer(viewer) = self else {
            return Ok(());
        };
        if before.is_some_and(|before| before.id == viewer.member && after.differs_in_name_only(before)) {
            return Ok(());
        }
        if let Some(before) = before {
            ladder.check_reach(viewer, before.rank_level)?;
        }
        let old_rank = before.map(|before| before.rank_id);
        if old_rank == Some(after.rank_id) {
            return Ok(());
        }
        let rank_error = |refusal| RowError { field: Some(Column::Rank.field()), ..RowError::from(refusal) };
        ladder.check_reach(viewer, after.rank_level).map_err(rank_error)?;
        ladder.check_grant(viewer, old_rank, after.rank_id).map_err(rank_error)
    }
}
