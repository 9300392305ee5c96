//! Runs operations of all transports.

use std::{sync::Arc, time::Duration};

use async_graphql::{
    PathSegment, Request, Response, Schema, ServerError, ValidationMode, Value, Variables,
    parser::{
        parse_schema,
        types::{OperationType, Selection},
    },
};
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::{
    auth_context::AuthContext,
    context::RequestContext,
    schema::{Mutation, Query, Subscription, schema},
    source_event::{EventStream, SourceEvent},
};
use crate::{
    db::Usage,
    engine::{
        Limits, MAX_ERRORS, Presence,
        completion::{self, FieldTypes},
        document::{DocumentRef, Documents, SelectedOperation},
        limits::MAX_NESTING,
    },
    kernel::{
        clock::Clock,
        error::{self, Code, Error, Refusal},
    },
    live::{CacheSlot, CachedResponse, ResponseKey},
};

/// The reason of the error for a request that exceeds its time limit.
pub const OUT_OF_TIME: &str = "OUT_OF_TIME";

/// The schema and its documents: finds, checks and executes operations.
#[derive(Clone)]
pub struct Graph {
    schema: Schema<Query, Mutation, Subscription>,
    documents: Arc<Documents>,
    types: Arc<FieldTypes>,
    request_time: Duration,
    clock: Clock,
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
    /// The manifest of trusted documents. With one, no other document is run.
    pub manifest: Option<String>,
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
    /// Whether the operator's manifest contains its document.
    is_trusted: bool,
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

    /// Whether the operator's manifest contains its document, and so its name.
    pub const fn is_trusted(&self) -> bool {
        self.is_trusted
    }

    /// The length of its document in KiB, rounded up.
    pub fn kibibytes(&self) -> u32 {
        u32::try_from(self.selected.bytes() / 1_024 + 1).unwrap_or(u32::MAX)
    }

    fn request(&self, context: Arc<RequestContext>) -> Request {
        let mut request = Request::new("").variables(self.variables.clone()).data(context);
        request.set_parsed_query(self.selected.executable(&self.variables));
        request
    }

    /// The error that ends a subscription, located at its root field.
    fn fail(&self, error: Error, request_id: &str) -> ServerError {
        let mut error = error.into_sanitized(request_id);
        let root = &self.selected.operation().selection_set.node.items;
        if let Some(Selection::Field(field)) = root.first().map(|item| &item.node) {
            error.locations = vec![field.pos];
            error.path = vec![PathSegment::Field(field.node.response_key().node.to_string())];
        }
        error
    }

    /// The key of its responses in a [`ResponseCache`](crate::live::ResponseCache).
    fn response_key(&self) -> ResponseKey {
        let mut hash = Sha256::new();
        hash.update(self.selected.hash());
        hash.update(self.selected.name().unwrap_or_default());
        hash.update([0]);
        hash.update(self.variables.to_string());
        hash.finalize().into()
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
        let sdl = schema.sdl();
        let Settings { limits, introspection, suggestions, .. } = *settings;
        let printed = parse_schema(&sdl).map_err(|error| error.to_string())?;
        let mut documents = Documents::from_schema((&sdl, &printed), limits, introspection, suggestions)?;
        if let Some(manifest) = &settings.manifest {
            documents.trust_manifest(manifest)?;
        }
        let types = FieldTypes::from_schema(&printed);
        let (request_time, clock) = (limits.request_timeout, settings.clock.clone());
        Ok(Self { schema, documents: Arc::new(documents), types: Arc::new(types), request_time, clock })
    }

    /// The schema in its definition language, as committed in `schema.graphql`.
    pub fn sdl(&self) -> String {
        self.schema.sdl()
    }

    /// Finds, parses and measures an operation.
    ///
    /// # Errors
    /// See [`Documents::choose`].
    pub fn prepare(&self, operation: Operation) -> Result<Prepared, Vec<ServerError>> {
        let Operation { document, name, variables } = operation;
        let (selected, variables) = self.documents.select(&document, name.as_deref(), variables)?;
        Ok(Prepared { selected, variables, is_trusted: self.documents.has_manifest() })
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
        let run = tokio::spawn(Usage::current().scope(run).in_current_span());
        let _abort = is_query.then(|| AbortOnDrop(run.abort_handle()));
        match self.clock.timeout(self.request_time, run).await {
            Some(Ok(response)) => response,
            Some(Err(panic)) => {
                tracing::error!(request_id, error = %panic, "request panicked");
                Response::from_errors(vec![error::internal_server_error(request_id)])
            }
            None => {
                tracing::warn!(request_id, "request exceeded its time limit");
                Response::from_errors(vec![out_of_time(is_query).into_server_error()])
            }
        }
    }

