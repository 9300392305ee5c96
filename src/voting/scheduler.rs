//! What happens by itself: drafts go live at their start, live campaigns close at their end.

use std::time::Duration;

use futures_util::StreamExt;

use super::{
    lifecycle::{self, close_complete},
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

/// How long to wait after a failure before trying again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How soon it is noticed that the system's clock was set.
const CLOCK_STEP: Duration = Duration::from_secs(1);
/// How often to tend the database, and to look for votes that wait for nobody any more. Whoever casts the last ballot closes the vote; only after a
/// server that died between the two does nobody do it.
const SWEEP: Duration = Duration::from_mins(1);
/// How many campaigns are moved on at once: many guilds like the same hour.
const AT_ONCE: usize = 8;

/// Runs until the task is dropped: does what is due, then sleeps until the next instant at which something is, or until
/// a campaign changes. Of several servers on one database each does so, and each step is taken by one.
pub async fn run(voting: Voting) {
    let mut swept_at: Option<Duration> = None;
    loop {
        let changed = voting.bus.schedule_changed();
        let next = do_due(&voting).await.unwrap_or_else(|error| {
            tracing::error!(%error, "scheduler failed; trying again");
            Some(voting.clock.now() + AFTER_FAILURE)
        });
        let elapsed = voting.clock.elapsed();
        if swept_at.is_none_or(|at| elapsed >= at + SWEEP) {
            close_complete(&voting, None).await;
            if let Err(error) = voting.db.maintain().await {
                tracing::error!(%error, "could not maintain the database");
            }
            swept_at = Some(elapsed);
        }
        tokio::select! {
            () = changed => {}
            () = sleep_until(&voting.clock, next, elapsed + SWEEP) => {}
        }
    }
}

/// Returns at an instant, if there is one, and at the latest after so much time, wherever the clock is set meanwhile.
async fn sleep_until(clock: &Clock, due: Option<Timestamp>, latest: Duration) {
    while due.is_none_or(|due| clock.now() < due) && clock.elapsed() < latest {
        let step = clock.now() + CLOCK_STEP;
        clock.sleep_until(due.map_or(step, |due| due.min(step))).await;
    }
}

/// Does all that is due now; the instant at which something will be next.
async fn do_due(voting: &Voting) -> Result<Option<Timestamp>> {
    let now = voting.clock.now();
    let due = voting.db.read(async move |conn| Ok(store::due(conn, now).await?)).await?;
    let steps = futures_util::stream::iter(due).map(|campaign| async move {
        let done = step(voting, &campaign).await;
        if let Err(error) = &done {
            tracing::error!(%error, campaign = campaign.id.0, "a campaign's due step failed; trying again");
        }
        done.is_ok()
    });
    let all_done = steps.buffer_unordered(AT_ONCE).fold(true, async |all, done| all && done).await;
    if !all_done {
        return Ok(Some(now + AFTER_FAILURE));
    }
    voting.db.read(async move |conn| Ok(store::next_due(conn, now).await?)).await
}

async fn step(voting: &Voting, campaign: &Campaign) -> Result<()> {
    match campaign.status {
        CampaignStatus::Draft => lifecycle::start_if_due(voting, campaign).await,
        _ => lifecycle::close_if_due(voting, campaign).await,
    }
}
