//! Limits of a request, so that a public API can't be asked for too much.

use std::time::Duration;

/// Most errors in a response: a document can be wrong in more ways than anyone wants to read.
pub const MAX_ERRORS: usize = 20;

/// Limits of a request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of a request's body, and of a WebSocket message an eighth of it.
    pub max_body: usize,

    /// Most tokens of a document.
    pub max_tokens: u64,

    /// Deepest nesting of fields. An introspection by the usual tools reaches 15.
    pub max_depth: u64,

    /// Most fields that may have to be answered, by an estimate: each field times the sizes of the lists it stands in.
    pub max_complexity: u64,

    /// Most fields at an operation's root, of a mutation a fifth of it.
    pub max_root_fields: u64,

    /// Most aliases of an operation, its fragments put in.
    pub max_aliases: u64,

    /// Most directives of an operation, its fragments put in.
    pub max_directives: u64,

    /// How long a query or a mutation may take.
    pub request_timeout: Duration,
}

impl Limits {
    /// The limits of a server without settings of its own.
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
