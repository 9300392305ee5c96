//! The server's HTTP: `/graphql`, the console, health.
//!
//! Follows the GraphQL-over-HTTP specification: <https://graphql.github.io/graphql-over-http/draft/>.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use async_graphql::{Response as GraphResponse, ServerError, Value, Variables, parser::types::OperationType};
use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, FromRequestParts, Path, Query as QueryString, Request, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use ipnet::IpNet;
use serde::Deserialize;
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer},
};

use super::{
    Graph, Operation,
    caller::{Caller, Credentials},
    ws,
};
use crate::{
    app::App,
    auth::Origin,
    error::{self, Code, Error, Refusal, present},
};

include!(concat!(env!("OUT_DIR"), "/console_assets.rs"));

/// Largest request body, in bytes.
const MAX_BODY: usize = 1_024 * 1_024;
/// How long a client has to send a request's body.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// Longest request id that is taken from a client.
const MAX_REQUEST_ID: usize = 64;
const GRAPHQL_JSON: &str = "application/graphql-response+json";
const PLAIN_JSON: &str = "application/json";
const X_REQUEST_ID: header::HeaderName = header::HeaderName::from_static("x-request-id");

/// Most characters kept of a user agent.
const MAX_USER_AGENT: usize = 200;

/// What the handlers share.
#[derive(Clone)]
pub struct Server {
    /// The app.
    pub app: Arc<App>,
    /// The schema.
    pub graph: Graph,
    /// The networks of the reverse proxies before it, whose word is taken for where a request comes from.
    pub proxies: Arc<[IpNet]>,
}

/// All routes. To be served with the peers' addresses, without which no attempts are counted by them:
/// `axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())`.
pub fn router(server: Server) -> Router {
    Router::new()
        .route("/graphql", any(graphql))
        .route("/graphiql", get(console))
        .route("/graphiql/{asset}", get(console_asset))
        .route("/health/live", get(|| async { "live" }))
        .route("/health/ready", get(ready))
        .with_state(server)
        .layer(CatchPanicLayer::custom(|_| internal("-")))
        .layer(PropagateRequestIdLayer::new(X_REQUEST_ID))
        .layer(SetRequestIdLayer::new(X_REQUEST_ID, NewRequestId))
        .layer(axum::middleware::map_request(sane_request_id))
}

#[derive(Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&new_request_id()).ok().map(RequestId::new)
    }
}

pub(super) fn new_request_id() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// Drops a client's request id that is not short and printable: it is going to stand in our logs.
async fn sane_request_id(mut request: Request) -> Request {
    let is_sane = |id: &HeaderValue| {
        let id = id.as_bytes();
        (1..=MAX_REQUEST_ID).contains(&id.len()) && id.iter().all(|c| c.is_ascii_alphanumeric() || b"-_.".contains(c))
    };
    if request.headers().get(X_REQUEST_ID).is_some_and(|id| !is_sane(id)) {
        request.headers_mut().remove(X_REQUEST_ID);
    }
    request
}

/// `/graphql`: queries by GET, anything but subscriptions by POST, everything by WebSocket.
async fn graphql(State(server): State<Server>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let id = text(&parts.headers, X_REQUEST_ID).unwrap_or("-").to_owned();
    let wants_socket = text(&parts.headers, header::UPGRADE).is_some_and(|it| it.eq_ignore_ascii_case("websocket"));
    if parts.method == Method::GET && wants_socket {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) => {
                let origin = origin(&server.proxies, &parts);
                ws::upgrade(server, upgrade, origin)
            }
            Err(rejection) => rejection.into_response(),
        };
    }
    let answer = Answer::new(&parts.headers, id);
    let operation = match parts.method {
        Method::GET => from_query_string(parts.uri.query().unwrap_or_default()),
        Method::POST => match tokio::time::timeout(BODY_WITHIN, axum::body::to_bytes(body, MAX_BODY)).await {
            Ok(Ok(body)) => from_body(&parts.headers, &body),
            Err(_) => Err(Failure::new(
                StatusCode::REQUEST_TIMEOUT,
                Refusal::new(Code::BadUserInput, "The request's body did not come in time."),
            )),
            Ok(Err(_)) => Err(Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                Refusal::new(Code::BadUserInput, format!("A request body has at most {MAX_BODY} bytes.")),
            )),
        },
        _ => {
            let refusal = Refusal::new(Code::BadUserInput, "Use GET or POST.");
            let mut response = answer.failure(Failure::new(StatusCode::METHOD_NOT_ALLOWED, refusal));
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
            return response;
        }
    };
    match operation {
        Ok(operation) => run(&server, &parts, operation, &answer).await,
        Err(failure) => answer.failure(failure),
    }
}

