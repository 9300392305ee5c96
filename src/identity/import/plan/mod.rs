//! What a file would change in a guild.

mod actor;
mod cells;
mod character;
mod draft;
mod types;

use self::draft::Draft;
pub use self::{
    actor::Actor,
    types::{MemberDiff, Plan, Roster},
};
use super::{
    place::Place,
    problem::{Fault, Problem},
    read::Reading,
    record::Column,
};
use crate::{
    identity::{
        policy,
        rows::{Leaders, Member, Rank},
    },
    kernel::clock::Timestamp,
};

/// Weighs what was read against the guild as it stands. A row with a problem is left out whole, and the others are taken
/// as if it were not there.
pub fn plan(existing: &Roster, actor: &Actor, reading: &Reading, now: Timestamp) -> Plan {
    let draft = Draft::new(existing, actor, now);
    let plan = follow(draft, reading);
    if still_led(existing, &plan) {
        return plan;
    }
    follow(Draft::new(existing, actor, now).keeping_leaders(), reading)
}

fn follow(mut draft: Draft<'_>, reading: &Reading) -> Plan {
    let mut plan = Plan {
        problems: reading.problems.clone(),
        unknown_columns: reading.unknown_columns.clone(),
        rows: reading.records.len() + reading.problems.len(),
        left_out: reading.problems.len(),
        ..Plan::default()
    };
    for record in &reading.records {
        match draft.take(record) {
            Ok(true) => {}
            Ok(false) => plan.unchanged += 1,
            Err(fault) => {
                plan.left_out += 1;
                let problem = at_fault(fault, record.place);
                if plan.problems.last() != Some(&problem) {
                    plan.problems.push(problem);
                }
            }
        }
    }
    plan.problems.sort_by_key(|problem| problem.place.order());
    draft.finish(&mut plan);
    plan
}

/// A member's fault is told where the member stands, not at each of their characters.
fn at_fault(fault: Fault, place: Place) -> Problem {
    let of_member = Column::OF_MEMBER.iter().any(|column| Some(column.field()) == fault.field);
    fault.at(if of_member { place.of_member() } else { place })
}

fn still_led(existing: &Roster, plan: &Plan) -> bool {
    let Some(highest) = existing.ranks.first() else {
        return true;
    };
    let mut leaders = Leaders { active: 0, registered: 0 };
    count(&mut leaders, highest, existing.members.iter(), 1);
    let before = leaders;
    count(&mut leaders, highest, plan.new_members.iter(), 1);
    count(&mut leaders, highest, plan.changed_members.iter().map(|diff| &diff.before), -1);
    count(&mut leaders, highest, plan.changed_members.iter().map(|diff| &diff.after), 1);
    policy::check_still_led(before, leaders).is_ok()
}

fn count<'a>(leaders: &mut Leaders, highest: &Rank, members: impl Iterator<Item = &'a Member>, each: i64) {
    for member in members.filter(|member| member.is_active && member.rank_level == highest.level) {
        leaders.active += each;
        leaders.registered += if member.is_registered() { each } else { 0 };
    }
}
