//! Content negotiation: the media types that a client accepts (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, header};

pub(super) const GRAPHQL_JSON: &str = "application/graphql-response+json";
pub(super) const PLAIN_JSON: &str = "application/json";
pub(super) const EVENT_STREAM: &str = "text/event-stream";
pub(super) const MULTIPART: &str = "multipart/mixed";
/// The version of Apollo's protocol for subscriptions in `multipart/mixed`.
const SUBSCRIPTION_SPEC: &str = "1.0";

/// The media ranges of a client's `Accept` headers, in lower case, each with its quality.
pub(super) struct MediaRanges(Vec<(String, f32)>);

impl MediaRanges {
    /// Reads the headers. `None` if the client sends no `Accept`, or an empty one.
    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let values: Vec<_> = headers.get_all(header::ACCEPT).iter().collect();
        if values.iter().all(|value| value.as_bytes().trim_ascii().is_empty()) {
            return None;
        }
        let values = values.into_iter().filter_map(|value| value.to_str().ok());
        Some(Self(values.flat_map(items).filter_map(media_range).collect()))
    }

    /// Whether the client names the media type itself, and not only by a wildcard.
    pub(super) fn names(&self, media_type: &str) -> bool {
        self.of(media_type).is_some()
    }

    /// The quality that the client gives to a media type; zero if it doesn't accept it.
    pub(super) fn quality(&self, media_type: &str) -> f32 {
        let kind = media_type.split_once('/').map(|(kind, _)| format!("{kind}/*"));
        // The most specific range takes precedence.
        self.of(media_type).or_else(|| self.of(&kind?)).or_else(|| self.of("*/*")).unwrap_or(0.0)
    }

    /// The best quality of a range, which may occur several times with different parameters.
    fn of(&self, range: &str) -> Option<f32> {
        self.0.iter().filter(|(name, _)| name == range).map(|(_, quality)| *quality).max_by(f32::total_cmp)
    }
}

/// Splits a header's list at its commas, except in quoted strings.
fn items(list: &str) -> impl Iterator<Item = &str> {
    let mut in_quotes = false;
    list.split(move |c| {
        in_quotes ^= c == '"';
        c == ',' && !in_quotes
    })
}

/// Parses one item of an `Accept` header into a media range in lower case and its quality. Ignores parameters that make
/// no difference: `charset` has no meaning for JSON (RFC 8259, section 11), and the server sends only UTF-8.
fn media_range(item: &str) -> Option<(String, f32)> {
    let mut parts = item.split(';').map(str::trim);
    let range = parts.next().filter(|range| range.contains('/'))?.to_ascii_lowercase();
    let (mut quality, mut specification) = (1.0, None);
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => quality = value.parse().ok().filter(|it| (0.0..=1.0).contains(it)).unwrap_or(1.0),
            "subscriptionspec" => specification = Some(value == SUBSCRIPTION_SPEC),
            // Parts of a response to a query, which the server doesn't send.
            "deferspec" => specification = specification.or(Some(false)),
            _ => {}
        }
    }
    (range != MULTIPART || specification != Some(false)).then_some((range, quality))
}

/// The response formats that a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The media type of a single response; `None` if the client accepts none that the server offers.
    pub json: Option<&'static str>,
    /// The media type of a stream of responses, for a subscription; `None` if the client names none.
    pub stream: Option<&'static str>,
    /// Whether the client prefers a stream of events to a single response.
    pub prefers_events: bool,
}

impl Accepted {
    /// Reads the `Accept` headers. A client that sends none gets plain JSON.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let Some(ranges) = MediaRanges::from_headers(headers) else {
            return Self { json: Some(PLAIN_JSON), stream: None, prefers_events: false };
        };
        let (modern, older) = (ranges.quality(GRAPHQL_JSON), ranges.quality(PLAIN_JSON));
        // Without a preference, use the type that every client understands, unless the client names the newer one.
        let prefers_modern = modern > older || (modern >= older && ranges.names(GRAPHQL_JSON));
        let json = if prefers_modern { (GRAPHQL_JSON, modern) } else { (PLAIN_JSON, older) };
        // A wildcard selects no stream: a client that does not name it might not handle an endless response.
        let named = |media_type: &str| if ranges.names(media_type) { ranges.quality(media_type) } else { 0.0 };
        let (events, multipart) = (named(EVENT_STREAM), named(MULTIPART));
        let stream = if events >= multipart { (EVENT_STREAM, events) } else { (MULTIPART, multipart) };
        Self {
            json: (json.1 > 0.0).then_some(json.0),
            stream: (stream.1 > 0.0).then_some(stream.0),
            prefers_events: events > json.1,
        }
    }
}
