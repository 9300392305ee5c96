//! What is told of each operation once it is over, whatever it came by: a line in the log, and its part in the figures.
//!
//! Its name, who asked and what it took; never its document, its variables or its answer, which hold passwords and ballots.

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
        metrics::{Over, UNNAMED},
    },
};

/// Most characters of an operation's name that are told: clients give it.
const MAX_NAME: usize = 64;

/// What comes of an operation: `OK`, or the code of its first error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome(&'static str);

impl Outcome {
    /// Nothing went wrong.
    pub const OK: Self = Self("OK");

    /// That of an answer with these errors.
    pub fn of(errors: &[ServerError]) -> Self {
        Self(errors.first().map_or(Self::OK.0, |error| Code::of(error).unwrap_or(Code::Internal).as_str()))
    }
}

/// An operation under way. It is told of when it goes out of scope.
pub struct OperationLog {
    app: Arc<App>,
    request_id: String,
    transport: &'static str,
    span: Span,
    begun: Instant,
    /// What it asks of the database.
    pub usage: Arc<Usage>,
    name: String,
    is_trusted: bool,
    kind: &'static str,
    guild: Option<GuildId>,
    viewer: Option<MemberId>,
    /// Nobody waited for what was never answered.
    outcome: Outcome,
    is_told: bool,
}

impl OperationLog {
    /// Opens the account of an operation that came by `transport`.
    pub fn open(app: &Arc<App>, transport: &'static str, request_id: &str, span: Span) -> Self {
        Self {
            app: Arc::clone(app),
            request_id: request_id.to_owned(),
            transport,
            span,
            begun: Instant::now(),
            usage: Arc::default(),
            name: UNNAMED.to_owned(),
            is_trusted: false,
            kind: "refused",
            guild: None,
            viewer: None,
            outcome: Outcome("ABANDONED"),
            is_told: false,
        }
    }

    /// There is no operation, and nothing to tell.
    pub fn discard(mut self) {
        self.is_told = true;
    }

    /// The id that it bears in the log.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Notes who asks.
    pub fn asked_by(&mut self, admitted: &AuthContext) {
        self.guild = Some(admitted.guild);
        self.viewer = admitted.viewer.as_ref().map(|viewer| viewer.member);
    }

    /// Notes what is asked for.
    pub fn asks_for(&mut self, prepared: &Prepared) {
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

    /// Notes what comes of it.
    pub const fn comes_to(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// Runs its query or mutation.
    pub async fn execute(&mut self, graph: &Graph, prepared: Prepared, admitted: &AuthContext) -> Response {
        let run = graph.execute(prepared, admitted, &self.request_id).instrument(self.span.clone());
        let response = Arc::clone(&self.usage).measure(run).await;
        self.comes_to(Outcome::of(&response.errors));
        response
    }
}

impl Drop for OperationLog {
    fn drop(&mut self) {
        if self.is_told {
            return;
        }
        let (took, statements) = (self.begun.elapsed(), self.usage.statements());
        let Self { ref name, kind, transport, outcome: Outcome(outcome), .. } = *self;
        // There is room for so many names, and anyone could take it up.
        let counted_as = if self.viewer.is_some() || self.is_trusted { name } else { UNNAMED };
        self.app.metrics.count(&Over { name: counted_as, kind, transport, outcome, took, statements });
        let _span = self.span.enter();
        tracing::info!(
            request_id = self.request_id,
            operation = name,
            kind,
            transport,
            guild = self.guild.map(|it| it.0),
            viewer = self.viewer.map(|it| it.0),
            outcome,
            ms = millis(took),
            statements,
            "answered"
        );
    }
}

/// Milliseconds, to the microsecond.
pub fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}
