//! The bot's replies, which must be within Discord's limits.

use std::collections::HashSet;

use guildhall::{
    bot::commands::{
        ballot::{BallotDraft, EntryMenu, Step, encode_campaign},
        queries::{CampaignDetails, CampaignStandings, CastBallot, EntryDetails},
        report,
        view::{ballot, cannot_vote, cast, votes},
    },
    kernel::id::CampaignId,
    voting::{CannotVoteReason, VotingMethod},
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};
use serenity::builder::CreateInteractionResponseMessage as Reply;
use strum::VariantArray;

fn reply_of(reply: &Reply) -> Value {
    serde_json::to_value(reply).unwrap()
}

/// A campaign with names of any content and length.
fn any_campaign() -> impl Strategy<Value = CampaignDetails> {
    let name =
        || prop_oneof!["\\PC{1,200}", "[*_:@]{200}", "𝕎{200}"].prop_filter("trimmed", |it| !it.trim().is_empty());
    let entry = (name(), proptest::option::of(prop_oneof!["\\PC{1,300}", "(ab\n){50}"]));
    let method = select(VotingMethod::VARIANTS);
    (name(), method, 1..=10_i64, vec(entry, 10..=200)).prop_map(|(title, method, picks, entries)| {
        let entry = |(name, description): &(String, Option<String>)| {
            json!({ "id": "RQ", "name": name, "description": description })
        };
        serde_json::from_value(json!({
            "id": "Vg", "title": title, "method": method, "picksPerVoter": picks, "seats": 2,
            "closesAt": "2026-03-01T20:00:00Z", "viewerCannotVoteReason": null,
            "entries": entries.iter().map(entry).collect::<Vec<_>>(), "viewerBallot": null,
        }))
        .unwrap()
    })
}

