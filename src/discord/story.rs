//! Which moment of a vote is to be told, without I/O.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::VariantArray;

use crate::{
    kernel::{clock::Timestamp, id::EntryId},
    voting::{AnnouncementLevel, CampaignStatus, Outcome, Turnout},
};

/// A moment of a vote worth telling; of two that fall together the greater is the more exciting.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::Display,
    strum::VariantArray,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Event {
    /// The first ballot is in.
    FirstVote,
    /// Ballots keep coming in: told by their number alone, of votes whose standings are hidden.
    Tease,
    /// A quarter of those eligible have voted.
    Quarter,
    /// It closes within a day.
    DayLeft,
    /// Half of those eligible have voted.
    Half,
    /// Three quarters of those eligible have voted.
    ThreeQuarters,
    /// It closes within an hour.
    HourLeft,
    /// Another entry leads alone than the one that did last.
    LeadChange,
    /// Everyone eligible has voted.
    AllVoted,
    /// It takes ballots.
    Launch,
    /// It is closed, with its result.
    Results,
}

impl Event {
    /// Whether it can be announced several times.
    pub const fn is_counted(self) -> bool {
        matches!(self, Self::LeadChange | Self::Tease)
    }

    /// Whether a campaign of this level has it told.
    pub const fn is_told_at(self, level: AnnouncementLevel) -> bool {
        match level {
            AnnouncementLevel::Off => false,
            AnnouncementLevel::Quiet => matches!(self, Self::Launch | Self::Results),
            AnnouncementLevel::Normal => {
                !matches!(self, Self::FirstVote | Self::Tease | Self::Quarter | Self::ThreeQuarters | Self::LeadChange)
            }
            AnnouncementLevel::Hype => true,
        }
    }
}

/// What is known of a vote at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How much is told of it.
    pub level: AnnouncementLevel,
    /// Where it is in its life.
    pub status: CampaignStatus,
    /// When it started.
    pub start_at: Option<Timestamp>,
    /// When it closes.
    pub closes_at: Option<Timestamp>,
    /// How many have voted.
    pub turnout: Turnout,
    /// Of a vote whose standings all may see, the entry that leads alone, if there is one; see [`leader`]. Of others nothing
    /// that is told, or when, may depend on it.
    pub leader: Option<EntryId>,
    /// Whether standings are hidden from some.
    pub is_secretive: bool,
    /// The moment.
    pub now: Timestamp,
}

/// What has been announced of a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredState", into = "StoredState")]
pub struct Told {
    /// The events that were told, or passed over for a more exciting one; but for those that can be told several times.
    pub events: BTreeSet<Event>,
    /// The entry that last led alone.
    pub leader: Option<EntryId>,
    /// How many lead changes were told or passed over.
    pub leads: u32,
    /// How many teases were told or passed over.
    pub teases: u32,
    /// Events that a newer release announced and this one does not know. They are stored again as they were.
    pub unknown_events: Vec<Value>,
    /// Fields that a newer release stored and this one does not know. They are stored again as they were.
    pub unknown_fields: Map<String, Value>,
}

/// What has been announced of a campaign, as the database stores it.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredState {
    events: Vec<Value>,
    leader: Option<EntryId>,
    leads: u32,
    teases: u32,
    #[serde(flatten)]
    unknown_fields: Map<String, Value>,
}

impl From<StoredState> for Told {
    fn from(stored: StoredState) -> Self {
        let StoredState { events, leader, leads, teases, unknown_fields } = stored;
        let mut told = Self { leader, leads, teases, unknown_fields, ..Self::default() };
        for event in events {
            match Event::deserialize(&event) {
                Ok(event) => {
                    told.events.insert(event);
                }
                Err(_) => told.unknown_events.push(event),
            }
        }
        told
    }
}

impl From<Told> for StoredState {
    fn from(told: Told) -> Self {
        let Told { events, leader, leads, teases, unknown_events, unknown_fields } = told;
        let events = events.into_iter().map(|event| event.to_string().into()).chain(unknown_events).collect();
        Self { events, leader, leads, teases, unknown_fields }
    }
}

