//! Plans an import: compares the rows of a file with a guild's roster.

mod actor;
mod builder;
mod cells;
mod character;
mod types;

use self::builder::PlanBuilder;
pub use self::{
    actor::Actor,
    types::{ImportPlan, MemberDiff, Roster},
};
use super::{
    location::RowLocation,
    problem::{Problem, RowError},
    read::ParsedFile,
    record::Column,
};
use crate::{
    identity::{
        policy,
        rows::{LeaderCounts, Member, Rank},
    },
    kernel::clock::Timestamp,
};

/// Plans the import of a file. A row with a problem is left out as a whole and does not affect the other rows.
///
/// If the file would leave the guild without a leader, every row that demotes a leader is left out.
pub fn plan(existing: &Roster, actor: &Actor, file: &ParsedFile, now: Timestamp) -> ImportPlan {
    let plan = add_rows(PlanBuilder::new(existing, actor, now), file);
    if has_leader_after(existing, &plan) {
        return plan;
    }
    add_rows(PlanBuilder::new(existing, actor, now).keeping_leaders(), file)
}

fn add_rows(mut builder: PlanBuilder<'_>, file: &ParsedFile) -> ImportPlan {
    let mut plan = ImportPlan {
        problems: file.problems.clone(),
        unknown_columns: file.unknown_columns.clone(),
        rows: file.records.len() + file.problems.len(),
        left_out: file.problems.len(),
        ..ImportPlan::default()
    };
    for record in &file.records {
        match builder.add_row(record) {
            Ok(true) => {}
            Ok(false) => plan.unchanged += 1,
            Err(error) => {
                plan.left_out += 1;
                let problem = locate(error, record.location);
                if plan.problems.last() != Some(&problem) {
                    plan.problems.push(problem);
                }
            }
        }
    }
    plan.problems.sort_by_key(|problem| problem.location.order());
    builder.finish(&mut plan);
    plan
}

/// Adds the location to an error. An error in a member's column gets the member's location, not the character's.
fn locate(error: RowError, location: RowLocation) -> Problem {
    let is_of_member = Column::OF_MEMBER.iter().any(|column| Some(column.field()) == error.field);
    error.at(if is_of_member { location.of_member() } else { location })
}

fn has_leader_after(existing: &Roster, plan: &ImportPlan) -> bool {
    let Some(highest) = existing.ranks.first() else {
        return true;
    };
    let mut leaders = LeaderCounts { active: 0, registered: 0 };
    add_leaders(&mut leaders, highest, existing.members.iter(), 1);
    let before = leaders;
    add_leaders(&mut leaders, highest, plan.new_members.iter(), 1);
    add_leaders(&mut leaders, highest, plan.changed_members.iter().map(|diff| &diff.before), -1);
    add_leaders(&mut leaders, highest, plan.changed_members.iter().map(|diff| &diff.after), 1);
    policy::check_leader_remains(before, leaders).is_ok()
}

/// Adds the leaders among `members` to the counts, or subtracts them with a `weight` of −1.
fn add_leaders<'a>(counts: &mut LeaderCounts, highest: &Rank, members: impl Iterator<Item = &'a Member>, weight: i64) {
    for member in members.filter(|member| member.is_active && member.rank_level == highest.level) {
        counts.active += weight;
        counts.registered += if member.is_registered() { weight } else { 0 };
    }
}
