//! Replaces a member's names in the summaries of the audit log.

use std::collections::BTreeSet;

/// The fields of a member whose changes name a former value.
const NAMED_FIELDS: [&str; 2] = ["display name from ", "Discord username from "];

/// How summaries name an entry of a campaign: the words before and after its name.
const NAMED_ENTRIES: [(&str, &str); 3] =
    [("Added the entry ", " to "), ("Changed the entry ", " of "), ("Took the entry ", " off ")];

/// The names that a member has had, as far as the audit log tells.
#[derive(Debug, Default)]
pub struct FormerNames(BTreeSet<String>);

impl FormerNames {
    /// The present names.
    pub fn new(present: impl IntoIterator<Item = String>) -> Self {
        Self(present.into_iter().collect())
    }

    /// Adds the names in the summary of an event about the member. A name may contain the words between two names, so
    /// each possible name is added.
    pub fn learn(&mut self, summary: &str) {
        let subject = summary.split_once(' ').map_or("", |(_, subject)| subject);
        for separator in [": ", " as "] {
            self.0
                .extend(subject.match_indices(separator).filter_map(|(end, _)| subject.get(..end)).map(str::to_owned));
        }
        for field in NAMED_FIELDS {
            for (at, _) in summary.match_indices(field) {
                let change = summary.get(at + field.len()..).unwrap_or_default();
                for (middle, separator) in change.match_indices(" to ") {
                    let new = change.get(middle + separator.len()..).unwrap_or_default();
                    self.0.extend(change.get(..middle).map(str::to_owned));
                    self.0.insert(new.to_owned());
                    self.0.extend(new.match_indices(", ").filter_map(|(end, _)| new.get(..end)).map(str::to_owned));
                }
            }
        }
    }

    /// Whether a summary is about a character of a member with one of these names.
    pub fn own_character_of(&self, summary: &str) -> bool {
        self.0.iter().any(|name| {
            summary.ends_with(&format!(", a character of {name}")) || summary.contains(&format!(" of {name}: "))
        })
    }

    /// The summary of an event about an entry that has one of these names, with a placeholder for the name.
    pub fn redact_entry(&self, summary: &str, placeholder: &str) -> Option<String> {
        NAMED_ENTRIES.iter().find_map(|(before, after)| {
            let rest = summary.strip_prefix(before)?;
            let rests = self.0.iter().filter_map(|name| rest.strip_prefix(name.as_str()));
            let rest = rests.filter(|rest| rest.starts_with(after)).min_by_key(|rest| rest.len())?;
            Some(format!("{before}{placeholder}{rest}"))
        })
    }
}

/// The summary of an event about a member or their character, without details and with a placeholder for the names.
pub fn redact(action: &str, summary: &str, placeholder: &str) -> String {
    let verb = summary.split(' ').next().unwrap_or_default();
    match action {
        "member.invite" => format!("Issued an invite code for {placeholder}"),
        "member.revoke_invite" => format!("Revoked the invite code of {placeholder}"),
        "member.send_reset_code" => format!("Issued a reset code for {placeholder}"),
        _ if action.starts_with("character.") => format!("{verb} a character of {placeholder}"),
        _ => format!("{verb} {placeholder}"),
    }
}
