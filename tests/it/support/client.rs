//! A client that runs operations without a socket.

use std::{net::IpAddr, panic::Location, pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt};
use guildhall::{
    api::{
        DocumentRef, Operation, SubscriptionMessage,
        auth_context::{AuthContext, Credentials},
        response_json::to_json,
    },
    app::App,
    db::Usage,
    engine::Origin,
    kernel::error::{self, Code},
};
use serde_json::{Value, json};

use super::{TestApp, refusal_in};

/// A member's client, or one that is not signed in.
#[derive(Clone)]
pub struct Client<'t> {
    pub(super) test: &'t TestApp,
    pub(super) slug: String,
    /// The member's global id; empty if the client is not signed in.
    pub id: String,
    pub token: Option<String>,
    /// The address that the client connects from.
    pub address: Option<IpAddr>,
}

/// The responses of a subscription.
pub type Responses = Pin<Box<dyn Stream<Item = Value> + Send>>;

impl Client<'_> {
    /// A client of the same guild with another access token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client at this address.
    pub fn at(&self, address: &str) -> Self {
        Self { address: Some(address.parse().unwrap()), ..self.clone() }
    }

    /// Authenticates the client on a server, as at the start of a request.
    pub async fn authenticate(&self, server: &Arc<App>) -> error::Result<AuthContext> {
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let credentials = Credentials { guild: Some(&self.slug), authorization: authorization.as_deref() };
        let origin = Origin { address: self.address, user_agent: Some("tests".to_owned()), ..Origin::default() };
        AuthContext::authenticate(server, credentials, origin).await
    }

    /// The error code with which the server rejects this client's credentials; `None` if it accepts them.
    pub async fn auth_error(&self) -> Option<Code> {
        let error = self.authenticate(&self.test.app).await.err();
        error.and_then(|error| error.refusal().map(|refusal| refusal.code))
    }

    /// Runs an operation and returns the response.
    pub async fn run(&self, query: &str, variables: Value) -> Value {
        self.run_on(&self.test.app, query, variables).await
    }

    /// Runs an operation on another server.
    pub async fn run_on(&self, server: &Arc<App>, query: &str, variables: Value) -> Value {
        let context = match self.authenticate(server).await {
            Ok(context) => context,
            Err(error) => {
                let refusal = error.refusal().unwrap_or_else(|| panic!("authentication failed: {error}")).clone();
                return serde_json::to_value(async_graphql::Response::from_errors(vec![refusal.into_server_error()]))
                    .unwrap();
            }
        };
        self.run_as(&context, query, variables).await
    }

    /// Runs an operation of a request that was authenticated before.
    pub async fn run_as(&self, context: &AuthContext, query: &str, variables: Value) -> Value {
        serde_json::from_str(&self.text_as(context, query, variables).await).unwrap()
    }

    /// Runs an operation and returns the response as it is sent, in which fields have an order.
    pub async fn text(&self, query: &str, variables: Value) -> String {
        self.text_as(&self.authenticate(&self.test.app).await.unwrap(), query, variables).await
    }

    async fn text_as(&self, context: &AuthContext, query: &str, variables: Value) -> String {
        let response = match self.test.graph.prepare(operation(query, variables)) {
            Ok(prepared) => self.test.graph.execute(prepared, context, "test").await,
            Err(errors) => async_graphql::Response::from_errors(errors),
        };
        to_json(&response).unwrap()
    }

    /// Runs an operation that must succeed, and returns its data.
    #[track_caller]
    pub fn ok(&self, query: &str, variables: Value) -> impl Future<Output = Value> {
        let (caller, query) = (Location::caller(), query.to_owned());
        async move {
            let response = self.run(&query, variables).await;
            assert!(response.get("errors").is_none(), "{caller}: {query} was refused: {}", response["errors"]);
            response["data"].clone()
        }
    }

    /// Runs an operation that must be refused, and returns its first error in the form of [`refusal_in`].
    pub async fn refusal(&self, query: &str, variables: Value) -> String {
        refusal_in(&self.run(query, variables).await)
    }

    /// Subscribes, and returns a stream of the responses.
    pub async fn subscribe(&self, query: &str, variables: Value) -> Responses {
        self.subscribe_on(&self.test.app, query, variables).await
    }

    /// Subscribes on another server.
    pub async fn subscribe_on(&self, server: &Arc<App>, query: &str, variables: Value) -> Responses {
        let context = self.authenticate(server).await.unwrap();
        let prepared = self.test.graph.prepare(operation(query, variables)).unwrap();
        let messages = self.test.graph.subscribe(prepared, context, "test".to_owned(), None);
        let response = |message| match message {
            SubscriptionMessage::Next(json) => serde_json::from_str(&json).unwrap(),
            SubscriptionMessage::Refused(errors) => json!({ "errors": errors }),
        };
        messages.map(response).boxed()
    }

    /// The number of SQL statements of an operation, without those that authenticate the client.
    pub async fn count_statements(&self, query: &str, variables: Value) -> u64 {
        self.count_statements_on(&self.test.app, query, variables).await
    }

    /// The number of SQL statements of an operation on another server, which may have nothing in memory yet.
    pub async fn count_statements_on(&self, server: &Arc<App>, query: &str, variables: Value) -> u64 {
        let (context, usage) = (self.authenticate(server).await.unwrap(), Arc::new(Usage::default()));
        let prepared = self.test.graph.prepare(operation(query, variables)).unwrap();
        let response = Arc::clone(&usage).scope(self.test.graph.execute(prepared, &context, "test")).await;
        assert!(response.errors.is_empty(), "{query} was refused: {:?}", response.errors);
        usage.statements()
    }
}

fn operation(query: &str, variables: Value) -> Operation {
    Operation {
        document: DocumentRef::Text(query.to_owned()),
        name: None,
        variables: async_graphql::Variables::from_json(variables),
    }
}

/// The next response of a subscription; `None` when it has ended. Fails after 20 seconds without one.
pub async fn next_response(responses: &mut Responses) -> Option<Value> {
    tokio::time::timeout(Duration::from_secs(20), responses.next()).await.expect("no response for 20 seconds")
}
