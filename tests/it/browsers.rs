//! Browsers: the console, and requests from pages of other origins.

use std::{collections::HashSet, sync::Arc};

use guildhall::http::CorsOrigin;
use reqwest::{
    Method, Response, StatusCode,
    header::{HeaderMap, HeaderValue},
};
use serde_json::{Value, json};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, client::IntoClientRequest},
};

use crate::support::{
    TestApp, TestServer,
    documents::GUILD_SLUG,
    process::{ServerProcess, run, stdout},
};

const ALLOWED_ORIGIN: &str = "https://guild.example";
const OTHER_ORIGIN: &str = "https://stranger.example";

/// The value of a header; an empty string if it is absent.
fn header<'r>(headers: &'r HeaderMap, name: &str) -> &'r str {
    headers.get(name).map_or("", |it| it.to_str().unwrap())
}

/// The values of a header that holds a list, in lower case. The list may span several lines.
fn header_list(headers: &HeaderMap, name: &str) -> HashSet<String> {
    let lines = headers.get_all(name).iter().map(|it| it.to_str().unwrap());
    lines.flat_map(|line| line.split(',')).map(|it| it.trim().to_ascii_lowercase()).collect()
}

async fn serve(origins: &[&str], proxies: &[&str]) -> TestServer {
    let app = TestApp::on_sqlite().await;
    app.guild("gg").await;
    TestServer::with_origins(Arc::clone(&app.app), origins, proxies).await
}

/// Sends the CORS preflight request of a page of this origin.
async fn preflight(http: &TestServer, path: &str, origin: &str) -> Response {
    let request = http.client.request(Method::OPTIONS, http.url(path)).header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "POST");
    request
        .header("Access-Control-Request-Headers", "authorization,content-type,x-guild,x-request-id,traceparent")
        .send()
        .await
        .unwrap()
}

async fn send_query(http: &TestServer, origin: &str) -> Response {
    http.post(&json!({ "query": GUILD_SLUG })).header("Origin", origin).send().await.unwrap()
}

