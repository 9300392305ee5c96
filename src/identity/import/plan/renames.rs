//! The new usernames that a file gives to members whose Discord ids are known.
//!
//! A Discord id names the same person for ever, and a username does not: a member may take the name that another has
//! given up, and two may exchange theirs. So all renames of a file are found before any of its rows is planned.

use std::collections::HashMap;

use super::cells::MemberCells;
use crate::{
    identity::{
        import::{problem::RowError, record::Column},
        rows::Member,
    },
    kernel::id::MemberId,
};

/// The members before the import, by their ids and names.
pub(super) struct KnownMembers<'a> {
    by_id: HashMap<MemberId, &'a Member>,
    by_discord_id: HashMap<&'a str, &'a Member>,
    by_username: HashMap<&'a str, &'a Member>,
}

impl<'a> KnownMembers<'a> {
    pub(super) fn new(members: &'a [Member]) -> Self {
        let with_id = members.iter().filter_map(|member| Some((member.discord_id.as_deref()?, member)));
        Self {
            by_id: members.iter().map(|member| (member.id, member)).collect(),
            by_discord_id: with_id.collect(),
            by_username: members.iter().map(|member| (member.username_key.as_str(), member)).collect(),
        }
    }

    /// Returns the member with the row's Discord id.
    fn identified_by(&self, cells: &MemberCells<'_>) -> Option<&'a Member> {
        self.by_discord_id.get(cells.discord_id.as_deref()?).copied()
    }
}

/// The members that rows rename, each with the key of the new username.
#[derive(Default)]
pub(super) struct Renames(HashMap<MemberId, String>);

impl Renames {
    /// Finds the renames in rows, each given with its number. Returns the rows whose username is not possible too.
    pub(super) fn find<'r>(
        known: &KnownMembers<'_>,
        rows: impl Iterator<Item = (usize, &'r MemberCells<'r>)> + Clone,
    ) -> (Self, Vec<(usize, RowError)>) {
        let mut refused = Vec::new();
        // The first row with a Discord id decides on the username.
        let mut stated: HashMap<MemberId, &str> = HashMap::new();
        let identified = rows.filter_map(|(row, cells)| Some((row, cells, known.identified_by(cells)?)));
        for (row, cells, member) in identified.clone() {
            if *stated.entry(member.id).or_insert(&cells.username_key) != cells.username_key {
                let message = "Another row with this Discord id has another Discord username.";
                refused.push((row, RowError::in_column(Column::DiscordUsername, message)));
            }
        }
        let mut renames: HashMap<MemberId, String> = HashMap::new();
        let mut claims: HashMap<&str, MemberId> = HashMap::new();
        let mut impossible = Vec::new();
        for (_, cells, member) in identified.clone() {
            let key = cells.username_key.as_str();
            if key == member.username_key || stated.get(&member.id) != Some(&key) {
                continue;
            }
            if *claims.entry(key).or_insert(member.id) != member.id {
                impossible.push(member.id);
            }
            renames.insert(member.id, key.to_owned());
        }
        let keeps_name = |key: &str| known.by_username.get(key).filter(|holder| !renames.contains_key(&holder.id));
        impossible.extend(claims.iter().filter(|(key, _)| keeps_name(key).is_some()).map(|(_, member)| *member));
        while let Some(member) = impossible.pop() {
            if renames.remove(&member).is_some() {
                // The member keeps a name that another may have claimed.
                let kept = known.by_id.get(&member).and_then(|member| claims.get(member.username_key.as_str()));
                impossible.extend(kept);
            }
        }
        for (row, cells, member) in identified {
            let key = cells.username_key.as_str();
            let is_refused = key != member.username_key && !renames.contains_key(&member.id);
            if is_refused && stated.get(&member.id) == Some(&key) {
                refused.push((row, taken(known, cells, member)));
            }
        }
        (Self(renames), refused)
    }

    /// The members.
    pub(super) fn members(&self) -> impl Iterator<Item = MemberId> {
        self.0.keys().copied()
    }

    /// The key of a member's username when all rows are imported.
    pub(super) fn username_key(&self, member: &Member) -> String {
        self.0.get(&member.id).unwrap_or(&member.username_key).clone()
    }
}

/// The error of a row that gives a member the username of another.
fn taken(known: &KnownMembers<'_>, cells: &MemberCells<'_>, member: &Member) -> RowError {
    let name = &member.discord_username;
    let holder = known.by_username.get(cells.username_key.as_str());
    let is_inactive = if holder.is_some_and(|holder| !holder.is_active) { ", who is deactivated" } else { "" };
    let message = format!(
        "This is the Discord id of {name}, and the Discord username of another member{is_inactive}. If both have new \
         usernames, list both with their ids."
    );
    RowError::in_column(Column::DiscordId, message)
}
