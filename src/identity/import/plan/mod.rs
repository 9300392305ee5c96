//! Plans an import: compares the rows of a file with a guild's roster.

mod actor;
mod builder;
mod cells;
mod changes;
mod character;
mod drafts;
mod renames;
mod row;
mod types;

use std::collections::{HashMap, HashSet};

pub use self::{
    actor::Actor,
    changes::{ImportChange, ImportChangeKind, ImportFieldChange, MAX_CHANGES},
    types::{ImportPlan, MemberDiff, Roster},
};
use self::{
    builder::PlanBuilder,
    cells::RankNames,
    renames::{KnownMembers, Renames},
    row::Row,
};
use super::{
    location::RowLocation,
    problem::{Problem, RowError, RowErrors},
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

/// The most attempts to find renames that depend on each other and on rows that are left out.
const MAX_ATTEMPTS: usize = 20;

/// Plans the import of a file. A row with a problem is left out as a whole and does not affect the other rows.
///
/// If the file would leave the guild without a leader, every row that demotes a leader is left out.
pub fn plan(existing: &Roster, actor: &Actor, file: &ParsedFile, now: Timestamp) -> ImportPlan {
    let ranks = RankNames::new(&existing.ranks);
    let rows: Vec<Row<'_>> = file.records.iter().map(|record| Row::parse(record, &ranks)).collect();
    let unreadable = unreadable_rows(file, &ranks);
    let plan = |keeps_leaders| {
        let builder = || PlanBuilder::new(existing, actor, now, keeps_leaders);
        plan_rows(existing, &rows, &unreadable, builder)
    };
    let plan_of_all = plan(false);
    if has_leader_after(existing, &plan_of_all) { plan_of_all } else { plan(true) }
}

/// Plans all rows. If all rows that rename a member are left out, the member keeps the old name, on which other rows
/// may depend. So the rows are then planned again without those.
fn plan_rows<'a>(
    existing: &'a Roster,
    rows: &[Row<'a>],
    unreadable: &ImportPlan,
    builder: impl Fn() -> PlanBuilder<'a>,
) -> ImportPlan {
    let known = KnownMembers::new(&existing.members);
    let mut left_out: HashMap<usize, RowErrors> = HashMap::new();
    let mut attempts = 0;
    loop {
        attempts += 1;
        let possible = rows.iter().enumerate().filter(|(row, _)| !left_out.contains_key(row));
        let members = possible.filter_map(|(number, row)| Some((number, row.valid_member()?)));
        let (renames, refused) = Renames::find(&known, members);
        for (row, error) in refused {
            left_out.entry(row).or_default().add(error);
        }
        // Without renames, the rows that need them are left out.
        let renames = if attempts < MAX_ATTEMPTS { renames } else { Renames::default() };
        let mut builder = builder().with_renames(&renames);
        let (mut unchanged, mut failed) = (0, Vec::new());
        for (number, row) in rows.iter().enumerate().filter(|(number, _)| !left_out.contains_key(number)) {
            match builder.add_row(row) {
                Ok(is_change) => unchanged += usize::from(!is_change),
                Err(errors) => failed.push((number, errors)),
            }
        }
        left_out.extend(failed);
        if renames.members().all(|member| builder.is_renamed(member)) {
            let mut plan = ImportPlan { unchanged, ..report(rows, unreadable, &left_out) };
            builder.finish(&mut plan);
            return plan;
        }
    }
}

/// A plan without changes, with all problems of the rows of which some cells cannot be read.
fn unreadable_rows(file: &ParsedFile, ranks: &RankNames<'_>) -> ImportPlan {
    let mut problems = file.problems.clone();
    let mut known: HashSet<_> = problems.iter().map(|problem| (problem.location, problem.field)).collect();
    for record in &file.partial {
        for error in Row::parse(record, ranks).errors.into_vec() {
            let problem = locate(error, record.location);
            if known.insert((problem.location, problem.field)) {
                problems.push(problem);
            }
        }
    }
    ImportPlan {
        problems,
        unknown_columns: file.unknown_columns.clone(),
        rows: file.rows(),
        left_out: file.unreadable,
        ..ImportPlan::default()
    }
}

/// A plan without changes, with the problems of the rows that are left out.
fn report(rows: &[Row<'_>], unreadable: &ImportPlan, left_out: &HashMap<usize, RowErrors>) -> ImportPlan {
    let mut problems = unreadable.problems.clone();
    // A member in a JSON file is part of several rows.
    let mut known: HashSet<_> = problems.iter().map(|problem| (problem.location, problem.field)).collect();
    for (number, row) in rows.iter().enumerate() {
        for error in left_out.get(&number).cloned().unwrap_or_default().into_vec() {
            let problem = locate(error, row.location);
            if known.insert((problem.location, problem.field)) {
                problems.push(problem);
            }
        }
    }
    problems.sort_by_key(|problem| problem.location.order());
    ImportPlan {
        problems,
        unknown_columns: unreadable.unknown_columns.clone(),
        rows: unreadable.rows,
        left_out: unreadable.left_out + left_out.len(),
        ..ImportPlan::default()
    }
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
