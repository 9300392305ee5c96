use proptest::{prelude::*, sample::select};

use super::*;
use crate::voting::Standing;

const LEVELS: &[AnnouncementLevel] = AnnouncementLevel::VARIANTS;

fn at(hours: i64) -> Instant {
    Instant::default() + TimeDelta::hours(hours)
}

/// A vote of two days, an hour after its start, of which everything is told.
fn facts(voted: i64, eligible: i64) -> Facts {
    Facts {
        level: AnnouncementLevel::Hype,
        status: CampaignStatus::Live,
        start_at: Some(at(0)),
        closes_at: Some(at(48)),
        turnout: Turnout { eligible, voted },
        leader: None,
        is_secretive: false,
        now: at(1),
    }
}

/// What is told step by step.
fn story(steps: impl IntoIterator<Item = Facts>) -> (Vec<Option<Event>>, Told) {
    let mut told = Told::default();
    let mut events = Vec::new();
    for facts in steps {
        let (event, after) = next(&facts, &told);
        events.push(event);
        told = after;
    }
    (events, told)
}

fn only(events: impl IntoIterator<Item = Event>) -> BTreeSet<Event> {
    events.into_iter().collect()
}

#[test]
fn a_vote_is_told_from_its_launch_to_its_results() {
    let draft = Facts { status: CampaignStatus::Draft, ..facts(0, 8) };
    let closed = Facts { status: CampaignStatus::Closed, ..facts(8, 8) };
    let (events, told) = story([
        draft,
        facts(0, 8),
        facts(1, 8),
        facts(2, 8),
        facts(3, 8),
        facts(4, 8),
        Facts { now: at(24), ..facts(4, 8) },
        facts(6, 8),
        Facts { now: at(47), ..facts(6, 8) },
        facts(8, 8),
        Facts { now: at(48), ..facts(8, 8) },
        closed,
        closed,
        Facts { status: CampaignStatus::Archived, ..closed },
    ]);
    let expected = [
        None,
        Some(Event::Launch),
        Some(Event::FirstVote),
        Some(Event::Quarter),
        None,
        Some(Event::Half),
        Some(Event::DayLeft),
        Some(Event::ThreeQuarters),
        Some(Event::HourLeft),
        Some(Event::AllVoted),
        None,
        Some(Event::Results),
        None,
        None,
    ];
    assert_eq!(events, expected);
    assert_eq!(told.events.len(), Event::VARIANTS.len() - 2);
}

#[test]
fn of_several_the_most_exciting_is_told_and_the_others_pass() {
    let (events, told) = story([facts(3, 5), facts(3, 5)]);
    assert_eq!(events, [Some(Event::Launch), None]);
    assert_eq!(told.events, only([Event::Launch, Event::FirstVote, Event::Quarter, Event::Half]));

    let late = Facts { now: at(47), ..facts(4, 5) };
    let (events, told) = story([facts(0, 5), late, late]);
    assert_eq!(events, [Some(Event::Launch), Some(Event::HourLeft), None]);
    assert!(told.events.contains(&Event::DayLeft) && told.events.contains(&Event::ThreeQuarters));
}

#[test]
fn marks_are_exact() {
    let has = |voted, eligible, percent| has_voted(Turnout { eligible, voted }, percent);
    assert!(has(1, 4, 25) && !has(1, 5, 25) && has(2, 3, 50) && !has(2, 3, 75) && !has(0, 0, 25));
    assert!(has(i64::MAX, i64::MAX, 75) && !has(i64::MAX / 2, i64::MAX, 50));
}

#[test]
fn short_votes_have_no_last_day_or_hour() {
    let lasting = |hours, now| Facts { closes_at: Some(at(hours)), now, ..facts(0, 4) };
    let (events, told) = story([lasting(24, at(0)), lasting(24, at(22)), lasting(24, at(23))]);
    assert_eq!(events, [Some(Event::Launch), None, Some(Event::HourLeft)]);
    assert!(!told.events.contains(&Event::DayLeft));
    assert_eq!(story([lasting(1, at(0)), lasting(1, at(0))]).0, [Some(Event::Launch), None]);
}

