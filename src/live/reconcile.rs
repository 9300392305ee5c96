//! Compares the watched tallies and campaigns with the database, in case notifications were lost.

use std::{collections::HashMap, sync::Arc};

use super::service::Live;
use crate::{
    bus::BusEvent,
    identity,
    kernel::id::{CampaignId, GuildId},
    voting::{self, CampaignStatus},
};

/// Compares the watched tallies and campaigns with the database at intervals, until dropped.
pub async fn reconcile(live: Arc<Live>) {
    let (db, bus) = (&live.voting.db, &live.voting.bus);
    let mut known: HashMap<GuildId, i64> = HashMap::new();
    loop {
        tokio::time::sleep(live.reconcile_every).await;
        let campaign_guilds = live.guilds_with_subscribers();
        let viewer_guilds: Vec<GuildId> = bus.watched_guilds().into_iter().collect();
        let tallies = live.watched_tallies();
        let watched: Vec<(GuildId, CampaignId)> = tallies.iter().map(|(key, _)| *key).collect();
        if viewer_guilds.is_empty() && watched.is_empty() && campaign_guilds.is_empty() {
            known.clear();
            continue;
        }
        let found = db.snapshot(async move |conn| {
            conn.force_custom_plans().await?;
            let rosters = identity::store::roster_versions_of(conn, &viewer_guilds).await?;
            let progress = voting::store::progress(conn, &watched).await?;
            Ok((rosters, progress, voting::store::unarchived_statuses(conn, &campaign_guilds).await?))
        });
        let (rosters, progress, campaigns) = match found.await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "could not compare the watched tallies and campaigns with the database");
                continue;
            }
        };
        let rosters: HashMap<GuildId, i64> = rosters.into_iter().collect();
        for (guild, version) in &rosters {
            if known.get(guild).is_some_and(|known| known != version) {
                bus.publish(BusEvent::Access(*guild, None));
            }
        }
        live.compare_campaigns(&campaigns);
        for ((guild, campaign), revision) in tallies {
            let Some((status, voted)) = progress.get(&campaign).copied() else { continue };
            let is_newer = rosters.get(&guild).is_some_and(|version| version + voted > revision);
            if is_newer || status != CampaignStatus::Live {
                bus.publish(BusEvent::Campaign(guild, campaign));
            }
        }
        known = rosters;
    }
}
