//! How the server is, for whoever balances load.

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
    discord::{self, DiscordConnection},
    kernel::error::{Error, Result},
};

/// How long the database has to answer: less than those who ask usually wait.
pub(super) const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// Ready when the database answers. Discord is told of, and waited for by nobody.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let answer = timeout(ANSWERS_WITHIN, standing(&app)).await;
    match answer.unwrap_or_else(|_| Err(Error::internal("it does not answer in time"))) {
        Ok(discord) => Json(json!({ "status": "ready", "discord": discord })).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let body = json!({ "status": "not ready", "problem": "the database does not answer" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn standing(app: &App) -> Result<DiscordConnection> {
    app.db.read(async |conn| Ok(conn.ping().await?)).await?;
    Ok(discord::gateway_status(&app.discord).await?.map_or(DiscordConnection::Off, |standing| standing.connection))
}
