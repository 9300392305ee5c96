//! The permissions of a rank.

use std::{collections::BTreeSet, fmt, str::FromStr};

use strum::VariantArray;

use crate::{
    db::{stored_as_text, text_enum},
    kernel::unknown_values::warn_once,
};

text_enum! {
    /// A permission that a rank can grant to its members.
    pub enum Permission {
        /// Create, change and delete ranks below the member's own.
        RanksManage,
        /// Create, change and deactivate members below the member's own rank, issue reset codes to them, and change
        /// their characters.
        MembersManage,
        /// Issue invite codes to members below the member's own rank.
        MembersInvite,
        /// See drafts, and create, change, start, close and archive campaigns.
        CampaignsManage,
        /// Link the guild to Discord, and sync ranks with Discord roles.
        DiscordManage,
        /// Read the audit log.
        AuditView,
        /// Change the guild's name and region.
        GuildManage,
    }
}

/// A rank's permissions.
///
/// The highest rank grants every permission, even those of later releases, so its permissions are computed and never
/// stored. Unknown names belong to a newer release that shares the database. They grant nothing in this release, and an
/// edit of the rank keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Permissions {
    /// Whether these are the highest rank's permissions.
    highest: bool,
    known: BTreeSet<Permission>,
    unknown: BTreeSet<String>,
}

stored_as_text!(Permissions);

impl Permissions {
    /// Returns the permissions of the highest rank.
    pub fn all() -> Self {
        Self { highest: true, ..Self::default() }
    }

    /// Returns a rank's permissions: every permission for the highest rank, otherwise the stored ones.
    #[must_use]
    pub fn of_rank(stored: Self, is_highest: bool) -> Self {
        Self { highest: is_highest, ..stored }
    }

    /// Lists every known permission explicitly. Use it to store permissions apart from the rank that grants them.
    #[must_use]
    pub fn to_explicit(&self) -> Self {
        Self { highest: false, known: self.iter().collect(), unknown: self.unknown.clone() }
    }

    /// Returns the permissions after an edit.
    ///
    /// Unknown permissions are kept, since the editor could not see them. The highest rank's permissions remain the
    /// highest rank's only if the edit keeps every permission.
    #[must_use]
    pub fn replaced_by(&self, permissions: impl IntoIterator<Item = Permission>) -> Self {
        let known: BTreeSet<Permission> = permissions.into_iter().collect();
        if self.highest && Permission::VARIANTS.iter().all(|it| known.contains(it)) {
            return self.clone();
        }
        Self { highest: false, known, unknown: self.unknown.clone() }
    }

    /// Whether this permission is granted.
    pub fn contains(&self, permission: Permission) -> bool {
        self.highest || self.known.contains(&permission)
    }

    /// Whether these are the highest rank's permissions.
    pub const fn is_all(&self) -> bool {
        self.highest
    }

    /// Whether there are no permissions, known or unknown.
    pub fn is_empty(&self) -> bool {
        !self.highest && self.known.is_empty() && self.unknown.is_empty()
    }

    /// Iterates over the known permissions, in the schema's order.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        Permission::VARIANTS.iter().copied().filter(|permission| self.contains(*permission))
    }

    /// Returns the names of the permissions that `others` lack.
    pub fn difference(&self, others: &Self) -> Vec<String> {
        if others.highest {
            return Vec::new();
        }
        let known =
            self.iter().filter(|permission| !others.contains(*permission)).map(|permission| permission.to_string());
        known.chain(self.unknown.difference(&others.unknown).cloned()).collect()
    }

    fn names(&self) -> Vec<String> {
        self.known.iter().map(ToString::to_string).chain(self.unknown.iter().cloned()).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self { known: permissions.into_iter().collect(), ..Self::default() }
    }
}

/// Formats permissions as they are stored: their names, separated by spaces.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

impl FromStr for Permissions {
    type Err = std::convert::Infallible;

    fn from_str(names: &str) -> Result<Self, Self::Err> {
        let mut permissions = Self::default();
        for name in names.split_whitespace() {
            if let Ok(permission) = name.parse() {
                permissions.known.insert(permission);
            } else {
                warn_once("permission", name);
                permissions.unknown.insert(name.to_owned());
            }
        }
        Ok(permissions)
    }
}
