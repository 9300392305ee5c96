//! Tallies and campaigns that are watched: each is read once for all subscribers, on every server.

mod answers;
mod campaign_feed;
mod campaigns;
mod reconcile;
mod service;
mod tallies;
mod tally_feed;

pub use self::{
    answers::{Answers, CacheSlot, CachedResponse, ResponseKey},
    campaign_feed::Change,
    campaigns::{CampaignWatch, watch_campaigns},
    reconcile::reconcile,
    service::{Live, RECONCILE_EVERY},
    tallies::{Watch, watch_tally},
    tally_feed::Counted,
};
