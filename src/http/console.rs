//! The console, as `build.rs` has bundled it.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sha2::{Digest, Sha256};

include!(concat!(env!("OUT_DIR"), "/console_assets.rs"));

/// What stands in the page where its nonce belongs.
const NONCE: &str = "{{nonce}}";

/// For the page and all that it loads. No other page may open, frame or read them.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
/// What a page may ask its reader for, and this one never does.
const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// The page, with a policy of its own each time.
pub(super) async fn console() -> Response {
    let nonce = BASE64.encode(rand::random::<[u8; 16]>());
    // The editor, Monaco, forces two exceptions to "nothing but our own files". It makes <style> elements, which are let in by
    // the page's nonce (console/src/nonce.js), and lays out its lines by style attributes, for which there is no nonce: what a
    // style attribute can do is bounded, since nothing may be loaded from elsewhere. The font of its icons and its underlines
    // stand as data in the stylesheet.
    let policy = format!(
        "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; \
         style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; font-src data:; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        // A nonce is good once.
        (header::CACHE_CONTROL, "no-store"),
    ];
    (HEADERS, headers, Html(PAGE.replace(NONCE, &nonce))).into_response()
}

/// One of the page's files. It is kept by browsers, which ask each time whether it is still the same.
pub(super) async fn console_asset(Path(name): Path<String>, asked: HeaderMap) -> Response {
    let Some(((_, content_type, gzipped), etag)) =
        ASSETS.iter().zip(ETAGS.iter()).find(|((path, ..), _)| *path == name)
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let caching = [(header::CACHE_CONTROL, "no-cache"), (header::ETAG, etag.as_str())];
    if is_known(&asked, etag) {
        return (StatusCode::NOT_MODIFIED, HEADERS, caching).into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, *content_type),
        // Whatever is accepted: it is browsers alone that load these, and all of them take gzip.
        (header::CONTENT_ENCODING, "gzip"),
        // A worker goes by its own policy, and needs nothing but itself.
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    (HEADERS, caching, headers, *gzipped).into_response()
}

/// Each asset's tag, by what is in it.
static ETAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let tag = |bytes: &[u8]| format!("\"{}\"", base16ct::lower::encode_string(&Sha256::digest(bytes)));
    ASSETS.iter().map(|(.., bytes)| tag(bytes)).collect()
});

/// Whether the browser has what bears this tag (RFC 9110, section 13.1.2).
fn is_known(asked: &HeaderMap, etag: &str) -> bool {
    let tags = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
    let mut tags = tags.flat_map(|tags| tags.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
