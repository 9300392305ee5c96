//! An announcement as a Discord message: one embed within Discord's limits, without mentions that notify users.

use std::sync::Arc;

use serenity::builder::{CreateAllowedMentions, CreateEmbed, CreateEmbedFooter, CreateMessage};

use super::{
    announcement_rules::{AnnouncedState, AnnouncementEvent, leader},
    vote_button,
    wording::{TemplateValues, Theme, escape, join_names, single_line, timestamp},
};
use crate::{
    kernel::{id::EntryId, text::web_url},
    voting::{Campaign, Entry, Outcome, ResultsVisibility, Turnout},
};

/// Longest campaign title within an embed's title, in characters. With the longest template and guild, the title stays
/// below Discord's limit of 256.
const MAX_TITLE: usize = 140;
/// Longest guild name within a text, in characters.
const MAX_GUILD: usize = 60;
/// Longest name of an entry, in characters. Ten of them with separators stay below Discord's limit of 1,024 for a
/// field.
const MAX_NAME: usize = 90;
/// Longest footer, in characters.
const MAX_FOOTER: usize = 200;
/// Longest reason for a cancellation, in characters: below Discord's limit of 1,024 for a field.
const MAX_REASON: usize = 1_000;
/// Maximum number of names in a list.
const MAX_LISTED: usize = 10;
/// Maximum number of places in a list.
const MAX_PLACES: usize = 5;

/// The settings of a guild that all its announcements share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// The guild's name.
    pub guild_name: String,
    /// The colour at the embed's edge, `0xRRGGBB`.
    pub color: u32,
    /// The address of a campaign's page, with `{id}` for its global id.
    pub campaign_url: Option<String>,
    /// The picture of announcements without a picture of their own.
    pub thumbnail_url: Option<String>,
}

/// The event to announce, and the campaign that it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct AnnouncementContext<'a> {
    /// The campaign.
    pub campaign: &'a Campaign,
    /// Its entries, in their order.
    pub entries: &'a [Arc<Entry>],
    /// The turnout.
    pub turnout: Turnout,
    /// The standings, set for results and lead changes. They are used only where the standings may be disclosed.
    pub outcome: Option<&'a Outcome>,
    /// The event.
    pub event: AnnouncementEvent,
    /// The events announced before it.
    pub announced: &'a AnnouncedState,
}

/// The part of the standings that an announcement discloses.
enum DisclosedStandings<'a> {
    Nothing,
    /// The leader, and the previous one.
    Lead(&'a Entry, &'a Entry),
    /// The result.
    Result(&'a Outcome),
}

