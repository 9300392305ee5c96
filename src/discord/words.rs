//! How announcements are worded: the pools of `data/discord/announcements.json`, and what people typed put into them.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::story::Event;
use crate::{
    kernel::{clock::Timestamp, id::CampaignId},
    voting::Turnout,
};

const ANNOUNCEMENTS: &str = include_str!("../../data/discord/announcements.json");

/// Pools that cannot be read count as none; a test sees to it that they can.
static POOLS: LazyLock<BTreeMap<String, Pool>> =
    LazyLock::new(|| serde_json::from_str(ANNOUNCEMENTS).unwrap_or_default());

/// The variants of a theme.
#[derive(Deserialize)]
struct Pool {
    titles: Vec<String>,
    texts: Vec<String>,
}

/// What an announcement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// An event, by its own name.
    Plain(Event),
    /// A result in which several share the first place.
    ResultsTied,
    /// A result without a ballot.
    ResultsEmpty,
}

impl Theme {
    /// The name of its variants in `data/discord/announcements.json`.
    pub fn pool(self) -> String {
        match self {
            Self::Plain(event) => event.to_string(),
            Self::ResultsTied => "RESULTS_TIED".to_owned(),
            Self::ResultsEmpty => "RESULTS_EMPTY".to_owned(),
        }
    }

    /// The title and the text for a campaign, always the same ones for the same `time` that it is told there.
    pub fn wording(self, campaign: CampaignId, time: u32) -> (&'static str, &'static str) {
        let name = self.pool();
        let hash = Sha256::digest(format!("{name} {} {time}", campaign.0));
        let variant = |pool: fn(&Pool) -> &Vec<String>, bytes: Option<&[u8; 8]>| {
            let pool = POOLS.get(&name).map(pool)?;
            let number = u64::from_be_bytes(*bytes?).checked_rem(u64::try_from(pool.len()).ok()?)?;
            pool.get(usize::try_from(number).ok()?).map(String::as_str)
        };
        let title = variant(|pool| &pool.titles, hash.first_chunk());
        (title.unwrap_or_default(), variant(|pool| &pool.texts, hash.last_chunk()).unwrap_or_default())
    }
}

/// What stands for the placeholders. Its texts are escaped.
#[derive(Clone, Debug, Default)]
pub struct Values {
    /// The campaign's title.
    pub title: String,
    /// The guild's name.
    pub guild: String,
    /// When it closes.
    pub closes_at: Option<Timestamp>,
    /// How many have voted.
    pub turnout: Turnout,
    /// How many entries there are.
    pub entries: usize,
    /// How many a ballot names.
    pub picks: i64,
    /// Who leads.
    pub leader: String,
    /// Who led before.
    pub previous: String,
    /// Who has won.
    pub winner: String,
}

impl Values {
    /// What stands for a placeholder, if there is one of this name.
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

    /// A template with these in the places of its placeholders.
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

/// An instant as each reader's Discord shows it: `F` in full, `R` as the time until then.
pub fn timestamp(at: Timestamp, style: char) -> String {
    format!("<t:{}:{style}>", at.and_utc().timestamp())
}

/// Names as one writes them: "A", "A and B", "A, B and C".
pub fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// A text in one line of at most `max` characters, the last of them `…` if it was longer.
pub fn line(text: &str, max: usize) -> String {
    cut(flat(text).map(String::from), max)
}

/// What people typed, in one line that Discord shows as typed: no link, mention, emoji, timestamp or other mark-up is
/// made of it. With the backslashes it has at most `max` characters, the last of them `…` if it was longer.
pub fn escape(text: &str, max: usize) -> String {
    // Dashes and numbers make lists, but only where a line starts.
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

/// The characters of a text, with spaces for line breaks and other control characters, and for what turns the rest of a
/// line around.
fn flat(text: &str) -> impl Iterator<Item = char> {
    let is_space = |c| matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().map(move |c| if c.is_control() || is_space(c) { ' ' } else { c })
}

/// The pieces, as many as fit whole.
fn cut(pieces: impl Iterator<Item = String>, max: usize) -> String {
    let mut fitting = String::new();
    // Where it is to be cut if it turns out too long: with room for the ellipsis.
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
