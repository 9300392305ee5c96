//! Parses the operation of a request.

use async_graphql::Variables;
use axum::{
    body::Bytes,
    extract::Query as QueryString,
    http::{HeaderMap, StatusCode, header},
};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::{headers::text, json};
use crate::{
    api::{DocumentRef, Operation},
    kernel::error::{Code, Refusal},
};

/// The version of Apollo's protocol for persisted queries.
const PERSISTED_QUERY_VERSION: u64 = 1;

/// The byte order mark of UTF-8, which some programs write before JSON. A parser may ignore it (RFC 8259, section 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A request error (GraphQL §7.1.2): the server rejects the request before it executes anything.
pub(super) struct RequestError {
    pub(super) status: StatusCode,
    pub(super) refusal: Refusal,
}

impl RequestError {
    pub(super) const fn new(status: StatusCode, refusal: Refusal) -> Self {
        Self { status, refusal }
    }

    pub(super) fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self::of(Refusal::new(Code::BadUserInput, message))
    }

    const fn of(refusal: Refusal) -> Self {
        Self::new(StatusCode::BAD_REQUEST, refusal)
    }
}

/// Parses the operation in a query string.
pub(super) fn from_query_string(query: &str) -> Result<Operation, RequestError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Parameters {
        query: Option<String>,
        document_id: Option<String>,
        operation_name: Option<String>,
        variables: Option<String>,
        extensions: Option<String>,
    }
    let uri: axum::http::Uri =
        format!("/?{query}").parse().map_err(|_| RequestError::malformed("The query string is malformed."))?;
    let QueryString(parameters): QueryString<Parameters> = QueryString::try_from_uri(&uri)
        .map_err(|_| RequestError::malformed("Send each parameter of the query string once."))?;
    let object = |name: &'static str, text: Option<String>| {
        let text = text.filter(|text| !text.is_empty());
        let value = text.map(|text| json::parse(text.as_bytes())).transpose();
        let invalid = |problem| Refusal::input(name, format!("{name} must be a JSON object: {problem}."));
        value.map_err(|problem| RequestError::of(invalid(problem)))
    };
    let parts = [
        ("query", parameters.query.map(Into::into)),
        ("documentId", parameters.document_id.map(Into::into)),
        ("operationName", parameters.operation_name.map(Into::into)),
        ("variables", object("variables", parameters.variables)?),
        ("extensions", object("extensions", parameters.extensions)?),
    ];
    operation(parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
}

/// Parses the operation in a body.
pub(super) fn from_body(headers: &HeaderMap, body: &Bytes) -> Result<Operation, RequestError> {
    // Accepts only JSON, for which browsers send a preflight request to other origins, so that no other page can act
    // for a member (CSRF).
    let content_type = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    let mut content_type = content_type.split(';').map(str::trim);
    let is_json = content_type.next().is_some_and(|it| it.eq_ignore_ascii_case("application/json"));
    let is_utf8 = content_type
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .all(|(_, charset)| is_utf8(charset));
    let is_plain = headers.get(header::CONTENT_ENCODING).is_none_or(|it| {
        let coding = it.as_bytes().trim_ascii();
        coding.is_empty() || coding.eq_ignore_ascii_case(b"identity")
    });
    if !is_json || !is_utf8 || !is_plain {
        let refusal = Refusal::new(Code::BadUserInput, "Send application/json in UTF-8, not compressed.");
        return Err(RequestError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, refusal));
    }
    match json::parse(body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)) {
        Ok(Json::Object(body)) => operation(body),
        Ok(Json::Array(_)) => Err(RequestError::malformed("Send one operation at a time, not an array.")),
        Ok(_) => Err(RequestError::malformed("The body must be a JSON object.")),
        Err(problem) => Err(RequestError::malformed(format!("The body is not valid JSON: {problem}."))),
    }
}

/// Whether a `charset` is UTF-8 or its subset ASCII. RFC 8259 defines none for JSON, so clients spell it freely.
fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
    let names = ["", "utf-8", "utf8", "utf_8", "us-ascii", "ascii"];
    names.iter().any(|name| name.eq_ignore_ascii_case(charset))
}

/// Parses the operation in a WebSocket message.
pub(super) fn from_payload(payload: Map<String, Json>) -> Result<Operation, Refusal> {
    operation(payload).map_err(|error| error.refusal)
}

/// Parses an operation from its parameters. Ignores unknown ones.
fn operation(mut parameters: Map<String, Json>) -> Result<Operation, RequestError> {
    let mut string = |name: &'static str| match parameters.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(RequestError::of(Refusal::input(name, format!("{name} must be a string.")))),
    };
    let (query, id, name) = (string("query")?, string("documentId")?, string("operationName")?);
    let mut object = |name: &'static str| match parameters.remove(name) {
        None | Some(Json::Null) => Ok(Map::new()),
        Some(Json::Object(object)) => Ok(object),
        Some(_) => Err(RequestError::of(Refusal::input(name, format!("{name} must be an object.")))),
    };
    let (variables, extensions) = (object("variables")?, object("extensions")?);
    let hash = persisted_query(&extensions).map_err(RequestError::of)?;
    let id = hash.or(id);
    // Some clients always send a query, so an empty one together with an id counts as none.
    let query = query.filter(|query| !query.is_empty() || id.is_none());
    let document = match (query, id) {
        (Some(text), None) => DocumentRef::Text(text),
        (Some(text), Some(hash)) => DocumentRef::Register(text, hash),
        (None, Some(id)) => DocumentRef::Id(id),
        (None, None) => return Err(RequestError::of(Refusal::input("query", "query must be a document."))),
    };
    let variables = Variables::from_json(Json::Object(variables));
    Ok(Operation { document, name: name.filter(|name| !name.is_empty()), variables })
}

/// The hash of a persisted query, if the extensions contain one.
fn persisted_query(extensions: &Map<String, Json>) -> Result<Option<String>, Refusal> {
    let Some(persisted) = extensions.get("persistedQuery").filter(|it| !it.is_null()) else { return Ok(None) };
    if persisted.get("version").and_then(Json::as_u64) != Some(PERSISTED_QUERY_VERSION) {
        let message = format!("persistedQuery.version must be {PERSISTED_QUERY_VERSION}.");
        return Err(Refusal::input("extensions", message));
    }
    match persisted.get("sha256Hash") {
        Some(Json::String(hash)) => Ok(Some(hash.clone())),
        _ => Err(Refusal::input("extensions", "persistedQuery.sha256Hash must be a string.")),
    }
}
