//! `guildhall recount`: whether a stored result is what the ballots say.

use async_graphql::ID;
use clap::Args;

use super::{
    offline::offline_app,
    output::{BoxError, say},
};
use crate::{app::Options, auth::Keys, cli::settings::DatabaseSettings, kernel::id::CampaignId, voting};

/// Count the ballots of a vote that is over anew, and hold the stored result against it.
///
/// Exits with 1 when they differ, and says in what.
#[derive(Args)]
pub struct Recount {
    /// The campaign's id, as the API shows it.
    #[arg(long, value_name = "ID")]
    campaign: String,
}

impl Recount {
    pub async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let unknown = || format!("there is no campaign {}", self.campaign);
        let id = CampaignId::try_from(&ID::from(&self.campaign)).map_err(|_| unknown())?;
        let app = offline_app(database, Keys::ephemeral(), Options::default()).await?;
        let recount = voting::recount(&app.voting, id).await?;
        say(&recount.published.to_string())?;
        if recount.problems.is_empty() {
            return say("The stored result is what the ballots say.\n");
        }
        Err(format!("the stored result is not what the ballots say:\n{}", super::output::listed(&recount.problems))
            .into())
    }
}
