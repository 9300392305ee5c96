//! Announcements as Discord embeds.

use std::sync::Arc;

use guildhall::{
    discord::{
        announcement_rules::{AnnouncedState, AnnouncementEvent},
        embed::{AnnouncementContext, Branding, announcement, board},
        wording::Theme,
    },
    kernel::{
        clock::Timestamp,
        id::{CampaignId, EntryId, GuildId},
    },
    voting::{AnnouncementLevel, Campaign, CampaignStatus, Entry, Outcome, ResultsVisibility, Turnout, VotingMethod},
};
use guildhall_count::{Method, Placement, Rules};
use proptest::{prelude::*, sample::select};
use serde_json::Value;
use strum::VariantArray;

/// A live campaign of three picks.
pub fn campaign() -> Campaign {
    Campaign {
        guild_id: GuildId(1),
        id: CampaignId(1),
        title: "Next raid".to_owned(),
        description: None,
        method: VotingMethod::Weighted,
        picks_per_voter: 3,
        min_rank_level_to_vote: 1,
        min_rank_level_to_view: None,
        start_at: Some(Timestamp::default()),
        duration_hours: 48,
        closes_at: Some(Timestamp::default() + chrono::TimeDelta::hours(48)),
        closed_at: None,
        status: CampaignStatus::Live,
        early_close_if_all_voted: true,
        results_visibility: ResultsVisibility::AfterVoting,
        announcements: AnnouncementLevel::Hype,
        discord_channel_id: None,
        created_by: None,
        created_at: Timestamp::default(),
        seats: 1,
        close_reason: None,
        cancel_reason: None,
        cancelled_eligible: None,
        cancelled_awaiting_registration: None,
        outcome: None,
        draft_revision: 1,
        sort_key: String::new(),
        ladder_version: 0,
        roster_version: 0,
    }
}

fn entry(id: i64, name: String) -> Arc<Entry> {
    Arc::new(Entry {
        guild_id: GuildId(1),
        id: EntryId(id),
        campaign_id: CampaignId(1),
        name,
        description: None,
        image_url: (id > 1).then(|| format!("https://img.example/{id}.png")),
        sort_order: id,
        associated_member_id: None,
    })
}

/// Entries A, B, C and so on. All but the first have an image.
fn entries(count: u8) -> Vec<Arc<Entry>> {
    (0..count).map(|number| entry(i64::from(number) + 1, char::from(b'A' + number).to_string())).collect()
}

/// An outcome of these entries, places and points.
fn outcome(rows: &[(i64, i64, i64)]) -> Outcome {
    let row = |(entry, place, points): &(i64, i64, i64)| Placement {
        entry: EntryId(*entry),
        place: *place,
        points: *points,
        pick_counts: vec![*points],
    };
    Outcome { standings: rows.iter().map(row).collect(), ..Outcome::default() }
}

fn branding() -> Branding {
    Branding {
        guild_name: "Dawn_Guard".to_owned(),
        color: 0x00C0_FFEE,
        campaign_url: Some("https://dawn.example/votes/{id}".to_owned()),
        thumbnail_url: None,
    }
}

/// An announcement's embed, as JSON.
fn embed_of(
    campaign: &Campaign,
    entries: &[Arc<Entry>],
    event: AnnouncementEvent,
    outcome: Option<&Outcome>,
    announced: &AnnouncedState,
    branding: &Branding,
) -> Value {
    let turnout = Turnout { eligible: 40, voted: 12, ..Turnout::default() };
    let message =
        announcement(&AnnouncementContext { campaign, entries, turnout, outcome, event, announced }, branding);
    let json = serde_json::to_value(message).unwrap();
    assert_eq!(json.get("content"), None);
    assert_eq!(json["allowed_mentions"], serde_json::json!({"parse": [], "users": [], "roles": []}));
    assert_eq!(json["embeds"].as_array().map(Vec::len), Some(1));
    json["embeds"][0].clone()
}

fn field<'v>(embed: &'v Value, name: &str) -> Option<&'v str> {
    embed["fields"].as_array()?.iter().find(|field| field["name"] == name)?["value"].as_str()
}

fn text<'v>(embed: &'v Value, name: &str) -> &'v str {
    embed[name].as_str().unwrap_or_default()
}

fn led_by(leader: i64) -> AnnouncedState {
    AnnouncedState { leader: Some(EntryId(leader)), ..AnnouncedState::default() }
}

