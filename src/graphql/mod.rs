//! The schema of all features, and how an operation is run, whatever it comes by.

mod answer;
pub mod caller;
pub mod document;
pub mod guard;
pub mod http;
pub mod loaders;
pub mod node;
mod rounds;
mod ws;

use std::sync::Arc;

use async_graphql::{
    MergedObject, MergedSubscription, Response, Schema, ServerError, Variables, parser::types::OperationType,
};
use futures_util::{Stream, StreamExt};
use tracing::Instrument;

use self::{
    answer::FieldTypes,
    caller::Caller,
    document::{Costs, Document},
    node::{Node, NodeQuery},
};
use crate::{
    audit::graphql::AuditQuery,
    auth::graphql::{AuthMutation, AuthQuery},
    error,
    identity::graphql::{IdentityMutation, IdentityQuery},
    voting::graphql::{VotingMutation, VotingQuery, VotingSubscription},
};

/// What can be asked.
#[derive(MergedObject, Default)]
pub struct Query(NodeQuery, IdentityQuery, AuthQuery, VotingQuery, AuditQuery);

/// What can be changed.
#[derive(MergedObject, Default)]
pub struct Mutation(AuthMutation, IdentityMutation, VotingMutation);

/// What can be watched.
#[derive(MergedSubscription, Default)]
pub struct Subscription(VotingSubscription);

/// The schema, and what its documents are measured by.
#[derive(Clone)]
pub struct Graph {
    schema: Schema<Query, Mutation, Subscription>,
    costs: Arc<Costs>,
    types: Arc<FieldTypes>,
}

/// An operation as a client sends it.
#[derive(Clone, Debug, Default)]
pub struct Operation {
    /// The document.
    pub query: String,
    /// Which of the document's operations.
    pub name: Option<String>,
    /// The values of its variables.
    pub variables: Variables,
}

/// An operation that may be run.
pub struct Prepared {
    document: Document,
    operation: Operation,
}

impl Prepared {
    /// Whether it is a query, a mutation or a subscription.
    pub fn kind(&self) -> OperationType {
        self.document.operation().ty
    }
}

impl Graph {
    /// Builds the schema.
    ///
    /// # Errors
    /// When the schema does not print as one.
    pub fn new() -> error::Result<Self> {
        let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default())
            .register_output_type::<Node>()
            .disable_suggestions()
            // Measured before the schema sees it, with a clearer refusal.
            .limit_recursive_depth(document::MAX_NESTING)
            .finish();
        let sdl = schema.sdl();
        let costs = Costs::of_schema(&sdl).map_err(error::Error::internal)?;
        let types = FieldTypes::of_schema(&sdl).map_err(error::Error::internal)?;
        Ok(Self { schema, costs: Arc::new(costs), types: Arc::new(types) })
    }

    /// The schema in its definition language, as committed in `schema.graphql`.
    pub fn sdl(&self) -> String {
        self.schema.sdl()
    }

    /// Parses and measures an operation.
    ///
    /// # Errors
    /// See [`document::prepare`].
    pub fn prepare(&self, operation: Operation) -> Result<Prepared, ServerError> {
        let document =
            document::prepare(&operation.query, operation.name.as_deref(), &operation.variables, &self.costs)?;
        Ok(Prepared { document, operation })
    }

    /// Runs a query or a mutation to its end, even when whoever waits for the answer goes away.
    pub async fn execute(&self, prepared: Prepared, caller: Arc<Caller>, request_id: &str) -> Response {
        let (graph, id) = (self.clone(), request_id.to_owned());
        let run = async move {
            let (request, document) = prepared.into_request(caller);
            let mut response = graph.schema.execute(request).await;
            graph.finish(&mut response, &document, &id);
            response
        };
        // Unconstrained: a forced yield in the midst of a level would part what its fields ask for.
        match tokio::spawn(tokio::task::unconstrained(run).in_current_span()).await {
            Ok(response) => response,
            Err(panic) => {
                tracing::error!(request_id, error = %panic, "request panicked");
                Response::from_errors(vec![error::internal_server_error(request_id)])
            }
        }
    }

    /// Runs any operation; a subscription answers as often as there is something new.
    pub fn subscribe(
        &self,
        prepared: Prepared,
        caller: Arc<Caller>,
        request_id: String,
    ) -> impl Stream<Item = Response> + Send + 'static {
        let graph = self.clone();
        let (request, document) = prepared.into_request(caller);
        self.schema.execute_stream(request).map(move |mut response| {
            graph.finish(&mut response, &document, &request_id);
            response
        })
    }

    fn finish(&self, response: &mut Response, document: &Document, request_id: &str) {
        for error in &mut response.errors {
            error::present(error, request_id);
        }
        answer::complete(response, &document.parsed, document.operation(), &self.types);
    }
}

impl Prepared {
    fn into_request(self, caller: Arc<Caller>) -> (async_graphql::Request, Document) {
        let Self { document, operation } = self;
        let mut request = async_graphql::Request::new(operation.query).variables(operation.variables).data(caller);
        request.operation_name = operation.name;
        request.set_parsed_query(document.parsed.clone());
        (request, document)
    }
}
