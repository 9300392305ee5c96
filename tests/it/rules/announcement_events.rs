//! The rules that choose the event of a campaign to announce.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use guildhall::{
    discord::announcement_rules::{AnnouncedState, AnnouncementEvent, CampaignFacts, leader, next_event},
    kernel::{clock::Timestamp, id::EntryId},
    voting::{AnnouncementLevel, CampaignStatus, Outcome, Turnout},
};
use guildhall_count::Placement;
use proptest::{prelude::*, sample::select};
use strum::VariantArray;

const LEVELS: &[AnnouncementLevel] = AnnouncementLevel::VARIANTS;

fn at(hours: i64) -> Timestamp {
    Timestamp::default() + TimeDelta::hours(hours)
}

/// A campaign of two days, one hour after its start, at the level that announces everything.
fn facts(voted: i64, eligible: i64) -> CampaignFacts {
    CampaignFacts {
        level: AnnouncementLevel::Hype,
        status: CampaignStatus::Live,
        is_cancelled: false,
        start_at: Some(at(0)),
        closes_at: Some(at(48)),
        turnout: Turnout { eligible, voted, ..Turnout::default() },
        leader: None,
        hides_standings: false,
        now: at(1),
    }
}

/// The event announced at each step, and the state after the last one.
fn announced(steps: impl IntoIterator<Item = CampaignFacts>) -> (Vec<Option<AnnouncementEvent>>, AnnouncedState) {
    let mut state = AnnouncedState::default();
    let mut events = Vec::new();
    for facts in steps {
        let (event, after) = next_event(&facts, &state);
        events.push(event);
        state = after;
    }
    (events, state)
}

/// A set of exactly these events.
fn only(events: impl IntoIterator<Item = AnnouncementEvent>) -> BTreeSet<AnnouncementEvent> {
    events.into_iter().collect()
}

#[test]
fn a_campaign_is_announced_from_launch_to_results() {
    let draft = CampaignFacts { status: CampaignStatus::Draft, ..facts(0, 8) };
    let closed = CampaignFacts { status: CampaignStatus::Closed, ..facts(8, 8) };
    let (events, state) = announced([
        draft,
        facts(0, 8),
        facts(1, 8),
        facts(2, 8),
        facts(3, 8),
        facts(4, 8),
        CampaignFacts { now: at(24), ..facts(4, 8) },
        facts(6, 8),
        CampaignFacts { now: at(47), ..facts(6, 8) },
        facts(8, 8),
        CampaignFacts { now: at(48), ..facts(8, 8) },
        closed,
        closed,
        CampaignFacts { status: CampaignStatus::Archived, ..closed },
    ]);
    let expected = [
        None,
        Some(AnnouncementEvent::Launch),
        Some(AnnouncementEvent::FirstVote),
        Some(AnnouncementEvent::Quarter),
        None,
        Some(AnnouncementEvent::Half),
        Some(AnnouncementEvent::DayLeft),
        Some(AnnouncementEvent::ThreeQuarters),
        Some(AnnouncementEvent::HourLeft),
        Some(AnnouncementEvent::AllVoted),
        None,
        Some(AnnouncementEvent::Results),
        None,
        None,
    ];
    assert_eq!(events, expected);
    assert_eq!(state.events.len(), AnnouncementEvent::VARIANTS.len() - 3);
}

#[test]
fn a_cancellation_takes_the_place_of_the_result() {
    let cancelled = CampaignFacts { status: CampaignStatus::Closed, is_cancelled: true, ..facts(3, 8) };
    let archived = CampaignFacts { status: CampaignStatus::Archived, ..cancelled };
    for level in [AnnouncementLevel::Quiet, AnnouncementLevel::Normal, AnnouncementLevel::Hype] {
        let at = |facts: CampaignFacts| CampaignFacts { level, ..facts };
        let (events, state) = announced([facts(0, 8), cancelled, cancelled, archived].map(at));
        let expected = [Some(AnnouncementEvent::Launch), Some(AnnouncementEvent::Cancelled), None, None];
        assert_eq!(events, expected, "{level}");
        // A server of an earlier release then announces no result.
        assert!(state.events.contains(&AnnouncementEvent::Results), "{level}");
    }
    let off = CampaignFacts { level: AnnouncementLevel::Off, ..cancelled };
    assert_eq!(announced([off]).0, [None]);
}

