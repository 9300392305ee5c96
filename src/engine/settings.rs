//! Limits of a request, which protect a public API from overload.

use std::time::Duration;

/// Maximum number of errors in a response. A document can have thousands.
pub const MAX_ERRORS: usize = 20;

/// Limits of a request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum size of a request's body, in bytes. A WebSocket message may have an eighth of it.
    pub max_body: usize,

    /// Maximum number of tokens in a document.
    pub max_tokens: u64,

    /// Deepest nesting of fields. The introspection query of common tools has 15 levels.
    pub max_depth: u64,

    /// Maximum cost of an operation: the number of fields in its response, by an estimate that multiplies each field by
    /// the sizes of the lists around it, and the searches and counts of the database.
    pub max_complexity: u64,

    /// Maximum number of fields at the root of a query. A mutation may have a fifth of it.
    pub max_root_fields: u64,

    /// Maximum number of aliases in an operation, with all fragments expanded.
    pub max_aliases: u64,

    /// Maximum number of directives in an operation, with all fragments expanded.
    pub max_directives: u64,

    /// Longest time that a query or a mutation may take.
    pub request_timeout: Duration,
}

impl Limits {
    /// The default limits.
    pub const DEFAULT: Self = Self {
        max_body: 1_024 * 1_024,
        max_tokens: 2_000,
        max_depth: 20,
        max_complexity: 100_000,
        max_root_fields: 50,
        max_aliases: 50,
        max_directives: 50,
        request_timeout: Duration::from_secs(30),
    };
}
