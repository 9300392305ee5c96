//! What happens by itself: drafts go live at their start, live campaigns close at their end.

use std::{sync::Arc, time::Duration};

use super::{Campaign, CampaignStatus, lifecycle, store};
use crate::{app::App, clock::Instant, error::Result};

/// How long to wait after a failure before trying again.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Runs until the task is dropped: does what is due, then sleeps until the next instant at which something is, or until
/// a campaign changes.
pub async fn run(app: Arc<App>) {
    loop {
        let changed = app.live.schedule_changed();
        let wake_at = match do_due(&app).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "scheduler failed; trying again");
                Some(app.clock.now() + AFTER_FAILURE)
            }
        };
        tokio::select! {
            () = changed => {}
            () = async {
                match wake_at {
                    Some(instant) => app.clock.sleep_until(instant).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
    }
}

/// Does all that is due now; the instant at which something will be next.
async fn do_due(app: &App) -> Result<Option<Instant>> {
    let now = app.clock.now();
    let due = app.db.read(async move |conn| Ok(store::due(conn, now).await?)).await?;
    let mut failed = false;
    for campaign in due {
        if let Err(error) = step(app, &campaign).await {
            tracing::error!(%error, campaign = campaign.id.0, "a campaign's due step failed; trying again");
            failed = true;
        }
    }
    if failed {
        return Ok(Some(now + AFTER_FAILURE));
    }
    app.db.read(async move |conn| Ok(store::next_due(conn, now).await?)).await
}

async fn step(app: &App, campaign: &Campaign) -> Result<()> {
    match campaign.status {
        CampaignStatus::Draft => lifecycle::start_if_due(app, campaign).await,
        _ => lifecycle::close_if_due(app, campaign).await,
    }
}
