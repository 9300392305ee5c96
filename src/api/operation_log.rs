//! Logs and counts each operation once it has ended, on every transport.
//!
//! A line holds the operation's name, its viewer, duration and statements. It never holds the document, the variables
//! or the response, because these contain passwords and ballots.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::{Response, ServerError, parser::types::OperationType};
use opentelemetry::trace::TraceContextExt;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{
    auth_context::AuthContext,
    graph::{Graph, Prepared},
};
use crate::{
    app::App,
    db::Usage,
    kernel::{
        error::Code,
        id::{GuildId, MemberId},
        metrics::{OperationSample, UNNAMED},
    },
};

/// Longest operation name in the log, in characters, because clients choose the names.
const MAX_NAME: usize = 64;

/// The outcome of an operation: `OK`, or the code of its first error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeCode(&'static str);

impl OutcomeCode {
    /// The operation had no errors.
    pub const OK: Self = Self("OK");

    /// The outcome of a response with these errors.
    pub fn of(errors: &[ServerError]) -> Self {
        Self(errors.first().map_or(Self::OK.0, |error| Code::of(error).unwrap_or(Code::Internal).as_str()))
    }
}

/// A running operation. Dropping it logs and counts the operation.
pub struct OperationLog {
    app: Arc<App>,
    request_id: String,
    transport: &'static str,
    span: Span,
    started: Instant,
    /// The use of the database by the operation.
    pub usage: Arc<Usage>,
    name: String,
    is_trusted: bool,
    kind: &'static str,
    guild: Option<GuildId>,
    viewer: Option<MemberId>,
    /// `ABANDONED` if the client disconnected before the response.
    outcome: OutcomeCode,
    is_discarded: bool,
}

impl OperationLog {
    /// Starts the record of an operation that arrived on `transport`.
    pub fn start(app: &Arc<App>, transport: &'static str, request_id: &str, span: Span) -> Self {
        Self {
            app: Arc::clone(app),
            request_id: request_id.to_owned(),
            transport,
            span,
            started: Instant::now(),
            usage: Arc::default(),
            name: UNNAMED.to_owned(),
            is_trusted: false,
            kind: "refused",
            guild: None,
            viewer: None,
            outcome: OutcomeCode("ABANDONED"),
            is_discarded: false,
        }
    }

    /// Drops the record without logging, because the request had no operation.
    pub fn discard(mut self) {
        self.is_discarded = true;
    }

    /// The id of the request in the log.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Records the viewer.
    pub fn set_viewer(&mut self, auth: &AuthContext) {
        self.guild = Some(auth.guild);
        self.viewer = auth.viewer.as_ref().map(|viewer| viewer.member);
    }

    /// Records the operation's kind and name.
    pub fn set_operation(&mut self, prepared: &Prepared) {
        self.kind = match prepared.kind() {
            OperationType::Query => "query",
            OperationType::Mutation => "mutation",
            OperationType::Subscription => "subscription",
        };
        if let Some(name) = prepared.name() {
            self.name = name.chars().take(MAX_NAME).collect();
        }
        self.is_trusted = prepared.is_trusted();
        self.span.context().span().update_name(format!("{} {}", self.kind, self.name));
    }

    /// Records the outcome.
    pub const fn set_outcome(&mut self, outcome: OutcomeCode) {
        self.outcome = outcome;
    }

    /// Executes the query or mutation and records its outcome.
    pub async fn execute(&mut self, graph: &Graph, prepared: Prepared, auth: &AuthContext) -> Response {
        let run = graph.execute(prepared, auth, &self.request_id).instrument(self.span.clone());
        let response = Arc::clone(&self.usage).scope(run).await;
        self.set_outcome(OutcomeCode::of(&response.errors));
        response
    }
}

impl Drop for OperationLog {
    fn drop(&mut self) {
        if self.is_discarded {
            return;
        }
        let (duration, statements) = (self.started.elapsed(), self.usage.statements());
        let Self { ref name, kind, transport, outcome: OutcomeCode(outcome), .. } = *self;
        // The metrics have a limited number of names, which anonymous clients could use up.
        let metric_name = if self.viewer.is_some() || self.is_trusted { name } else { UNNAMED };
        let slug = self.guild.and_then(|guild| self.app.guilds.slug(guild));
        let guild = slug.as_deref().unwrap_or(UNNAMED);
        let sample = OperationSample { name: metric_name, guild, kind, transport, outcome, duration, statements };
        self.app.metrics.count(&sample);
        let _span = self.span.enter();
        tracing::info!(
            request_id = self.request_id,
            operation = name,
            kind,
            transport,
            guild = self.guild.map(|it| it.0),
            viewer = self.viewer.map(|it| it.0),
            outcome,
            ms = millis(duration),
            statements,
            "answered"
        );
    }
}

/// Milliseconds, rounded to the microsecond.
pub fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
