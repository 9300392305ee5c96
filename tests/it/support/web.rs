//! A small web project, as its build would embed it.

use guildhall::http::WebFiles;

/// The app's page, without a preview.
pub const PAGE: &str = "<!doctype html><html><head><title>App</title></head><body><div id=\"app\"></div></body></html>";

/// The web project, with the app's own paths and documents.
pub const WEB: WebFiles = WebFiles {
    files: &[
        ("assets/app-Bx7_k2-Q.js", b"'plain'"),
        ("assets/app-Bx7_k2-Q.js.br", b"brotli"),
        ("assets/app-Bx7_k2-Q.js.gz", b"gzip"),
        ("assets/font-C0ffee.woff2", b"font"),
        ("assets/packed-D4ta.js.gz", b"\x1f\x8b\x08\0\0\0\0\0\x02\x03S/HL\xceNMQ\x07\0n\xd7ca\x08\0\0\0"),
        (
            "graphiql.html",
            b"<!doctype html><html><head><meta property=\"csp-nonce\" nonce=\"{{nonce}}\"></head></html>",
        ),
        ("index.html", PAGE.as_bytes()),
        (
            "preloads.json",
            b"{\"votes/VotePage\":[\"/assets/VotePage-Bx7_k2-Q.js\",\"/assets/parts-Bx7_k2-Q.js\"],\"votes/VotesPage\":[]}",
        ),
        ("robots.txt", b"User-agent: *"),
    ],
    routes: include_str!("../../../web/routes.json"),
    documents: include_str!("../../../web/src/gql/persisted-documents.json"),
};
