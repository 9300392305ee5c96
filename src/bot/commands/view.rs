//! The bot's replies about ballots. All replies are within Discord's limits, are visible only to the member, and
//! contain no mentions that notify users.

use chrono::{DateTime, Utc};
use serenity::{
    all::ButtonStyle,
    builder::{
        CreateActionRow, CreateAllowedMentions, CreateButton, CreateEmbed, CreateInteractionResponseMessage as Reply,
        CreateSelectMenu, CreateSelectMenuKind, CreateSelectMenuOption,
    },
};

use super::{
    ballot::{self, BallotDraft, EntryMenu, PAGE, Step},
    queries::{CampaignDetails, CastBallot, EntryDetails, OpenCampaign, OpenCampaigns, TurnoutDetails},
};
use crate::{
    discord::wording::{escape, single_line, timestamp},
    voting::CannotVoteReason,
};

/// Longest title of an embed, in characters.
pub const MAX_TITLE: usize = 200;
/// Longest title in a list, in characters.
const MAX_LISTED_TITLE: usize = 100;
/// Longest name of an entry, in characters. Ten of them with separators stay below Discord's limit of 1,024 for a
/// field.
pub const MAX_NAME: usize = 90;
/// Longest label and description of a menu's option, in characters.
const MAX_LABEL: usize = 100;
/// Maximum number of campaigns in a list. With their details they stay below Discord's limit of 4,096 characters.
const MAX_VOTES: usize = 15;

const REGISTER: &str = "Only registered members can vote. Ask an officer for an invite code, and register with it on the \
    guild's site.";

/// A reply of one sentence.
pub fn note(text: &str) -> Reply {
    reply(text, None, Vec::new())
}

/// The open campaigns, first those in which the member can vote, and a menu to choose one of them.
pub fn votes(votes: OpenCampaigns, color: u32) -> Reply {
    let OpenCampaigns { total_count, mut nodes } = votes;
    if nodes.is_empty() {
        return note("No vote is open at the moment.");
    }
    nodes.sort_by_key(|vote| (vote.viewer_cannot_vote_reason.is_some(), vote.closes_at));
    let mut lines: Vec<String> = nodes.iter().take(MAX_VOTES).map(campaign_line).collect();
    if total_count > lines.len() {
        lines.push(format!("… and {} more.", total_count - lines.len()));
    }
    let open: Vec<&OpenCampaign> = nodes.iter().filter(|vote| vote.viewer_cannot_vote_reason.is_none()).collect();
    if open.len() > PAGE {
        lines
            .push(format!("You can choose among the {PAGE} that close first; the others follow after you have voted."));
    }
    let embed = CreateEmbed::new().title("Open votes").description(lines.join("\n")).colour(color);
    let option = |vote: &&OpenCampaign| {
        let closes = vote.closes_at.map(|at| at.format("closes %-d %B, %H:%M UTC").to_string());
        option(&vote.title, ballot::encode_campaign(vote.id), closes.as_deref())
    };
    let options: Vec<_> = open.iter().take(PAGE).map(option).collect();
    let menu = CreateSelectMenu::new(ballot::CHOOSE, CreateSelectMenuKind::String { options });
    let row = CreateActionRow::SelectMenu(menu.placeholder("Choose a vote"));
    reply("", Some(embed), if open.is_empty() { Vec::new() } else { vec![row] })
}

fn campaign_line(vote: &OpenCampaign) -> String {
    let title = escape(&vote.title, MAX_LISTED_TITLE);
    let status = vote.viewer_cannot_vote_reason.map_or("you can vote", |reason| match reason {
        CannotVoteReason::AlreadyVoted => "you have voted",
        CannotVoteReason::RankTooLow => "your rank is too low to vote",
        CannotVoteReason::NotRegistered => "register on the guild's site to vote",
        CannotVoteReason::NotLive | CannotVoteReason::SignIn => "it is no longer open",
    });
    let closes = moment(", closes", vote.closes_at).unwrap_or_default();
    format!("**{title}**{closes}, {}: {status}", turnout(vote.turnout))
}

/// Why the member can't vote, and their ballot if they have voted.
pub fn cannot_vote(vote: &CampaignDetails, reason: CannotVoteReason, color: u32) -> Reply {
    let why = match reason {
        CannotVoteReason::AlreadyVoted => "You have voted in this already. Ballots are final.",
        CannotVoteReason::RankTooLow => "Your rank is too low for this vote.",
        CannotVoteReason::NotRegistered => REGISTER,
        CannotVoteReason::NotLive if vote.is_cancelled() => "This vote was cancelled. Its ballots are not counted.",
        CannotVoteReason::NotLive | CannotVoteReason::SignIn => "This vote is not open.",
    };
    let embed = CreateEmbed::new().title(escape(&vote.title, MAX_TITLE)).description(why).colour(color);
    reply("", Some(with_receipt(embed, vote, vote.viewer_ballot.as_ref())), Vec::new())
}

/// A ballot that was just cast.
pub fn cast(vote: &CampaignDetails, cast: &CastBallot, color: u32) -> Reply {
    let title = escape(&vote.title, MAX_TITLE);
    let embed = CreateEmbed::new().title("Your ballot is cast").description(format!("**{title}**")).colour(color);
    reply("", Some(with_receipt(embed, vote, Some(cast))), Vec::new())
}

