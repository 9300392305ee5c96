//! Errors: the client's fault ([`Refusal`]) or the server's ([`Error::Internal`], [`Error::Unavailable`]).
//!
//! A client receives a refusal's code, reason, field and message. The server logs an internal error under the request's
//! id, and the client receives only that id.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{ErrorExtensionValues, Name, ServerError, Value};
use diesel::result::DatabaseErrorKind;

/// The error of an operation: the client's fault, or the server's.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The request is invalid or not allowed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The server failed. The cause is only logged.
    #[error("internal error: {0}")]
    Internal(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The database doesn't respond, is full or is read-only. A later attempt may succeed.
    #[error("unavailable: {0}")]
    Unavailable(#[source] Arc<dyn std::error::Error + Send + Sync>),
}

/// `extensions.reason` of an [`Error::Unavailable`].
pub const UNAVAILABLE: &str = "UNAVAILABLE";

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of any type, for code that only prints its message.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// `extensions.code` of an error. `docs/errors.md` lists the codes and their reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// The request has no valid credentials.
    Unauthenticated,
    /// The viewer is signed in, but lacks the permission.
    Forbidden,
    /// The guild has no such object.
    NotFound,
    /// The input is malformed or out of range.
    BadUserInput,
    /// The object exists already, is in use, or is in the wrong state.
    Conflict,
    /// The client made too many requests or attempts, and can retry later.
    RateLimited,
    /// The document is too large, too deep or too complex.
    QueryTooComplex,
    /// The server failed.
    Internal,
}

impl Code {
    /// Returns the code as it appears in `extensions.code`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the code of an error in a response.
    pub fn of(error: &ServerError) -> Option<Self> {
        match error.extensions.as_ref()?.get("code")? {
            Value::String(code) => code.parse().ok(),
            _ => None,
        }
    }
}

/// Why an operation was refused: a message for people, and codes for clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The kind of refusal.
    pub code: Code,
    /// A more specific code for clients to handle, such as `ALREADY_VOTED`.
    pub reason: Option<&'static str>,
    /// The invalid input field, by its name in the schema.
    pub field: Option<Cow<'static, str>>,
    /// When to retry, in seconds from now.
    pub retry_after_seconds: Option<u64>,
    /// The message for people.
    pub message: Cow<'static, str>,
    /// The refusals of all fields at fault, this one's included, if there is more than one.
    pub fields: Vec<Refusal>,
}

impl Refusal {
    /// A refusal without a reason or field.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: None, field: None, retry_after_seconds: None, message: message.into(), fields: Vec::new() }
    }

    /// Sets the reason.
    #[must_use]
    pub fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// Sets the invalid input field.
    #[must_use]
    pub fn at(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// `field` is invalid.
    pub fn input(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::BadUserInput, message).at(field)
    }

    /// The guild has no such `thing`. The same for a malformed id, an unknown one and one of another guild.
    pub fn not_found(thing: &'static str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {thing} in this guild."))
    }

    /// The operation conflicts with the current state.
    pub fn conflict(reason: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Conflict, message).because(reason)
    }

    /// The viewer's rank is too low.
    pub fn rank_too_low(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Forbidden, message).because("RANK_TOO_LOW")
    }

    /// Too many attempts: the client can retry after `wait`.
    pub fn rate_limited(wait: std::time::Duration) -> Self {
        // Rounded up, so that clients don't retry too early.
        let seconds = wait.as_secs() + 1;
        let refusal = Self::new(Code::RateLimited, format!("Too many attempts. Try again in {seconds} seconds."));
        Self { retry_after_seconds: Some(seconds), ..refusal }
    }

    /// Too many requests: the client can retry after `wait`.
    pub fn too_many_requests(wait: std::time::Duration) -> Self {
        let refusal = Self::rate_limited(wait);
        let seconds = refusal.retry_after_seconds.unwrap_or_default();
        Self { message: format!("Too many requests. Try again in {seconds} seconds.").into(), ..refusal }
    }

    /// The viewer must sign in first.
    pub fn sign_in() -> Self {
        Self::new(Code::Unauthenticated, "Sign in to do this.")
    }

    /// Converts the refusal into a GraphQL error.
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
            extensions.set("field", truncate(field));
        }
        let fields = if self.fields.is_empty() { std::slice::from_ref(self) } else { &self.fields };
        let fields: Vec<Value> = fields.iter().filter_map(Self::field_extension).collect();
        if !fields.is_empty() {
            extensions.set("fields", fields);
        }
        if let Some(seconds) = self.retry_after_seconds {
            extensions.set("retryAfterSeconds", seconds);
        }
        error.message = truncate(&self.message);
    }

    /// The item of `extensions.fields` for the refused field.
    fn field_extension(&self) -> Option<Value> {
        let reason = self.reason.map_or(Value::Null, Value::from);
        let (field, message) = (truncate(self.field.as_ref()?), truncate(&self.message));
        let item = [("field", field.into()), ("reason", reason), ("message", message.into())];
        Some(Value::Object(item.into_iter().map(|(name, value)| (Name::new(name), value)).collect()))
    }
}