/// The entry that stands in the first place alone; nobody without a ballot.
pub fn leader(outcome: &Outcome) -> Option<EntryId> {
    let counted = outcome.standings.iter().any(|row| row.pick_counts.iter().any(|count| *count > 0));
    let mut first = outcome.standings.iter().filter(|row| counted && row.place == 1);
    first.next().filter(|_| first.next().is_none()).map(|row| row.entry)
}

/// What to tell now, if anything, and what counts as told from then on.
pub fn next(facts: &Facts, told: &Told) -> (Option<Event>, Told) {
    let due: BTreeSet<Event> = due(facts, told).into_iter().filter(|event| event.is_told_at(facts.level)).collect();
    let mut after = told.clone();
    if takes_ballots(facts) && Event::LeadChange.is_told_at(facts.level) {
        after.leader = facts.leader.or(told.leader);
        after.leads = told.leads.saturating_add(u32::from(due.contains(&Event::LeadChange)));
    }
    if due.contains(&Event::Tease) {
        after.teases = teases(facts.turnout.voted);
    }
    after.events.extend(due.iter().filter(|event| !event.is_counted()));
    (due.difference(&told.events).max().copied(), after)
}

/// All that has come about, whether or not it was told before; a lead change only when it is news.
fn due(facts: &Facts, told: &Told) -> Vec<Event> {
    match facts.status {
        _ if told.events.contains(&Event::Results) => Vec::new(),
        CampaignStatus::Draft | CampaignStatus::Archived => Vec::new(),
        // With the result out, nothing that led to it is news.
        CampaignStatus::Closed => {
            let all = Event::VARIANTS.iter().copied();
            all.filter(|event| !event.is_counted()).collect()
        }
        CampaignStatus::Live if !takes_ballots(facts) => vec![Event::Launch],
        CampaignStatus::Live => {
            let moments = [
                (true, Event::Launch),
                (facts.turnout.voted >= 1, Event::FirstVote),
                (has_voted(facts.turnout, 25), Event::Quarter),
                (has_voted(facts.turnout, 50), Event::Half),
                (has_voted(facts.turnout, 75), Event::ThreeQuarters),
                (facts.turnout.all_voted(), Event::AllVoted),
                (is_within(facts, TimeDelta::days(1)), Event::DayLeft),
                (is_within(facts, TimeDelta::hours(1)), Event::HourLeft),
                (has_new_leader(facts, told), Event::LeadChange),
                (facts.is_secretive && teases(facts.turnout.voted) > told.teases, Event::Tease),
            ];
            moments.into_iter().filter(|(is_due, _)| *is_due).map(|(_, event)| event).collect()
        }
    }
}

fn takes_ballots(facts: &Facts) -> bool {
    facts.status == CampaignStatus::Live && facts.closes_at.is_some_and(|closes| facts.now < closes)
}

/// Whether at least `percent` of those eligible have voted, and someone has.
fn has_voted(turnout: Turnout, percent: i128) -> bool {
    turnout.voted > 0 && i128::from(turnout.voted) * 100 >= i128::from(turnout.eligible) * percent
}

/// Whether a vote that lasts longer than `span` closes within it.
fn is_within(facts: &Facts, span: TimeDelta) -> bool {
    facts
        .start_at
        .zip(facts.closes_at)
        .is_some_and(|(start, closes)| closes - start > span && closes - facts.now <= span)
}

/// How many teases so many ballots make: at the third, and whenever they have doubled since.
fn teases(voted: i64) -> u32 {
    (voted / 3).checked_ilog2().map_or(0, |doublings| doublings + 1)
}

/// A tie is no change: who led before still has to be overtaken.
fn has_new_leader(facts: &Facts, told: &Told) -> bool {
    facts.leader.zip(told.leader).is_some_and(|(now, before)| now != before)
}