    /// Runs a subscription: one response for each event of its source stream (GraphQL §6.2.3).
    pub fn subscribe(
        &self,
        prepared: Prepared,
        auth: AuthContext,
        request_id: String,
    ) -> impl Stream<Item = SubscriptionMessage> + Send + use<> {
        let graph = self.clone();
        async_stream::stream! {
            let mut events = match graph.create_source_stream(&prepared, &auth, &request_id).await {
                Ok(Some(events)) => events,
                Ok(None) => return,
                Err(errors) => {
                    yield SubscriptionMessage::Refused(errors);
                    return;
                }
            };
            drop(auth);
            let (key, prepared) = (prepared.response_key(), Arc::new(prepared));
            while let Some(event) = events.next().await {
                let response = match event {
                    Ok(event) => graph.execute_event(&prepared, &key, event, &request_id).await,
                    Err(error) => Err(vec![prepared.fail(error, &request_id)]),
                };
                match response {
                    Ok(response) => yield SubscriptionMessage::Next(response),
                    Err(errors) => {
                        yield SubscriptionMessage::Refused(errors);
                        return;
                    }
                }
            }
        }
    }

    /// Executes a subscription's field so that it creates its source stream, if it does (GraphQL §6.2.3.1).
    async fn create_source_stream(
        &self,
        prepared: &Prepared,
        auth: &AuthContext,
        request_id: &str,
    ) -> Result<Option<EventStream>, Vec<ServerError>> {
        let context = Arc::new(RequestContext::new(auth, false));
        // Boxed to keep its size out of the subscription's own future.
        let execution =
            Box::pin(self.execute_once(prepared, &context, prepared.request(Arc::clone(&context)), request_id));
        match self.clock.timeout(self.request_time, execution).await {
            Some(Some(response)) => Err(response.errors),
            Some(None) => Ok(context.take_events()),
            None => Err(vec![out_of_time(true).into_server_error()]),
        }
    }

    /// Executes the operation for an event. Subscribers share a response that doesn't depend on the viewer.
    async fn execute_event(
        &self,
        prepared: &Arc<Prepared>,
        key: &ResponseKey,
        event: SourceEvent,
        request_id: &str,
    ) -> Result<Arc<str>, Vec<ServerError>> {
        let slot = event.responses.slot(key);
        let execution = self.clone().respond(Arc::clone(prepared), event, request_id.to_owned());
        match slot {
            CacheSlot::Execute(sender) => {
                // On a task of its own, so that the other subscribers do not wait for a client that is slow to read.
                let execution = async move {
                    let result = execution.await;
                    let cached = result.as_ref().map_or(CachedResponse::Personal, |(response, is_for_all)| {
                        CachedResponse::new(response, *is_for_all)
                    });
                    sender.send_replace(Some(cached));
                    result
                };
                let result = tokio::spawn(execution.in_current_span()).await;
                result.unwrap_or_else(|panic| {
                    tracing::error!(request_id, error = %panic, "the execution of an event panicked");
                    Err(vec![error::internal_server_error(request_id)])
                })
            }
            CacheSlot::Wait(mut receiver) => {
                let cached = receiver.wait_for(Option::is_some).await.map(|cached| cached.clone());
                if let Ok(Some(CachedResponse::ForAll(response))) = cached {
                    return Ok(response);
                }
                Box::pin(execution).await
            }
            CacheSlot::Uncached => Box::pin(execution).await,
        }
        .map(|(response, _)| response)
    }

    /// Executes the operation for an event. Returns the response and whether it is the same for every viewer.
    async fn respond(
        self,
        prepared: Arc<Prepared>,
        event: SourceEvent,
        request_id: String,
    ) -> Result<(Arc<str>, bool), Vec<ServerError>> {
        let context = Arc::new(RequestContext::new(&event.subscriber, false));
        let mut request = prepared.request(Arc::clone(&context));
        (event.provide)(&mut request.data);
        let response = self.execute_once(&prepared, &context, request, &request_id).await.unwrap_or_default();
        if response.data == Value::Null && !response.errors.is_empty() {
            return Err(response.errors);
        }
        let json = serde_json::to_string(&response).map_err(|error| {
            tracing::error!(request_id, %error, "could not serialize the response");
            vec![error::internal_server_error(&request_id)]
        })?;
        Ok((json.into(), response.errors.is_empty() && context.is_viewer_independent()))
    }

    /// The single response of a subscription's execution, if its field yields a value.
    async fn execute_once(
        &self,
        prepared: &Prepared,
        context: &RequestContext,
        request: Request,
        request_id: &str,
    ) -> Option<Response> {
        let mut responses = self.schema.execute_stream(request);
        let run = context.run(responses.next());
        let mut response = Arc::new(Usage::default()).scope(run).await?;
        self.finish(&mut response, prepared, request_id);
        Some(response)
    }

    fn finish(&self, response: &mut Response, prepared: &Prepared, request_id: &str) {
        completion::complete(response, prepared.selected.document(), prepared.selected.operation(), &self.types);
        response.errors.truncate(MAX_ERRORS);
        for error in &mut response.errors {
            error::sanitize(error, request_id);
        }
    }
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
