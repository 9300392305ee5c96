//! Runs subscriptions: creates the source stream, and executes the operation for each event (GraphQL §6.2.3).

use std::sync::Arc;

use async_graphql::{PathSegment, Request, Response, ServerError, Value, parser::types::Selection};
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use super::{AbortOnDrop, Graph, Prepared, SubscriptionMessage, out_of_time};
use crate::{
    api::{
        auth_context::AuthContext,
        context::RequestContext,
        response_json::to_json,
        source_event::{EventStream, SourceEvent},
    },
    kernel::error::{self, Error},
    live::{CacheSlot, CachedResponse, ResponseKey},
};

impl Prepared {
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

impl Graph {
    /// Runs a subscription: one response for each event of its source stream (GraphQL §6.2.3). It waits for its turn to
    /// start. `turn` is its turn among the subscriptions of its own connection, and is dropped once it has started.
    pub fn subscribe(
        &self,
        prepared: Prepared,
        auth: AuthContext,
        request_id: String,
        turn: Option<OwnedSemaphorePermit>,
    ) -> impl Stream<Item = SubscriptionMessage> + Send + use<> {
        let graph = self.clone();
        async_stream::stream! {
            let source_stream = graph.start(prepared.clone(), auth.clone(), request_id.clone()).await;
            drop(turn);
            let mut events = match source_stream {
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

    /// Creates a subscription's source stream when it is its turn. Runs on a task of its own, because this stream is not
    /// polled while the client is slow to read, and others would wait for it.
    async fn start(
        &self,
        prepared: Prepared,
        auth: AuthContext,
        request_id: String,
    ) -> Result<Option<EventStream>, Vec<ServerError>> {
        let (graph, id) = (self.clone(), request_id.clone());
        let start = async move {
            // The semaphore is never closed.
            let _start = graph.starts.acquire().await;
            graph.create_source_stream(&prepared, &auth, &id).await
        };
        let start = tokio::spawn(start.in_current_span());
        let _abort = AbortOnDrop(start.abort_handle());
        start.await.unwrap_or_else(|panic| {
            tracing::error!(request_id, error = %panic, "the start of a subscription panicked");
            Err(vec![error::internal_server_error(&request_id)])
        })
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
        let responses = Arc::clone(&event.responses);
        let execute = || self.clone().respond(Arc::clone(prepared), event, request_id.to_owned());
        match responses.slot(key) {
            CacheSlot::Execute(sender) => {
                // On a task of its own, so that the other subscribers do not wait for a client that is slow to read.
                let execution = execute();
                let execution = async move {
                    let result = execution.await;
                    let shared = result.as_ref().ok().filter(|(_, is_for_all)| *is_for_all);
                    responses.share(&sender, shared.map(|(response, _)| response));
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
                Box::pin(execute()).await
            }
            CacheSlot::Uncached => Box::pin(execute()).await,
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
        let json = to_json(&response).map_err(|error| {
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
        let mut response = context.usage().scope(run).await?;
        self.finish(&mut response, prepared, request_id);
        Some(response)
    }
}
