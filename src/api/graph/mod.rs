//! Runs operations of all transports.

mod subscription;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::{
    Request, Response, SDLExportOptions, Schema, ServerError, ValidationMode, Value, Variables,
    parser::{parse_schema, types::OperationType},
};
use futures_util::{FutureExt, future::Either};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::AbortHandle,
};
use tracing::Instrument;

use super::{
    auth_context::AuthContext,
    context::RequestContext,
    schema::{Mutation, Query, Subscription, schema},
};
use crate::{
    db::Usage,
    engine::{
        Limits, MAX_ERRORS, Presence,
        completion::{self, FieldTypes},
        document::{DocumentRef, Documents, SelectedOperation},
        limits::MAX_NESTING,
        memory_of,
    },
    kernel::{
        clock::Clock,
        error::{self, Code, Error, Refusal},
    },
};

/// The reason of the error for a request that exceeds its time limit.
pub const OUT_OF_TIME: &str = "OUT_OF_TIME";

/// Maximum number of sockets that parse a message at the same time, and of subscriptions that start at the same time.
/// Others wait for their turn, so that a burst of them leaves time and connections for queries.
const MAX_AT_ONCE: usize = 2;
/// Largest size of a subscription's variables, which are kept until it ends, in bytes of memory.
const MAX_SUBSCRIPTION_VARIABLES: usize = 16 * 1_024;

/// The schema and its documents: finds, checks and executes operations.
#[derive(Clone)]
pub struct Graph {
    schema: Schema<Query, Mutation, Subscription>,
    documents: Arc<Documents>,
    types: Arc<FieldTypes>,
    request_time: Duration,
    clock: Clock,
    /// One permit for each socket that may parse a message at the same time.
    parsing: Arc<Semaphore>,
    /// One permit for each subscription that may start at the same time.
    starts: Arc<Semaphore>,
}

/// Settings of a [`Graph`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Limits on one request.
    pub limits: Limits,
    /// Whether introspection is allowed.
    pub introspection: bool,
    /// Whether errors about unknown fields suggest known ones.
    pub suggestions: bool,
    /// The manifest of trusted documents. With one, no other document is run, except those of the web app.
    pub manifest: Option<String>,
    /// The manifest of the web app's documents, which always run.
    pub app_documents: Option<String>,
    /// The clock that measures the time limit of requests.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::DEFAULT,
            introspection: true,
            suggestions: false,
            manifest: None,
            app_documents: None,
            clock: Clock::system(),
        }
    }
}

/// An operation as a client sends it.
#[derive(Clone, Debug)]
pub struct Operation {
    /// The document.
    pub document: DocumentRef,
    /// The name of the operation within the document.
    pub name: Option<String>,
    /// The values of its variables.
    pub variables: Variables,
}

/// An operation that has been parsed and checked and may be run.
#[derive(Clone)]
pub struct Prepared {
    selected: SelectedOperation,
    variables: Variables,
}

impl Prepared {
    /// Whether it is a query, a mutation or a subscription.
    pub fn kind(&self) -> OperationType {
        self.selected.operation().ty
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.selected.name()
    }

    /// Whether the web app or the operator's manifest has its document, and so its name.
    pub const fn is_trusted(&self) -> bool {
        self.selected.is_trusted()
    }

    /// The size of its document and variables in KiB, rounded up.
    pub fn kibibytes(&self) -> u32 {
        let bytes = self.selected.bytes() + memory_of(&self.variables);
        u32::try_from(bytes / 1_024 + 1).unwrap_or(u32::MAX)
    }

    /// An id of its parsed document, which operations share, and the memory of it in bytes.
    pub fn parsed_document(&self) -> (usize, usize) {
        self.selected.parsed_document()
    }

    fn request(&self, context: Arc<RequestContext>) -> Request {
        let mut request = Request::new("").variables(self.variables.clone()).data(context);
        request.set_parsed_query(self.selected.executable(&self.variables));
        request
    }
}

/// A message of a subscription.
pub enum SubscriptionMessage {
    /// A response, in JSON.
    Next(Arc<str>),
    /// The errors that ended the subscription.
    Refused(Vec<ServerError>),
}

impl Graph {
    /// Builds the schema with default settings.
    ///
    /// # Errors
    /// If the printed schema does not parse.
    pub fn new() -> error::Result<Self> {
        Self::with(&Settings::default()).map_err(Error::internal)
    }

    /// Builds the schema.
    ///
    /// # Errors
    /// A message if the manifest is not valid.
    pub fn with(settings: &Settings) -> Result<Self, String> {
        let schema = schema()
            // `Documents` has already measured and validated each document.
            .limit_recursive_depth(MAX_NESTING)
            .validation_mode(ValidationMode::Fast)
            .finish();
        let sdl = printed(&schema);
        let Settings { limits, introspection, suggestions, .. } = *settings;
        let parsed = parse_schema(&sdl).map_err(|error| error.to_string())?;
        let mut documents = Documents::from_schema((&sdl, &parsed), limits, introspection, suggestions)?;
        if let Some(manifest) = &settings.app_documents {
            documents.add_app(manifest).map_err(|error| format!("the web app's documents: {error}"))?;
        }
        if let Some(manifest) = &settings.manifest {
            documents.trust_manifest(manifest).map_err(|error| format!("the trusted documents: {error}"))?;
        }
        let types = FieldTypes::from_schema(&parsed);
        let (request_time, clock) = (limits.request_timeout, settings.clock.clone());
        Ok(Self {
            schema,
            documents: Arc::new(documents),
            types: Arc::new(types),
            request_time,
            clock,
            parsing: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            starts: Arc::new(Semaphore::new(MAX_AT_ONCE)),
        })
    }

