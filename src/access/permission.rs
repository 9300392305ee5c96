//! What a rank allows.

use std::{collections::BTreeSet, fmt, str::FromStr};

use strum::VariantArray;

use crate::{
    db::{stored_as_text, text_enum},
    kernel::unknown_values::warn_once,
};

text_enum! {
    /// Something a rank allows its holders to do.
    pub enum Permission {
        /// Create, edit and delete ranks below one's own.
        RanksManage,
        /// Create, edit and deactivate members below one's own rank, and their characters.
        MembersManage,
        /// Send invite codes to members below one's own rank.
        MembersInvite,
        /// Create, edit, start, close and archive campaigns; see drafts.
        CampaignsManage,
        /// Link Discord and bring ranks in step with it.
        DiscordManage,
        /// Read the audit log.
        AuditView,
        /// Edit the guild itself.
        GuildManage,
    }
}

/// A rank's permissions.
///
/// The highest rank grants every permission, also those of a later release, so its permissions are computed and never
/// stored. Names that this release doesn't know belong to a newer one that shares the database: they grant nothing here,
/// and an edit of the rank keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Permissions {
    /// Whether they are the highest rank's.
    highest: bool,
    known: BTreeSet<Permission>,
    unknown: BTreeSet<String>,
}

stored_as_text!(Permissions);

impl Permissions {
    /// The permissions of the highest rank.
    pub fn all() -> Self {
        Self { highest: true, ..Self::default() }
    }

    /// The permissions of a rank: of the highest one all, of another those that are stored.
    #[must_use]
    pub fn of_rank(stored: Self, is_highest: bool) -> Self {
        Self { highest: is_highest, ..stored }
    }

    /// These permissions in a list, to be stored apart from the rank that grants them.
    #[must_use]
    pub fn to_explicit(&self) -> Self {
        Self { highest: false, known: self.iter().collect(), unknown: self.unknown.clone() }
    }

    /// The permissions after an edit. Unknown ones stay, since the editor could not see them; the highest rank remains the
    /// highest only with every permission.
    #[must_use]
    pub fn replaced_by(&self, permissions: impl IntoIterator<Item = Permission>) -> Self {
        let chosen: BTreeSet<Permission> = permissions.into_iter().collect();
        if self.highest && Permission::VARIANTS.iter().all(|it| chosen.contains(it)) {
            return self.clone();
        }
        Self { highest: false, known: chosen, unknown: self.unknown.clone() }
    }

    /// Whether this permission is granted.
    pub fn contains(&self, permission: Permission) -> bool {
        self.highest || self.known.contains(&permission)
    }

    /// Whether these are the highest rank's.
    pub const fn is_all(&self) -> bool {
        self.highest
    }

    /// Whether nothing is granted, by this release or a newer one.
    pub fn is_empty(&self) -> bool {
        !self.highest && self.known.is_empty() && self.unknown.is_empty()
    }

    /// The known permissions, in the schema's order.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        Permission::VARIANTS.iter().copied().filter(|permission| self.contains(*permission))
    }

    /// The names of these permissions that `others` lack.
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

/// As they are stored: nothing computed.
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