#[test]
fn a_launch_lists_the_entries() {
    let embed =
        embed_of(&campaign(), &entries(17), AnnouncementEvent::Launch, None, &AnnouncedState::default(), &branding());
    assert!(text(&embed, "title").contains("Next raid"));
    assert_eq!(embed["url"], format!("https://dawn.example/votes/{}", async_graphql::ID::from(CampaignId(1)).as_str()));
    assert_eq!(embed["color"], 0x00C0_FFEE);
    assert_eq!(embed["footer"]["text"], "Dawn_Guard");
    assert_eq!(embed["thumbnail"]["url"], "https://img.example/2.png");
    assert_eq!(field(&embed, "On the ballot"), Some("A\nB\nC\nD\nE\nF\nG\nH\nI\nJ\n… and 7 more"));
    assert_eq!(field(&embed, "Closes"), Some("<t:172800:F> (<t:172800:R>)"));
    assert_eq!(field(&embed, "Turnout"), Some("▰▰▰▱▱▱▱▱▱▱\n12 of 40 (30 %)"));
    let branding = Branding { thumbnail_url: Some("https://dawn.example/crest.png".to_owned()), ..branding() };
    let embed =
        embed_of(&campaign(), &entries(2), AnnouncementEvent::Half, None, &AnnouncedState::default(), &branding);
    assert_eq!(embed["thumbnail"]["url"], "https://dawn.example/crest.png");
    assert_eq!(field(&embed, "Turnout"), Some("12 of 40 (30 %)"));
    assert_eq!(field(&embed, "On the ballot"), None);
}

#[test]
fn results_name_the_winner_and_the_first_places() {
    let ranked = outcome(&[(2, 1, 12), (3, 2, 7), (1, 2, 7), (4, 4, 1), (5, 5, 0), (6, 5, 0)]);
    let by = |method| Campaign { method, results_visibility: ResultsVisibility::AfterClose, ..campaign() };
    let of = |method| {
        embed_of(
            &by(method),
            &entries(6),
            AnnouncementEvent::Results,
            Some(&ranked),
            &AnnouncedState::default(),
            &branding(),
        )
    };
    let embed = of(VotingMethod::Weighted);
    assert!(text(&embed, "description").contains("**B**"), "{embed}");
    assert_eq!(embed["thumbnail"]["url"], "https://img.example/2.png");
    let points = "1\\. B: 12 points\n2\\. C: 7 points\n2\\. A: 7 points\n4\\. D: 1 point\n5\\. E: 0 points";
    assert_eq!(field(&embed, "Standings"), Some(points));
    assert_eq!((field(&embed, "Turnout"), field(&embed, "Closes")), (Some("12 of 40 (30 %)"), None));
    let votes = points.replace("point", "vote");
    assert_eq!(field(&of(VotingMethod::Approval), "Standings"), Some(votes.as_str()));
    let places = "1\\. B\n2\\. C\n2\\. A\n4\\. D\n5\\. E";
    assert_eq!(field(&of(VotingMethod::Schulze), "Standings"), Some(places));
}

#[test]
fn the_edited_message_ends_with_the_result() {
    let shown = |event, rows: &[(i64, i64, i64)]| {
        let (campaign, entries, outcome) = (campaign(), entries(3), outcome(rows));
        let context = AnnouncementContext {
            campaign: &campaign,
            entries: &entries,
            turnout: Turnout { eligible: 3, voted: 3, ..Turnout::default() },
            outcome: Some(&outcome),
            event,
            announced: &AnnouncedState::default(),
        };
        serde_json::to_value(board(&context, &branding())).unwrap()
    };
    let ranked = [(3, 1, 5), (2, 2, 4), (1, 3, 1)];
    let open = shown(AnnouncementEvent::Launch, &ranked);
    assert!(!open.to_string().contains("Standings") && !open.to_string().contains("**C**"), "{open}");
    assert_eq!(field(&open["embeds"][0], "Turnout"), Some("▰▰▰▰▰▰▰▰▰▰\n3 of 3 (100 %)"));
    assert_eq!(open["components"][0]["components"][0]["label"], "Vote");
    let closed = shown(AnnouncementEvent::Results, &ranked);
    assert_eq!(closed["components"], serde_json::json!([]));
    let embed = &closed["embeds"][0];
    assert_eq!((text(embed, "title"), field(embed, "Closes")), ("Next raid", None));
    assert_eq!(text(embed, "description"), "This vote is closed. The result: **C**.");
    assert_eq!(embed["thumbnail"]["url"], "https://img.example/3.png");
    let tied = shown(AnnouncementEvent::Results, &[(3, 1, 5), (2, 1, 5), (1, 3, 1)])["embeds"][0].clone();
    assert_eq!(text(&tied, "description"), "This vote is closed. The result: **C and B**.");
    assert_eq!(tied.get("thumbnail").filter(|it| !it.is_null()), None, "a tie shows no entry's image");
    let empty = shown(AnnouncementEvent::Results, &[(1, 1, 0), (2, 1, 0), (3, 1, 0)])["embeds"][0].clone();
    assert_eq!(text(&empty, "description"), "This vote is closed. Nobody voted.");
    assert_eq!(field(&empty, "Standings"), None);
}

