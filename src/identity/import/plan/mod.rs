//! What a file would change in a guild.

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
    problem::{Fault, Problem},
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

/// Weighs what was read against the guild as it stands. A row with a problem is left out whole, and the others are taken
/// as if it were not there.
pub fn plan(existing: &Roster, actor: &Actor, reading: &ParsedFile, now: Timestamp) -> ImportPlan {
    let builder = PlanBuilder::new(existing, actor, now);
    let plan = follow(builder, reading);
    if still_led(existing, &plan) {
        return plan;
    }
    follow(PlanBuilder::new(existing, actor, now).keeping_leaders(), reading)
}

fn follow(mut builder: PlanBuilder<'_>, reading: &ParsedFile) -> ImportPlan {
    let mut plan = ImportPlan {
        problems: reading.problems.clone(),
        unknown_columns: reading.unknown_columns.clone(),
        rows: reading.records.len() + reading.problems.len(),
        left_out: reading.problems.len(),
        ..ImportPlan::default()
    };
    for record in &reading.records {
        match builder.take(record) {
            Ok(true) => {}
            Ok(false) => plan.unchanged += 1,
            Err(fault) => {
                plan.left_out += 1;
                let problem = at_fault(fault, record.location);
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

/// A member's fault is told where the member stands, not at each of their characters.
fn at_fault(fault: Fault, location: RowLocation) -> Problem {
    let of_member = Column::OF_MEMBER.iter().any(|column| Some(column.field()) == fault.field);
    fault.at(if of_member { location.of_member() } else { location })
}

fn still_led(existing: &Roster, plan: &ImportPlan) -> bool {
    let Some(highest) = existing.ranks.first() else {
        return true;
    };
    let mut leaders = LeaderCounts { active: 0, registered: 0 };
    count(&mut leaders, highest, existing.members.iter(), 1);
    let before = leaders;
    count(&mut leaders, highest, plan.new_members.iter(), 1);
    count(&mut leaders, highest, plan.changed_members.iter().map(|diff| &diff.before), -1);
    count(&mut leaders, highest, plan.changed_members.iter().map(|diff| &diff.after), 1);
    policy::check_leader_remains(before, leaders).is_ok()
}

fn count<'a>(leaders: &mut LeaderCounts, highest: &Rank, members: impl Iterator<Item = &'a Member>, each: i64) {
    for member in members.filter(|member| member.is_active && member.rank_level == highest.level) {
        leaders.active += each;
        leaders.registered += if member.is_registered() { each } else { 0 };
    }
}