/// Panics if Discord would reject a reply.
fn assert_within_limits(reply: &Value) {
    let length = |text: &Value| text.as_str().unwrap_or_default().chars().count();
    let mut size = 0;
    for embed in reply["embeds"].as_array().unwrap() {
        assert!(length(&embed["title"]) <= 256 && length(&embed["description"]) <= 4096, "{embed}");
        size += length(&embed["title"]) + length(&embed["description"]);
        for field in embed["fields"].as_array().into_iter().flatten() {
            assert!((1..=256).contains(&length(&field["name"])), "{field}");
            assert!((1..=1024).contains(&length(&field["value"])), "{field}");
            size += length(&field["name"]) + length(&field["value"]);
        }
    }
    assert!(size <= 6000 && (size > 0 || length(&reply["content"]) > 0));
    assert_eq!((&reply["flags"], &reply["allowed_mentions"]["parse"]), (&json!(64), &json!([])));
    let rows = reply["components"].as_array().unwrap();
    let parts: Vec<&Value> = rows.iter().flat_map(|row| row["components"].as_array().unwrap()).collect();
    let ids: HashSet<&str> = parts.iter().map(|part| part["custom_id"].as_str().unwrap()).collect();
    assert!(rows.len() <= 5 && ids.len() == parts.len());
    for part in parts {
        assert!((1..=100).contains(&length(&part["custom_id"])), "{part}");
        let Some(options) = part["options"].as_array() else { continue };
        let (least, most) = (part["min_values"].as_u64().unwrap_or(1), part["max_values"].as_u64().unwrap_or(1));
        assert!((1..=25).contains(&options.len()) && length(&part["placeholder"]) <= 150, "{part}");
        assert!(least <= most && (1..=options.len() as u64).contains(&most), "{part}");
        let chosen = options.iter().filter(|option| option["default"] == true).count();
        assert!(chosen as u64 <= most, "{part}");
        for option in options {
            assert!((1..=100).contains(&length(&option["label"])) && length(&option["value"]) <= 100, "{option}");
            assert!(length(&option["description"]) <= 100, "{option}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn every_ballot_is_within_discords_limits(
        vote in any_campaign(), order in vec(any::<u8>(), 0..=10), page: u8,
    ) {
        let rules = vote.rules();
        let mut filled = BallotDraft { page, ..BallotDraft::new(CampaignId(i64::MAX)) };
        filled = filled.after(Step::Forward, &[], rules).unwrap();
        for pick in order {
            assert_within_limits(&reply_of(&ballot(&vote, &filled, 0xFF_FFFF)));
            let Some(EntryMenu { options, most: 1.., .. }) = filled.menu(rules) else { break };
            let pick = options[usize::from(pick) % options.len()].to_string();
            filled = filled.after(Step::Pick, &[pick], rules).unwrap();
            filled = filled.after(Step::Forward, &[], rules).unwrap();
        }
        assert_within_limits(&reply_of(&ballot(&vote, &filled, 0)));
        let picks = vote.entries.iter().take(10).map(|entry| json!({ "name": entry.name })).collect::<Vec<_>>();
        let cast_ballot = json!({ "picks": picks, "receipt": "f".repeat(64) });
        let cast_ballot: CastBallot = serde_json::from_value(cast_ballot).unwrap();
        assert_within_limits(&reply_of(&cast(&vote, &cast_ballot, 0)));
        let voted = CampaignDetails { viewer_ballot: Some(cast_ballot), ..vote };
        for reason in CannotVoteReason::VARIANTS {
            assert_within_limits(&reply_of(&cannot_vote(&voted, *reason, 0)));
        }
    }

    #[test]
    fn every_list_is_within_discords_limits(vote in any_campaign(), count in 0..=100_usize, open in 0..=100_usize) {
        let turnout = json!({ "eligible": 1_000_000, "voted": 999_999, "percent": 99.9 });
        let vote_of = |number: usize| json!({
            "id": async_graphql::ID::from(CampaignId(number.try_into().unwrap())), "title": vote.title,
            "closesAt": vote.closes_at, "turnout": turnout,
            "viewerCannotVoteReason": (number >= open).then_some("NOT_REGISTERED"),
        });
        let nodes: Vec<Value> = (0..count).map(vote_of).collect();
        let listed = serde_json::from_value(json!({ "totalCount": 1_000, "nodes": nodes })).unwrap();
        assert_within_limits(&reply_of(&votes(listed, 0)));
        let row = |entry: &EntryDetails| json!({ "place": 200, "points": 10_000_000, "entry": { "name": entry.name } });
        let counted: CampaignStandings = serde_json::from_value(json!({
            "title": vote.title, "method": vote.method, "status": "CLOSED", "closesAt": vote.closes_at,
            "closedAt": vote.closes_at, "turnout": turnout,
            "standings": vote.entries.iter().map(row).collect::<Vec<_>>(), "standingsHiddenReason": null,
        })).unwrap();
        assert_within_limits(&reply_of(&report::standings(&vec![counted; 5], 0)));
        let name: String = vote.title.chars().take(50).collect();
        let character = json!({
            "name": name, "realm": name, "class": "DEMON_HUNTER", "spec": "Beast Mastery", "role": "RANGED_DPS",
            "isMain": false,
        });
        assert_within_limits(&reply_of(&report::whoami(&serde_json::from_value(json!({
            "displayName": vote.title, "rank": { "name": name }, "rankSource": "MANUAL", "isRegistered": false,
            "characters": vec![character; count],
        })).unwrap(), 0)));
    }
}

#[test]
fn the_menu_offers_votable_campaigns_by_closing_time() {
    let vote = |id: i64, day: u8, reason: Option<&str>| {
        json!({
            "id": async_graphql::ID::from(CampaignId(id)), "title": format!("vote {id}"),
            "closesAt": format!("2026-03-0{day}T20:00:00Z"), "turnout": { "eligible": 4, "voted": 1, "percent": 25.0 },
            "viewerCannotVoteReason": reason,
        })
    };
    let nodes =
        [vote(1, 1, Some("ALREADY_VOTED")), vote(2, 4, None), vote(3, 3, None), vote(4, 2, Some("RANK_TOO_LOW"))];
    let reply = reply_of(&votes(serde_json::from_value(json!({ "totalCount": 4, "nodes": nodes })).unwrap(), 0));
    let menu = &reply["components"][0]["components"][0];
    let offered: Vec<&Value> = menu["options"].as_array().unwrap().iter().map(|option| &option["value"]).collect();
    let encoded = |id| encode_campaign(CampaignId(id));
    assert_eq!(offered, [&encoded(3), &encoded(2)]);
    let text = reply["embeds"][0]["description"].as_str().unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "**vote 3**, closes <t:1772568000:R>, 1 of 4 voted (25 %): you can vote");
    assert!(lines[2].ends_with("you have voted") && lines[3].ends_with("your rank is too low to vote"), "{text}");
}
