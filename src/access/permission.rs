//! What a rank allows.

use std::{collections::BTreeSet, fmt, str::FromStr};

use strum::VariantArray;

use crate::db::{stored_as_text, text_enum};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct Permissions(BTreeSet<Permission>);

stored_as_text!(Permissions);

impl Permissions {
    /// Every permission there is.
    pub fn all() -> Self {
        Permission::VARIANTS.iter().copied().collect()
    }

    /// Whether this permission is among them.
    pub fn allow(&self, permission: Permission) -> bool {
        self.0.contains(&permission)
    }

    /// In the schema's order.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        self.0.iter().copied()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().collect())
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.iter().map(|permission| permission.to_string()).collect();
        f.write_str(&names.join(" "))
    }
}

impl FromStr for Permissions {
    type Err = strum::ParseError;

    fn from_str(names: &str) -> Result<Self, Self::Err> {
        names.split_whitespace().map(Permission::from_str).collect()
    }
}
