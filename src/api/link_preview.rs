//! The preview that other sites show of a link to a page, by the rights of a visitor.

use std::sync::Arc;

use async_graphql::ID;
use chrono::TimeDelta;

use super::auth_context::{AuthContext, Credentials};
use crate::{
    app::App,
    engine::Origin,
    identity,
    kernel::{
        clock::Timestamp,
        error::{Code, Result},
        id::{CampaignId, EntryId, GuildId},
    },
    voting::{self, Campaign, Tally},
};

/// Longest list of winners, in characters.
const MAX_WINNERS: usize = 200;

/// The texts of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkPreview {
    /// The guild's name; `None` if there is no such guild, or if its name is not known.
    pub site_name: Option<String>,
    /// The vote's title, or the guild's name.
    pub title: String,
    /// What the page shows.
    pub description: String,
}

impl Default for LinkPreview {
    fn default() -> Self {
        let description = "Roster, ranks and votes of the guild.".to_owned();
        Self { site_name: None, title: "Guildhall".to_owned(), description }
    }
}

/// Returns the preview of a guild's page. That of a vote names the vote if a visitor may see it.
///
/// # Errors
/// `NOT_FOUND` for an unknown guild; `FORBIDDEN` (`GUILD_SUSPENDED`); a database error.
pub async fn link_preview(
    app: &Arc<App>,
    origin: Origin,
    slug: Option<&str>,
    vote: Option<&str>,
) -> Result<LinkPreview> {
    let credentials = Credentials { guild: slug, authorization: None };
    let guild = AuthContext::authenticate(app, credentials, origin).await?.guild;
    let found = app.db.read(async move |conn| Ok(identity::store::guild(conn, guild).await?)).await?;
    let Some(found) = found else { return Ok(LinkPreview::default()) };
    let (site_name, title) = (Some(found.name.clone()), found.name);
    let preview = LinkPreview { site_name, title, ..LinkPreview::default() };
    let Some(vote) = vote else { return Ok(preview) };
    match visible_vote(app, guild, CampaignId::from_input(&ID::from(vote))).await? {
        Some((title, description)) => Ok(LinkPreview { title, description, ..preview }),
        None => Ok(preview),
    }
}

/// The title of a vote that visitors may see, and what it is about to say.
async fn visible_vote(app: &App, guild: GuildId, id: CampaignId) -> Result<Option<(String, String)>> {
    let campaign = match voting::visible_campaign(&app.voting, guild, None, id).await {
        Err(error) if error.refusal().is_some_and(|refusal| refusal.code == Code::NotFound) => return Ok(None),
        campaign => campaign?,
    };
    let description = if campaign.is_cancelled() {
        "This vote was cancelled, so it has no result.".to_owned()
    } else if campaign.is_over() {
        voting::tally(&app.voting, guild, id).await?.map(|tally| result(&tally)).unwrap_or_default()
    } else {
        time_left(&campaign, app.clock.now())
    };
    Ok(Some((campaign.title, description)))
}

/// How long a live vote still takes ballots, so coarsely that the page rarely changes.
fn time_left(campaign: &Campaign, now: Timestamp) -> String {
    let left = campaign.closes_at.map(|closes| closes - now).unwrap_or_default();
    let (days, hours) = (left.num_days(), left.num_hours());
    if left <= TimeDelta::zero() {
        "Voting has ended, and the ballots are being counted.".to_owned()
    } else if days > 1 {
        format!("Voting closes in {days} days.")
    } else if hours > 1 {
        format!("Voting closes in {hours} hours.")
    } else if hours == 1 {
        "Voting closes in an hour.".to_owned()
    } else {
        "Voting closes in less than an hour.".to_owned()
    }
}

fn result(tally: &Tally) -> String {
    let winners = tally.outcome.winners();
    let name = |id: EntryId| tally.entries.iter().find(|entry| entry.id == id).map(|entry| entry.name.as_str());
    let names: Vec<&str> = winners.iter().filter_map(|id| name(*id)).collect();
    let mut list = names.join(", ");
    if let Some((end, _)) = list.char_indices().nth(MAX_WINNERS) {
        list.truncate(end);
        list.push('…');
    }
    let is_tie = i64::try_from(names.len()).is_ok_and(|winners| winners > tally.campaign.seats);
    match names.len() {
        0 => "This vote closed without a ballot.".to_owned(),
        1 => format!("Winner: {list}"),
        _ if is_tie => format!("First place is shared: {list}"),
        _ => format!("Winners: {list}"),
    }
}