#[test]
fn ties_several_seats_and_empty_results_have_their_own_wording() {
    let of = |outcome: &Outcome| {
        embed_of(
            &campaign(),
            &entries(3),
            AnnouncementEvent::Results,
            Some(outcome),
            &AnnouncedState::default(),
            &branding(),
        )
    };
    let description = |embed: &Value| text(embed, "description").to_owned();
    let tied = of(&outcome(&[(1, 1, 5), (2, 1, 5), (3, 3, 1)]));
    assert!(description(&tied).contains("**A and B**"), "{tied}");
    assert_eq!(tied.get("thumbnail").filter(|it| !it.is_null()), None, "a tie shows no entry's image");
    let empty = of(&outcome(&[(1, 1, 0), (2, 1, 0), (3, 1, 0)]));
    assert_eq!(field(&empty, "Standings"), None);
    let rules = Rules { method: Method::SingleTransferableVote, picks: 2, seats: 2 };
    let ids = [EntryId(1), EntryId(2), EntryId(3)];
    let seated = of(&guildhall_count::count(rules, &ids, &[(vec![ids[2], ids[0]], 4), (vec![ids[0]], 3)]));
    assert!(description(&seated).contains("**C and A**"), "{seated}");
    assert_eq!(field(&seated, "Tie"), None);
    let by_order = Outcome { decided_by_listed_order: Some(true), ..outcome(&[(1, 1, 5), (2, 2, 5), (3, 3, 1)]) };
    assert!(field(&of(&by_order), "Tie").unwrap().contains("entries are listed"));
    let words = |theme: Theme| theme.wording(CampaignId(1), 0).0.replace("{title}", "Next raid");
    assert_eq!(text(&tied, "title"), words(Theme::ResultsTied));
    assert_eq!(text(&empty, "title"), words(Theme::ResultsEmpty));
    assert!(
        text(&seated, "title").starts_with(words(Theme::Plain(AnnouncementEvent::Results)).split('{').next().unwrap())
    );
}

#[test]
fn a_leader_is_named_only_where_standings_are_always_visible() {
    let ranked = outcome(&[(3, 1, 5), (2, 2, 4), (1, 3, 1)]);
    let seen = |results_visibility, before: &AnnouncedState| {
        let campaign = Campaign { results_visibility, ..campaign() };
        embed_of(&campaign, &entries(3), AnnouncementEvent::LeadChange, Some(&ranked), before, &branding())
    };
    let open = seen(ResultsVisibility::Always, &led_by(2));
    assert!(text(&open, "description").contains("**C**"), "{open}");
    assert_eq!(open["thumbnail"]["url"], "https://img.example/3.png");
    let tease = text(&seen(ResultsVisibility::AfterVoting, &led_by(2)), "description").to_owned();
    assert!(!tease.contains("**C**") && !tease.contains("**B**"), "{tease}");
    // Without a previous leader, or with the same one, no leader is named.
    for before in [AnnouncedState::default(), led_by(3)] {
        assert_eq!(text(&seen(ResultsVisibility::Always, &before), "description"), tease);
    }
}

