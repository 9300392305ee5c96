//! What a server counts, for `/metrics`.

use std::{collections::HashSet, time::Duration};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

/// Most operations that are counted by their name. Clients name them, so the others share one.
pub const MAX_NAMES: usize = 200;
/// What operations without a name, those whose document was refused, and those of anyone are counted under.
pub const UNNAMED: &str = "-";
/// What operations beyond [`MAX_NAMES`] are counted under.
pub const OTHERS: &str = "(others)";

/// Upper bounds of how long requests take, in seconds.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

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

/// What a server has counted since it started.
pub struct Metrics {
    answered: Family<OutcomeLabels, Counter>,
    seconds: Family<OperationLabels, Histogram>,
    statements: Family<OperationLabels, Counter>,
    names: Mutex<HashSet<String>>,
    failed_attempts: Family<[(&'static str, String); 1], Counter>,
    /// Tallies of watched campaigns that were counted.
    pub tallies_counted: Counter,
    /// Changes of watched campaigns that shared a count with one before.
    pub tallies_coalesced: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            answered: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            statements: Family::default(),
            names: Mutex::default(),
            failed_attempts: Family::default(),
            tallies_counted: Counter::default(),
            tallies_coalesced: Counter::default(),
        }
    }
}

/// A finished operation, as the metrics count it.
pub struct OperationSample<'o> {
    /// Its name, as its client gave it, or [`UNNAMED`].
    pub name: &'o str,
    /// `query`, `mutation` or `subscription`.
    pub kind: &'static str,
    /// What it came by.
    pub transport: &'static str,
    /// `OK`, or the code of its first error.
    pub outcome: &'static str,
    /// How long it took.
    pub duration: Duration,
    /// How many statements were sent for it.
    pub statements: u64,
}

impl Metrics {
    /// Counts a finished operation.
    pub fn count(&self, sample: &OperationSample<'_>) {
        let OperationSample { name, kind, transport, outcome, duration, statements } = *sample;
        let operation = self.counted_as(name);
        let answered = OutcomeLabels { operation: operation.clone(), kind, transport, outcome };
        self.answered.get_or_create(&answered).inc();
        let operation = OperationLabels { operation, kind };
        // How long someone watches is up to them.
        if kind != "subscription" {
            self.seconds.get_or_create(&operation).observe(duration.as_secs_f64());
        }
        self.statements.get_or_create(&operation).inc_by(statements);
    }

    /// Counts a failed attempt to sign in, register and the like: `kind` is the metric's label.
    pub fn count_failed_attempt(&self, kind: &str) {
        self.failed_attempts.get_or_create(&[("attempt", kind.to_owned())]).inc();
    }

    fn counted_as(&self, name: &str) -> String {
        let mut names = self.names.lock();
        let is_counted = name == UNNAMED || names.contains(name);
        if !is_counted && names.len() >= MAX_NAMES {
            return OTHERS.to_owned();
        }
        if !is_counted {
            names.insert(name.to_owned());
        }
        name.to_owned()
    }

    /// Puts what was counted into a registry.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("requests", "Operations, by what came of them", self.answered.clone());
        registry.register("request_seconds", "How long queries and mutations took", self.seconds.clone());
        registry.register("request_statements", "SQL statements of queries and mutations", self.statements.clone());
        let failed = "Attempts on accounts that failed: to sign in, register, renew, reset";
        registry.register("failed_attempts", failed, self.failed_attempts.clone());
        registry.register("tallies_counted", "Tallies counted for those who watch", self.tallies_counted.clone());
        let coalesced = "Changes of watched tallies that shared a count with one before";
        registry.register("tallies_coalesced", coalesced, self.tallies_coalesced.clone());
    }
}
