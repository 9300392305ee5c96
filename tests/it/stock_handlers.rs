//! The same schema on async-graphql-axum's handlers and on ours: where they differ, and so why ours are written by hand.
//!
//! Each test asserts both sides. When an update of the library makes one fail, see `docs/decisions.md`: perhaps the
//! hand-written part can go.

use std::sync::Arc;

use apollo_compiler::{ExecutableDocument, Schema as ApolloSchema, request::coerce_variable_values, response::JsonMap};
use async_graphql::{Data, Executor, Request, Response, Schema, futures_util::stream::BoxStream};
use async_graphql_axum::{GraphQL, GraphQLSubscription};
use axum::{Router, routing::any_service};
use guildhall::{
    api::{
        self, Mutation, Query, Subscription,
        auth_context::{AuthContext, Credentials},
        context::RequestContext,
    },
    engine::Origin,
};
use reqwest::{StatusCode, header::ACCEPT};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::support::{Http, Socket, TestApp, on_both};

/// Runs requests as the library does, each with the context that resolvers need.
#[derive(Clone)]
struct Stock {
    schema: Schema<Query, Mutation, Subscription>,
    client: AuthContext,
}

impl Stock {
    fn context(&self) -> Arc<RequestContext> {
        Arc::new(RequestContext::new(&self.client, false))
    }
}

impl Executor for Stock {
    async fn execute(&self, request: Request) -> Response {
        let context = self.context();
        context.run(self.schema.execute(request.data(Arc::clone(&context)))).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.schema, request.data(self.context()), data)
    }
}

/// Both servers, for the same anonymous client of the same guild.
struct Servers {
    ours: Http,
    stock: String,
    _tasks: JoinSet<()>,
}

impl Servers {
    async fn start(app: &TestApp) -> Self {
        let ours = app.serve().await;
        let client = AuthContext::authenticate(&app.app, Credentials::default(), Origin::default()).await.unwrap();
        let stock = Stock { schema: api::schema().finish(), client };
        let router = Router::new()
            .route("/graphql", any_service(GraphQL::new(stock.clone())))
            .route("/socket", any_service(GraphQLSubscription::new(stock)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { ours, stock: address.to_string(), _tasks: tasks }
    }

    /// The responses to a request of ours and of the stock handler: status, media type and body.
    async fn both(&self, request: impl Fn(&str) -> reqwest::RequestBuilder) -> [(StatusCode, String, String); 2] {
        let response = async |url: &str| {
            let response = request(url).send().await.unwrap();
            let media_type = response.headers().get("content-type").map(|it| it.to_str().unwrap().to_owned());
            (response.status(), media_type.unwrap_or_default(), response.text().await.unwrap())
        };
        [response(&self.ours.url("/graphql")).await, response(&format!("http://{}/graphql", self.stock)).await]
    }

    /// The bodies of the responses to a query.
    async fn bodies(&self, query: &str) -> [String; 2] {
        let body = json!({ "query": query });
        self.both(|url| self.ours.client.post(url).json(&body)).await.map(|(_, _, body)| body)
    }

    /// What a new socket hears in answer to these messages.
    async fn sockets(&self, messages: &[&str]) -> [Value; 2] {
        let hear = async |mut socket: Socket| {
            for message in messages {
                socket.say_raw(message).await;
            }
            socket.hear().await
        };
        let stock = Socket::open(&format!("ws://{}/socket", self.stock), "graphql-transport-ws").await.unwrap();
        [hear(self.ours.socket("graphql-transport-ws").await).await, hear(stock).await]
    }
}

fn data(body: &str) -> Value {
    serde_json::from_str::<Value>(body).unwrap()["data"].take()
}

on_both! {
    async fn the_media_type_is_one_that_the_client_accepts(app) {
        // <https://graphql.github.io/graphql-over-http/draft/#sec-Accept>
        app.guild("gg").await;
        let servers = Servers::start(&app).await;
        let ask = |accept: &'static str| {
            let client = &servers.ours.client;
            servers.both(move |url| client.post(url).header(ACCEPT, accept).json(&json!({ "query": "{ __typename }" })))
        };
        let [ours, stock] = ask("application/json").await.map(|(status, media_type, _)| (status, media_type));
        assert_eq!(ours, (StatusCode::OK, "application/json; charset=utf-8".to_owned()));
        assert_eq!(stock, (StatusCode::OK, "application/graphql-response+json".to_owned()), "not accepted");
        let [ours, stock] = ask("image/png").await.map(|(status, _, _)| status);
        assert_eq!((ours, stock), (StatusCode::NOT_ACCEPTABLE, StatusCode::OK));
    }

    async fn an_invalid_document_is_a_bad_request(app) {
        // <https://graphql.github.io/graphql-over-http/draft/#sec-application-graphql-response-json>
        app.guild("gg").await;
        let servers = Servers::start(&app).await;
        let ask = |query: &'static str| {
            let client = &servers.ours.client;
            let accept = "application/graphql-response+json";
            servers.both(move |url| client.post(url).header(ACCEPT, accept).json(&json!({ "query": query })))
        };
        for invalid in ["{ nothing }", "{", "query($id: ID!) { campaign(id: $id) { id } }"] {
            let [ours, stock] = ask(invalid).await.map(|(status, _, _)| status);
            assert_eq!((ours, stock), (StatusCode::BAD_REQUEST, StatusCode::OK), "{invalid}");
        }
    }