#[test]
fn typed_text_is_escaped_and_only_web_urls_are_linked() {
    let campaign = Campaign { title: "[x](https://evil.example) @everyone".to_owned(), ..campaign() };
    let bad = Entry { image_url: Some("javascript:alert(1)".to_owned()), ..(*entry(1, "<@1>".to_owned())).clone() };
    let branding = Branding {
        campaign_url: Some("ftp://{id}".to_owned()),
        thumbnail_url: Some(format!("https://dawn.example/{}", "x".repeat(2_048))),
        ..branding()
    };
    let embed =
        embed_of(&campaign, &[Arc::new(bad)], AnnouncementEvent::Launch, None, &AnnouncedState::default(), &branding);
    assert!(text(&embed, "title").contains("\\[x\\]\\(https\\://evil.example\\) \\@everyone"), "{embed}");
    assert_eq!(field(&embed, "On the ballot"), Some("\\<\\@1\\>"));
    assert!(["url", "thumbnail"].iter().all(|name| embed.get(name).is_none_or(Value::is_null)), "{embed}");
}

#[test]
fn everything_is_within_discords_limits() {
    let entries: Vec<_> = (1..=200).map(|id| entry(id, "*".repeat(200))).collect();
    let branding = Branding { guild_name: "_".repeat(3_000), ..branding() };
    let tied: Vec<_> = (1..=200).map(|id| (id, 1, i64::MAX)).collect();
    let won: Vec<_> = (1..=200).map(|id| (id, id, i64::MAX)).collect();
    let empty: Vec<_> = (1..=200).map(|id| (id, 1, 0)).collect();
    let count = |text: &Value| text.as_str().map_or(0, |text| text.chars().count());
    for (event, rows) in
        AnnouncementEvent::VARIANTS.iter().flat_map(|event| [&tied, &won, &empty].map(|rows| (*event, rows)))
    {
        // Enough campaigns to use every variant of the wording.
        for id in 0..50 {
            let always = ResultsVisibility::Always;
            let campaign = Campaign {
                id: CampaignId(id),
                title: "*".repeat(200),
                results_visibility: always,
                cancel_reason: Some("*".repeat(500)),
                ..campaign()
            };
            let outcome = Outcome { decided_by_listed_order: Some(true), ..outcome(rows) };
            let posted = embed_of(&campaign, &entries, event, Some(&outcome), &led_by(2), &branding);
            let (campaign, outcome, announced) = (&campaign, Some(&outcome), &led_by(2));
            let turnout = Turnout { eligible: i64::MAX, voted: i64::MAX, ..Turnout::default() };
            let context = AnnouncementContext { campaign, entries: &entries, turnout, outcome, event, announced };
            let edited = serde_json::to_value(board(&context, &branding)).unwrap()["embeds"][0].clone();
            for embed in [posted, edited] {
                let (title, description) = (count(&embed["title"]), count(&embed["description"]));
                let footer = count(&embed["footer"]["text"]);
                assert!((1..=256).contains(&title) && (1..=4_096).contains(&description));
                assert!((1..=2_048).contains(&footer));
                let mut total = title + description + footer;
                for field in embed["fields"].as_array().unwrap() {
                    let (name, value) = (count(&field["name"]), count(&field["value"]));
                    assert!((1..=256).contains(&name) && (1..=1_024).contains(&value));
                    total += name + value;
                }
                assert!(total <= 6_000, "{total}");
            }
        }
    }
}

proptest! {
    #[test]
    fn hidden_standings_do_not_affect_an_announcement(
        event in select(AnnouncementEvent::VARIANTS),
        visibility in select(ResultsVisibility::VARIANTS),
        method in select(VotingMethod::VARIANTS),
        id in 0..1_000_i64,
        before in prop::option::of(1..=4_i64),
        rows in prop::collection::vec((1..=4_i64, 1..=4_i64, 0..9_i64), 0..5),
        leads in (0..5_u32, 0..5_u32),
    ) {
        let is_open = visibility == ResultsVisibility::Always;
        if event != AnnouncementEvent::Results && !(event == AnnouncementEvent::LeadChange && is_open) {
            let campaign = Campaign { id: CampaignId(id), method, results_visibility: visibility, ..campaign() };
            let of = |outcome: Option<&Outcome>, leader: Option<i64>, leads| {
                let before = AnnouncedState { leader: leader.map(EntryId), leads, ..AnnouncedState::default() };
                embed_of(&campaign, &entries(4), event, outcome, &before, &branding())
            };
            let other = if event == AnnouncementEvent::LeadChange { leads.0 } else { leads.1 };
            prop_assert_eq!(of(Some(&outcome(&rows)), before, leads.0), of(None, None, other));
        }
    }
}
