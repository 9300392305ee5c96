//! Watched tallies and campaigns: each server reads them once for all its subscribers.

mod campaign_feed;
mod campaigns;
mod reconcile;
mod response_cache;
mod service;
mod tallies;
mod tally_feed;

pub use self::{
    campaign_feed::CampaignUpdate,
    campaigns::{CampaignWatch, watch_campaigns},
    reconcile::reconcile,
    response_cache::{CacheSlot, CachedResponse, ResponseCache, ResponseKey},
    service::{Live, RECONCILE_EVERY},
    tallies::{TallyWatch, watch_tally},
    tally_feed::TallyUpdate,
};
