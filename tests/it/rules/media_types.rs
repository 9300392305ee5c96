//! The media type of a response, from the client's `Accept` header.

use axum::http::{HeaderMap, HeaderValue, header};
use guildhall::http::Accepted;

const GRAPHQL_JSON: &str = "application/graphql-response+json";
const PLAIN_JSON: &str = "application/json";

fn accepted(accept: &str) -> (Option<&'static str>, bool) {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
    let Accepted { json, events, prefers_events } = Accepted::from_headers(&headers);
    assert_eq!(prefers_events, accept.starts_with("text/event-stream") && events, "{accept}");
    (json, events)
}

#[test]
fn a_response_has_the_supported_type_that_the_client_prefers() {
    let (modern, older) = (Some(GRAPHQL_JSON), Some(PLAIN_JSON));
    assert_eq!(
        Accepted::from_headers(&HeaderMap::new()),
        Accepted { json: older, events: false, prefers_events: false }
    );
    for (accept, json, events) in [
        ("*/*", older, false),
        ("application/*", older, false),
        ("application/json", older, false),
        ("application/graphql-response+json", modern, false),
        ("Application/GraphQL-Response+JSON; charset=UTF-8", modern, false),
        ("application/graphql-response+json, application/json;q=0.9", modern, false),
        ("application/json, application/graphql-response+json", modern, false),
        ("application/graphql-response+json;q=0.5, application/json", older, false),
        ("application/graphql-response+json, */*", modern, false),
        ("application/json;q=0, */*", modern, false),
        ("application/json; charset=latin1", None, false),
        ("text/html,application/xhtml+xml,*/*;q=0.8", older, false),
        ("text/html", None, false),
        ("text/*", None, false),
        ("application/json;q=0.2, */*;q=0.9", modern, false),
        ("text/html;x=\"a, application/json\"", None, false),
        ("text/event-stream, application/json;q=0.5", older, true),
        ("text/event-stream", None, true),
        ("text/event-stream;q=0, application/json", older, false),
        (
            "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, \
             multipart/mixed",
            modern,
            true,
        ),
        ("nonsense", None, false),
    ] {
        assert_eq!(accepted(accept), (json, events), "{accept}");
    }
}