#[test]
fn a_lead_changes_when_another_leads_alone() {
    let led = |leader: Option<i64>| Facts { leader: leader.map(EntryId), ..facts(1, 100) };
    let (events, told) = story([None, None, Some(1), None, Some(1), Some(2), None, Some(1), Some(1)].map(led));
    let change = Some(Event::LeadChange);
    assert_eq!(
        events,
        [Some(Event::Launch), None, None, None, None, change, None, change, None],
        "the first leader and ties are no change"
    );
    assert_eq!(
        told,
        Told { events: only([Event::Launch, Event::FirstVote]), leader: Some(EntryId(1)), leads: 2, teases: 0 }
    );

    // Passed over for a greater moment, and not made up for.
    let (events, told) =
        story([led(Some(1)), Facts { turnout: Turnout { eligible: 1, voted: 1 }, ..led(Some(2)) }, led(Some(2))]);
    assert_eq!(events, [Some(Event::Launch), Some(Event::AllVoted), None]);
    assert_eq!((told.leader, told.leads), (Some(EntryId(2)), 1));
}

#[test]
fn a_secretive_vote_is_teased_by_the_number_of_its_ballots_alone() {
    let voted = |voted| Facts { is_secretive: true, ..facts(voted, 1_000) };
    let (events, told) = story([0, 1, 2, 3, 4, 6, 11, 13, 13].map(voted));
    let tease = Some(Event::Tease);
    assert_eq!(events, [Some(Event::Launch), Some(Event::FirstVote), None, tease, None, tease, None, tease, None]);
    assert_eq!((told.teases, told.leads), (3, 0));
    assert_eq!(story([0, 1, 3].map(|voted| facts(voted, 1_000))).0[2], None, "an open one is not");
    assert_eq!((teases(2), teases(3)), (0, 1));
}

#[test]
fn past_its_closing_instant_only_the_launch_is_told() {
    let late = Facts { now: at(48), leader: Some(EntryId(1)), ..facts(4, 4) };
    let (events, told) = story([late, late]);
    assert_eq!(events, [Some(Event::Launch), None]);
    assert_eq!(told, Told { events: only([Event::Launch]), ..Told::default() });
}

#[test]
fn results_end_the_story() {
    let closed = Facts { status: CampaignStatus::Closed, level: AnnouncementLevel::Quiet, ..facts(4, 4) };
    let (events, told) = story([closed, Facts { status: CampaignStatus::Live, ..closed }]);
    assert_eq!(events, [Some(Event::Results), None]);
    assert_eq!(told.events, only([Event::Launch, Event::Results]));
    assert_eq!(story([Facts { status: CampaignStatus::Archived, ..closed }]), (vec![None], Told::default()));
}

#[test]
fn levels_grow() {
    let at_level = |level| only(Event::VARIANTS.iter().copied().filter(|event| event.is_told_at(level)));
    assert_eq!(LEVELS.iter().map(|level| at_level(*level).len()).collect::<Vec<_>>(), [0, 2, 6, 11]);
    assert!(LEVELS.windows(2).all(|pair| at_level(pair[0]).is_subset(&at_level(pair[1]))));
}

#[test]
fn the_leader_stands_first_alone() {
    let row = |entry, place, count| Standing { entry: EntryId(entry), place, points: count, pick_counts: vec![count] };
    let of = |standings| leader(&Outcome { standings, ..Outcome::default() });
    assert_eq!(of(vec![row(2, 1, 3), row(1, 2, 1)]), Some(EntryId(2)));
    assert_eq!(of(vec![row(2, 1, 3), row(1, 1, 3)]), None);
    assert_eq!((of(vec![row(2, 1, 0)]), of(Vec::new())), (None, None));
}