#[test]
fn only_the_most_exciting_of_several_events_is_announced() {
    let (events, state) = announced([facts(3, 5), facts(3, 5)]);
    assert_eq!(events, [Some(AnnouncementEvent::Launch), None]);
    assert_eq!(
        state.events,
        only([
            AnnouncementEvent::Launch,
            AnnouncementEvent::FirstVote,
            AnnouncementEvent::Quarter,
            AnnouncementEvent::Half
        ])
    );

    let late = CampaignFacts { now: at(47), ..facts(4, 5) };
    let (events, state) = announced([facts(0, 5), late, late]);
    assert_eq!(events, [Some(AnnouncementEvent::Launch), Some(AnnouncementEvent::HourLeft), None]);
    assert!(
        state.events.contains(&AnnouncementEvent::DayLeft) && state.events.contains(&AnnouncementEvent::ThreeQuarters)
    );
}

#[test]
fn turnout_thresholds_are_exact() {
    let reaches = |voted, eligible, event: AnnouncementEvent| {
        next_event(&facts(voted, eligible), &AnnouncedState::default()).1.events.contains(&event)
    };
    assert!(reaches(1, 4, AnnouncementEvent::Quarter) && !reaches(1, 5, AnnouncementEvent::Quarter));
    assert!(
        reaches(2, 3, AnnouncementEvent::Half)
            && !reaches(2, 3, AnnouncementEvent::ThreeQuarters)
            && !reaches(0, 0, AnnouncementEvent::Quarter)
    );
    assert!(
        reaches(i64::MAX, i64::MAX, AnnouncementEvent::ThreeQuarters)
            && !reaches(i64::MAX / 2, i64::MAX, AnnouncementEvent::Half)
    );
}

#[test]
fn short_campaigns_have_no_last_day_or_hour() {
    let lasting = |hours, now| CampaignFacts { closes_at: Some(at(hours)), now, ..facts(0, 4) };
    let (events, state) = announced([lasting(24, at(0)), lasting(24, at(22)), lasting(24, at(23))]);
    assert_eq!(events, [Some(AnnouncementEvent::Launch), None, Some(AnnouncementEvent::HourLeft)]);
    assert!(!state.events.contains(&AnnouncementEvent::DayLeft));
    assert_eq!(announced([lasting(1, at(0)), lasting(1, at(0))]).0, [Some(AnnouncementEvent::Launch), None]);
}

#[test]
fn a_lead_changes_when_another_entry_leads_alone() {
    let led = |leader: Option<i64>| CampaignFacts { leader: leader.map(EntryId), ..facts(1, 100) };
    let (events, state) = announced([None, None, Some(1), None, Some(1), Some(2), None, Some(1), Some(1)].map(led));
    let change = Some(AnnouncementEvent::LeadChange);
    assert_eq!(
        events,
        [Some(AnnouncementEvent::Launch), None, None, None, None, change, None, change, None],
        "neither the first leader nor a tie is a change"
    );
    assert_eq!(
        state,
        AnnouncedState {
            events: only([AnnouncementEvent::Launch, AnnouncementEvent::FirstVote]),
            leader: Some(EntryId(1)),
            leads: 2,
            ..AnnouncedState::default()
        }
    );

    // A lead change at the same time as a more exciting event is never announced.
    let (events, state) = announced([
        led(Some(1)),
        CampaignFacts { turnout: Turnout { eligible: 1, voted: 1, ..Turnout::default() }, ..led(Some(2)) },
        led(Some(2)),
    ]);
    assert_eq!(events, [Some(AnnouncementEvent::Launch), Some(AnnouncementEvent::AllVoted), None]);
    assert_eq!((state.leader, state.leads), (Some(EntryId(2)), 1));
}

