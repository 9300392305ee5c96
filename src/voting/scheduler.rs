//! The scheduler: sets drafts live at their start and closes campaigns at their end.

use std::time::Duration;

use futures_util::StreamExt;

use super::{
    lifecycle::{self, close_complete_campaigns},
    rows::Campaign,
    service::Voting,
    store,
};
use crate::{
    db::CampaignStatus,
    kernel::{
        clock::{Clock, Timestamp},
        error::Result,
    },
};

/// How long to wait after a failure before retrying.
const RETRY_DELAY: Duration = Duration::from_secs(1);
/// Longest sleep before the system's clock is read again, since it may have been set.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How often to maintain the database and to close complete campaigns. The last ballot normally closes its campaign;
/// this is for a server that crashed in between.
const MAINTENANCE_INTERVAL: Duration = Duration::from_mins(1);
/// Maximum number of steps taken concurrently. Many guilds choose the same hour.
const MAX_CONCURRENT_STEPS: usize = 8;

/// Runs until the task is aborted: takes the due steps, then sleeps until the next one is due or a campaign changes.
///
/// Every server on a database runs a scheduler, but only one of them takes each step.
pub async fn run(voting: Voting) {
    let mut maintained_at: Option<Duration> = None;
    loop {
        let changed = voting.bus.schedule_changed();
        let next = take_due_steps(&voting).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the scheduler failed; retrying");
            Some(voting.clock.now() + RETRY_DELAY)
        });
        let elapsed = voting.clock.elapsed();
        if maintained_at.is_none_or(|at| elapsed >= at + MAINTENANCE_INTERVAL) {
            close_complete_campaigns(&voting).await;
            if let Err(error) = voting.db.maintain().await {
                tracing::error!(%error, "could not maintain the database");
            }
            maintained_at = Some(elapsed);
        }
        tokio::select! {
            () = changed => {}
            () = sleep_until(&voting.clock, next, elapsed + MAINTENANCE_INTERVAL) => {}
        }
    }
}

/// Sleeps until `due`, but at most until `deadline` on the monotonic clock. It notices when the system's clock is set.
async fn sleep_until(clock: &Clock, due: Option<Timestamp>, deadline: Duration) {
    while due.is_none_or(|due| clock.now() < due) && clock.elapsed() < deadline {
        let next_check = clock.now() + CLOCK_CHECK_INTERVAL;
        clock.sleep_until(due.map_or(next_check, |due| due.min(next_check))).await;
    }
}

/// Takes all due steps. Returns when the next step is due.
async fn take_due_steps(voting: &Voting) -> Result<Option<Timestamp>> {
    let now = voting.clock.now();
    let due = voting.db.read(async move |conn| Ok(store::due_campaigns(conn, now).await?)).await?;
    let steps = futures_util::stream::iter(due).map(|campaign| async move {
        let result = take_step(voting, &campaign).await;
        if let Err(error) = &result {
            tracing::error!(%error, campaign = campaign.id.0, "could not take a campaign's next step; retrying");
        }
        result.is_ok()
    });
    let all_succeeded =
        steps.buffer_unordered(MAX_CONCURRENT_STEPS).fold(true, async |all, succeeded| all && succeeded).await;
    if !all_succeeded {
        return Ok(Some(now + RETRY_DELAY));
    }
    voting.db.read(async move |conn| Ok(store::next_due(conn, now).await?)).await
}

async fn take_step(voting: &Voting, campaign: &Campaign) -> Result<()> {
    match campaign.status {
        CampaignStatus::Draft => lifecycle::start_if_due(voting, campaign).await,
        _ => lifecycle::close_if_due(voting, campaign).await,
    }
}