    async fn mutations_by_get_and_bodies_of_plain_text_are_refused(app) {
        // A page of another site can send both without asking first, and a GET request may be repeated or prefetched.
        app.guild("gg").await;
        let servers = Servers::start(&app).await;
        let client = &servers.ours.client;
        let logout = [("query", "mutation { logout { success } }")];
        let [ours, stock] = servers.both(|url| client.get(url).query(&logout)).await.map(|(status, _, body)| (status, body));
        assert_eq!(ours.0, StatusCode::METHOD_NOT_ALLOWED);
        assert!(stock.0 == StatusCode::OK && stock.1.contains("\"logout\""), "executed: {}", stock.1);
        let text = r#"{ "query": "{ guild { slug } }" }"#;
        let plain = servers.both(|url| client.post(url).header("content-type", "text/plain").body(text)).await;
        let [ours, stock] = plain.map(|(status, _, body)| (status, body));
        assert_eq!(ours.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!((stock.0, data(&stock.1)), (StatusCode::OK, json!({ "guild": { "slug": "gg" } })));
    }

    async fn fields_come_in_the_order_of_the_selection_and_failed_ones_are_null(app) {
        // <https://spec.graphql.org/September2025/#sec-Response-Format> and
        // <https://spec.graphql.org/September2025/#sec-Handling-Execution-Errors>
        app.guild("gg").await;
        let servers = Servers::start(&app).await;
        let [ours, stock] = servers.bodies("{ campaigns { totalCount } __typename }").await;
        assert_eq!(ours, r#"{"data":{"campaigns":{"totalCount":0},"__typename":"Query"}}"#);
        assert_eq!(stock, r#"{"data":{"__typename":"Query","campaigns":{"totalCount":0}}}"#, "in the order they finished");
        let [ours, stock] = servers.bodies("{ ranks { level discordRoleId } }").await.map(|body| data(&body));
        assert_eq!(ours["ranks"][0], json!({ "level": 5, "discordRoleId": null }));
        assert_eq!(stock["ranks"][0], json!({ "level": 5 }), "the failed field is missing");
        // A non-null field that fails makes its parent null.
        let query = "{ __typename campaigns { totalCount } discordStatus { __typename } }";
        let [ours, stock] = servers.bodies(query).await.map(|body| data(&body));
        assert_eq!(ours, Value::Null);
        assert_eq!(stock, json!({ "__typename": "Query", "campaigns": { "totalCount": 0 } }), "a non-null field is missing");
    }

    async fn expensive_documents_are_refused(app) {
        // The library can limit depth, complexity, directives and recursion, but not aliases or tokens.
        app.guild("gg").await;
        let servers = Servers::start(&app).await;
        let aliases: String = (0..60).map(|number| format!("a{number}: slug ")).collect();
        let [ours, stock] = servers.bodies(&format!("{{ guild {{ {aliases} }} }}")).await;
        assert!(ours.contains("QUERY_TOO_COMPLEX"), "{ours}");
        assert_eq!(data(&stock)["guild"].as_object().unwrap().len(), 60);
        // A list of requests multiplies all other limits.
        let client = &servers.ours.client;
        let batch: Vec<Value> = vec![json!({ "query": "{ __typename }" }); 100];
        let [ours, stock] = servers.both(|url| client.post(url).json(&batch)).await.map(|(status, _, _)| status);
        assert_eq!((ours, stock), (StatusCode::BAD_REQUEST, StatusCode::OK));
    }

    async fn sockets_are_closed_by_the_codes_of_the_protocol(app) {
        // <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>
        app.guild("gg").await;
        let servers = Servers::start(&app).await;
        let init = r#"{ "type": "connection_init" }"#;
        let subscribe = r#"{ "type": "subscribe", "id": "1", "payload": { "query": "{ __typename }" } }"#;
        for (messages, codes) in [
            (&["nonsense"][..], [4400, 1002]),
            (&[subscribe], [4401, 1011]),
        ] {
            assert_eq!(servers.sockets(messages).await, codes.map(|code| json!({ "close": code })), "{messages:?}");
        }
        assert_eq!(servers.sockets(&[init]).await, [json!({ "type": "connection_ack" }), json!({ "type": "connection_ack" })]);
    }
}

/// apollo-compiler coerces variables too. Its errors do not say where in a value the mistake is, so no `extensions.field` can
/// be made of them, and a whole number with a fraction of zero is refused.
#[test]
fn apollos_errors_of_variables_name_no_place() {
    let schema = ApolloSchema::parse_and_validate(api::schema().finish().sdl(), "schema.graphql").unwrap();
    let coerced = |ty: &str, value: Value| {
        let document = format!("query($it: {ty}) {{ __typename @skip(if: false) }}");
        let document = ExecutableDocument::parse(&schema, document, "query.graphql").unwrap();
        let values: JsonMap = serde_json::from_value(json!({ "it": value })).unwrap();
        coerce_variable_values(&schema, document.operations.get(None).unwrap(), &values)
            .map(|_| ())
            .map_err(|error| error.message().to_string())
    };
    assert_eq!(
        coerced("[Int!]", json!([1, 2, "three"])),
        Err("could not coerce variable it: \"three\" to type Int".to_owned())
    );
    assert!(coerced("Int", json!(1.0)).is_err(), "some languages write whole numbers so");
    assert_eq!(coerced("Int", json!(1)), Ok(()));
}
