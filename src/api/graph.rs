//! Runs operations, however they arrive.

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
        Limits, MAX_ERRORS,
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

/// The reason of a request that took longer than it may.
pub const OUT_OF_TIME: &str = "OUT_OF_TIME";

/// The schema, and the documents that it runs.
#[derive(Clone)]
pub struct Graph {
    schema: Schema<Query, Mutation, Subscription>,
    documents: Arc<Documents>,
    types: Arc<FieldTypes>,
    request_time: Duration,
    clock: Clock,
}

/// How a schema is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What one request may ask for.
    pub limits: Limits,
    /// Whether the schema may be asked for.
    pub introspection: bool,
    /// Whether refusals of unknown fields suggest known ones.
    pub suggestions: bool,
    /// The manifest of the only documents that are run, if there is one.
    pub manifest: Option<String>,
    /// The clock that the time of a request is measured by.
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
    /// Which of the document's operations.
    pub name: Option<String>,
    /// The values of its variables.
    pub variables: Variables,
}

/// An operation that may be run.
#[derive(Clone)]
pub struct Prepared {
    chosen: SelectedOperation,
    variables: Variables,
    /// Whether its document is one of the operator's.
    is_trusted: bool,
}

impl Prepared {
    /// Whether it is a query, a mutation or a subscription.
    pub fn kind(&self) -> OperationType {
        self.chosen.operation().ty
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.chosen.name()
    }

    /// Whether its document, and so its name, is one of the operator's manifest.
    pub const fn is_trusted(&self) -> bool {
        self.is_trusted
    }

    /// Its document's length in KiB, begun ones counted.
    pub fn kibibytes(&self) -> u32 {
        u32::try_from(self.chosen.bytes() / 1_024 + 1).unwrap_or(u32::MAX)
    }

    fn request(&self, caller: Arc<RequestContext>) -> Request {
        let mut request = Request::new("").variables(self.variables.clone()).data(caller);
        request.set_parsed_query(self.chosen.executable(&self.variables));
        request
    }

    /// A subscription's end, as its field would report it.
    fn fail(&self, error: Error, request_id: &str) -> ServerError {
        let mut error = error.into_sanitized(request_id);
        let root = &self.chosen.operation().selection_set.node.items;
        if let Some(Selection::Field(field)) = root.first().map(|item| &item.node) {
            error.locations = vec![field.pos];
            error.path = vec![PathSegment::Field(field.node.response_key().node.to_string())];
        }
        error
    }

    /// The key of its responses in a [`ResponseCache`](crate::live::ResponseCache).
    fn response_key(&self) -> ResponseKey {
        let mut hash = Sha256::new();
        hash.update(self.chosen.hash());
        hash.update(self.chosen.name().unwrap_or_default());
        hash.update([0]);
        hash.update(self.variables.to_string());
        hash.finalize().into()
    }
}

/// A message of a subscription.
pub enum SubscriptionMessage {
    /// A response, in JSON.
    Next(Arc<str>),
    /// The errors that ended it.
    Refused(Vec<ServerError>),
}

impl Graph {
    /// Builds the schema, to be served as by default.
    ///
    /// # Errors
    /// When the schema does not print as one.
    pub fn new() -> error::Result<Self> {
        Self::with(&Settings::default()).map_err(Error::internal)
    }

    /// Builds the schema.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the manifest.
    pub fn with(settings: &Settings) -> Result<Self, String> {
        let schema = schema()
            // Documents are measured and validated once, before the schema sees them.
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
        let (chosen, variables) = self.documents.select(&document, name.as_deref(), variables)?;
        Ok(Prepared { chosen, variables, is_trusted: self.documents.has_manifest() })
    }

    /// Waits for `work`, which authenticates a request, no longer than a request may take.
    ///
    /// # Errors
    /// Those of `work`; unavailable when it takes longer.
    pub async fn within_time_limit<T>(&self, work: impl Future<Output = error::Result<T>>) -> error::Result<T> {
        let late = || Err(Error::unavailable("who asks could not be looked up in time"));
        self.clock.timeout(self.request_time, work).await.unwrap_or_else(late)
    }

    /// Runs a query or a mutation. A mutation comes to its end even when whoever waits for the answer goes away, or has waited
    /// for as long as a request may take.
    pub async fn execute(&self, prepared: Prepared, admitted: &AuthContext, request_id: &str) -> Response {
        let is_query = prepared.kind() == OperationType::Query;
        let (graph, id, caller) =
            (self.clone(), request_id.to_owned(), Arc::new(RequestContext::new(admitted, !is_query)));
        let under_way = (!is_query).then(|| admitted.app.mutations.subscribe());
        let run = async move {
            let _under_way = under_way;
            let mut response = caller.run(graph.schema.execute(prepared.request(Arc::clone(&caller)))).await;
            graph.finish(&mut response, &prepared, &id);
            response
        };
        let run = tokio::spawn(Usage::current().scope(run).in_current_span());
        // A query that nobody waits for any more is given up.
        let _give_up = is_query.then(|| GiveUp(run.abort_handle()));
        match self.clock.timeout(self.request_time, run).await {
            Some(Ok(response)) => response,
            Some(Err(panic)) => {
                tracing::error!(request_id, error = %panic, "request panicked");
                Response::from_errors(vec![error::internal_server_error(request_id)])
            }
            None => {
                tracing::warn!(request_id, "request ran out of time");
                Response::from_errors(vec![out_of_time(is_query).into_server_error()])
            }
        }
    }

