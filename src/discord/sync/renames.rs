//! Which members of a guild get new usernames at once, without I/O.

use std::collections::HashMap;

use crate::kernel::id::MemberId;

/// A new username of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The member.
    pub member: MemberId,
    /// The username.
    pub name: String,
    /// The username as it must be unique in the guild.
    pub key: String,
}

/// Divides wanted renames into those that leave every username unique, and the others. Members may exchange their
/// usernames. `owners` are all members with their present usernames, normalized.
pub fn settle<'m>(
    owners: impl Iterator<Item = (MemberId, &'m str)>,
    wanted: Vec<Rename>,
) -> (Vec<Rename>, Vec<Rename>) {
    let mut by_key: HashMap<String, Rename> = HashMap::new();
    let mut refused = Vec::new();
    for rename in wanted {
        // Two users whose normalized usernames are equal can't both get it.
        if by_key.contains_key(&rename.key) {
            refused.push(rename);
        } else {
            by_key.insert(rename.key.clone(), rename);
        }
    }
    let owners: HashMap<MemberId, &str> = owners.collect();
    let renamed: HashMap<MemberId, String> =
        by_key.values().map(|rename| (rename.member, rename.key.clone())).collect();
    // The usernames that members keep are taken, and each refused rename keeps another one.
    let mut kept: Vec<&str> = owners.iter().filter(|(id, _)| !renamed.contains_key(id)).map(|(_, key)| *key).collect();
    while let Some(key) = kept.pop() {
        if let Some(rename) = by_key.remove(key) {
            kept.extend(owners.get(&rename.member));
            refused.push(rename);
        }
    }
    (by_key.into_values().collect(), refused)
}