/// The status of the response to a WebSocket upgrade with these headers.
async fn upgrade(http: &TestServer, headers: &[(&'static str, &str)]) -> u16 {
    let mut request = format!("ws://{}/graphql", http.address).into_client_request().unwrap();
    request.headers_mut().insert("Sec-WebSocket-Protocol", "graphql-transport-ws".parse().unwrap());
    for (name, value) in headers {
        let value = value.parse().unwrap();
        // `Host` replaces the client's own; other headers may occur several times.
        match *name {
            "Host" => drop(request.headers_mut().insert("Host", value)),
            name => drop(request.headers_mut().append(name, value)),
        }
    }
    match connect_async(request).await {
        Ok((_, response)) => response.status().as_u16(),
        Err(Error::Http(response)) => response.status().as_u16(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn an_origin_is_a_scheme_a_host_and_an_optional_port() {
    for (given, normalized) in [
        ("https://guild.example", "https://guild.example"),
        (" HTTPS://Guild.Example:443 ", "https://guild.example"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://guild.example:443", "http://guild.example:443"),
        ("http://[::1]:80", "http://[::1]"),
        // Apps on phones and desktops.
        ("capacitor://localhost", "capacitor://localhost"),
        ("Tauri://Localhost", "tauri://localhost"),
        ("http://tauri.localhost", "http://tauri.localhost"),
        ("app://localhost:80", "app://localhost:80"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
    ] {
        assert_eq!(given.parse(), Ok(CorsOrigin::Exactly(HeaderValue::from_static(normalized))), "{given}");
    }
    assert_eq!("*".parse(), Ok(CorsOrigin::Any));
    for wrong in [
        "",
        "null",
        "guild.example",
        "//guild.example",
        "https://",
        "https://guild.example/",
        "https://guild.example/app",
        "https://guild.example?x",
        "https://guild.example#x",
        "https://guild.example:",
        "https://guild.example:port",
        "https://guild.example:70000",
        "https://user@guild.example",
        "https://*.guild.example",
        "https://a.example https://b.example",
        "ftp://guild.example",
        "wss://guild.example",
        "file:///index.html",
        "file://localhost",
        "capacitor://",
        "capacitor:localhost",
        "1app://localhost",
        "a pp://localhost",
        "https://gülde.example",
    ] {
        assert!(wrong.parse::<CorsOrigin>().is_err(), "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_cors_headers_are_sent_unless_origins_are_configured() {
    let http = serve(&[], &[]).await;
    let refused = preflight(&http, "/graphql", ALLOWED_ORIGIN).await;
    assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
    let response = send_query(&http, ALLOWED_ORIGIN).await;
    assert_eq!(response.status(), StatusCode::OK);
    for headers in [refused.headers(), response.headers()] {
        assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_pages_of_configured_origins_may_query() {
    let http = serve(&[ALLOWED_ORIGIN, "http://localhost:5173"], &[]).await;
    for origin in [ALLOWED_ORIGIN, "http://localhost:5173"] {
        let response = preflight(&http, "/graphql", origin).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(header(headers, "access-control-allow-origin"), origin);
        assert_eq!(header(headers, "vary"), "origin");
        assert_eq!(
            header_list(headers, "access-control-allow-methods"),
            HashSet::from(["get", "post"].map(String::from))
        );
        let allowed = header_list(headers, "access-control-allow-headers");
        // Tools add headers of their own.
        for name in ["authorization", "content-type", "x-guild", "x-request-id", "traceparent"] {
            assert!(allowed.contains(name), "{name}: {allowed:?}");
        }
        assert!(header(headers, "access-control-max-age").parse::<u64>().unwrap() > 0);
        let response = send_query(&http, origin).await;
        let headers = response.headers().clone();
        assert_eq!(header(&headers, "access-control-allow-origin"), origin);
        assert_eq!(header(&headers, "access-control-expose-headers"), "x-request-id,x-guildhall-build,retry-after");
        assert!(header_list(&headers, "vary").contains("origin"));
        assert_eq!(header(&headers, "access-control-allow-credentials"), "");
        assert_eq!(response.json::<Value>().await.unwrap()["data"]["guild"]["slug"], "gg");
    }
    // Similar origins are not equal, and a page without an origin sends `null`.
    for origin in [
        OTHER_ORIGIN,
        "http://guild.example",
        "https://guild.example:8443",
        "https://guild.example.evil.example",
        "null",
    ] {
        for response in [preflight(&http, "/graphql", origin).await, send_query(&http, origin).await] {
            assert_eq!(header(response.headers(), "access-control-allow-origin"), "", "{origin}");
            assert!(header_list(response.headers(), "vary").contains("origin"), "{origin}");
        }
    }
    // Pages can read refusals too, and event streams, which need no preflight.
    let refused = http
        .post(&json!({ "query": "{" }))
        .header("Origin", ALLOWED_ORIGIN)
        .header("X-Guild", "nowhere")
        .send()
        .await
        .unwrap();
    assert!(refused.status().is_client_error());
    assert_eq!(header(refused.headers(), "access-control-allow-origin"), ALLOWED_ORIGIN);
    let events =
        http.client.get(http.url("/graphql?query=%7Bguild%7Bslug%7D%7D")).header("Accept", "text/event-stream");
    let events = events.header("Origin", ALLOWED_ORIGIN).send().await.unwrap();
    assert_eq!(header(events.headers(), "content-type"), "text/event-stream");
    assert_eq!(header(events.headers(), "access-control-allow-origin"), ALLOWED_ORIGIN);
    // CORS applies to the API only.
    for path in ["/graphiql", "/health/ready", "/metrics"] {
        let other = preflight(&http, path, ALLOWED_ORIGIN).await;
        assert_eq!(other.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let other = http.client.get(http.url(path)).header("Origin", ALLOWED_ORIGIN).send().await.unwrap();
        assert_eq!(header(other.headers(), "access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_star_allows_pages_of_any_origin() {
    let http = serve(&["*"], &[]).await;
    for origin in [OTHER_ORIGIN, "null"] {
        for response in [preflight(&http, "/graphql", origin).await, send_query(&http, origin).await] {
            assert_eq!(header(response.headers(), "access-control-allow-origin"), "*");
            assert_eq!(header(response.headers(), "access-control-allow-credentials"), "");
        }
        assert_eq!(upgrade(&http, &[("Origin", origin)]).await, 101);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_are_open_to_own_pages_configured_origins_and_native_clients() {
    let http = serve(&[ALLOWED_ORIGIN], &[]).await;
    let own = format!("http://{}", http.address);
    for (headers, status) in [
        (&[][..], 101),
        (&[("Origin", own.as_str())], 101),
        (&[("Origin", ALLOWED_ORIGIN)], 101),
        // Behind a proxy that terminates TLS and forwards the `Host` header.
        (&[("Host", "vote.example"), ("Origin", "https://vote.example")], 101),
        (&[("Host", "vote.example:443"), ("Origin", "https://vote.example")], 101),
        (&[("Origin", OTHER_ORIGIN)], 403),
        (&[("Origin", "null")], 403),
        (&[("Origin", "http://guild.example")], 403),
        (&[("Origin", "http://127.0.0.1")], 403),
        (&[("Host", "vote.example"), ("Origin", "https://vote.example:8443")], 403),
        (&[("Host", "null"), ("Origin", "null")], 403),
        (&[("Origin", ALLOWED_ORIGIN), ("Origin", OTHER_ORIGIN)], 403),
        // Only a trusted proxy may send this header.
        (&[("X-Forwarded-Host", "stranger.example"), ("Origin", OTHER_ORIGIN)], 403),
    ] {
        assert_eq!(upgrade(&http, headers).await, status, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn apps_may_call_the_server_when_their_origins_are_named() {
    const APPS: [&str; 2] = ["capacitor://localhost", "tauri://localhost"];
    let (http, other) = (serve(&APPS, &[]).await, serve(&[ALLOWED_ORIGIN], &[]).await);
    for app in APPS {
        assert_eq!(header(preflight(&http, "/graphql", app).await.headers(), "access-control-allow-origin"), app);
        assert_eq!(header(send_query(&http, app).await.headers(), "access-control-allow-origin"), app);
        assert_eq!(upgrade(&http, &[("Origin", app)]).await, 101);
        assert_eq!(header(send_query(&other, app).await.headers(), "access-control-allow-origin"), "");
        assert_eq!(upgrade(&other, &[("Origin", app)]).await, 403);
        // An app is never the server's own page, even if it has the server's host.
        assert_eq!(upgrade(&other, &[("Host", "localhost"), ("Origin", app)]).await, 403);
    }
    assert_eq!(upgrade(&http, &[("Origin", "ionic://localhost")]).await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_origin_is_logged_once_a_minute_with_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    let bootstrap = ["bootstrap", "--guild", "gg", "--guild-name", "GG", "--leader", "leader"];
    stdout(&run(folder.path(), &bootstrap));
    let serve = ["serve", "--bind", "127.0.0.1:0", "--cors-origins", ALLOWED_ORIGIN];
    let served = ServerProcess::start(folder.path(), &serve);
    let client = reqwest::Client::new();
    let send = async |method: Method, origin: &str| {
        let request =
            client.request(method, &served.url).header("Origin", origin).json(&json!({ "query": GUILD_SLUG }));
        request.send().await.unwrap();
    };
    // Neither allowed origins nor those that have no name are logged.
    for origin in [ALLOWED_ORIGIN, served.url.trim_end_matches("/graphql"), "null"] {
        send(Method::POST, origin).await;
    }
    let long = format!("https://{}.example", "x".repeat(300));
    for _ in 0..3 {
        for method in [Method::OPTIONS, Method::POST] {
            send(method, &long).await;
        }
    }
    let log = tokio::task::spawn_blocking(move || served.stop()).await.unwrap();
    let warnings: Vec<&String> = log.iter().filter(|line| line.contains("GUILDHALL_CORS_ORIGINS")).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("WARN") && warnings[0].contains("https://xxx") && warnings[0].len() < 500,
        "{warnings:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_proxy_names_the_requested_host() {
    let http = serve(&[], &["127.0.0.0/8"]).await;
    let own = format!("http://{}", http.address);
    for (headers, status) in [
        (&[("X-Forwarded-Host", "vote.example"), ("Origin", "https://vote.example")][..], 101),
        (&[("X-Forwarded-Host", "vote.example, inner.example"), ("Origin", "https://vote.example")], 101),
        (&[("X-Forwarded-Host", "vote.example"), ("Origin", OTHER_ORIGIN)], 403),
        (&[("X-Forwarded-Host", "vote.example"), ("Origin", own.as_str())], 403),
        (&[("Origin", own.as_str())], 101),
    ] {
        assert_eq!(upgrade(&http, headers).await, status, "{headers:?}");
    }
}

/// The policy allows nothing from other hosts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_is_served_under_a_strict_policy() {
    let http = serve(&[], &[]).await;
    let mut nonces = HashSet::new();
    for _ in 0..2 {
        let page = http.client.get(http.url("/graphiql")).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        let headers = page.headers().clone();
        let policy: Vec<&str> = header(&headers, "content-security-policy").split(';').map(str::trim).collect();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(&directive), "no {directive} in {policy:?}");
        }
        assert!(
            policy.iter().all(|it| !it.contains("unsafe-eval") && !it.contains("http") && !it.contains("blob:")),
            "{policy:?}"
        );
        let inline: Vec<_> = policy.iter().filter(|it| it.contains("unsafe-inline")).collect();
        assert_eq!(inline, [&"style-src-attr 'unsafe-inline'"]);
        let styles = policy.iter().find_map(|it| it.strip_prefix("style-src 'self' 'nonce-")).unwrap();
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(header(&headers, name), value, "{name}");
        }
        assert!(header(&headers, "permissions-policy").contains("camera=()"));
        let text = page.text().await.unwrap();
        assert!(!text.contains("https://unpkg") && !text.contains("//cdn") && !text.contains("{{"), "{text}");
        let nonce = styles.strip_suffix('\'').unwrap();
        assert!(text.contains(&format!("nonce=\"{nonce}\"")), "{text}");
        nonces.insert(styles.to_owned());
    }
    assert_eq!(nonces.len(), 2, "each response has its own nonce");
    assert_eq!(http.client.get(http.url("/graphiql/nothing.js")).send().await.unwrap().status(), StatusCode::NOT_FOUND);
}
