//! Reports of role syncs, as officers see them and as the last one is stored.

use serde::{Deserialize, Deserializer, Serialize};

use super::changes::{SyncChange, SyncPlan};
use crate::{
    identity::Member,
    kernel::{
        clock::Timestamp,
        error::{Error, Result},
        id::MemberId,
        text,
    },
};

/// Maximum number of changes, of conflicts and of kept ranks in a report.
const MAX_LISTED: usize = 1_000;

/// The result of a sync. The last one of a guild is stored as its JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SyncReport {
    /// The time of the sync.
    pub at: Timestamp,
    /// Whether this was a dry run, which changes nothing and is not stored.
    #[serde(skip)]
    pub dry_run: bool,
    /// The numbers of changes.
    pub counts: SyncCounts,
    /// The first changes.
    #[serde(deserialize_with = "known_changes")]
    pub changes: Vec<SyncChange>,
    /// The first conflicts.
    #[serde(deserialize_with = "known_changes")]
    pub conflicts: Vec<SyncChange>,
    /// The first members whose rank was kept.
    #[serde(deserialize_with = "known_changes")]
    pub kept: Vec<SyncChange>,
}

/// The counts of a report, as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncCounts {
    /// Members added.
    pub added: usize,
    /// Members promoted.
    pub promoted: usize,
    /// Members demoted.
    pub demoted: usize,
    /// Members whose username was changed.
    pub renamed: usize,
    /// Members whose Discord id was added.
    pub linked: usize,
    /// Members whose rank was kept.
    pub untouched: usize,
    /// Members who kept their rank without a mapped role, or after leaving the server.
    pub kept: usize,
    /// Users who were not changed or added because of a conflict.
    pub conflicts: usize,
    /// A digest of the conflicts and the kept ranks, by which the next sync knows whether they are new.
    pub digest: String,
}

impl From<&SyncPlan> for SyncCounts {
    fn from(plan: &SyncPlan) -> Self {
        Self {
            added: plan.added.len(),
            promoted: plan.promoted,
            demoted: plan.demoted,
            renamed: plan.renamed,
            linked: plan.linked,
            untouched: plan.untouched,
            kept: plan.kept.len(),
            conflicts: plan.conflicts.len(),
            digest: plan.digest(),
        }
    }
}

impl SyncReport {
    /// The report of a sync with these changes.
    pub fn new(plan: &SyncPlan, at: Timestamp, dry_run: bool) -> Self {
        let first = |changes: &[SyncChange]| changes.iter().take(MAX_LISTED).cloned().collect();
        Self {
            at,
            dry_run,
            counts: plan.into(),
            changes: first(&plan.changes),
            conflicts: first(&plan.conflicts),
            kept: first(&plan.kept),
        }
    }

    /// The report as it is stored.
    ///
    /// # Errors
    /// `INTERNAL` if it cannot be written.
    pub fn encode(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    /// Reads a stored report; `None` if this release cannot read it.
    pub fn decode(report: &str) -> Option<Self> {
        serde_json::from_str(report).ok()
    }

    /// The members whom the report names.
    pub fn members(&self) -> Vec<MemberId> {
        self.all().filter_map(|change| change.member).collect()
    }

    /// What the report says about a member.
    pub fn about(&self, member: &Member) -> Vec<&SyncChange> {
        self.all().filter(|change| is_about(change, member)).collect()
    }

    /// Removes what the report says about a member.
    pub fn forget(&mut self, member: &Member) {
        for changes in [&mut self.changes, &mut self.conflicts, &mut self.kept] {
            changes.retain(|change| !is_about(change, member));
        }
    }

    /// Removes what the report says about the members with these ids.
    pub fn forget_ids(&mut self, members: &[MemberId]) {
        for changes in [&mut self.changes, &mut self.conflicts, &mut self.kept] {
            changes.retain(|change| change.member.is_none_or(|member| !members.contains(&member)));
        }
    }

    fn all(&self) -> impl Iterator<Item = &SyncChange> {
        self.changes.iter().chain(&self.conflicts).chain(&self.kept)
    }
}

/// Whether a change names a member: by their id, or by a name or an id that they have on Discord.
fn is_about(change: &SyncChange, member: &Member) -> bool {
    let is_name = |name: &str| text::username_key(name) == member.username_key;
    change.member == Some(member.id)
        || member.discord_id.as_deref() == Some(change.discord_id.as_str())
        || is_name(&change.discord_username)
        || change.previous_username.as_deref().is_some_and(is_name)
}

/// Reads changes without those of a kind that only a newer release knows.
fn known_changes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SyncChange>, D::Error> {
    let stored: Vec<serde_json::Value> = Deserialize::deserialize(deserializer)?;
    Ok(stored.into_iter().filter_map(|change| serde_json::from_value(change).ok()).collect())
}