async fn run(server: &Server, parts: &Parts, operation: Operation, answer: &Answer) -> Response {
    let credentials = match (single(&parts.headers, "x-guild"), single(&parts.headers, "authorization")) {
        (Ok(guild), Ok(authorization)) => Credentials { guild, authorization },
        (Err(failure), _) | (_, Err(failure)) => return answer.failure(failure),
    };
    let caller = match Caller::admit(&server.app, credentials, origin(&server.proxies, parts)).await {
        Ok(caller) => Arc::new(caller),
        Err(error) => return answer.error(error),
    };
    let prepared = match server.graph.prepare(operation) {
        Ok(prepared) => prepared,
        Err(error) => return answer.request_errors(vec![error]),
    };
    let refused = match prepared.kind() {
        OperationType::Mutation if parts.method == Method::GET => Some("A mutation goes by POST."),
        OperationType::Subscription => {
            Some("A subscription goes by WebSocket, with the sub-protocol graphql-transport-ws.")
        }
        _ => None,
    };
    if let Some(message) = refused {
        let refusal = Refusal::new(Code::BadUserInput, message);
        return answer.failure(Failure::new(StatusCode::METHOD_NOT_ALLOWED, refusal));
    }
    answer.response(server.graph.execute(prepared, caller, &answer.request_id).await)
}

/// A request that is refused before anything is executed.
struct Failure {
    status: StatusCode,
    refusal: Refusal,
}

impl Failure {
    const fn new(status: StatusCode, refusal: Refusal) -> Self {
        Self { status, refusal }
    }

    fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Refusal::new(Code::BadUserInput, message))
    }
}

fn from_query_string(query: &str) -> Result<Operation, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Parameters {
        query: Option<String>,
        operation_name: Option<String>,
        variables: Option<String>,
    }
    let uri: axum::http::Uri =
        format!("/?{query}").parse().map_err(|_| Failure::malformed("The query string is malformed."))?;
    let QueryString(parameters): QueryString<Parameters> =
        QueryString::try_from_uri(&uri).map_err(|error| Failure::malformed(error.body_text()))?;
    let variables = parameters.variables.filter(|text| !text.is_empty());
    let variables = variables.map(|text| serde_json::from_str(&text)).transpose();
    let variables = variables.map_err(|_| Failure::malformed("variables must be a JSON object."))?;
    operation(parameters.query.map(Into::into), parameters.operation_name.map(Into::into), variables)
}

fn from_body(headers: &HeaderMap, body: &Bytes) -> Result<Operation, Failure> {
    // Only JSON: what a browser sends across origins without asking first is refused, so that no page can act for a
    // member (CSRF).
    let content_type = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let mut content_type = content_type.split(';').map(str::trim);
    let is_json = content_type.next().is_some_and(|it| it.eq_ignore_ascii_case(PLAIN_JSON));
    let is_utf8 = content_type
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| charset.trim_matches('"').eq_ignore_ascii_case("utf-8"));
    if !is_json || !is_utf8 {
        let refusal = Refusal::new(Code::BadUserInput, "Send application/json in UTF-8.");
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, refusal));
    }
    let mut body = match serde_json::from_slice(body) {
        Ok(serde_json::Value::Object(body)) => body,
        Ok(serde_json::Value::Array(_)) => {
            return Err(Failure::malformed("Send one operation at a time, not an array."));
        }
        Ok(_) => return Err(Failure::malformed("The body must be a JSON object.")),
        Err(error) => return Err(Failure::malformed(format!("The body is not JSON: {error}."))),
    };
    if !matches!(body.get("extensions"), None | Some(serde_json::Value::Null | serde_json::Value::Object(_))) {
        return Err(Failure::malformed("extensions must be an object."));
    }
    operation(body.remove("query"), body.remove("operationName"), body.remove("variables"))
}

/// An operation from its parts as they came.
pub(super) fn from_payload(mut payload: serde_json::Map<String, serde_json::Value>) -> Result<Operation, Refusal> {
    operation(payload.remove("query"), payload.remove("operationName"), payload.remove("variables"))
        .map_err(|failure| failure.refusal)
}

fn operation(
    query: Option<serde_json::Value>,
    name: Option<serde_json::Value>,
    variables: Option<serde_json::Value>,
) -> Result<Operation, Failure> {
    use serde_json::Value::{Null, Object, String};
    let Some(String(query)) = query else { return Err(Failure::malformed("query must be a string.")) };
    let name = match name {
        None | Some(Null) => None,
        Some(String(name)) => Some(name).filter(|name| !name.is_empty()),
        Some(_) => return Err(Failure::malformed("operationName must be a string.")),
    };
    let variables = match variables {
        None | Some(Null) => Variables::default(),
        Some(variables @ Object(_)) => Variables::from_json(variables),
        Some(_) => return Err(Failure::malformed("variables must be an object.")),
    };
    Ok(Operation { query, name, variables })
}

/// How a request is to be answered.
struct Answer {
    media_type: &'static str,
    request_id: String,
}