impl Error {
    /// Wraps a failure of the server.
    pub fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(error.into().into())
    }

    /// Wraps an outage of the database.
    pub fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(error.into().into())
    }

    /// Returns the refusal, if the error is the client's fault.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Internal(_) | Self::Unavailable(_) => None,
        }
    }

    /// Whether the transaction failed because of a conflict with another one, so that it may succeed when it is repeated:
    /// the database aborted it, or a row to which it refers was deleted after it was read.
    pub fn is_conflict(&self) -> bool {
        use diesel::result::Error::DatabaseError;

        let is_conflict = |error: &diesel::result::Error| {
            is_conflict(error) || matches!(error, DatabaseError(DatabaseErrorKind::ForeignKeyViolation, _))
        };
        match self {
            Self::Refused(_) => false,
            Self::Internal(cause) | Self::Unavailable(cause) => cause.downcast_ref().is_some_and(is_conflict),
        }
    }

    /// Converts the error into a GraphQL error, as [`sanitize`] prepares it for the client.
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

/// Parts of the database's messages that mean an outage. diesel doesn't expose the error codes.
const OUTAGE_MESSAGES: [&str; 9] = [
    // PostgreSQL: shutdown, restart after a crash, full disk, timeout.
    "terminating connection due to",
    "the database system is",
    "No space left on device",
    "canceling statement due to",
    // SQLite: locked by another process; the disk is full, read-only or failing.
    "database is locked",
    "database or disk is full",
    "attempt to write a readonly database",
    "disk I/O error",
    "unable to open database file",
];

/// Whether the error is an outage of the database, after which the same statement may succeed.
fn is_outage(error: &diesel::result::Error) -> bool {
    use diesel::result::Error;

    match error {
        Error::BrokenTransactionManager => true,
        Error::DatabaseError(kind, information) => match kind {
            DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::ReadOnlyTransaction => true,
            _ => is_conflict(error) || OUTAGE_MESSAGES.iter().any(|part| information.message().contains(part)),
        },
        _ => false,
    }
}

/// Whether PostgreSQL aborted the transaction by a serialization failure (40001) or a deadlock (40P01). diesel has a kind
/// only for the first.
fn is_conflict(error: &diesel::result::Error) -> bool {
    let diesel::result::Error::DatabaseError(kind, information) = error else { return false };
    matches!(kind, DatabaseErrorKind::SerializationFailure) || information.message() == "deadlock detected"
}

/// Prepares a GraphQL error for the client: sets its code, and logs and hides the cause of an internal error.
pub fn sanitize(error: &mut ServerError, request_id: &str) {
    if let Some(refusal) = error.source::<Refusal>().cloned() {
        refusal.describe(error);
    } else if let Some(source) = error.source::<Error>() {
        if let Some(refusal) = source.refusal().cloned() {
            refusal.describe(error);
        } else {
            tracing::error!(request_id, error = %source, path = ?error.path, "request failed");
            let is_outage = matches!(source, Error::Unavailable(_));
            hide_cause(error, request_id);
            if is_outage {
                error.message = format!(
                    "The server cannot reach or change its data at the moment. Try again later; if the error persists, \
                     tell an operator the request id {request_id}."
                );
                error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("reason", UNAVAILABLE);
            }
        }
    } else if error.extensions.as_ref().is_none_or(|extensions| extensions.get("code").is_none()) {
        // async-graphql's own error: a value that it cannot coerce.
        error.message = truncate(&error.message);
        error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", Code::BadUserInput.as_str());
    }
    error.source = None;
}

/// Truncates a text that may quote the request, so that it stays readable.
fn truncate(text: &str) -> String {
    const MAX_CHARACTERS: usize = 400;
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// An internal error as clients see it.
pub fn internal_server_error(request_id: &str) -> ServerError {
    let mut error = ServerError::new("", None);
    hide_cause(&mut error, request_id);
    error
}

fn hide_cause(error: &mut ServerError, request_id: &str) {
    error.message = format!("Something went wrong on our side. Tell an operator the request id {request_id}.");
    let extensions = error.extensions.get_or_insert_with(ErrorExtensionValues::default);
    extensions.set("code", Code::Internal.as_str());
    extensions.set("requestId", request_id);
}