impl<'a> AnnouncementContext<'a> {
    /// The part of the standings to disclose. No other function reads the outcome.
    fn disclosed(&self) -> DisclosedStandings<'a> {
        match (self.event, self.campaign.results_visibility) {
            (AnnouncementEvent::Results, _) => {
                self.outcome.map_or(DisclosedStandings::Nothing, DisclosedStandings::Result)
            }
            (AnnouncementEvent::LeadChange, ResultsVisibility::Always) => {
                let now = self.outcome.and_then(leader).and_then(|id| self.entry(id));
                let before = self.announced.leader.and_then(|id| self.entry(id));
                match now.zip(before) {
                    Some((now, before)) if now.id != before.id => DisclosedStandings::Lead(now, before),
                    _ => DisclosedStandings::Nothing,
                }
            }
            _ => DisclosedStandings::Nothing,
        }
    }

    fn entry(&self, id: EntryId) -> Option<&'a Entry> {
        self.entries.iter().map(AsRef::as_ref).find(|entry| entry.id == id)
    }

    /// The lines of the first places.
    fn standings(&self, outcome: &Outcome) -> String {
        let lines = outcome.standings.iter().take(MAX_PLACES).filter_map(|row| {
            // The escaped dot prevents a Markdown list, which Discord would renumber.
            let place = format!("{}\\. {}", row.place, name(self.entry(row.entry)?));
            Some(match self.campaign.method.announced_points(row.points) {
                Some(points) => format!("{place}: {points}"),
                None => place,
            })
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The note of a result that only the listed order decided.
const DECIDED_BY_LISTED_ORDER: &str =
    "A tie was broken by the order in which the entries are listed, which decided who won.";

/// Number of segments of the turnout bar.
const BAR: i64 = 10;

/// The message of a campaign that is edited as ballots arrive: at its launch, with its turnout, and with its result or
/// its cancellation.
pub fn board(context: &AnnouncementContext, branding: &Branding) -> CreateMessage {
    let campaign = context.campaign;
    let values = TemplateValues {
        title: escape(&campaign.title, MAX_TITLE),
        guild: escape(&branding.guild_name, MAX_GUILD),
        closes_at: campaign.closes_at,
        turnout: context.turnout,
        entries: context.entries.len(),
        picks: campaign.picks_per_voter,
        ..TemplateValues::default()
    };
    let turnout = format!("{}\n{}", bar(context.turnout), values.fill("{voted} of {eligible} ({percent} %)"));
    let guild_thumbnail = branding.thumbnail_url.as_deref().and_then(web);
    let embed = base(context, branding);
    let (embed, thumbnail) = if context.event == AnnouncementEvent::Cancelled {
        let text = "This vote was cancelled. Its ballots are not counted.";
        let embed = with_reason(embed.title(values.fill("{title}")).description(text), campaign);
        (embed.field("Turnout", turnout, false), guild_thumbnail)
    } else if let DisclosedStandings::Result(outcome) = context.disclosed() {
        let winners: Vec<&Entry> = outcome.winners().into_iter().filter_map(|id| context.entry(id)).collect();
        let winner = join_names(&names(winners.iter().copied(), |more| format!("{more} more")));
        let result = match winners.as_slice() {
            [] => "This vote is closed. Nobody voted.".to_owned(),
            _ => format!("This vote is closed. The result: **{winner}**."),
        };
        let embed = embed.title(values.fill("{title}")).description(result).field("Turnout", turnout, false);
        match winners.as_slice() {
            [] => (embed, guild_thumbnail),
            [winner] => (with_standings(embed, context, outcome), image(winner).or(guild_thumbnail)),
            _ => (with_standings(embed, context, outcome), guild_thumbnail),
        }
    } else {
        let (title, text) = Theme::Plain(AnnouncementEvent::Launch).wording(campaign.id, 0);
        let ballot = names(context.entries.iter().map(AsRef::as_ref), |more| format!("… and {more} more"));
        let embed = embed.title(values.fill(title)).description(values.fill(text));
        let embed = embed.field("On the ballot", ballot.join("\n"), false).field("Turnout", turnout, true);
        let thumbnail = guild_thumbnail.or_else(|| context.entries.iter().find_map(|entry| image(entry)));
        (with_deadline(embed, campaign), thumbnail)
    };
    message(context, thumbnail.into_iter().fold(embed, CreateEmbed::thumbnail))
}

/// The turnout as a bar. It is full only when everyone has voted.
fn bar(turnout: Turnout) -> String {
    let filled = (turnout.voted.saturating_mul(BAR)).checked_div(turnout.eligible).unwrap_or_default().clamp(0, BAR);
    let segments = |count: i64| usize::try_from(count).unwrap_or_default();
    "▰".repeat(segments(filled)) + &"▱".repeat(segments(BAR - filled))
}

/// An embed with the parts that all messages have.
fn base(context: &AnnouncementContext, branding: &Branding) -> CreateEmbed {
    let embed = CreateEmbed::new()
        .colour(branding.color & 0xFF_FFFF)
        .footer(CreateEmbedFooter::new(single_line(&branding.guild_name, MAX_FOOTER)));
    let id = async_graphql::ID::from(context.campaign.id);
    match branding.campaign_url.as_ref().and_then(|template| web(&template.replace("{id}", &id))) {
        Some(url) => embed.url(url),
        None => embed,
    }
}

fn with_standings(embed: CreateEmbed, context: &AnnouncementContext, outcome: &Outcome) -> CreateEmbed {
    let embed = embed.field("Standings", context.standings(outcome), false);
    if outcome.decided_by_listed_order == Some(true) {
        embed.field("Tie", DECIDED_BY_LISTED_ORDER, false)
    } else {
        embed
    }
}

fn with_reason(embed: CreateEmbed, campaign: &Campaign) -> CreateEmbed {
    match &campaign.cancel_reason {
        Some(reason) => embed.field("Reason", escape(reason, MAX_REASON), false),
        None => embed,
    }
}

fn with_deadline(embed: CreateEmbed, campaign: &Campaign) -> CreateEmbed {
    match campaign.closes_at {
        Some(closes) => embed.field("Closes", format!("{} ({})", timestamp(closes, 'F'), timestamp(closes, 'R')), true),
        None => embed,
    }
}

/// The message with this embed, and with a button while the campaign accepts ballots.
fn message(context: &AnnouncementContext, embed: CreateEmbed) -> CreateMessage {
    let rows = if context.event.is_last() { Vec::new() } else { vec![vote_button::row(context.campaign.id)] };
    CreateMessage::new().embed(embed).components(rows).allowed_mentions(CreateAllowedMentions::new())
}

/// The message that announces an event.
pub fn announcement(context: &AnnouncementContext, branding: &Branding) -> CreateMessage {
    let campaign = context.campaign;
    if context.event == AnnouncementEvent::Launch {
        return board(context, branding);
    }
    let disclosed = context.disclosed();
    let winners: Vec<&Entry> = match disclosed {
        DisclosedStandings::Result(outcome) => {
            outcome.winners().into_iter().filter_map(|id| context.entry(id)).collect()
        }
        _ => Vec::new(),
    };
    let theme = match (context.event, &disclosed) {
        (AnnouncementEvent::LeadChange, DisclosedStandings::Nothing) => Theme::Plain(AnnouncementEvent::Tease),
        (AnnouncementEvent::Results, _) if winners.is_empty() => Theme::ResultsEmpty,
        (AnnouncementEvent::Results, DisclosedStandings::Result(outcome)) if outcome.is_tied() => Theme::ResultsTied,
        (event, _) => Theme::Plain(event),
    };
    let values = TemplateValues {
        title: escape(&campaign.title, MAX_TITLE),
        guild: escape(&branding.guild_name, MAX_GUILD),
        closes_at: campaign.closes_at,
        turnout: context.turnout,
        entries: context.entries.len(),
        picks: campaign.picks_per_voter,
        winner: join_names(&names(winners.iter().copied(), |more| format!("{more} more"))),
        ..match disclosed {
            DisclosedStandings::Lead(now, before) => {
                TemplateValues { leader: name(now), previous: name(before), ..TemplateValues::default() }
            }
            _ => TemplateValues::default(),
        }
    };
    // An event that is announced several times gets another wording each time.
    let time = match context.event {
        AnnouncementEvent::LeadChange => context.announced.leads,
        AnnouncementEvent::Tease => context.announced.teases,
        _ => 0,
    };
    let (title, text) = theme.wording(campaign.id, time);
    let mut embed = base(context, branding).title(values.fill(title)).description(values.fill(text)).field(
        "Turnout",
        values.fill("{voted} of {eligible} ({percent} %)"),
        true,
    );
    match disclosed {
        DisclosedStandings::Result(outcome) if !winners.is_empty() => {
            embed = with_standings(embed, context, outcome);
        }
        _ if context.event == AnnouncementEvent::Cancelled => embed = with_reason(embed, campaign),
        _ if !context.event.is_last() => embed = with_deadline(embed, campaign),
        _ => {}
    }
    let guild_thumbnail = branding.thumbnail_url.as_deref().and_then(web);
    // Next to a result or a lead, readers would take the picture of any entry for the winner's.
    let thumbnail = match (theme, &disclosed) {
        (Theme::Plain(AnnouncementEvent::Results), _) => {
            winners.iter().find_map(|entry| image(entry)).or(guild_thumbnail)
        }
        (_, DisclosedStandings::Lead(now, _)) => image(now).or(guild_thumbnail),
        (Theme::ResultsTied | Theme::Plain(AnnouncementEvent::Cancelled), _) => guild_thumbnail,
        _ => guild_thumbnail.or_else(|| context.entries.iter().find_map(|entry| image(entry))),
    };
    message(context, thumbnail.into_iter().fold(embed, CreateEmbed::thumbnail))
}

fn name(entry: &Entry) -> String {
    escape(&entry.name, MAX_NAME)
}

/// The first names, and the number of `more` entries.
fn names<'a>(entries: impl ExactSizeIterator<Item = &'a Entry>, more: impl Fn(usize) -> String) -> Vec<String> {
    let others = entries.len().saturating_sub(MAX_LISTED);
    entries.take(MAX_LISTED).map(name).chain(Some(others).filter(|others| *others > 0).map(more)).collect()
}

fn image(entry: &Entry) -> Option<String> {
    entry.image_url.as_deref().and_then(web)
}

/// The URL, if Discord accepts it.
fn web(url: &str) -> Option<String> {
    web_url("url", url).ok()
}
