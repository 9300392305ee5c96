//! The replies to `/standings` and `/whoami`.

use serenity::builder::{CreateEmbed, CreateInteractionResponseMessage as Reply};

use super::{
    queries::{CampaignStandings, CharacterDetails, MemberProfile},
    view::{MAX_NAME, MAX_TITLE, moment, note, reply, turnout},
};
use crate::{
    discord::wording::escape,
    identity::{CharacterRole, RankSource},
    voting::{CampaignStatus, StandingsHiddenReason},
};

/// Maximum number of places in a list.
const MAX_PLACES: usize = 5;
/// Maximum number of characters in a list.
const MAX_CHARACTERS: usize = 10;

/// The standings of the latest campaigns.
pub fn standings(votes: &[CampaignStandings], color: u32) -> Reply {
    if votes.is_empty() {
        return note("There has been no vote yet.");
    }
    let embed = CreateEmbed::new().title("Standings").colour(color);
    let field = |vote: &CampaignStandings| (escape(&vote.title, MAX_TITLE), standing(vote), false);
    reply("", Some(embed.fields(votes.iter().map(field))), Vec::new())
}

fn standing(vote: &CampaignStandings) -> String {
    let when = match vote.status {
        CampaignStatus::Live => moment("Closes", vote.closes_at),
        _ if vote.standings_hidden_reason == Some(StandingsHiddenReason::Cancelled) => {
            moment("Cancelled", vote.closed_at)
        }
        _ => moment("Closed", vote.closed_at),
    };
    let mut lines: Vec<String> = when.into_iter().chain([turnout(vote.turnout)]).collect();
    match (&vote.standings, vote.standings_hidden_reason) {
        (_, Some(reason)) => lines.push(hidden(reason).to_owned()),
        (Some(rows), None) if vote.turnout.voted > 0 => {
            // The escaped dot prevents a Markdown list, which Discord would renumber.
            lines.extend(rows.iter().take(MAX_PLACES).map(|row| {
                let name = escape(&row.entry.name, MAX_NAME);
                format!("{}\\. {name}: {}", row.place, vote.method.points_with_unit(row.points))
            }));
            let others = rows.len().saturating_sub(MAX_PLACES);
            lines.extend(Some(others).filter(|others| *others > 0).map(|others| format!("… and {others} more")));
        }
        _ => lines.push("Nobody has voted.".to_owned()),
    }
    lines.join("\n")
}

const fn hidden(reason: StandingsHiddenReason) -> &'static str {
    match reason {
        StandingsHiddenReason::NotStarted => "The vote has not started.",
        StandingsHiddenReason::AfterClose => "The standings are shown after the vote closes.",
        StandingsHiddenReason::SignIn => "The standings are shown to members only.",
        StandingsHiddenReason::VoteFirst => "Vote first (`/vote`), then see the standings.",
        StandingsHiddenReason::Cancelled => "The vote was cancelled. Its ballots are not counted.",
    }
}

/// The member's rank, account and characters.
pub fn whoami(me: &MemberProfile, color: u32) -> Reply {
    let source = match me.rank_source {
        RankSource::Manual => "set by an officer",
        RankSource::DiscordSync => "from your Discord roles",
    };
    let account = if me.is_registered {
        "You are registered."
    } else {
        "You are not registered, and cannot vote: ask an officer for an invite code, and register with it on the guild's \
        site."
    };
    let mut lines =
        vec![format!("Your rank is **{}**, {source}.", escape(&me.rank.name, MAX_NAME)), account.to_owned()];
    let mut characters: Vec<&CharacterDetails> = me.characters.iter().collect();
    characters.sort_by_key(|character| !character.is_main);
    lines.push(if characters.is_empty() { "You have no characters yet." } else { "Your characters:" }.to_owned());
    lines.extend(characters.iter().take(MAX_CHARACTERS).map(|character| character_line(character)));
    let others = characters.len().saturating_sub(MAX_CHARACTERS);
    lines.extend(Some(others).filter(|others| *others > 0).map(|others| format!("… and {others} more")));
    let embed = CreateEmbed::new().title(escape(&me.display_name, MAX_TITLE)).description(lines.join("\n"));
    reply("", Some(embed.colour(color)), Vec::new())
}

fn character_line(character: &CharacterDetails) -> String {
    let CharacterDetails { name, realm, class, spec, role, is_main } = character;
    let spec = spec.as_ref().map(|spec| format!("{} ", escape(spec, MAX_NAME))).unwrap_or_default();
    let main = if *is_main { " (main)" } else { "" };
    let (name, realm) = (escape(name, MAX_NAME), escape(realm, MAX_NAME));
    format!("• **{name}** of {realm}: {spec}{}, {}{main}", title_case(&class.to_string()), role_name(*role))
}

const fn role_name(role: CharacterRole) -> &'static str {
    match role {
        CharacterRole::Tank => "tank",
        CharacterRole::Healer => "healer",
        CharacterRole::MeleeDps => "melee",
        CharacterRole::RangedDps => "ranged",
    }
}

/// `DEATH_KNIGHT` in title case: Death Knight.
fn title_case(name: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        format!("{first}{}", rest.to_ascii_lowercase())
    };
    name.split('_').map(word).collect::<Vec<_>>().join(" ")
}
