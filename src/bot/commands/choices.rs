//! The choices that Discord offers while a user types an option of a command.

use serenity::{
    all::{CommandData, CommandOptionType},
    builder::{CreateAutocompleteResponse, CreateCommandOption as NewOption},
};

use super::{
    ballot::{decode_campaign, encode_campaign},
    queries::{CampaignTitle, CommandError, CommandUser},
};
use crate::{
    discord::wording::single_line,
    kernel::{id::CampaignId, text},
    voting::CampaignStatus,
};

/// Maximum number of choices, and of characters of a choice: Discord's limits.
const MAX_CHOICES: usize = 25;
const MAX_LENGTH: usize = 100;

/// The option that chooses a vote.
pub(super) fn vote_option(description: &str) -> NewOption {
    NewOption::new(CommandOptionType::String, "vote", description).set_autocomplete(true)
}

/// The choices for what the user has typed so far; none for users who may not see them.
pub(super) async fn autocomplete(user: Option<CommandUser>, data: &CommandData) -> CreateAutocompleteResponse {
    let choices = match (user, data.autocomplete()) {
        (Some(user), Some(option)) => choices(&user, &data.name, option.name, option.value).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    choices.into_iter().take(MAX_CHOICES).fold(CreateAutocompleteResponse::new(), |response, (name, value)| {
        response.add_string_choice(single_line(&name, MAX_LENGTH), value)
    })
}

/// The names and values of the choices that contain a text.
async fn choices(
    user: &CommandUser,
    command: &str,
    option: &str,
    typed: &str,
) -> Result<Vec<(String, String)>, CommandError> {
    let all: Vec<(String, String)> = if option == "rank" {
        user.ranks().await?.into_iter().map(|rank| (rank.name, rank.id)).collect()
    } else {
        let votes = user.titles().await?.into_iter().filter(|vote| is_for(command, vote));
        votes.map(|vote| (vote.title, encode_campaign(vote.id))).collect()
    };
    let typed = text::key(typed.trim());
    Ok(all.into_iter().filter(|(name, _)| text::key(name).contains(&typed)).collect())
}

/// The vote that a user has chosen, or whose title is or contains what they typed.
pub(super) async fn find_vote(
    user: &CommandUser,
    command: &str,
    typed: &str,
) -> Result<Option<CampaignId>, CommandError> {
    let titles = user.titles().await?;
    let chosen = decode_campaign(typed).filter(|id| titles.iter().any(|vote| vote.id == *id));
    let key = text::key(typed.trim());
    let named = |fits: &dyn Fn(&str) -> bool| {
        let mut votes = titles.iter().filter(|vote| is_for(command, vote));
        votes.find(|vote| fits(&text::key(&vote.title))).map(|vote| vote.id)
    };
    Ok(chosen.or_else(|| named(&|title| title == key)).or_else(|| named(&|title| title.contains(&key))))
}

/// Whether a command is about this vote: `/vote` about open ones only.
fn is_for(command: &str, vote: &CampaignTitle) -> bool {
    command != "vote" || vote.status == CampaignStatus::Live
}
