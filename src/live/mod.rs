//! Watched tallies, turnouts and campaigns: each server reads them once for all its subscribers.

mod campaign_feed;
mod campaigns;
mod feed;
mod reconcile;
mod response_cache;
mod service;
mod tallies;
mod watched;

pub use self::{
    campaign_feed::CampaignUpdate,
    campaigns::{CampaignWatch, watch_campaigns},
    feed::FeedUpdate,
    reconcile::reconcile,
    response_cache::{CacheSlot, CachedResponse, ResponseCache, ResponseKey},
    service::{Live, RECONCILE_EVERY},
    tallies::{watch_tally, watch_turnout},
    watched::FeedWatch,
};
