//! Who imports, and how far they reach.

use crate::{
    access::Viewer,
    identity::{
        import::{problem::Fault, record::Column},
        policy::Ladder,
        rows::Member,
    },
};

/// Who imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Whoever runs the server, and may do anything.
    Operator,
    /// A member, whose rank says how far they reach.
    Officer(Viewer),
}

impl Actor {
    /// Whether they may change a member, or a member's characters, as a row says. One's own characters and display name
    /// are always one's own to change.
    pub(super) fn check(&self, ladder: &Ladder, before: Option<&Member>, after: &Member) -> Result<(), Fault> {
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
        let of_rank = |refusal| Fault { field: Some(Column::Rank.field()), ..Fault::from(refusal) };
        ladder.check_reach(viewer, after.rank_level).map_err(of_rank)?;
        ladder.check_grant(viewer, old_rank, after.rank_id).map_err(of_rank)
    }
}
