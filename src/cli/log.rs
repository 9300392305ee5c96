//! The log, and the traces if a collector is configured.

use std::{
    env,
    fmt::{Debug, Formatter},
    io::IsTerminal,
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, SpanExporter,
    WithHttpConfig,
};
use opentelemetry_sdk::{Resource, propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::output::BoxError;
use crate::kernel::supervise;

/// The log filter without `RUST_LOG`. serenity logs each reconnection as a warning.
const DEFAULT_FILTER: &str = "info,serenity=error";
/// The filter of the traces. At the level `debug` they contain each access to the database.
const TRACE_FILTER: &str = "off,guildhall=debug";

/// The tracer, which may hold traces that are not sent yet.
pub(super) struct Traces(Option<SdkTracerProvider>);

/// Logs to standard error: as text if it is a terminal, otherwise as JSON. `RUST_LOG` sets the filter. If
/// `OTEL_EXPORTER_OTLP_ENDPOINT` is set, requests are traced, as OpenTelemetry's own variables configure.
///
/// # Errors
/// If the filter is not valid, or the tracer cannot be set up.
pub(super) fn start(runtime: &Handle) -> Result<Traces, BoxError> {
    let filter = match env::var(EnvFilter::DEFAULT_ENV) {
        Ok(filter) if !filter.is_empty() => {
            EnvFilter::try_new(filter).map_err(|error| format!("RUST_LOG is not a filter of the log: {error}"))?
        }
        _ => EnvFilter::new(DEFAULT_FILTER),
    };
    let filter = filter.and(no_payloads());
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = if std::io::stderr().is_terminal() {
        log.compact().boxed()
    } else {
        log.json().flatten_event(true).with_current_span(false).boxed()
    };
    let traces = tracer_provider(runtime)?;
    let traced = traces.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("guildhall")).with_location(false);
        layer.with_threads(false).with_tracked_inactivity(false).with_filter(EnvFilter::new(TRACE_FILTER))
    });
    tracing_subscriber::registry().with(log.with_filter(filter)).with(traced).init();
    // Logs a panic like any other event, so that it is one line, and JSON where the log is JSON.
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        tracing::error!(at = panic.location().map(tracing::field::display), message, "panicked");
    }));
    supervise::count_panics();
    Ok(Traces(traces))
}

/// Limits the log whatever `RUST_LOG` says. At finer levels, libraries log the data that passes through them:
/// statements with their values, and messages with tokens, passwords and ballots. serenity has such data even in spans
/// of the level `info`.
fn no_payloads() -> Targets {
    let own_targets = Targets::new().with_target("guildhall", LevelFilter::TRACE);
    own_targets.with_default(LevelFilter::INFO).with_target("serenity", LevelFilter::WARN)
}

fn tracer_provider(runtime: &Handle) -> Result<Option<SdkTracerProvider>, BoxError> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_endpoint = is_set("OTEL_EXPORTER_OTLP_ENDPOINT") || is_set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    if !has_endpoint || env::var("OTEL_SDK_DISABLED").is_ok_and(|it| it.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    // The exporter sends one batch at a time and drops the rest, so a collector that never responds would stop all
    // traces.
    let timeout = [OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT].iter().find_map(|name| {
        let milliseconds = env::var(name).ok()?.parse().ok()?;
        Some(Duration::from_millis(milliseconds))
    });
    let client = reqwest::Client::builder().timeout(timeout.unwrap_or(OTEL_EXPORTER_OTLP_TIMEOUT_DEFAULT)).build()?;
    let client = TraceClient { client, runtime: runtime.clone() };
    let exporter = SpanExporter::builder().with_http().with_http_client(client).build();
    let exporter = exporter.map_err(|error| format!("OTEL_EXPORTER_OTLP_ENDPOINT: {error}"))?;
    let mut resource = Resource::builder();
    if !is_set("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name("guildhall");
    }
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    Ok(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build()))
}

impl Traces {
    /// Sends the remaining traces.
    pub(super) fn shutdown(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Sends traces with reqwest, like the rest of the program. The exporter runs on a thread outside the runtime.
struct TraceClient {
    client: reqwest::Client,
    runtime: Handle,
}

impl Debug for TraceClient {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for TraceClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let client = self.client.clone();
        let response = self.runtime.spawn(async move {
            let response = client.execute(request).await?;
            let (status, body) = (response.status(), response.bytes().await?);
            Ok::<_, reqwest::Error>((status, body))
        });
        let (status, body) = response.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}
