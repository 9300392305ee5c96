//! The page of the GraphiQL console.

use axum::{
    extract::State,
    http::header,
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::{
    server::Server,
    web::{HEADERS, PERMISSIONS},
};

/// The placeholder for the nonce in the page.
const NONCE: &str = "{{nonce}}";

/// The page. Each response has its own nonce.
pub(super) async fn console(State(server): State<Server>) -> Response {
    let nonce = BASE64.encode(rand::random::<[u8; 16]>());
    // The editor, Monaco, requires two exceptions to "only our own files". Its <style> elements are allowed by the
    // page's nonce (web/src/console/nonce.js). It positions its lines by style attributes, which cannot have a nonce;
    // they are harmless, because nothing may be loaded from other origins. Its stylesheet contains the underlines as
    // data URLs.
    let policy = format!(
        "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'; \
         style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; font-src 'self' data:; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        PERMISSIONS,
        // A nonce must not be reused.
        (header::CACHE_CONTROL, "no-store"),
    ];
    (HEADERS, headers, Html(server.web.console.replace(NONCE, &nonce))).into_response()
}
