//! Ballots that members fill in with Discord's menus and buttons.

use std::collections::HashSet;

use guildhall::{
    bot::commands::ballot::{BallotDraft, BallotRules, EntryMenu, PAGE, Step, decode_campaign, encode_campaign},
    kernel::id::CampaignId,
    voting::VotingMethod,
};
use proptest::{collection::vec, prelude::*, sample::select};
use strum::VariantArray;

const RANKED: BallotRules = BallotRules { method: VotingMethod::Schulze, picks: 3, entries: 60 };
const APPROVAL: BallotRules = BallotRules { method: VotingMethod::Approval, ..RANKED };

fn ballot(picks: &[u8], page: u8) -> BallotDraft {
    BallotDraft { campaign: CampaignId(7), picks: picks.to_vec(), page }
}

fn values(chosen: &[u8]) -> Vec<String> {
    chosen.iter().map(u8::to_string).collect()
}

fn any_step() -> impl Strategy<Value = Step> {
    select(Step::VARIANTS)
}

fn any_rules() -> impl Strategy<Value = BallotRules> {
    let method = select(VotingMethod::VARIANTS);
    (method, 1..=10_usize, 2..=200_usize).prop_map(|(method, picks, entries)| BallotRules { method, picks, entries })
}

proptest! {
    #[test]
    fn an_encoded_ballot_decodes_to_itself(
        campaign: i64, picks in vec(0..200_u8, 0..=10), page: u8, step in any_step(),
    ) {
        let ballot = BallotDraft { campaign: CampaignId(campaign), picks, page };
        let id = ballot.component_id(step);
        prop_assert!(id.len() <= 100, "{id}");
        prop_assert_eq!(BallotDraft::decode(&id), Some((step, ballot)));
        prop_assert_eq!(decode_campaign(&encode_campaign(CampaignId(campaign))), Some(CampaignId(campaign)));
    }

    #[test]
    fn other_ids_are_unknown_or_decode_to_one_ballot(
        id in prop_oneof![".{0,100}", "vote1:[a-z_]{0,10}:[0-9a-f+]{0,20}:[0-9a-f+]{0,3}:[0-9a-fé+]{0,20}"],
    ) {
        if let Some((step, ballot)) = BallotDraft::decode(&id) {
            prop_assert_eq!(BallotDraft::decode(&ballot.component_id(step)), Some((step, ballot)));
        }
    }

    #[test]
    fn forged_ballots_are_rejected_or_valid(
        picks in vec(any::<u8>(), 0..12), page: u8, step in any_step(), rules in any_rules(),
        chosen in vec(prop_oneof![any::<u8>().prop_map(|it| it.to_string()), ".{0,8}"], 0..30),
    ) {
        let Some(after) = ballot(&picks, page).after(step, &chosen, rules) else { return Ok(()) };
        let distinct: HashSet<&u8> = after.picks.iter().collect();
        prop_assert!(distinct.len() == after.picks.len() && after.picks.len() <= rules.picks);
        prop_assert!(after.picks.iter().all(|pick| usize::from(*pick) < rules.entries));
        if let Some(EntryMenu { options, least, most }) = after.menu(rules) {
            prop_assert!((1..=PAGE).contains(&options.len()));
            prop_assert!(most <= options.len() && (least <= most));
        }
    }

    #[test]
    fn every_ranking_can_be_filled_in(
        order in Just((0..60_u8).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut filled = ballot(&[], 0);
        for pick in &order[..3] {
            while !filled.menu(RANKED).unwrap().options.contains(pick) {
                let step = if filled.menu(RANKED).unwrap().options[0] > *pick { Step::Back } else { Step::Forward };
                filled = filled.after(step, &[], RANKED).unwrap();
            }
            filled = filled.after(Step::Pick, &values(&[*pick]), RANKED).unwrap();
        }
        prop_assert_eq!(&filled.picks, &order[..3]);
        prop_assert_eq!(filled.menu(RANKED), None);
    }
}

#[test]
fn a_ranking_grows_by_one_pick_and_offers_the_rest() {
    let draft = ballot(&[4], 0);
    let menu = draft.menu(RANKED).unwrap();
    assert_eq!((menu.least, menu.most, menu.options.len()), (1, 1, PAGE));
    assert!(!menu.options.contains(&4) && menu.options.contains(&25));
    assert_eq!(draft.clone().after(Step::Pick, &values(&[9]), RANKED), Some(ballot(&[4, 9], 0)));
    for refused in [values(&[4]), values(&[60]), values(&[1, 2]), values(&[]), vec!["x".to_owned()]] {
        assert_eq!(draft.clone().after(Step::Pick, &refused, RANKED), None, "{refused:?}");
    }
    assert_eq!(ballot(&[1, 2, 3], 0).after(Step::Pick, &values(&[9]), RANKED), None, "too many picks");
    assert_eq!(ballot(&[1, 2, 3], 0).after(Step::StartOver, &[], RANKED), Some(ballot(&[], 0)));
}

#[test]
fn approvals_on_other_pages_are_kept() {
    let draft = ballot(&[3, 30], 1);
    let menu = draft.menu(APPROVAL).unwrap();
    assert_eq!((menu.least, menu.most, menu.options.first()), (0, 2, Some(&25)));
    assert_eq!(draft.clone().after(Step::Pick, &values(&[49, 25]), APPROVAL), Some(ballot(&[3, 25, 49], 1)));
    assert_eq!(draft.clone().after(Step::Pick, &[], APPROVAL), Some(ballot(&[3], 1)));
    assert_eq!(draft.clone().after(Step::Pick, &values(&[3]), APPROVAL), None, "the entry is on another page");
    assert_eq!(draft.after(Step::Pick, &values(&[25, 26, 27]), APPROVAL), None, "too many picks");
    assert_eq!(ballot(&[1, 2, 3], 2).menu(APPROVAL).unwrap().most, 0);
    let one_page = BallotRules { entries: 25, ..APPROVAL };
    assert_eq!(ballot(&[], 0).menu(one_page).unwrap().least, 1);
}

#[test]
fn pages_end_with_the_entries() {
    assert_eq!(ballot(&[], 0).after(Step::Back, &[], RANKED), Some(ballot(&[], 0)));
    assert_eq!(ballot(&[], 2).after(Step::Forward, &[], RANKED), Some(ballot(&[], 2)));
    let rules = BallotRules { entries: 26, ..RANKED };
    // With the only entry of the second page picked, one page is left.
    assert_eq!(ballot(&[], 1).after(Step::Pick, &values(&[25]), rules), Some(ballot(&[25], 0)));
}

#[test]
fn only_weighted_ballots_need_all_picks() {
    for method in VotingMethod::VARIANTS {
        let rules = BallotRules { method: *method, ..RANKED };
        assert!(!ballot(&[], 0).is_enough(rules));
        assert_eq!(ballot(&[1], 0).is_enough(rules), *method != VotingMethod::Weighted);
        assert!(ballot(&[1, 2, 3], 0).is_enough(rules));
    }
}
