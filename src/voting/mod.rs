//! Campaigns, ballots, tallies and results.

mod ballot_box;
mod box_cache;
mod campaign_list;
mod casting;
mod distinct_entries;
mod drafts;
mod early_close;
mod editing;
mod entries;
mod entry_list;
mod key_refresh;
mod lifecycle;
mod listed_order;
mod methods;
mod non_voters;
mod outcomes;
mod participation;
mod publication;
mod published_ballot;
mod rows;
mod rules;
pub mod scheduler;
mod service;
pub(crate) mod store;
mod tally;
mod tally_cache;
mod visibility;

pub(crate) use self::tally::store_result;
pub use self::{
    ballot_box::BallotBox,
    box_cache::BallotBoxCache,
    campaign_list::{CampaignFilter, CampaignKey, CampaignOrder, CampaignOrderField, CampaignPosition, PastKey, Voter},
    casting::cast_ballot,
    drafts::{CampaignChange, NewCampaign, create_campaign, delete_campaign, update_campaign},
    entries::{EntryChange, NewEntry, add_entry, remove_entry, reorder_entries, update_entry},
    entry_list::{ListedEntry, set_entries},
    key_refresh::refresh_sort_keys,
    lifecycle::{activate, archive, cancel, close},
    listed_order::decided_results,
    methods::{CountSteps, VotingMethod},
    non_voters::NonVoterCache,
    outcomes::set_outcome,
    participation::{CampaignParticipation, Participation, may_see_participation, participations},
    publication::{RecountResult, ballot_boxes, cached_ballot_boxes, recount, recount_all},
    published_ballot::{PublishedBallot, find_receipt, new_nonce, receipt_of},
    rows::{
        ActivationBlocker, AnnouncementLevel, Ballot, CAMPAIGN_VALUES, Campaign, CampaignAction, CampaignChanged,
        CampaignCloseReason, CampaignTurnout, CannotVoteReason, Entries, Entry, Outcome, ResultsVisibility,
        StandingsHiddenReason, Tally, Turnout,
    },
    rules::{
        MANAGE, actions, activation_blockers, are_on_one_ladder, cannot_vote, check_seats, may_see, standings_hidden,
        standings_refused,
    },
    service::{Announcer, Voting},
    store::list_campaigns,
    tally::{cached_result, tallies, tally, turnout, turnouts},
    tally_cache::TallyCache,
    visibility::{campaign_with_viewer, visible_campaign, watchable_campaign},
};
pub use crate::db::CampaignStatus;
