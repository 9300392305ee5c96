//! The wording of announcements: the templates of `data/discord/announcements.json`, filled with escaped text.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::announcement_rules::AnnouncementEvent;
use crate::{
    kernel::{clock::Timestamp, id::CampaignId},
    voting::Turnout,
};

const ANNOUNCEMENTS: &str = include_str!("../../data/discord/announcements.json");

/// The templates by theme. The file is part of the binary, and a test checks that it can be read.
static TEMPLATES: LazyLock<BTreeMap<String, Templates>> =
    LazyLock::new(|| serde_json::from_str(ANNOUNCEMENTS).unwrap_or_default());

/// The templates of a theme.
#[derive(Deserialize)]
struct Templates {
    titles: Vec<String>,
    texts: Vec<String>,
}

/// The subject of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// An event, with the templates of its name.
    Plain(AnnouncementEvent),
    /// A result with several entries in first place.
    ResultsTied,
    /// A result without a ballot.
    ResultsEmpty,
}

impl Theme {
    /// The name of the theme in `data/discord/announcements.json`.
    pub fn pool(self) -> String {
        match self {
            Self::Plain(event) => event.to_string(),
            Self::ResultsTied => "RESULTS_TIED".to_owned(),
            Self::ResultsEmpty => "RESULTS_EMPTY".to_owned(),
        }
    }

    /// The templates of the title and of the text. They depend only on the campaign and on `time`, the number of
    /// earlier announcements of the event.
    pub fn wording(self, campaign: CampaignId, time: u32) -> (&'static str, &'static str) {
        let name = self.pool();
        let hash = Sha256::digest(format!("{name} {} {time}", campaign.0));
        let variant = |pool: fn(&Templates) -> &Vec<String>, bytes: Option<&[u8; 8]>| {
            let pool = TEMPLATES.get(&name).map(pool)?;
            let number = u64::from_be_bytes(*bytes?).checked_rem(u64::try_from(pool.len()).ok()?)?;
            pool.get(usize::try_from(number).ok()?).map(String::as_str)
        };
        let title = variant(|pool| &pool.titles, hash.first_chunk());
        (title.unwrap_or_default(), variant(|pool| &pool.texts, hash.last_chunk()).unwrap_or_default())
    }
}

/// The values of the placeholders. Texts are escaped.
#[derive(Clone, Debug, Default)]
pub struct TemplateValues {
    /// The campaign's title.
    pub title: String,
    /// The guild's name.
    pub guild: String,
    /// When the campaign closes.
    pub closes_at: Option<Timestamp>,
    /// The turnout.
    pub turnout: Turnout,
    /// Number of entries.
    pub entries: usize,
    /// Number of picks on a ballot.
    pub picks: i64,
    /// The leader.
    pub leader: String,
    /// The previous leader.
    pub previous: String,
    /// The winner.
    pub winner: String,
}

impl TemplateValues {
    /// The value of a placeholder; `None` if there is no placeholder of this name.
    fn of(&self, placeholder: &str) -> Option<String> {
        let timestamp = |style| self.closes_at.map(|closes| timestamp(closes, style)).unwrap_or_default();
        Some(match placeholder {
            "title" => self.title.clone(),
            "guild" => self.guild.clone(),
            "closes" => timestamp('R'),
            "closes_at" => timestamp('F'),
            "voted" => self.turnout.voted.to_string(),
            "eligible" => self.turnout.eligible.to_string(),
            "percent" => self.turnout.percent().to_string(),
            "entries" => self.entries.to_string(),
            "picks" => self.picks.to_string(),
            "leader" => self.leader.clone(),
            "previous" => self.previous.clone(),
            "winner" => self.winner.clone(),
            _ => return None,
        })
    }

    /// Replaces the placeholders of a template by these values.
    pub fn fill(&self, template: &str) -> String {
        let mut parts = template.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once('}').and_then(|(name, rest)| Some((self.of(name)?, rest))) {
                Some((value, rest)) => filled.extend([value.as_str(), rest]),
                None => filled.extend(["{", part]),
            }
        }
        filled
    }
}

/// A time as Discord displays it in the reader's time zone: style `F` in full, `R` relative to now.
pub fn timestamp(at: Timestamp, style: char) -> String {
    format!("<t:{}:{style}>", at.and_utc().timestamp())
}

/// Joins names as in a sentence: "A", "A and B", "A, B and C".
pub fn join_names(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// A text in one line of at most `max` characters. A longer one is cut and ends in `…`.
pub fn single_line(text: &str, max: usize) -> String {
    cut(flat(text).map(String::from), max)
}

/// Escapes a user's text, in one line, so that Discord displays it as typed: without links, mentions, emojis,
/// timestamps and other mark-up. The result has at most `max` characters with its backslashes. A longer one is cut and
/// ends in `…`.
pub fn escape(text: &str, max: usize) -> String {
    // Dashes and numbers start lists, but only at the start of a line.
    let (mut at_start, mut after_number) = (true, false);
    let escaped = flat(text).map(|c| {
        let is_markup = match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '#' | '[' | ']' | '(' | ')' | '<' | '@' | ':' => true,
            '-' => at_start,
            '.' => after_number,
            _ => false,
        };
        after_number = c.is_ascii_digit() && (at_start || after_number);
        at_start = at_start && c.is_whitespace();
        if is_markup { format!("\\{c}") } else { c.to_string() }
    });
    cut(escaped, max)
}

/// The characters of a text, with spaces in place of line breaks, other control characters, and marks that change the
/// direction of the text.
fn flat(text: &str) -> impl Iterator<Item = char> {
    let is_space = |c| matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().map(move |c| if c.is_control() || is_space(c) { ' ' } else { c })
}

/// Joins as many whole pieces as fit into `max` characters.
fn cut(pieces: impl Iterator<Item = String>, max: usize) -> String {
    let mut fitting = String::new();
    // Where to cut if the text is too long, with room for the ellipsis.
    let (mut count, mut kept) = (0, 0);
    for piece in pieces {
        count += piece.chars().count();
        if count > max {
            fitting.truncate(kept);
            fitting.extend(Some('…').filter(|_| max > 0));
            return fitting;
        }
        fitting += &piece;
        if count < max {
            kept = fitting.len();
        }
    }
    fitting
}

/// Joins as many lines as fit into `max` characters, and says how many are left out.
pub fn cut_lines(lines: &[String], max: usize) -> String {
    let more = |left: usize| format!("… and {left} more");
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        let reserve = more(lines.len()).chars().count() + 1;
        if text.chars().count() + line.chars().count() + 1 + reserve > max {
            return text + &more(lines.len() - index);
        }
        text.extend([line.as_str(), "\n"]);
    }
    text.trim_end().to_owned()
}
