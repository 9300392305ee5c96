//! The content codings that a client accepts (RFC 9110, section 12.5.3).

use axum::http::{HeaderMap, header};

/// The codings of a client's `Accept-Encoding` headers, each with whether it is acceptable.
pub(super) struct Codings(Vec<(String, bool)>);

impl Codings {
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        Self(values.flat_map(|list| list.split(',')).map(coding).collect())
    }

    /// Whether the client accepts a coding. A client that names none might not know any.
    pub(super) fn accept(&self, coding: &str) -> bool {
        let find = |name: &str| self.0.iter().find(|(known, _)| known == name).map(|(_, is_acceptable)| *is_acceptable);
        find(coding).or_else(|| find("*")).unwrap_or(false)
    }
}

/// Parses an item such as `gzip;q=0.5`.
fn coding(item: &str) -> (String, bool) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let quality = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let is_refused = quality.is_some_and(|(_, value)| value.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0));
    (name, !is_refused)
}
