//! The media type of a response and the format of metrics, from the client's `Accept` header.

use axum::http::{HeaderMap, HeaderValue, header};
use guildhall::http::{Accepted, MetricsFormat};

const GRAPHQL_JSON: &str = "application/graphql-response+json";
const PLAIN_JSON: &str = "application/json";

/// The type of a single response, and whether a stream of events may be sent.
fn accepted(accept: &str) -> (Option<&'static str>, bool) {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
    let Accepted { json, stream, prefers_events } = Accepted::from_headers(&headers);
    let events = stream == Some("text/event-stream");
    assert_eq!(prefers_events, accept.starts_with("text/event-stream") && events, "{accept}");
    (json, events)
}

#[test]
fn a_response_has_the_supported_type_that_the_client_prefers() {
    let (modern, older) = (Some(GRAPHQL_JSON), Some(PLAIN_JSON));
    assert_eq!(
        Accepted::from_headers(&HeaderMap::new()),
        Accepted { json: older, stream: None, prefers_events: false }
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
        // Parameters without a meaning, and headers without a value, make no difference.
        ("application/json; charset=utf8", older, false),
        ("application/json;charset=\"UTF8\"", older, false),
        ("application/json; charset=latin1", older, false),
        ("application/json; charset", older, false),
        ("application/json;", older, false),
        ("application/json; version=1; q=1.000", older, false),
        ("application/json; q=high", older, false),
        ("application/json; q=NaN", older, false),
        ("application/graphql-response+json; charset=utf8, application/json", modern, false),
        ("application/json; charset=a;q=0.1, application/json; charset=b, text/event-stream;q=0.5", older, true),
        ("", older, false),
        (" ", older, false),
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

#[test]
fn a_subscription_has_the_stream_that_the_client_prefers() {
    let (events, multipart) = (Some("text/event-stream"), Some("multipart/mixed"));
    for (accept, json, stream) in [
        ("multipart/mixed;subscriptionSpec=1.0, application/json", Some(PLAIN_JSON), multipart),
        ("multipart/mixed; boundary=\"graphql\"; subscriptionSpec=\"1.0\"", None, multipart),
        ("Multipart/Mixed;SubscriptionSpec=1.0;deferSpec=20220824", None, multipart),
        ("multipart/mixed", None, multipart),
        // Another version, and parts of a query's response.
        ("multipart/mixed;subscriptionSpec=2.0, application/json", Some(PLAIN_JSON), None),
        ("multipart/mixed;deferSpec=20220824, application/json", Some(PLAIN_JSON), None),
        ("multipart/mixed;q=0", None, None),
        ("multipart/*", None, None),
        ("multipart/mixed;subscriptionSpec=1.0, text/event-stream", None, events),
        ("multipart/mixed;subscriptionSpec=1.0, text/event-stream;q=0.9", None, multipart),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        let accepted = Accepted::from_headers(&headers);
        assert_eq!((accepted.json, accepted.stream), (json, stream), "{accept}");
    }
}

#[test]
fn metrics_have_the_format_that_the_client_prefers() {
    let format = |accept: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        MetricsFormat::from_headers(&headers)
    };
    assert_eq!(MetricsFormat::from_headers(&HeaderMap::new()), MetricsFormat::Prometheus);
    for accept in [
        "text/plain;version=0.0.4",
        "*/*",
        "text/html, */*;q=0.8",
        "application/json",
        "",
        "application/openmetrics-text;q=0.1, text/plain",
        "application/openmetrics-text;q=0",
        "application/*",
    ] {
        assert_eq!(format(accept), MetricsFormat::Prometheus, "{accept}");
    }
    for accept in [
        "application/openmetrics-text",
        "Application/OpenMetrics-Text; version=1.0.0; charset=utf-8",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
         application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
         text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
    ] {
        assert_eq!(format(accept), MetricsFormat::OpenMetrics, "{accept}");
    }
    let text = "# HELP a Help of a.\n# TYPE a counter\n# UNIT a seconds\na_total{of=\"# x\"} 1\n\
        # HELP b Help.\n# TYPE b info\nb_info{version=\"1\"} 1\n\
        # HELP c Help.\n# TYPE c histogram\nc_bucket{le=\"+Inf\"} 1\nc_count 1\n# TYPE d unknown\nd 1\n# EOF\n";
    let expected = "# HELP a_total Help of a.\n# TYPE a_total counter\na_total{of=\"# x\"} 1\n\
        # HELP b_info Help.\n# TYPE b_info gauge\nb_info{version=\"1\"} 1\n\
        # HELP c Help.\n# TYPE c histogram\nc_bucket{le=\"+Inf\"} 1\nc_count 1\n# TYPE d untyped\nd 1\n";
    assert_eq!(MetricsFormat::Prometheus.convert(text.to_owned()), expected);
    assert_eq!(MetricsFormat::OpenMetrics.convert(text.to_owned()), text);
}
