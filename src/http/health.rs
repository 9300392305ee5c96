//! How the server is: for whoever balances load, and for whoever watches over it.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::ConstCounter, family::Family, gauge::Gauge},
    registry::Registry,
};
use serde_json::json;

use super::Server;
use crate::{
    app::App,
    discord::{self, DiscordConnection, DiscordMessageState},
    error::{Error, Result},
};

/// Ready when the database answers. Discord is told of, and waited for by nobody.
pub(super) async fn ready(State(server): State<Server>) -> Response {
    let app = &server.app;
    let discord = match app.db.read(async |conn| Ok(conn.ping().await?)).await {
        Ok(()) => discord::standing(app).await,
        Err(error) => Err(error),
    };
    match discord {
        Ok(discord) => {
            let connection = discord.map_or(DiscordConnection::Off, |standing| standing.connection);
            Json(json!({ "status": "ready", "discord": connection })).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let body = json!({ "status": "not ready", "problem": "the database does not answer" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

/// The server's figures, in the text format of Prometheus.
pub(super) async fn metrics(State(server): State<Server>) -> Response {
    match figures(&server.app).await {
        Ok(text) => {
            const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, FORMAT)], text).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "the server's figures could not be gathered");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn figures(app: &App) -> Result<String> {
    let mut registry = Registry::with_prefix("guildhall");
    if let Some(bot) = &app.discord {
        let connected = Gauge::<i64>::default();
        let standing = discord::standing(app).await?;
        connected.set(i64::from(standing.is_some_and(|it| it.connection == DiscordConnection::Connected)));
        registry.register("discord_connected", "Whether the bot is connected, by whichever server", connected);
        let down = Gauge::<i64>::default();
        down.set(i64::from(bot.is_down()));
        registry.register("discord_down", "Whether this server asks nothing of Discord, since it is down", down);
        let messages = Family::<[(&str, String); 1], Gauge>::default();
        let depth = app.db.read(async |conn| Ok(discord::store::outbox_depth(conn).await?)).await?;
        for state in [DiscordMessageState::Queued, DiscordMessageState::Failed] {
            let number = depth.iter().find(|(of, _)| *of == state).map_or(0, |(_, number)| *number);
            messages.get_or_create(&[("state", state.to_string().to_lowercase())]).set(number);
        }
        registry.register("discord_messages", "Messages in the outbox of all guilds", messages);
        let (delivered, given_up) = bot.deliveries();
        let of = "Messages to Discord that this server has";
        registry.register("discord_delivered", format!("{of} delivered"), ConstCounter::new(delivered));
        registry.register("discord_given_up", format!("{of} given up"), ConstCounter::new(given_up));
    }
    let mut text = String::new();
    encode(&mut text, &registry).map_err(Error::internal)?;
    Ok(text)
}
