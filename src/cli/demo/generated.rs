//! Texts for generated members and campaigns.

use serde::Deserialize;

use crate::cli::output::BoxError;

const GENERATED: &str = include_str!("../../../data/demo/generated.json");

/// Texts for the members and campaigns that are generated beyond those of the files.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Generated {
    pub(super) name_starts: Vec<String>,
    pub(super) name_ends: Vec<String>,
    pub(super) realms: Vec<String>,
    /// Titles of campaigns.
    pub campaign_titles: Vec<String>,
    /// Descriptions of campaigns.
    pub campaign_descriptions: Vec<String>,
    /// Names of entries.
    pub entry_names: Vec<String>,
    /// Descriptions of entries.
    pub entry_descriptions: Vec<String>,
}

impl Generated {
    /// Reads the texts.
    ///
    /// # Errors
    /// If the file is malformed.
    pub fn read() -> Result<Self, BoxError> {
        Ok(serde_json::from_str(GENERATED)?)
    }
}