    /// Runs a subscription, which answers as often as there is something new.
    pub fn subscribe(
        &self,
        prepared: Prepared,
        admitted: AuthContext,
        request_id: String,
    ) -> impl Stream<Item = SubscriptionMessage> + Send + use<> {
        let graph = self.clone();
        async_stream::stream! {
            let mut events = match graph.create_source_stream(&prepared, &admitted, &request_id).await {
                Ok(Some(events)) => events,
                Ok(None) => return,
                Err(errors) => {
                    yield SubscriptionMessage::Refused(errors);
                    return;
                }
            };
            drop(admitted);
            let (key, prepared) = (prepared.response_key(), Arc::new(prepared));
            while let Some(event) = events.next().await {
                let answer = match event {
                    Ok(event) => graph.execute_event(&prepared, &key, event, &request_id).await,
                    Err(error) => Err(vec![prepared.fail(error, &request_id)]),
                };
                match answer {
                    Ok(answer) => yield SubscriptionMessage::Next(answer),
                    Err(errors) => {
                        yield SubscriptionMessage::Refused(errors);
                        return;
                    }
                }
            }
        }
    }

    /// Executes a subscription's field for the first time; `None` if it created no source stream (GraphQL §6.2.3.1).
    async fn create_source_stream(
        &self,
        prepared: &Prepared,
        admitted: &AuthContext,
        request_id: &str,
    ) -> Result<Option<EventStream>, Vec<ServerError>> {
        let caller = Arc::new(RequestContext::new(admitted, false));
        // Boxed, as what it holds is needed for this moment only.
        let begin = Box::pin(self.execute_once(prepared, &caller, prepared.request(Arc::clone(&caller)), request_id));
        match self.clock.timeout(self.request_time, begin).await {
            Some(Some(response)) => Err(response.errors),
            Some(None) => Ok(caller.take_events()),
            None => Err(vec![out_of_time(true).into_server_error()]),
        }
    }

    /// The response to an event, shared with the other subscribers where it doesn't depend on the viewer.
    async fn execute_event(
        &self,
        prepared: &Arc<Prepared>,
        key: &ResponseKey,
        event: SourceEvent,
        request_id: &str,
    ) -> Result<Arc<str>, Vec<ServerError>> {
        let slot = event.responses.slot(key);
        let make = self.clone().respond(Arc::clone(prepared), event, request_id.to_owned());
        match slot {
            CacheSlot::Execute(sender) => {
                // On a task of its own, so that the others do not wait for a client that is slow to read.
                let making = async move {
                    let made = make.await;
                    let cached = made.as_ref().map_or(CachedResponse::Personal, |(answer, is_for_all)| {
                        CachedResponse::new(answer, *is_for_all)
                    });
                    sender.send_replace(Some(cached));
                    made
                };
                let made = tokio::spawn(making.in_current_span()).await;
                made.unwrap_or_else(|panic| {
                    tracing::error!(request_id, error = %panic, "an answer panicked");
                    Err(vec![error::internal_server_error(request_id)])
                })
            }
            CacheSlot::Wait(mut made) => {
                let made = made.wait_for(Option::is_some).await.map(|made| made.clone());
                if let Ok(Some(CachedResponse::ForAll(answer))) = made {
                    return Ok(answer);
                }
                Box::pin(make).await
            }
            CacheSlot::Uncached => Box::pin(make).await,
        }
        .map(|(answer, _)| answer)
    }

    /// Executes the operation for an event. Also returns whether the response is the same for every viewer.
    async fn respond(
        self,
        prepared: Arc<Prepared>,
        event: SourceEvent,
        request_id: String,
    ) -> Result<(Arc<str>, bool), Vec<ServerError>> {
        let caller = Arc::new(RequestContext::new(&event.subscriber, false));
        let mut request = prepared.request(Arc::clone(&caller));
        (event.provide)(&mut request.data);
        let response = self.execute_once(&prepared, &caller, request, &request_id).await.unwrap_or_default();
        if response.data == Value::Null && !response.errors.is_empty() {
            return Err(response.errors);
        }
        let json = serde_json::to_string(&response).map_err(|error| {
            tracing::error!(request_id, %error, "the answer could not be written");
            vec![error::internal_server_error(&request_id)]
        })?;
        Ok((json.into(), response.errors.is_empty() && caller.is_viewer_independent()))
    }

    /// The one response of a subscription's execution, if its field yields anything.
    async fn execute_once(
        &self,
        prepared: &Prepared,
        caller: &RequestContext,
        request: Request,
        request_id: &str,
    ) -> Option<Response> {
        let mut answers = self.schema.execute_stream(request);
        let run = caller.run(answers.next());
        let mut response = Arc::new(Usage::default()).scope(run).await?;
        self.finish(&mut response, prepared, request_id);
        Some(response)
    }

    fn finish(&self, response: &mut Response, prepared: &Prepared, request_id: &str) {
        completion::complete(response, prepared.chosen.document(), prepared.chosen.operation(), &self.types);
        // A document can be wrong in more ways than anyone would want to read, or we to write.
        response.errors.truncate(MAX_ERRORS);
        for error in &mut response.errors {
            error::sanitize(error, request_id);
        }
    }
}

/// Gives a task up when it goes out of scope.
struct GiveUp(AbortHandle);

impl Drop for GiveUp {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether nothing was executed: the request itself is refused.
pub fn is_refused(response: &Response) -> bool {
    response.data == Value::Null
        && !response.errors.is_empty()
        && response.errors.iter().all(|error| error.path.is_empty())
}

fn out_of_time(is_query: bool) -> Refusal {
    let message = if is_query {
        "The query took too long: ask for less."
    } else {
        "The mutation takes longer than a request may. It goes on; look later whether it was done."
    };
    Refusal::new(Code::QueryTooComplex, message).because(OUT_OF_TIME)
}