#[test]
fn teasers_of_hidden_standings_depend_only_on_the_number_of_ballots() {
    let voted = |voted| CampaignFacts { hides_standings: true, ..facts(voted, 1_000) };
    let (events, state) = announced([0, 1, 2, 3, 4, 6, 11, 13, 13].map(voted));
    let tease = Some(AnnouncementEvent::Tease);
    assert_eq!(
        events,
        [
            Some(AnnouncementEvent::Launch),
            Some(AnnouncementEvent::FirstVote),
            None,
            tease,
            None,
            tease,
            None,
            tease,
            None
        ]
    );
    assert_eq!((state.teases, state.leads), (3, 0));
    assert_eq!(
        announced([0, 1, 3].map(|voted| facts(voted, 1_000))).0[2],
        None,
        "a campaign with visible standings has no teasers"
    );
    let teases = |ballots| next_event(&voted(ballots), &AnnouncedState::default()).1.teases;
    assert_eq!((teases(2), teases(3)), (0, 1));
}

#[test]
fn after_the_closing_time_only_the_launch_is_announced() {
    let late = CampaignFacts { now: at(48), leader: Some(EntryId(1)), ..facts(4, 4) };
    let (events, state) = announced([late, late]);
    assert_eq!(events, [Some(AnnouncementEvent::Launch), None]);
    assert_eq!(state, AnnouncedState { events: only([AnnouncementEvent::Launch]), ..AnnouncedState::default() });
}

#[test]
fn nothing_is_announced_after_the_results() {
    let closed = CampaignFacts { status: CampaignStatus::Closed, level: AnnouncementLevel::Quiet, ..facts(4, 4) };
    let (events, state) = announced([closed, CampaignFacts { status: CampaignStatus::Live, ..closed }]);
    assert_eq!(events, [Some(AnnouncementEvent::Results), None]);
    assert_eq!(state.events, only([AnnouncementEvent::Launch, AnnouncementEvent::Results]));
    assert_eq!(
        announced([CampaignFacts { status: CampaignStatus::Archived, ..closed }]),
        (vec![None], AnnouncedState::default())
    );
}

#[test]
fn each_level_includes_the_quieter_ones() {
    let at_level =
        |level| only(AnnouncementEvent::VARIANTS.iter().copied().filter(|event| event.is_announced_at(level)));
    assert_eq!(LEVELS.iter().map(|level| at_level(*level).len()).collect::<Vec<_>>(), [0, 3, 7, 12]);
    assert!(LEVELS.windows(2).all(|pair| at_level(pair[0]).is_subset(&at_level(pair[1]))));
}

#[test]
fn a_leader_is_alone_in_first_place() {
    let row = |entry, place, count| Placement { entry: EntryId(entry), place, points: count, pick_counts: vec![count] };
    let of = |standings| leader(&Outcome { standings, ..Outcome::default() });
    assert_eq!(of(vec![row(2, 1, 3), row(1, 2, 1)]), Some(EntryId(2)));
    assert_eq!(of(vec![row(2, 1, 3), row(1, 1, 3)]), None);
    assert_eq!((of(vec![row(2, 1, 0)]), of(Vec::new())), (None, None));
}

#[test]
fn announced_events_are_stored_as_json() {
    let events = only([AnnouncementEvent::AllVoted, AnnouncementEvent::Launch]);
    let state = AnnouncedState { events, leader: Some(EntryId(7)), leads: 2, teases: 1, ..AnnouncedState::default() };
    let json = serde_json::json!({"events": ["ALL_VOTED", "LAUNCH"], "leader": 7, "leads": 2, "teases": 1});
    assert_eq!(serde_json::to_value(&state).ok(), Some(json.clone()));
    assert_eq!(serde_json::from_value(json).ok(), Some(state));
    assert_eq!(serde_json::from_str("{}").ok(), Some(AnnouncedState::default()));
}

#[test]
fn events_and_fields_of_a_newer_release_are_kept() {
    let stored = serde_json::json!({
        "events": ["LAUNCH", "DIGEST", { "at": 7 }], "leader": 4, "leads": 2, "teases": 1, "digests": [1, 2],
    });
    let mut state: AnnouncedState = serde_json::from_value(stored).unwrap();
    assert_eq!((state.events.iter().copied().collect::<Vec<_>>(), state.leads), (vec![AnnouncementEvent::Launch], 2));
    state.events.insert(AnnouncementEvent::Half);
    let expected = serde_json::json!({
        "events": ["HALF", "LAUNCH", "DIGEST", { "at": 7 }], "leader": 4, "leads": 2, "teases": 1, "digests": [1, 2],
    });
    assert_eq!(serde_json::to_value(&state).unwrap(), expected);
    assert_eq!(serde_json::from_str::<AnnouncedState>("{}").unwrap(), AnnouncedState::default());
}

