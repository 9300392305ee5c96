//! Metrics of operations, sign-ins and tallies, for `/metrics`.

use std::{collections::HashSet, sync::atomic::AtomicU64, time::Duration};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Maximum number of operation names in labels. Clients choose the names, so their number must be limited.
pub const MAX_NAMES: usize = 200;
/// The label of operations without a name, of refused documents and of anonymous viewers.
pub const UNNAMED: &str = "-";
/// Maximum number of guilds in labels. A server may host thousands.
pub const MAX_GUILDS: usize = 100;
/// The label of operations whose name is beyond [`MAX_NAMES`], and of guilds beyond [`MAX_GUILDS`].
pub const OTHERS: &str = "(others)";

/// Upper bounds of the histogram's buckets of durations, in seconds.
const BUCKETS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    operation: String,
    kind: &'static str,
    transport: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GuildLabels {
    guild: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GuildOutcomeLabels {
    guild: String,
    kind: &'static str,
    outcome: &'static str,
}

/// Values of a label that others choose, up to a maximum number.
struct LabelValues {
    known: Mutex<HashSet<String>>,
    max: usize,
}

impl LabelValues {
    fn new(max: usize) -> Self {
        Self { known: Mutex::default(), max }
    }

    /// The value itself, or [`OTHERS`] if there are too many.
    fn label(&self, value: &str) -> String {
        let mut known = self.known.lock();
        let is_known = value == UNNAMED || known.contains(value);
        if !is_known && known.len() >= self.max {
            return OTHERS.to_owned();
        }
        if !is_known {
            known.insert(value.to_owned());
        }
        value.to_owned()
    }
}

/// The metrics of a server since its start.
pub struct Metrics {
    requests: Family<OutcomeLabels, Counter>,
    seconds: Family<OperationLabels, Histogram>,
    statements: Family<OperationLabels, Counter>,
    names: LabelValues,
    guilds: LabelValues,
    guild_requests: Family<GuildOutcomeLabels, Counter>,
    guild_seconds: Family<GuildLabels, Counter<f64, AtomicU64>>,
    guild_statements: Family<GuildLabels, Counter>,
    failed_attempts: Family<[(&'static str, String); 1], Counter>,
    /// Open connections of clients, `WebSocket`s included.
    pub connections: OpenGauge,
    /// Open `WebSocket`s.
    pub websockets: OpenGauge,
    /// Memory for responses that clients have not read, in bytes.
    pub unread_bytes: Gauge,
    /// Responses that were dropped because clients had not read others.
    pub responses_refused: Counter,
    /// Clients that were disconnected because they did not read while others needed the memory.
    pub clients_cut_off: Counter,
    /// How many times a watched campaign was counted.
    pub tallies_counted: Counter,
    /// Changes of watched campaigns that needed no count of their own, because an earlier change's count covered them.
    pub tallies_coalesced: Counter,
    /// How many times a watched turnout was counted.
    pub turnouts_counted: Counter,
    /// Changes of watched turnouts that needed no count of their own.
    pub turnouts_coalesced: Counter,
}

/// The number of things that are open, such as connections.
#[derive(Default)]
pub struct OpenGauge(Gauge);

impl OpenGauge {
    /// Counts one that is open until the returned value is dropped.
    pub fn open(&self) -> OpenGuard {
        self.0.inc();
        OpenGuard(self.0.clone())
    }
}

/// Counts as open until dropped.
pub struct OpenGuard(Gauge);

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            statements: Family::default(),
            names: LabelValues::new(MAX_NAMES),
            guilds: LabelValues::new(MAX_GUILDS),
            guild_requests: Family::default(),
            guild_seconds: Family::default(),
            guild_statements: Family::default(),
            failed_attempts: Family::default(),
            connections: OpenGauge::default(),
            websockets: OpenGauge::default(),
            unread_bytes: Gauge::default(),
            responses_refused: Counter::default(),
            clients_cut_off: Counter::default(),
            tallies_counted: Counter::default(),
            tallies_coalesced: Counter::default(),
            turnouts_counted: Counter::default(),
            turnouts_coalesced: Counter::default(),
        }
    }
}

