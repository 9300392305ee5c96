//! Errors: the caller's fault ([`Refusal`]) and ours ([`Error::Internal`], [`Error::Unavailable`]).
//!
//! A refusal is answered with its code, reason, field and message. An internal error is logged under the request's id and
//! answered with that id and nothing else.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{ErrorExtensionValues, ServerError};
use diesel::result::DatabaseErrorKind;

/// What goes wrong: the caller's fault, or ours.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The caller asked for something that cannot be.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something of ours failed; the caller learns only that.
    #[error("internal error: {0}")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// What we need does not answer, or is full, or takes no changes; it may be better in a moment.
    #[error("unavailable: {0}")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// The reason of an internal error that may be gone in a moment.
pub const UNAVAILABLE: &str = "UNAVAILABLE";

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of any type, where a caller only prints its message.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// `extensions.code` of an error. `docs/errors.md` lists them with their reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// No credentials, or credentials that are not valid here.
    Unauthenticated,
    /// Signed in, but not allowed.
    Forbidden,
    /// No such thing in this guild.
    NotFound,
    /// The input is malformed or out of range.
    BadUserInput,
    /// What exists already, is in use, or is in the wrong state.
    Conflict,
    /// Too many attempts; later they are welcome again.
    RateLimited,
    /// The document is too large, too deep or asks for too much.
    QueryTooComplex,
    /// Our fault.
    Internal,
}

impl Code {
    /// The code as it stands in `extensions.code`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// That of an error that was answered.
    pub fn of(error: &ServerError) -> Option<Self> {
        match error.extensions.as_ref()?.get("code")? {
            async_graphql::Value::String(code) => code.parse().ok(),
            _ => None,
        }
    }
}

/// Why an operation was refused, in words for a person and codes for a program.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The kind of refusal.
    pub code: Code,
    /// What a client may act on beyond the code, such as `ALREADY_VOTED`.
    pub reason: Option<&'static str>,
    /// The input field at fault, as it is called in the schema.
    pub field: Option<Cow<'static, str>>,
    /// When to try again, in seconds from now.
    pub retry_after_seconds: Option<u64>,
    /// A sentence for a person.
    pub message: Cow<'static, str>,
}

impl Refusal {
    /// A refusal without reason or field.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: None, field: None, retry_after_seconds: None, message: message.into() }
    }

    /// Adds the reason a client may act on.
    #[must_use]
    pub fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// Names the input field at fault.
    #[must_use]
    pub fn at(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// Bad input in `field`.
    pub fn input(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadUserInput, message).at(field)
    }

    /// There is no such `thing` here: malformed, never existed or another guild's, it is all the same.
    pub fn not_found(thing: &'static str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {thing} in this guild."))
    }

    /// The operation does not fit what is there.
    pub fn conflict(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Conflict, message).because(reason)
    }

    /// The viewer's rank does not reach so far.
    pub fn rank_too_low(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Forbidden, message).because("RANK_TOO_LOW")
    }

    /// Too many attempts, until `wait` has passed.
    pub fn rate_limited(wait: std::time::Duration) -> Self {
        // A whole second at the least, and never a moment too early.
        let seconds = wait.as_secs() + 1;
        let refusal = Self::new(Code::RateLimited, format!("Too many attempts. Try again in {seconds} seconds."));
        Self { retry_after_seconds: Some(seconds), ..refusal }
    }

    /// Too many requests, until `wait` has passed.
    pub fn too_many_requests(wait: std::time::Duration) -> Self {
        let refusal = Self::rate_limited(wait);
        let seconds = refusal.retry_after_seconds.unwrap_or_default();
        Self { message: format!("Too many requests. Try again in {seconds} seconds.").into(), ..refusal }
    }

    /// Nobody is signed in.
    pub fn sign_in() -> Self {
        Self::new(Code::Unauthenticated, "Sign in to do this.")
    }

    /// The error as GraphQL answers it.
    pub fn into_server_error(self) -> ServerError {
        let mut error = ServerError::new(self.message.clone(), None);
        self.describe(&mut error);
        error
    }

    fn describe(&self, error: &mut ServerError) {
        let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
        extensions.set("code", self.code.as_str());
        if let Some(reason) = self.reason {
            extensions.set("reason", reason);
        }
        if let Some(field) = &self.field {
            extensions.set("field", shortened(field));
        }
        if let Some(seconds) = self.retry_after_seconds {
            extensions.set("retryAfterSeconds", seconds);
        }
        error.message = shortened(&self.message);
    }
}

impl Error {
    /// Wraps a failure of ours.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into().into())
    }

    /// Wraps a failure of what we need.
    pub fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into().into())
    }

    /// The refusal, if this is the caller's fault.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Internal(_) | Self::Unavailable(_) => None,
        }
    }

    /// The error as GraphQL answers it, ready for the caller.
    pub fn into_sanitized(self, request_id: &str) -> ServerError {
        let mut error = async_graphql::Error::from(self).into_server_error(async_graphql::Pos::default());
        error.locations.clear();
        sanitize(&mut error, request_id);
        error
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        if is_outage(&error) { Self::unavailable(error) } else { Self::internal(error) }
    }
}

/// Parts of the messages of outages: diesel keeps no error codes of these.
const OUTAGE_MESSAGES: [&str; 9] = [
    // PostgreSQL: it shuts down, or restarts after a crash; its disk is full.
    "terminating connection due to",
    "the database system is",
    "No space left on device",
    "canceling statement due to",
    // SQLite: another process holds it, or its disk is full, read-only or failing.
    "database is locked",
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "unable to open database file",
];

/// Whether the database is unavailable, so that the same statement may succeed later.
fn is_outage(error: &diesel::result::Error) -> bool {
    use diesel::result::Error;

    match error {
        Error::BrokenTransactionManager => true,
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::ReadOnlyTransaction => true,
            _ => OUTAGE_MESSAGES.iter().any(|part| information.message().contains(part)),
        },
        _ => false,
    }
}

/// Makes an error that left the schema ready for the caller: every one gets a code, and ours lose their cause to the log.
pub fn sanitize(error: &mut ServerError, request_id: &str) {
    if let Some(refusal) = error.source::<Refusal>().cloned() {
        refusal.describe(error);
    } else if let Some(ours) = error.source::<Error>() {
        if let Some(refusal) = ours.refusal().cloned() {
            refusal.describe(error);
        } else {
            tracing::error!(request_id, error = %ours, path = ?error.path, "request failed");
            let is_outage = matches!(ours, Error::Unavailable(_));
            hide(error, request_id);
            if is_outage {
                error.message = format!(
                    "The server cannot reach or change its data just now. Try again in a moment; if it stays so, tell an \
                     operator the request id {request_id}."
                );
                error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("reason", UNAVAILABLE);
            }
        }
    } else if error.extensions.as_ref().is_none_or(|extensions| extensions.get("code").is_none()) {
        // The library's own: a value that does not coerce.
        error.message = shortened(&error.message);
        error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", Code::BadUserInput.as_str());
    }
    error.source = None;
}

/// What is quoted of a request in an error is no longer than anyone would read.
fn shortened(text: &str) -> String {
    const MOST: usize = 400;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// An internal error as the caller sees it.
pub fn internal_server_error(request_id: &str) -> ServerError {
    let mut error = ServerError::new("", None);
    hide(&mut error, request_id);
    error
}

fn hide(error: &mut ServerError, request_id: &str) {
    error.message = format!("Something went wrong on our side. Tell an operator the request id {request_id}.");
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    extensions.set("code", Code::Internal.as_str());
    extensions.set("requestId", request_id);
}