impl Answer {
    fn new(headers: &HeaderMap, request_id: String) -> Self {
        let accept = text(headers, header::ACCEPT).unwrap_or_default();
        let media_type = if accept.contains(GRAPHQL_JSON) { GRAPHQL_JSON } else { PLAIN_JSON };
        Self { media_type, request_id }
    }

    fn failure(&self, failure: Failure) -> Response {
        self.errors(failure.status, vec![failure.refusal.into_server_error()])
    }

    /// A request that is not let in.
    fn error(&self, error: Error) -> Response {
        let status = match error.refusal().map(|refusal| refusal.code) {
            Some(Code::Unauthenticated) => StatusCode::UNAUTHORIZED,
            Some(Code::NotFound) => StatusCode::NOT_FOUND,
            Some(_) => StatusCode::BAD_REQUEST,
            None => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut error = async_graphql::Error::from(error).into_server_error(async_graphql::Pos::default());
        error.locations.clear();
        present(&mut error, &self.request_id);
        self.errors(status, vec![error])
    }

    /// A document that is not executed at all.
    fn request_errors(&self, errors: Vec<ServerError>) -> Response {
        // For application/json the specification keeps 200 for whatever is well-formed, as older clients expect.
        let status = if self.media_type == GRAPHQL_JSON { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        self.errors(status, errors)
    }

    fn errors(&self, status: StatusCode, errors: Vec<ServerError>) -> Response {
        #[derive(serde::Serialize)]
        struct Errors {
            errors: Vec<ServerError>,
        }
        self.json(status, &Errors { errors })
    }

    fn response(&self, response: GraphResponse) -> Response {
        let not_executed = response.data == Value::Null
            && !response.errors.is_empty()
            && response.errors.iter().all(|error| error.path.is_empty());
        if not_executed {
            return self.request_errors(response.errors);
        }
        self.json(StatusCode::OK, &response)
    }

    fn json(&self, status: StatusCode, body: &impl serde::Serialize) -> Response {
        match serde_json::to_vec(body) {
            Ok(body) => {
                let content_type = format!("{}; charset=utf-8", self.media_type);
                (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
            }
            Err(error) => {
                tracing::error!(request_id = self.request_id, %error, "the answer could not be written");
                internal(&self.request_id)
            }
        }
    }
}

fn internal(request_id: &str) -> Response {
    let body = serde_json::json!({ "errors": [error::internal_server_error(request_id)] });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
}

/// Ready when the database answers.
async fn ready(State(server): State<Server>) -> Response {
    match server.app.db.read(async |conn| Ok(conn.ping().await?)).await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready: the database does not answer").into_response()
        }
    }
}

async fn console() -> Response {
    asset("index.html")
}

async fn console_asset(Path(name): Path<String>) -> Response {
    asset(&name)
}

fn asset(name: &str) -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
        worker-src 'self' blob:; font-src 'self' data:; img-src 'self' data:; connect-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    match ASSETS.iter().find(|(path, ..)| *path == name) {
        Some((_, content_type, bytes)) => (
            [
                (header::CONTENT_TYPE, *content_type),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::CACHE_CONTROL, "no-cache"),
            ],
            *bytes,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Where a request comes from: the peer, or whom a trusted proxy says it speaks for.
fn origin(proxies: &[IpNet], parts: &Parts) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let user_agent = text(&parts.headers, header::USER_AGENT);
    Origin {
        address: peer.map(|peer| client_address(proxies, peer, &forwarded.collect::<Vec<_>>().join(","))),
        user_agent: user_agent.map(|it| it.chars().take(MAX_USER_AGENT).collect()),
    }
}

/// Each proxy appends whom it heard from: read from the end, the first that is no proxy of ours is the client. What stands
/// before that anyone could have written.
fn client_address(proxies: &[IpNet], peer: IpAddr, forwarded: &str) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.iter().any(|network| network.contains(&address.to_canonical()));
    let mut client = peer;
    let mut heard_from = forwarded.rsplit(',').map(|it| it.trim().parse::<IpAddr>());
    while is_proxy(&client)
        && let Some(Ok(before)) = heard_from.next()
    {
        client = before;
    }
    client
}

/// A header that says who asks or where: in doubt of it, the request is not served.
fn single<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Failure> {
    let mut values = headers.get_all(name).iter().map(|value| value.to_str());
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(Ok(value)), None) => Ok(Some(value)),
        _ => Err(Failure::malformed(format!("Send {name} once, in plain text."))),
    }
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() -> Result<(), Box<dyn std::error::Error>> {
        let proxies = ["10.0.0.0/8".parse()?, "::1/128".parse()?];
        for (peer, forwarded, client) in [
            ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
            ("10.0.0.1", "", "10.0.0.1"),
            ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.2.3.4", "198.51.100.7"),
            ("10.0.0.1", "1.1.1.1, not an address", "10.0.0.1"),
            ("::1", "2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(client_address(&proxies, peer.parse()?, forwarded), client.parse::<IpAddr>()?, "{forwarded}");
        }
        Ok(())
    }
}
