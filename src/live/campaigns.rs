//! Watches campaigns: loads their changes once, and sends them to all subscribers.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, watch};

use super::{
    campaign_feed::{CampaignFeed, CampaignUpdate, Stale},
    service::Live,
};
use crate::{
    db::Conn,
    kernel::{
        clock::Timestamp,
        error::Result,
        id::{CampaignId, GuildId},
        supervise,
    },
    voting::{Campaign, CampaignStatus, Entry, store},
};

/// How long changes are collected before they are sent together: the last of several edits, and each of several
/// transitions.
const COLLECT: Duration = Duration::from_millis(100);
/// How long to wait before another attempt to load campaigns.
const RETRY_DELAY: Duration = Duration::from_millis(500);
/// Maximum number of changes that wait for a slow subscriber. With more, its subscription ends.
const MAX_BEHIND: usize = 256;

/// The changes of a guild's campaigns from now on.
pub struct CampaignWatch {
    changes: broadcast::Receiver<CampaignUpdate>,
}

impl CampaignWatch {
    /// The next change; `None` if the subscriber has fallen so far behind that changes are lost.
    pub async fn next(&mut self) -> Option<CampaignUpdate> {
        self.changes.recv().await.ok()
    }
}

/// Watches a guild's campaigns. The changes are not filtered by what the viewer may see.
pub async fn watch_campaigns(live: &Arc<Live>, guild: GuildId) -> CampaignWatch {
    let (feed, changes) = {
        let mut campaigns = live.campaigns.lock();
        let feed = campaigns.get(&guild).cloned().unwrap_or_else(|| {
            let feed = Arc::new(CampaignFeed {
                changes: broadcast::Sender::new(MAX_BEHIND),
                stale: Mutex::default(),
                wake: Notify::new(),
                sent: watch::Sender::new(None),
            });
            campaigns.insert(guild, Arc::clone(&feed));
            let (live, publisher_feed) = (Arc::clone(live), Arc::clone(&feed));
            tokio::spawn(async move {
                supervise::restart_on_panic("publishing campaigns", || publish_changes(&live, guild, &publisher_feed))
                    .await;
            });
            feed
        });
        let changes = feed.changes.subscribe();
        (feed, changes)
    };
    // Once the campaigns are loaded for the first time, the subscriber receives every later change.
    let _ = feed.sent.subscribe().wait_for(Option::is_some).await;
    CampaignWatch { changes }
}

/// Sends the changes of a guild's campaigns until the last subscriber has left.
async fn publish_changes(live: &Live, guild: GuildId, feed: &CampaignFeed) {
    let started_at = live.voting.clock.now();
    let mut known: Option<HashMap<CampaignId, SentCampaign>> = None;
    loop {
        if known.is_some() {
            tokio::select! {
                () = feed.wake.notified() => live.voting.clock.sleep(COLLECT).await,
                () = feed.changes.closed() => {
                    // New subscribers are added under this lock.
                    let mut campaigns = live.campaigns.lock();
                    if feed.changes.receiver_count() == 0 {
                        campaigns.remove(&guild);
                        return;
                    }
                    continue;
                }
            }
        }
        let stale = std::mem::take(&mut *feed.stale.lock());
        let scope = match &known {
            Some(_) if !stale.all => LoadScope::Only(stale.campaigns.iter().copied().collect()),
            known => {
                let may_change = known.iter().flatten().filter(|(_, it)| it.may_change()).map(|(id, _)| *id);
                LoadScope::All(may_change.chain(stale.campaigns.iter().copied()).collect())
            }
        };
        match load(live, guild, scope).await {
            Ok(loaded) => {
                match &mut known {
                    None => known = Some(loaded.iter().map(|it| (it.0.id, SentCampaign::of(it))).collect()),
                    Some(known) => {
                        for change in changes(known, loaded, &stale, started_at) {
                            // Fails if the last subscriber has left.
                            let _ = feed.changes.send(change);
                        }
                    }
                }
                let sent = known.iter().flatten().filter(|(_, it)| it.may_change());
                feed.sent.send_replace(Some(sent.map(|(id, it)| (*id, it.campaign.status)).collect()));
            }
            Err(error) => {
                tracing::error!(%error, "could not load campaigns; retrying");
                feed.retry(stale);
                tokio::time::sleep(RETRY_DELAY).await;
            }
        }
    }
}

