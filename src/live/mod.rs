//! Tallies and campaigns that are watched: each is read once for all subscribers, on every server.

mod answers;
mod campaigns;
mod reconcile;
mod service;
mod tallies;

pub use self::{
    answers::{Answers, CacheSlot, CachedResponse, ResponseKey},
    campaigns::{CampaignWatch, Change, watch_campaigns},
    reconcile::reconcile,
    service::{Live, RECONCILE_EVERY},
    tallies::{Counted, Watch, watch_tally},
};