#[test]
fn what_was_told_is_kept_as_json() {
    let told = Told { events: only([Event::AllVoted, Event::Launch]), leader: Some(EntryId(7)), leads: 2, teases: 1 };
    let json = serde_json::json!({"events": ["ALL_VOTED", "LAUNCH"], "leader": 7, "leads": 2, "teases": 1});
    assert_eq!(serde_json::to_value(&told).ok(), Some(json.clone()));
    assert_eq!(serde_json::from_value(json).ok(), Some(told));
    assert_eq!(serde_json::from_str("{}").ok(), Some(Told::default()));
}

/// A vote as it goes on: time passes, ballots come in, members come and go, the lead goes to and fro, and it ends.
fn any_course() -> impl Strategy<Value = Vec<Facts>> {
    let step = (0..=40_i64, -1..=3_i64, 0..=8_i64, prop::option::of(0..3_i64));
    (select(LEVELS), 1..=80_i64, prop::collection::vec(step, 1..40), 0..3_usize, any::<bool>()).prop_map(
        |(level, hours, steps, over, is_secretive)| {
            let mut course = vec![Facts { level, is_secretive, closes_at: Some(at(hours)), now: at(0), ..facts(0, 5) }];
            for (quarters, joined, voted, leader) in steps {
                let Some(Facts { turnout: before, now, .. }) = course.last().copied() else { break };
                let eligible = (before.eligible + joined).max(before.voted);
                let turnout = Turnout { eligible, voted: (before.voted + voted / 3).min(eligible) };
                let now = now + TimeDelta::minutes(15 * quarters);
                course.push(Facts { turnout, now, leader: leader.map(EntryId), ..course[0] });
            }
            let last = course[course.len() - 1];
            let ends = [CampaignStatus::Closed, CampaignStatus::Archived];
            course.extend(ends.iter().take(over).map(|status| Facts { status: *status, ..last }));
            course
        },
    )
}

proptest! {
    #[test]
    fn nothing_is_told_twice_and_only_what_the_level_has(course in any_course()) {
        let (events, told) = story(course.clone());
        let level = course[0].level;
        let events: Vec<Event> = events.into_iter().flatten().collect();
        prop_assert!(events.iter().chain(&told.events).all(|event| event.is_told_at(level)));
        let (changes, others): (Vec<_>, Vec<Event>) =
            events.iter().partition(|event| event.is_counted());
        prop_assert_eq!(only(others.iter().copied()).len(), others.len());
        prop_assert!(only(others).is_subset(&told.events));
        prop_assert!(changes.len() <= usize::try_from(told.leads + told.teases).unwrap_or_default());
        prop_assert_eq!(events.first().copied(), Some(Event::Launch).filter(|_| level != AnnouncementLevel::Off));
        let end = events.iter().position(|event| *event == Event::Results);
        prop_assert!(end.is_none_or(|end| end + 1 == events.len()));
    }

    #[test]
    fn what_counts_as_told_only_grows_and_telling_again_tells_nothing(course in any_course()) {
        let mut told = Told::default();
        for facts in course {
            let (event, after) = next(&facts, &told);
            prop_assert!(told.events.is_subset(&after.events) && told.leads <= after.leads);
            prop_assert!(told.teases <= after.teases);
            prop_assert!(told.leader.is_none() || after.leader.is_some());
            if let Some(event) = event {
                prop_assert!(!told.events.contains(&event));
                prop_assert!(event.is_counted() || after.events.contains(&event));
                // Whatever passed with it is less exciting.
                prop_assert!(after.events.difference(&told.events).all(|passed| *passed <= event));
            }
            prop_assert_eq!(next(&facts, &after), (None, after.clone()));
            told = after;
        }
    }

    #[test]
    fn a_quieter_level_tells_no_moment_that_a_louder_one_lets_pass_unnoticed(course in any_course()) {
        let told: Vec<Told> = LEVELS
            .iter()
            .map(|level| story(course.iter().map(|facts| Facts { level: *level, ..*facts })).1)
            .collect();
        prop_assert!(told.windows(2).all(|pair| pair[0].events.is_subset(&pair[1].events)));
    }
}