type CampaignWithEntries = (Campaign, Vec<Entry>);

/// The campaigns to load.
#[derive(Clone)]
enum LoadScope {
    /// The given campaigns.
    Only(Vec<CampaignId>),
    /// All campaigns that are not archived, and the given ones, which were not archived when they were last loaded.
    All(Vec<CampaignId>),
}

async fn load(live: &Live, guild: GuildId, scope: LoadScope) -> Result<Vec<CampaignWithEntries>> {
    let load = async move |conn: &mut Conn| {
        let campaigns = match scope {
            LoadScope::Only(ids) => store::campaigns_by_id(conn, guild, &ids).await?,
            LoadScope::All(mut ids) => {
                let mut campaigns = store::unarchived_campaigns(conn, guild).await?;
                ids.retain(|id| campaigns.iter().all(|it| it.id != *id));
                if !ids.is_empty() {
                    campaigns.extend(store::campaigns_by_id(conn, guild, &ids).await?);
                }
                campaigns
            }
        };
        // Only a draft's entries change.
        let drafts: Vec<CampaignId> =
            campaigns.iter().filter(|it| it.status == CampaignStatus::Draft).map(|it| it.id).collect();
        let mut entries: HashMap<CampaignId, Vec<Entry>> = HashMap::new();
        for entry in store::entries_of(conn, guild, &drafts).await? {
            entries.entry(entry.campaign_id).or_default().push(entry);
        }
        let with_entries = |it: Campaign| (entries.remove(&it.id).unwrap_or_default(), it);
        Ok(campaigns.into_iter().map(with_entries).map(|(entries, it)| (it, entries)).collect())
    };
    live.voting.db.snapshot(load).await
}

/// A campaign as it was last sent, with a hash of everything that subscribers can see.
struct SentCampaign {
    campaign: Campaign,
    hash: u64,
}

impl SentCampaign {
    fn of((campaign, entries): &CampaignWithEntries) -> Self {
        let mut hasher = DefaultHasher::new();
        // The ladder's version is not shown.
        let shown = Campaign { ladder_version: 0, roster_version: 0, ..campaign.clone() };
        format!("{shown:?} {entries:?}").hash(&mut hasher);
        Self { campaign: campaign.clone(), hash: hasher.finish() }
    }

    fn may_change(&self) -> bool {
        self.campaign.status != CampaignStatus::Archived
    }
}

/// Compares the loaded campaigns with the known ones. Returns a change for each status that a campaign has passed
/// through, and one for any other edit.
fn changes(
    known: &mut HashMap<CampaignId, SentCampaign>,
    loaded: Vec<CampaignWithEntries>,
    stale: &Stale,
    started_at: Timestamp,
) -> Vec<CampaignUpdate> {
    let change = |id, campaign| CampaignUpdate { id, campaign, responses: Arc::default() };
    let mut changes = Vec::new();
    let mut existing: HashSet<CampaignId> = HashSet::new();
    for loaded in loaded {
        let id = loaded.0.id;
        existing.insert(id);
        let now = SentCampaign::of(&loaded);
        let status = now.campaign.status;
        let steps = match known.get(&id) {
            Some(before) if before.hash == now.hash => Vec::new(),
            Some(before) if before.campaign.status == status => vec![status],
            Some(before) => status.since(before.campaign.status),
            // Archived before the first subscription, so it was not loaded then.
            None if now.campaign.created_at < started_at => vec![status],
            None => [vec![CampaignStatus::Draft], status.since(CampaignStatus::Draft)].concat(),
        };
        changes.extend(steps.into_iter().map(|status| change(id, Some(Arc::new(now.campaign.as_of_status(status))))));
        known.insert(id, now);
    }
    // The stale ones may be unknown: deleted before their creation was sent. They can have subscribers already.
    let gone = |id: &&CampaignId| !existing.contains(*id);
    let mut deleted: HashSet<CampaignId> = stale.campaigns.iter().filter(gone).copied().collect();
    if stale.all {
        deleted.extend(known.iter().filter(|(_, it)| it.may_change()).map(|(id, _)| id).filter(gone));
    }
    known.retain(|id, _| !deleted.contains(id));
    changes.extend(deleted.into_iter().map(|id| change(id, None)));
    changes
}
