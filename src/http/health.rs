//! Readiness, for load balancers.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    app::App,
    discord::{self, DiscordConnectionState},
    kernel::error::{Error, Result},
};

/// How long the database may take to respond: less than the usual timeout of load balancers.
pub(super) const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// The server is ready if the database responds. Discord's status is reported but does not affect readiness.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let checked = timeout(DATABASE_TIMEOUT, discord_status(&app)).await;
    match checked.unwrap_or_else(|_| Err(Error::internal("the database did not respond in time"))) {
        Ok(discord) => Json(json!({ "status": "ready", "discord": discord })).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let body = json!({ "status": "not ready", "problem": "the database does not respond" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

/// Checks that the database responds, and loads the status of the Discord bot.
async fn discord_status(app: &App) -> Result<DiscordConnectionState> {
    app.db.read(async |conn| Ok(conn.ping().await?)).await?;
    Ok(discord::gateway_status(&app.discord).await?.map_or(DiscordConnectionState::Off, |status| status.connection))
}
