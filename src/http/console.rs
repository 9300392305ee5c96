//! The console, bundled by `build.rs`.

use std::sync::LazyLock;

use axum::{
    Extension,
    extract::Path,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sha2::{Digest, Sha256};

use super::response_body::OwnedBytes;

include!(concat!(env!("OUT_DIR"), "/console_assets.rs"));

/// The placeholder for the nonce in the page.
const NONCE: &str = "{{nonce}}";

/// Headers of the page and its files. No other page may open, frame or read them.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
/// Permissions that the page never requests from its user.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// The page. Each response has its own nonce.
pub(super) async fn console() -> Response {
    let nonce = BASE64.encode(rand::random::<[u8; 16]>());
    // The editor, Monaco, requires three exceptions to "only our own files". Its <style> elements are allowed by the
    // page's nonce (console/src/nonce.js). It positions its lines by style attributes, which cannot have a nonce; they
    // are harmless, because nothing may be loaded from other origins. Its stylesheet contains the icon font and the
    // underlines as data URLs.
    let policy = format!(
        "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; \
         style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; font-src data:; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        // A nonce must not be reused.
        (header::CACHE_CONTROL, "no-store"),
    ];
    (HEADERS, headers, Html(PAGE.replace(NONCE, &nonce))).into_response()
}

/// One of the page's files. Browsers cache it and revalidate it each time.
pub(super) async fn console_asset(Path(name): Path<String>, request_headers: HeaderMap) -> Response {
    let Some(((_, content_type, gzipped), etag)) =
        ASSETS.iter().zip(ETAGS.iter()).find(|((path, ..), _)| *path == name)
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let caching = [(header::CACHE_CONTROL, "no-cache"), (header::ETAG, etag.as_str())];
    if is_cached(&request_headers, etag) {
        return (StatusCode::NOT_MODIFIED, HEADERS, caching).into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, *content_type),
        // `Accept-Encoding` is ignored: only browsers load these files, and all of them accept gzip.
        (header::CONTENT_ENCODING, "gzip"),
        // A worker has its own policy, and loads nothing else.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    // The files are part of the program, so a client that reads slowly holds no memory.
    (HEADERS, caching, headers, Extension(OwnedBytes(0)), *gzipped).into_response()
}

/// The entity tag of each file, a hash of its content.
static ETAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tag = |bytes: &[u8]| format!("\"{}\"", base16ct::lower::encode_string(&Sha256::digest(bytes)));
    ASSETS.iter().map(|(.., bytes)| tag(bytes)).collect()
});

/// Whether the browser has cached the file with this tag (RFC 9110, section 13.1.2).
fn is_cached(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    let mut tags = tags.flat_map(|tags| tags.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
