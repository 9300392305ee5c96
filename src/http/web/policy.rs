//! Headers of the pages and their files.

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, header};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use sha2::{Digest, Sha256};

/// Headers of the pages and their files. No other page may open, frame or read them.
pub const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Permissions that the pages never request from their users.
pub const PERMISSIONS: (HeaderName, &str) = (
    HeaderName::from_static("permissions-policy"),
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
);

/// The contents of the `<style>` elements that React Aria creates (<https://github.com/adobe/react-spectrum/issues/8273>):
/// for all that can be pressed, and on iOS while a dialog is open.
const LIBRARY_STYLES: [&str; 2] = [
    "@layer {\n  [data-react-aria-pressable] {\n    touch-action: pan-x pan-y pinch-zoom;\n  }\n}",
    "@layer {\n  * {\n    overscroll-behavior: contain;\n  }\n}",
];

/// The content security policy of the app's pages: only own files, and no other host.
pub static APP_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hashes = LIBRARY_STYLES.map(|style| format!("'sha256-{}'", BASE64.encode(Sha256::digest(style)))).join(" ");
    let policy = format!(
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' {hashes}; font-src 'self'; \
         img-src 'self' data:; manifest-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types guildhall"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// The content security policy of a page's file. A worker has its own policy: it may import its modules, and nothing
/// else.
pub const FILE_POLICY: &str = "default-src 'none'; script-src 'self'";
