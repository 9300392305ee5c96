//! What the program says of itself while it runs: its log, and traces where someone collects them.

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

/// What is logged unless `RUST_LOG` says otherwise. serenity tells each reconnect as a warning.
const FILTER: &str = "info,serenity=error";
/// What is traced: beside requests, each access to the database.
const TRACED: &str = "off,guildhall=debug";

/// The traces that are still to be sent.
pub(super) struct Traces(Option<SdkTracerProvider>);

/// Logs to standard error: for people on a terminal, as JSON otherwise. `RUST_LOG` says how much. Where
/// `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector, requests are traced for it, set up by OpenTelemetry's own variables.
///
/// # Errors
/// A sentence that says why there can be no traces.
pub(super) fn start(runtime: &Handle) -> Result<Traces, BoxError> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(FILTER)).and(no_payloads());
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let log = if std::io::stderr().is_terminal() {
        log.compact().boxed()
    } else {
        log.json().flatten_event(true).with_current_span(false).boxed()
    };
    let traces = collector(runtime)?;
    let traced = traces.as_ref().map(|provider| {
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("guildhall")).with_location(false);
        layer.with_threads(false).with_tracked_inactivity(false).with_filter(EnvFilter::new(TRACED))
    });
    tracing_subscriber::registry().with(log.with_filter(filter)).with(traced).init();
    // On a line of its own like everything else, also where the log is read by a program.
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        tracing::error!(at = panic.location().map(tracing::field::display), message, "panicked");
    }));
    supervise::count_panics();
    Ok(Traces(traces))
}

/// What may be logged at all. In detail, libraries tell what they pass on: statements with their values, messages with the
/// tokens, passwords and ballots in them. serenity has them in spans at the level `info`.
fn no_payloads() -> Targets {
    let ours = Targets::new().with_target("guildhall", LevelFilter::TRACE);
    ours.with_default(LevelFilter::INFO).with_target("serenity", LevelFilter::WARN)
}

fn collector(runtime: &Handle) -> Result<Option<SdkTracerProvider>, BoxError> {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_wanted = is_set("OTEL_EXPORTER_OTLP_ENDPOINT") || is_set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    if !is_wanted || env::var("OTEL_SDK_DISABLED").is_ok_and(|it| it.eq_ignore_ascii_case("true")) {
        return Ok(None);
    }
    // One batch is sent at a time: a collector that never answers would be waited for while all others are dropped.
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
    /// Sends what is left.
    pub(super) fn end(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The client that the rest of the program uses, for a thread outside the runtime.
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
        let answered = self.runtime.spawn(async move {
            let answer = client.execute(request).await?;
            let (status, body) = (answer.status(), answer.bytes().await?);
            Ok::<_, reqwest::Error>((status, body))
        });
        let (status, body) = answered.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}