/// A campaign in steps: time passes, ballots arrive, members join and leave, the lead changes, and it ends.
fn any_campaign() -> impl Strategy<Value = Vec<CampaignFacts>> {
    let step = (0..=40_i64, -1..=3_i64, 0..=8_i64, prop::option::of(0..3_i64));
    (select(LEVELS), 1..=80_i64, prop::collection::vec(step, 1..40), 0..3_usize, any::<bool>()).prop_map(
        |(level, hours, steps, endings, hides_standings)| {
            let mut course =
                vec![CampaignFacts { level, hides_standings, closes_at: Some(at(hours)), now: at(0), ..facts(0, 5) }];
            for (quarters, joined, voted, leader) in steps {
                let Some(CampaignFacts { turnout: before, now, .. }) = course.last().copied() else { break };
                let eligible = (before.eligible + joined).max(before.voted);
                let turnout =
                    Turnout { eligible, voted: (before.voted + voted / 3).min(eligible), ..Turnout::default() };
                let now = now + TimeDelta::minutes(15 * quarters);
                course.push(CampaignFacts { turnout, now, leader: leader.map(EntryId), ..course[0] });
            }
            let last = course[course.len() - 1];
            let ends = [CampaignStatus::Closed, CampaignStatus::Archived];
            course.extend(ends.iter().take(endings).map(|status| CampaignFacts { status: *status, ..last }));
            course
        },
    )
}

proptest! {
    #[test]
    fn nothing_is_announced_twice_or_above_the_level(course in any_campaign()) {
        let (events, state) = announced(course.clone());
        let level = course[0].level;
        let events: Vec<AnnouncementEvent> = events.into_iter().flatten().collect();
        prop_assert!(events.iter().chain(&state.events).all(|event| event.is_announced_at(level)));
        let (changes, others): (Vec<_>, Vec<AnnouncementEvent>) =
            events.iter().partition(|event| event.is_repeatable());
        prop_assert_eq!(only(others.iter().copied()).len(), others.len());
        prop_assert!(only(others).is_subset(&state.events));
        prop_assert!(changes.len() <= usize::try_from(state.leads + state.teases).unwrap_or_default());
        let launch = (level != AnnouncementLevel::Off).then_some(AnnouncementEvent::Launch);
        prop_assert_eq!(events.first().copied(), launch);
        let end = events.iter().position(|event| *event == AnnouncementEvent::Results);
        prop_assert!(end.is_none_or(|end| end + 1 == events.len()));
    }

    #[test]
    fn announced_events_only_grow_and_the_same_facts_announce_nothing_twice(course in any_campaign()) {
        let mut state = AnnouncedState::default();
        for facts in course {
            let (event, after) = next_event(&facts, &state);
            prop_assert!(state.events.is_subset(&after.events) && state.leads <= after.leads);
            prop_assert!(state.teases <= after.teases);
            prop_assert!(state.leader.is_none() || after.leader.is_some());
            if let Some(event) = event {
                prop_assert!(!state.events.contains(&event));
                prop_assert!(event.is_repeatable() || after.events.contains(&event));
                // Events that were skipped with it are less exciting.
                prop_assert!(after.events.difference(&state.events).all(|passed| *passed <= event));
            }
            prop_assert_eq!(next_event(&facts, &after), (None, after.clone()));
            state = after;
        }
    }

    #[test]
    fn a_louder_level_misses_no_event_of_a_quieter_one(course in any_campaign()) {
        let state: Vec<AnnouncedState> = LEVELS
            .iter()
            .map(|level| announced(course.iter().map(|facts| CampaignFacts { level: *level, ..*facts })).1)
            .collect();
        prop_assert!(state.windows(2).all(|pair| pair[0].events.is_subset(&pair[1].events)));
    }
}
