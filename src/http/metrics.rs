//! `/metrics`: the server's metrics, in the text format of Prometheus or in OpenMetrics, as asked.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::text::encode,
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::{ConstGauge, Gauge},
        info::Info,
    },
    registry::{Registry, Unit},
};
use tokio::time::timeout;

use super::{exposition::MetricsFormat, health::DATABASE_TIMEOUT, process_metrics};
use crate::{
    app::App,
    discord::{self, Bot, DiscordConnectionState},
    kernel::{
        error::{Error, Result},
        supervise,
    },
    outbox::{self, MessageState},
};

/// The labels of a metric with one label.
type OneLabel = [(&'static str, String); 1];

pub(super) async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let format = MetricsFormat::from_headers(&headers);
    match render(&app).await {
        Ok(text) => {
            let headers = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "Accept")];
            (headers, format.convert(text)).into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "could not write the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn render(app: &App) -> Result<String> {
    let mut all = Registry::default();
    process_metrics::register(&mut all);
    let registry = all.sub_registry_with_prefix("guildhall");
    let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "Version of Guildhall", build);
    app.metrics.register(registry);
    registry.register("panics", "Panics that were caught", ConstCounter::new(supervise::panic_count()));
    let subscribers = Family::<OneLabel, Gauge>::default();
    for (of, number) in app.live.subscriber_counts() {
        subscribers.get_or_create(&[("of", of.to_owned())]).set(i64::try_from(number).unwrap_or(i64::MAX));
    }
    registry.register("subscribers", "Open subscriptions", subscribers);
    register_database(app, registry);
    // While the database does not respond, metrics of its content are left out; `database_up` reports that.
    let content = match timeout(DATABASE_TIMEOUT, load_content(app)).await {
        Ok(Ok(content)) => Some(content),
        _ => None,
    };
    let is_up = ConstGauge::new(i64::from(content.is_some()));
    registry.register("database_up", "Whether the database responds", is_up);
    if let Some(bot) = &app.discord.bot {
        register_discord(bot, content.as_ref(), registry);
    }
    let mut text = String::new();
    encode(&mut text, &all).map_err(Error::internal)?;
    Ok(text)
}

fn register_database(app: &App, registry: &mut Registry) {
    registry.register("statements", "SQL statements", ConstCounter::new(app.db.statements()));
    let (connections, max_connections) =
        (Family::<[(&str, String); 2], Gauge>::default(), Family::<OneLabel, Gauge>::default());
    let (waited, timed_out) = (Family::<OneLabel, Counter>::default(), Family::<OneLabel, Counter>::default());
    let seconds = Family::<OneLabel, Counter<f64, std::sync::atomic::AtomicU64>>::default();
    for (name, max, pool) in app.db.pools() {
        let of = || ("pool", name.to_owned());
        let busy = pool.connections - pool.idle_connections;
        connections.get_or_create(&[of(), ("state", "busy".to_owned())]).set(busy.into());
        connections.get_or_create(&[of(), ("state", "idle".to_owned())]).set(pool.idle_connections.into());
        max_connections.get_or_create(&[of()]).set(max.into());
        waited.get_or_create(&[of()]).inc_by(pool.statistics.get_waited);
        timed_out.get_or_create(&[of()]).inc_by(pool.statistics.get_timed_out);
        seconds.get_or_create(&[of()]).inc_by(pool.statistics.get_wait_time.as_secs_f64());
    }
    registry.register("pool_connections", "Connections to the database", connections);
    registry.register("pool_max", "Maximum number of connections", max_connections);
    registry.register("pool_waits", "Waits for a connection", waited);
    registry.register("pool_timeouts", "Waits for a connection that timed out", timed_out);
    registry.register_with_unit("pool_wait", "Time spent waiting for connections", Unit::Seconds, seconds);
}

/// The database's content that the metrics report.
struct StoredContent {
    connection: Option<DiscordConnectionState>,
    outbox: Vec<(MessageState, i64)>,
}

async fn load_content(app: &App) -> Result<StoredContent> {
    if app.discord.bot.is_none() {
        app.db.read(async |conn| Ok(conn.ping().await?)).await?;
        return Ok(StoredContent { connection: None, outbox: Vec::new() });
    }
    let connection = discord::gateway_status(&app.discord).await?.map(|status| status.connection);
    let outbox = app.db.read(async |conn| Ok(outbox::store::count_by_state(conn).await?)).await?;
    Ok(StoredContent { connection, outbox })
}

fn register_discord(bot: &Bot, content: Option<&StoredContent>, registry: &mut Registry) {
    if let Some(StoredContent { connection, outbox }) = content {
        let connected = i64::from(*connection == Some(DiscordConnectionState::Connected));
        let help = "Whether the bot is connected, on any server";
        registry.register("discord_connected", help, ConstGauge::new(connected));
        let messages = Family::<OneLabel, Gauge>::default();
        for state in [MessageState::Queued, MessageState::Failed] {
            let number = outbox.iter().find(|(of, _)| *of == state).map_or(0, |(_, number)| *number);
            messages.get_or_create(&[("state", state.to_string().to_lowercase())]).set(number);
        }
        registry.register("discord_messages", "Messages in the outbox of all guilds", messages);
    }
    let down = ConstGauge::new(i64::from(bot.is_down()));
    registry.register("discord_down", "Whether this server sends no requests to Discord because Discord is down", down);
    let (delivered, given_up) = bot.outbox().totals();
    let of = "Messages to Discord that this server has";
    registry.register("discord_delivered", format!("{of} delivered"), ConstCounter::new(delivered));
    registry.register("discord_given_up", format!("{of} given up"), ConstCounter::new(given_up));
}
