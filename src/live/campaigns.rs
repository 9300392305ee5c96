//! Campaigns that are watched: what becomes of them, told once for all who watch them.

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

/// Changes within this time are told together: of several edits the last, of several transitions each.
const GATHER: Duration = Duration::from_millis(100);
/// How long to wait after a look failed.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How many changes wait for a slow watcher before its watching ends.
const MAX_BEHIND: usize = 256;

/// The changes of a guild's campaigns from now on.
pub struct CampaignWatch {
    changes: broadcast::Receiver<CampaignUpdate>,
}

impl CampaignWatch {
    /// The next change; `None` for a watcher who has fallen so far behind that some are lost.
    pub async fn next(&mut self) -> Option<CampaignUpdate> {
        self.changes.recv().await.ok()
    }
}

/// Watches a guild's campaigns, whoever may see them.
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
            let (told_by, told) = (Arc::clone(live), Arc::clone(&feed));
            tokio::spawn(async move {
                supervise::restart_on_panic("telling of campaigns", || keep_publishing(&told_by, guild, &told)).await;
            });
            feed
        });
        let changes = feed.changes.subscribe();
        (feed, changes)
    };
    // What happens from here on is told.
    let _ = feed.sent.subscribe().wait_for(Option::is_some).await;
    CampaignWatch { changes }
}

/// Tells what becomes of a guild's campaigns, until nobody watches them.
async fn keep_publishing(live: &Live, guild: GuildId, watched: &CampaignFeed) {
    let began_at = live.voting.clock.now();
    let mut known: Option<HashMap<CampaignId, SentCampaign>> = None;
    loop {
        if known.is_some() {
            tokio::select! {
                () = watched.wake.notified() => live.voting.clock.sleep(GATHER).await,
                () = watched.changes.closed() => {
                    // Who begins to watch does so under this lock.
                    let mut campaigns = live.campaigns.lock();
                    if watched.changes.receiver_count() == 0 {
                        campaigns.remove(&guild);
                        return;
                    }
                    continue;
                }
            }
        }
        let stale = std::mem::take(&mut *watched.stale.lock());
        let scope = match &known {
            Some(_) if !stale.all => LoadScope::These(stale.campaigns.iter().copied().collect()),
            known => {
                let may_change = known.iter().flatten().filter(|(_, it)| it.may_change()).map(|(id, _)| *id);
                LoadScope::All(may_change.chain(stale.campaigns.iter().copied()).collect())
            }
        };
        match load(live, guild, scope).await {
            Ok(found) => {
                match &mut known {
                    None => known = Some(found.iter().map(|it| (it.0.id, SentCampaign::of(it))).collect()),
                    Some(known) => {
                        for change in changes(known, found, &stale, began_at) {
                            // Nobody may be there to hear it.
                            let _ = watched.changes.send(change);
                        }
                    }
                }
                let told = known.iter().flatten().filter(|(_, it)| it.may_change());
                watched.sent.send_replace(Some(told.map(|(id, it)| (*id, it.campaign.status)).collect()));
            }
            Err(error) => {
                tracing::error!(%error, "campaigns could not be looked at; trying again");
                watched.retry(stale);
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

type CampaignWithEntries = (Campaign, Vec<Entry>);

/// What to look at.
enum LoadScope {
    /// These campaigns.
    These(Vec<CampaignId>),
    /// All that are not archived, and these, which were not when they were looked at last.
    All(Vec<CampaignId>),
}

async fn load(live: &Live, guild: GuildId, at: LoadScope) -> Result<Vec<CampaignWithEntries>> {
    let load = async move |conn: &mut Conn| {
        let campaigns = match at {
            LoadScope::These(ids) => store::campaigns_by_id(conn, guild, &ids).await?,
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

/// A campaign as it was told last.
struct SentCampaign {
    campaign: Arc<Campaign>,
    looks: u64,
}

impl SentCampaign {
    fn of((campaign, entries): &CampaignWithEntries) -> Self {
        let mut hasher = DefaultHasher::new();
        format!("{campaign:?} {entries:?}").hash(&mut hasher);
        Self { campaign: Arc::new(campaign.clone()), looks: hasher.finish() }
    }

    fn may_change(&self) -> bool {
        self.campaign.status != CampaignStatus::Archived
    }
}

/// What has changed since it was known: a transition for each status on the way, an edit where something else looks
/// otherwise.
fn changes(
    known: &mut HashMap<CampaignId, SentCampaign>,
    found: Vec<CampaignWithEntries>,
    stale: &Stale,
    began_at: Timestamp,
) -> Vec<CampaignUpdate> {
    let change =
        |campaign: Arc<Campaign>, is_deleted| CampaignUpdate { campaign, is_deleted, responses: Arc::default() };
    let mut changes = Vec::new();
    let mut there: HashSet<CampaignId> = HashSet::new();
    for found in found {
        let id = found.0.id;
        there.insert(id);
        let now = SentCampaign::of(&found);
        let status = now.campaign.status;
        let steps = match known.get(&id) {
            Some(before) if before.looks == now.looks => Vec::new(),
            Some(before) if before.campaign.status == status => vec![status],
            Some(before) => status.since(before.campaign.status),
            // Archived before anyone watched, and heard of late.
            None if now.campaign.created_at < began_at => vec![status],
            None => [vec![CampaignStatus::Draft], status.since(CampaignStatus::Draft)].concat(),
        };
        changes.extend(steps.into_iter().map(|status| change(Arc::new(now.campaign.as_of_status(status)), false)));
        known.insert(id, now);
    }
    known.retain(|id, known| {
        let was_looked_for = (stale.all && known.may_change()) || stale.campaigns.contains(id);
        let is_deleted = was_looked_for && !there.contains(id);
        if is_deleted {
            changes.push(change(Arc::clone(&known.campaign), true));
        }
        !is_deleted
    });
    changes
}
