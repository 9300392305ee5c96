//! Which event of a campaign to announce next, without I/O.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::VariantArray;

use crate::{
    kernel::{clock::Timestamp, id::EntryId},
    voting::{AnnouncementLevel, CampaignStatus, Outcome, Turnout},
};

/// An event of a campaign that can be announced. Of several that are due, the greatest is announced.
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
pub enum AnnouncementEvent {
    /// The first ballot was cast.
    FirstVote,
    /// More ballots were cast in a campaign with hidden standings. Only their number is announced.
    Tease,
    /// A quarter of the eligible members have voted.
    Quarter,
    /// The campaign closes within a day.
    DayLeft,
    /// Half of the eligible members have voted.
    Half,
    /// Three quarters of the eligible members have voted.
    ThreeQuarters,
    /// The campaign closes within an hour.
    HourLeft,
    /// Another entry has taken the sole lead.
    LeadChange,
    /// All eligible members have voted.
    AllVoted,
    /// The campaign accepts ballots.
    Launch,
    /// The campaign is closed and has its result.
    Results,
    /// The campaign was cancelled.
    Cancelled,
}

impl AnnouncementEvent {
    /// Whether the event can be announced several times.
    pub const fn is_repeatable(self) -> bool {
        matches!(self, Self::LeadChange | Self::Tease)
    }

    /// Whether the campaign is over with the event.
    pub const fn is_last(self) -> bool {
        matches!(self, Self::Results | Self::Cancelled)
    }

    /// Whether the event is announced at this level.
    pub const fn is_announced_at(self, level: AnnouncementLevel) -> bool {
        match level {
            AnnouncementLevel::Off => false,
            AnnouncementLevel::Quiet => matches!(self, Self::Launch | Self::Results | Self::Cancelled),
            AnnouncementLevel::Normal => {
                !matches!(self, Self::FirstVote | Self::Tease | Self::Quarter | Self::ThreeQuarters | Self::LeadChange)
            }
            AnnouncementLevel::Hype => true,
        }
    }
}

/// The state of a campaign on which its announcements depend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignFacts {
    /// The level of announcements.
    pub level: AnnouncementLevel,
    /// The campaign's status.
    pub status: CampaignStatus,
    /// Whether the campaign was cancelled.
    pub is_cancelled: bool,
    /// When the campaign started.
    pub start_at: Option<Timestamp>,
    /// When the campaign closes.
    pub closes_at: Option<Timestamp>,
    /// The turnout.
    pub turnout: Turnout,
    /// The entry in the sole lead, if everyone may see the standings: see [`leader`]. Otherwise `None`, because neither
    /// the content nor the time of an announcement may depend on it.
    pub leader: Option<EntryId>,
    /// Whether the standings are hidden from some members.
    pub hides_standings: bool,
    /// The time.
    pub now: Timestamp,
}

/// The announcements of a campaign so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredState", into = "StoredState")]
pub struct AnnouncedState {
    /// The events that were announced, or skipped for a greater one, without the repeatable events.
    pub events: BTreeSet<AnnouncementEvent>,
    /// The entry that was last in the sole lead.
    pub leader: Option<EntryId>,
    /// Number of lead changes that were announced or skipped.
    pub leads: u32,
    /// Number of teases that were announced or skipped.
    pub teases: u32,
    /// The start of the draft that was last reported because it could not start.
    pub overdue: Option<Timestamp>,
    /// Events that a newer release announced and this one does not know. They are stored again as they were.
    pub unknown_events: Vec<Value>,
    /// Fields that a newer release stored and this one does not know. They are stored again as they were.
    pub unknown_fields: Map<String, Value>,
}

/// The announcements of a campaign so far, as the database stores them.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredState {
    events: Vec<Value>,
    leader: Option<EntryId>,
    leads: u32,
    teases: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    overdue: Option<Timestamp>,
    #[serde(flatten)]
    unknown_fields: Map<String, Value>,
}

impl From<StoredState> for AnnouncedState {
    fn from(stored: StoredState) -> Self {
        let StoredState { events, leader, leads, teases, overdue, unknown_fields } = stored;
        let mut announced = Self { leader, leads, teases, overdue, unknown_fields, ..Self::default() };
        for event in events {
            match AnnouncementEvent::deserialize(&event) {
                Ok(event) => {
                    announced.events.insert(event);
                }
                Err(_) => announced.unknown_events.push(event),
            }
        }
        announced
    }
}

impl From<AnnouncedState> for StoredState {
    fn from(announced: AnnouncedState) -> Self {
        let AnnouncedState { events, leader, leads, teases, overdue, unknown_events, unknown_fields } = announced;
        let events = events.into_iter().map(|event| event.to_string().into()).chain(unknown_events).collect();
        Self { events, leader, leads, teases, overdue, unknown_fields }
    }
}

