//! Compares the watched tallies, turnouts and campaigns with the database, in case notifications were lost.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::service::Live;
use crate::{
    bus::BusEvent,
    identity,
    kernel::id::{CampaignId, GuildId},
    voting,
};

/// Compares the watched tallies, turnouts and campaigns with the database at intervals, until dropped.
pub async fn reconcile(live: Arc<Live>) {
    let (db, bus) = (&live.voting.db, &live.voting.bus);
    let mut known: HashMap<GuildId, i64> = HashMap::new();
    loop {
        tokio::time::sleep(live.reconcile_every).await;
        let campaign_guilds = live.guilds_with_subscribers();
        let viewer_guilds: Vec<GuildId> = bus.watched_guilds().into_iter().collect();
        let sent = live.watched_campaigns();
        let watched: HashSet<(GuildId, CampaignId)> = sent.iter().map(|(key, ..)| *key).collect();
        let watched: Vec<(GuildId, CampaignId)> = watched.into_iter().collect();
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
                tracing::warn!(%error, "could not compare the watched campaigns with the database");
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
        for ((guild, campaign), revision, sent_status) in sent {
            let is_current = progress.get(&campaign).is_some_and(|(status, voted)| {
                let is_newer = rosters.get(&guild).is_some_and(|version| version + voted > revision);
                *status == sent_status && !is_newer
            });
            // Also if the campaign was deleted.
            if !is_current {
                bus.publish(BusEvent::Campaign(guild, campaign));
            }
        }
        known = rosters;
    }
}
