//! `guildhall recount`.

use async_graphql::ID;
use clap::Args;

use super::{
    offline::offline_app,
    output::{BoxError, print},
};
use crate::{app::Options, auth::Keys, cli::settings::DatabaseSettings, kernel::id::CampaignId, voting};

/// Recount the ballots of a closed vote, and compare the count with the stored result.
///
/// Exits with 1 if they differ, and prints the differences.
#[derive(Args)]
pub struct Recount {
    /// Id of the campaign, as the API shows it.
    #[arg(long, value_name = "ID")]
    campaign: String,
}

impl Recount {
    pub async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let unknown = || format!("there is no campaign {}", self.campaign);
        let id = CampaignId::try_from(&ID::from(&self.campaign)).map_err(|_| unknown())?;
        let app = offline_app(database, Keys::ephemeral(), Options::default()).await?;
        let recount = voting::recount(&app.voting, id).await?;
        print(&recount.published.to_string())?;
        if recount.problems.is_empty() {
            return print("The stored result matches the ballots.\n");
        }
        Err(format!("the stored result differs from the ballots:\n{}", super::output::join_lines(&recount.problems))
            .into())
    }
}