/// The entry in the sole lead; `None` without a ballot.
pub fn leader(outcome: &Outcome) -> Option<EntryId> {
    let counted = outcome.standings.iter().any(|row| row.pick_counts.iter().any(|count| *count > 0));
    let mut first = outcome.standings.iter().filter(|row| counted && row.place == 1);
    first.next().filter(|_| first.next().is_none()).map(|row| row.entry)
}

/// The event to announce now, if there is one, and the announced events after it.
pub fn next_event(facts: &CampaignFacts, announced: &AnnouncedState) -> (Option<AnnouncementEvent>, AnnouncedState) {
    let due: BTreeSet<AnnouncementEvent> =
        due_events(facts, announced).into_iter().filter(|event| event.is_announced_at(facts.level)).collect();
    let mut after = announced.clone();
    if accepts_ballots(facts) && AnnouncementEvent::LeadChange.is_announced_at(facts.level) {
        after.leader = facts.leader.or(announced.leader);
        after.leads = announced.leads.saturating_add(u32::from(due.contains(&AnnouncementEvent::LeadChange)));
    }
    if due.contains(&AnnouncementEvent::Tease) {
        after.teases = teases(facts.turnout.voted);
    }
    after.events.extend(due.iter().filter(|event| !event.is_repeatable()));
    (due.difference(&announced.events).max().copied(), after)
}

/// All events that have occurred, announced or not. A lead change is included only if it is new.
fn due_events(facts: &CampaignFacts, announced: &AnnouncedState) -> Vec<AnnouncementEvent> {
    match facts.status {
        _ if announced.events.contains(&AnnouncementEvent::Results) => Vec::new(),
        CampaignStatus::Draft | CampaignStatus::Archived => Vec::new(),
        // Once the end is announced, no earlier event is news. A cancellation also takes the place of the result.
        CampaignStatus::Closed => {
            let all = AnnouncementEvent::VARIANTS.iter().copied().filter(|event| !event.is_repeatable());
            all.filter(|event| facts.is_cancelled || *event != AnnouncementEvent::Cancelled).collect()
        }
        CampaignStatus::Live if !accepts_ballots(facts) => vec![AnnouncementEvent::Launch],
        CampaignStatus::Live => {
            let moments = [
                (true, AnnouncementEvent::Launch),
                (facts.turnout.voted >= 1, AnnouncementEvent::FirstVote),
                (has_voted(facts.turnout, 25), AnnouncementEvent::Quarter),
                (has_voted(facts.turnout, 50), AnnouncementEvent::Half),
                (has_voted(facts.turnout, 75), AnnouncementEvent::ThreeQuarters),
                (facts.turnout.all_voted(), AnnouncementEvent::AllVoted),
                (is_within(facts, TimeDelta::days(1)), AnnouncementEvent::DayLeft),
                (is_within(facts, TimeDelta::hours(1)), AnnouncementEvent::HourLeft),
                (has_new_leader(facts, announced), AnnouncementEvent::LeadChange),
                (facts.hides_standings && teases(facts.turnout.voted) > announced.teases, AnnouncementEvent::Tease),
            ];
            moments.into_iter().filter(|(is_due, _)| *is_due).map(|(_, event)| event).collect()
        }
    }
}

fn accepts_ballots(facts: &CampaignFacts) -> bool {
    facts.status == CampaignStatus::Live && facts.closes_at.is_some_and(|closes| facts.now < closes)
}

/// Whether at least `percent` of the eligible members have voted, and at least one.
fn has_voted(turnout: Turnout, percent: i128) -> bool {
    turnout.voted > 0 && i128::from(turnout.voted) * 100 >= i128::from(turnout.eligible) * percent
}

/// Whether a campaign that lasts longer than `span` closes within it.
fn is_within(facts: &CampaignFacts, span: TimeDelta) -> bool {
    facts
        .start_at
        .zip(facts.closes_at)
        .is_some_and(|(start, closes)| closes - start > span && closes - facts.now <= span)
}

/// Number of teases for this number of ballots: one at three ballots, and one each time that the number has doubled.
fn teases(voted: i64) -> u32 {
    (voted / 3).checked_ilog2().map_or(0, |doublings| doublings + 1)
}

/// Whether another entry leads than before. A tie is no change of the lead.
fn has_new_leader(facts: &CampaignFacts, announced: &AnnouncedState) -> bool {
    facts.leader.zip(announced.leader).is_some_and(|(now, before)| now != before)
}