fn with_receipt(embed: CreateEmbed, vote: &CampaignDetails, cast: Option<&CastBallot>) -> CreateEmbed {
    let Some(cast) = cast else { return embed };
    let advice = if vote.is_cancelled() {
        "Keep it secret. The ballots of a cancelled vote are not published."
    } else {
        "Keep it secret. When the vote closes, all ballots are published without their voters, and this receipt \
        identifies yours."
    };
    let receipt = format!("```\n{}\n```{advice}", single_line(&cast.receipt, 100));
    let picks = picks(vote, cast.picks.iter().map(|pick| pick.name.as_str()));
    embed.field("Your ballot", picks, false).field("Receipt", receipt, false)
}

/// A ballot with its menu and buttons.
pub fn ballot(vote: &CampaignDetails, ballot: &BallotDraft, color: u32) -> Reply {
    let rules = vote.rules();
    let mut so_far = picks(vote, vote.picked(ballot).map(|entry| entry.name.as_str()));
    if so_far.is_empty() {
        "Nothing yet.".clone_into(&mut so_far);
    }
    let instructions = format!(
        "{}\nYour ballot is secret, and final once it is cast.{}",
        vote.method.instructions(vote.picks_per_voter, vote.seats),
        moment("\nThe vote closes", vote.closes_at).unwrap_or_default()
    );
    let embed = CreateEmbed::new().title(escape(&vote.title, MAX_TITLE)).description(instructions).colour(color).field(
        "Your ballot so far",
        so_far,
        false,
    );
    let button = |step, label| CreateButton::new(ballot.component_id(step)).label(label).style(ButtonStyle::Secondary);
    let mut rows = Vec::new();
    if let Some(menu) = ballot.menu(rules) {
        rows.push(CreateActionRow::SelectMenu(entries(vote, ballot, &menu)));
        let pages = ballot.pages(rules);
        if pages > 1 {
            rows.push(CreateActionRow::Buttons(vec![
                button(Step::Back, "Previous").disabled(ballot.page == 0),
                button(Step::Forward, "Next").disabled(usize::from(ballot.page) + 1 >= pages),
            ]));
        }
    }
    rows.push(CreateActionRow::Buttons(vec![
        button(Step::Cast, "Cast ballot").style(ButtonStyle::Success).disabled(!ballot.is_enough(rules)),
        button(Step::StartOver, "Start over").disabled(ballot.picks.is_empty()),
    ]));
    reply("", Some(embed), rows)
}

fn entries(vote: &CampaignDetails, ballot: &BallotDraft, menu: &EntryMenu) -> CreateSelectMenu {
    let rules = vote.rules();
    let entry = |position: &u8| {
        let EntryDetails { name, description, .. } = vote.entries.get(usize::from(*position))?;
        let option = option(name, position.to_string(), description.as_deref());
        Some(option.default_selection(!rules.is_ranked() && ballot.picks.contains(position)))
    };
    let options = menu.options.iter().filter_map(entry).collect();
    let placeholder = match (rules.is_ranked(), menu.most) {
        (true, _) if rules.picks == 1 => "Your choice".to_owned(),
        (true, _) => format!("Your {} choice", ordinal(ballot.picks.len() + 1)),
        (false, 0) => "No picks left: remove one on another page".to_owned(),
        (false, 1) => "Pick one".to_owned(),
        (false, most) => format!("Pick up to {most}"),
    };
    let pages = ballot.pages(rules);
    let page = if pages > 1 { format!(" (page {} of {pages})", ballot.page + 1) } else { String::new() };
    let choices = |count: usize| u8::try_from(count).unwrap_or(1);
    CreateSelectMenu::new(ballot.component_id(Step::Pick), CreateSelectMenuKind::String { options })
        .placeholder(placeholder + &page)
        .min_values(choices(menu.least))
        .max_values(choices(menu.most.max(1)))
        .disabled(menu.most == 0)
}

/// The names of a ballot's picks, one on each line.
fn picks<'a>(vote: &CampaignDetails, names: impl Iterator<Item = &'a str>) -> String {
    let is_ranked = vote.rules().is_ranked();
    let lines = names.enumerate().map(|(index, name)| {
        let name = escape(name, MAX_NAME);
        // The escaped dot prevents a Markdown list.
        if is_ranked { format!("{}\\. {name}", index + 1) } else { format!("• {name}") }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn option(label: &str, value: String, description: Option<&str>) -> CreateSelectMenuOption {
    let option = CreateSelectMenuOption::new(single_line(label, MAX_LABEL), value);
    match description {
        Some(description) => option.description(single_line(description, MAX_LABEL)),
        None => option,
    }
}

/// The turnout as text.
pub fn turnout(turnout: TurnoutDetails) -> String {
    let TurnoutDetails { eligible, voted, percent } = turnout;
    format!("{voted} of {eligible} voted ({percent} %)")
}

/// The time of an event, relative to now.
pub fn moment(what: &str, at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(|at| format!("{what} {}", timestamp(at.naive_utc(), 'R')))
}

fn ordinal(number: usize) -> String {
    // A ballot has at most ten picks.
    let ending = match number {
        1 => "st",
        2 => "nd",
        3 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

/// A reply. It sets every part, so that an update of an earlier reply removes parts that this one doesn't have.
pub fn reply(text: &str, embed: Option<CreateEmbed>, rows: Vec<CreateActionRow>) -> Reply {
    Reply::new()
        .content(text)
        .embeds(embed.into_iter().collect())
        .components(rows)
        .allowed_mentions(CreateAllowedMentions::new())
        .ephemeral(true)
}
