//! A client that runs operations without a socket.

use std::{pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt};
use guildhall::{
    api::{
        DocumentRef, Operation, SubscriptionMessage,
        auth_context::{AuthContext, Credentials},
    },
    app::App,
    db::Usage,
    engine::Origin,
    kernel::error::{self, Code},
};
use serde_json::Value;

use super::TestApp;

/// A member, or someone who is not signed in.
#[derive(Clone)]
pub struct Client<'t> {
    pub(super) test: &'t TestApp,
    pub(super) slug: String,
    /// Their global id; empty for someone who is not signed in.
    pub id: String,
    pub token: Option<String>,
}

pub type Responses = Pin<Box<dyn Stream<Item = Value> + Send>>;

impl Client<'_> {
    /// The same guild with another access token.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    async fn admit(&self) -> error::Result<AuthContext> {
        self.admit_at(&self.test.app).await
    }

    async fn admit_at(&self, server: &Arc<App>) -> error::Result<AuthContext> {
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let credentials = Credentials { guild: Some(&self.slug), authorization: authorization.as_deref() };
        let origin = Origin { address: None, user_agent: Some("tests".to_owned()) };
        AuthContext::authenticate(server, credentials, origin).await
    }

    /// Whether the server lets this client in at all.
    pub async fn refused(&self) -> Option<Code> {
        self.admit().await.err().and_then(|error| error.refusal().map(|refusal| refusal.code))
    }

    /// Runs an operation; the whole answer.
    pub async fn run(&self, query: &str, variables: Value) -> Value {
        self.run_at(&self.test.app, query, variables).await
    }

    /// Runs an operation at another server; the whole answer.
    pub async fn run_at(&self, server: &Arc<App>, query: &str, variables: Value) -> Value {
        let caller = match self.admit_at(server).await {
            Ok(caller) => caller,
            Err(error) => {
                let refusal = error.refusal().unwrap_or_else(|| panic!("not let in: {error}")).clone();
                return serde_json::to_value(async_graphql::Response::from_errors(vec![refusal.into_server_error()]))
                    .unwrap();
            }
        };
        let response = match self.test.graph.prepare(operation(query, variables)) {
            Ok(prepared) => self.test.graph.execute(prepared, &caller, "test").await,
            Err(errors) => async_graphql::Response::from_errors(errors),
        };
        serde_json::to_value(response).unwrap()
    }

    /// Runs an operation that must go well; its data.
    #[track_caller]
    pub fn ok(&self, query: &str, variables: Value) -> impl Future<Output = Value> {
        let (caller, query) = (std::panic::Location::caller(), query.to_owned());
        async move {
            let answer = self.run(&query, variables).await;
            assert!(answer.get("errors").is_none(), "{caller}: {query} was refused: {}", answer["errors"]);
            answer["data"].clone()
        }
    }

    /// Runs an operation that must be refused; `CODE`, or `CODE REASON`, with ` field` where one is named.
    pub async fn refusal(&self, query: &str, variables: Value) -> String {
        refusal_in(&self.run(query, variables).await)
    }

    /// Subscribes; each answer as it comes.
    pub async fn subscribe(&self, query: &str, variables: Value) -> Responses {
        self.subscribe_at(&self.test.app, query, variables).await
    }

    /// Subscribes at another server.
    pub async fn subscribe_at(&self, server: &Arc<App>, query: &str, variables: Value) -> Responses {
        let caller = self.admit_at(server).await.unwrap();
        let prepared = self.test.graph.prepare(operation(query, variables)).unwrap();
        let responses = self.test.graph.subscribe(prepared, caller, "test".to_owned());
        let value = |said| match said {
            SubscriptionMessage::Next(json) => serde_json::from_str(&json).unwrap(),
            SubscriptionMessage::Refused(errors) => serde_json::json!({ "errors": errors }),
        };
        responses.map(value).boxed()
    }

    /// How many SQL statements a query takes, once the client is let in.
    pub async fn statements(&self, query: &str, variables: Value) -> u64 {
        let (caller, usage) = (self.admit().await.unwrap(), Arc::new(Usage::default()));
        let prepared = self.test.graph.prepare(operation(query, variables)).unwrap();
        let response = Arc::clone(&usage).scope(self.test.graph.execute(prepared, &caller, "test")).await;
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

/// The first error of an answer as `CODE REASON field`.
pub fn refusal_in(answer: &Value) -> String {
    let error = &answer["errors"][0];
    assert!(error.is_object(), "not refused: {answer}");
    let extensions = &error["extensions"];
    ["code", "reason", "field"].iter().filter_map(|it| extensions[it].as_str()).collect::<Vec<_>>().join(" ")
}

/// The next answer of a subscription. The bound is for a test that fails: one that passes does not wait.
pub async fn next(responses: &mut Responses) -> Option<Value> {
    tokio::time::timeout(Duration::from_secs(20), responses.next()).await.expect("nothing came for 20 seconds")
}