    /// The schema in its definition language, as committed in `schema.graphql`.
    pub fn sdl(&self) -> String {
        printed(&self.schema)
    }

    /// Waits for a socket's turn to parse a message.
    pub async fn parsing_turn(&self) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        Arc::clone(&self.parsing).acquire_owned().await.ok()
    }

    /// Finds, parses and measures an operation.
    ///
    /// # Errors
    /// See [`Documents::choose`].
    pub fn prepare(&self, operation: Operation) -> Result<Prepared, Vec<ServerError>> {
        let Operation { document, name, variables } = operation;
        let (selected, variables) = self.documents.select(&document, name.as_deref(), variables)?;
        let is_subscription = selected.operation().ty == OperationType::Subscription;
        if is_subscription && memory_of(&variables) > MAX_SUBSCRIPTION_VARIABLES {
            let message = format!("The variables of a subscription have at most {MAX_SUBSCRIPTION_VARIABLES} bytes.");
            return Err(vec![Refusal::new(Code::QueryTooComplex, message).into_server_error()]);
        }
        Ok(Prepared { selected, variables })
    }

    /// Runs `work`, which authenticates a request, within the time limit of a request.
    ///
    /// # Errors
    /// Those of `work`; unavailable if it takes longer.
    pub async fn within_time_limit<T>(&self, work: impl Future<Output = error::Result<T>>) -> error::Result<T> {
        let timed_out = || Err(Error::unavailable("the authentication took too long"));
        self.clock.timeout(self.request_time, work).await.unwrap_or_else(timed_out)
    }

    /// Runs a query or a mutation. A mutation runs to its end even if the client disconnects or the time limit passes;
    /// a query is aborted.
    pub async fn execute(&self, prepared: Prepared, auth: &AuthContext, request_id: &str) -> Response {
        let is_query = prepared.kind() == OperationType::Query;
        // Dropped together with this future, when the client disconnects or the time limit passes.
        let (_waiting, presence) = Presence::tracked();
        let auth = if is_query { auth.clone() } else { auth.with_presence(presence) };
        let (graph, id, context) =
            (self.clone(), request_id.to_owned(), Arc::new(RequestContext::new(&auth, !is_query)));
        // The shutdown waits for running mutations, until this receiver is dropped.
        let running = (!is_query).then(|| auth.app.mutations.subscribe());
        let run = async move {
            let _running = running;
            let mut response = context.run(graph.schema.execute(prepared.request(Arc::clone(&context)))).await;
            graph.finish(&mut response, &prepared, &id);
            response
        };
        let usage = Usage::current();
        usage.set_client(auth.client_key());
        // Boxed, because it is large and would be moved several times.
        let run = AssertUnwindSafe(usage.scope(run)).catch_unwind().boxed();
        let run = if is_query { Either::Left(run) } else { Either::Right(detached(run)) };
        match self.clock.timeout(self.request_time, run).await {
            Some(Ok(response)) => response,
            Some(Err(panic)) => {
                let error = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref().map(String::as_str));
                tracing::error!(request_id, error, "request panicked");
                Response::from_errors(vec![error::internal_server_error(request_id)])
            }
            None => {
                tracing::warn!(request_id, "request exceeded its time limit");
                Response::from_errors(vec![out_of_time(is_query).into_server_error()])
            }
        }
    }

    fn finish(&self, response: &mut Response, prepared: &Prepared, request_id: &str) {
        completion::complete(response, prepared.selected.document(), prepared.selected.operation(), &self.types);
        response.errors.truncate(MAX_ERRORS);
        for error in &mut response.errors {
            error::sanitize(error, request_id);
        }
    }
}

/// The schema in its definition language, in which scalars name their specification.
fn printed(schema: &Schema<Query, Mutation, Subscription>) -> String {
    schema.sdl_with_options(SDLExportOptions::new().include_specified_by())
}

/// Runs work to its end, even if the returned future is dropped.
async fn detached<T: Send + 'static>(
    work: impl Future<Output = std::thread::Result<T>> + Send + 'static,
) -> std::thread::Result<T> {
    tokio::spawn(work.in_current_span()).await.unwrap_or_else(|error| Err(Box::new(error.to_string())))
}

/// Aborts a task when dropped.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether the whole request was refused and nothing was executed.
pub fn is_refused(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

fn out_of_time(is_query: bool) -> Refusal {
    let message = if is_query {
        "The query took too long. Select fewer fields or items."
    } else {
        "The mutation takes too long, but still runs. Check later whether it succeeded."
    };
    Refusal::new(Code::QueryTooComplex, message).because(OUT_OF_TIME)
}