/// The measurements of a finished operation.
pub struct OperationSample<'o> {
    /// The client's name for it, or [`UNNAMED`].
    pub name: &'o str,
    /// The slug of its guild, or [`UNNAMED`] if it was refused before the guild was found.
    pub guild: &'o str,
    /// `query`, `mutation`, `subscription`, or `refused` if the document was.
    pub kind: &'static str,
    /// The transport, such as `http`.
    pub transport: &'static str,
    /// `OK`, or the code of its first error.
    pub outcome: &'static str,
    /// How long it took.
    pub duration: Duration,
    /// Number of SQL statements.
    pub statements: u64,
}

impl Metrics {
    /// Counts a finished operation.
    pub fn count(&self, sample: &OperationSample<'_>) {
        let OperationSample { name, guild, kind, transport, outcome, duration, statements } = *sample;
        let guild = self.guilds.label(guild);
        self.guild_requests.get_or_create(&GuildOutcomeLabels { guild: guild.clone(), kind, outcome }).inc();
        let guild = GuildLabels { guild };
        // The client decides how long a subscription lasts.
        if kind != "subscription" {
            self.guild_seconds.get_or_create(&guild).inc_by(duration.as_secs_f64());
        }
        self.guild_statements.get_or_create(&guild).inc_by(statements);
        let operation = self.names.label(name);
        let labels = OutcomeLabels { operation: operation.clone(), kind, transport, outcome };
        self.requests.get_or_create(&labels).inc();
        let operation = OperationLabels { operation, kind };
        if kind != "subscription" {
            self.seconds.get_or_create(&operation).observe(duration.as_secs_f64());
        }
        self.statements.get_or_create(&operation).inc_by(statements);
    }

    /// Counts a failed attempt to sign in, register or the like. `kind` is the metric's label.
    pub fn count_failed_attempt(&self, kind: &str) {
        self.failed_attempts.get_or_create(&[("attempt", kind.to_owned())]).inc();
    }

    /// Adds the metrics to a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("requests", "Operations, by outcome", self.requests.clone());
        registry.register("request_seconds", "Duration of queries and mutations", self.seconds.clone());
        registry.register("request_statements", "SQL statements of operations", self.statements.clone());
        registry.register("guild_requests", "Operations of a guild, by outcome", self.guild_requests.clone());
        let help = "Duration of a guild's queries and mutations";
        registry.register_with_unit("guild_request", help, Unit::Seconds, self.guild_seconds.clone());
        registry.register("guild_statements", "SQL statements of a guild's operations", self.guild_statements.clone());
        let failed = "Failed attempts on accounts, such as to sign in or register";
        registry.register("failed_attempts", failed, self.failed_attempts.clone());
        registry.register("connections", "Open connections of clients", self.connections.0.clone());
        registry.register("websockets", "Open WebSockets, which are connections too", self.websockets.0.clone());
        registry.register(
            "unread_response_bytes",
            "Memory for responses that clients have not read",
            self.unread_bytes.clone(),
        );
        let help = "Responses that were dropped because clients had not read others";
        registry.register("responses_refused", help, self.responses_refused.clone());
        let help = "Clients that were disconnected because they did not read";
        registry.register("clients_cut_off", help, self.clients_cut_off.clone());
        registry.register("tallies_counted", "Counts of watched campaigns", self.tallies_counted.clone());
        let coalesced = "Changes of watched campaigns that shared a count with an earlier change";
        registry.register("tallies_coalesced", coalesced, self.tallies_coalesced.clone());
        registry.register("turnouts_counted", "Counts of watched turnouts", self.turnouts_counted.clone());
        let coalesced = "Changes of watched turnouts that shared a count with an earlier change";
        registry.register("turnouts_coalesced", coalesced, self.turnouts_coalesced.clone());
    }
}
