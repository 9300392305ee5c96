//! Entity tags: what a browser has is not sent again (RFC 9110, sections 8.8.3 and 13.1.2).

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

/// The entity tag of a content.
pub(super) fn of(content: &[u8]) -> String {
    format!("\"{}\"", base16ct::lower::encode_string(&Sha256::digest(content)))
}

/// Whether the browser has cached the content with this tag.
pub(super) fn is_cached(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    let mut tags = tags.flat_map(|tags| tags.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
