//! The entries of one campaign differ by name and by associated member, so that no option stands on a ballot twice.

use std::collections::HashMap;

use super::rows::Entry;
use crate::kernel::{error::Refusal, id::MemberId, text};

/// The names and the associated members of a campaign's entries, each with the name of its entry.
#[derive(Default)]
pub(super) struct DistinctEntries<'e> {
    names: HashMap<String, &'e str>,
    members: HashMap<MemberId, &'e str>,
}

impl<'e> DistinctEntries<'e> {
    /// Collects entries that are stored. Two that are equal, which an earlier release allowed, are no error.
    pub fn of(stored: impl IntoIterator<Item = &'e Entry>) -> Self {
        let mut entries = Self::default();
        stored.into_iter().for_each(|entry| entries.insert(entry));
        entries
    }

    fn insert(&mut self, entry: &'e Entry) {
        self.names.insert(text::key(&entry.name), &entry.name);
        if let Some(member) = entry.associated_member_id {
            self.members.insert(member, &entry.name);
        }
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// `CONFLICT` (`NAME_TAKEN`, `MEMBER_TAKEN`) if another entry has its name or its member.
    pub fn add(&mut self, entry: &'e Entry) -> Result<(), Refusal> {
        if let Some(other) = self.names.get(&text::key(&entry.name)) {
            let message = format!("The campaign already has an entry with this name: {other}.");
            return Err(Refusal::conflict("NAME_TAKEN", message).at("name"));
        }
        let member = entry.associated_member_id;
        if let Some(other) = member.and_then(|member| self.members.get(&member)) {
            let message = format!("The campaign already has an entry about this member: {other}.");
            return Err(Refusal::conflict("MEMBER_TAKEN", message).at("associatedMemberId"));
        }
        self.insert(entry);
        Ok(())
    }
}
