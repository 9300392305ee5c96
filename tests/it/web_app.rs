//! The web app: its pages, their files, and the previews of links to them.

use std::{sync::Arc, time::Duration};

use guildhall::{
    api::{Graph, Settings},
    http::{RequestRates, WebFiles},
};
use reqwest::{RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    TestApp, TestCampaign, TestServer,
    documents::CANCEL_CAMPAIGN,
    on_both,
    web::{PAGE, WEB},
};

const SCRIPT: &str = "/assets/app-Bx7_k2-Q.js";

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// A request as a browser sends it when it opens a page.
fn open(http: &TestServer, path: &str) -> RequestBuilder {
    http.client.get(http.url(path)).header("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
}

async fn text(request: RequestBuilder) -> (StatusCode, String) {
    let response = request.send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

/// The value of a preview's property.
fn property(page: &str, name: &str) -> String {
    let start = format!("<meta property=\"og:{name}\" content=\"");
    let (_, rest) = page.split_once(&start).unwrap_or_else(|| panic!("no {name} in {page}"));
    rest.split_once('"').unwrap().0.to_owned()
}

/// The preview of a page: the name of the site, title and description.
async fn preview(http: &TestServer, path: &str) -> (String, String, String) {
    let (_, page) = text(open(http, path)).await;
    let description = property(&page, "description");
    assert!(page.contains(&format!("<meta name=\"description\" content=\"{description}\">")), "{page}");
    (property(&page, "site_name"), property(&page, "title"), description)
}

/// The app's paths, with a value for each parameter.
fn listed_paths() -> Vec<String> {
    let list: Vec<Value> = serde_json::from_str(WEB.routes).unwrap();
    let list: Vec<&str> = list.iter().map(|page| page["path"].as_str().unwrap()).collect();
    assert!(list.contains(&"/votes/:id"), "{list:?}");
    let part = |part: &str| if part.starts_with(':') { "x1".to_owned() } else { part.to_owned() };
    list.iter().map(|path| path.split('/').map(part).collect::<Vec<_>>().join("/")).collect()
}

#[on_both]
async fn each_listed_path_is_a_page_and_none_hides_an_endpoint(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    for path in listed_paths() {
        let of_guild = format!("/g/gg{path}");
        for path in [&path, &of_guild, &format!("{path}?q=1")] {
            let (status, page) = text(http.client.get(http.url(path))).await;
            assert!(status == StatusCode::OK && page.contains("id=\"app\""), "{path}: {status} {page}");
        }
    }
    for endpoint in ["/graphql", "/graphiql", "/health/live", "/health/ready", "/metrics"] {
        let (_, body) = text(open(&http, endpoint)).await;
        assert!(!body.contains("id=\"app\""), "{endpoint} is a page of the app");
    }
}

#[on_both]
async fn a_page_loads_its_scripts_early(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let link = |script: &str| format!("<link rel=\"modulepreload\" crossorigin href=\"/assets/{script}-Bx7_k2-Q.js\">");
    for path in ["/votes/x1", "/g/gg/votes/x1/"] {
        let (_, page) = text(open(&http, path)).await;
        let head = page.split_once("</head>").unwrap().0;
        for script in ["VotePage", "parts"] {
            assert!(head.contains(&link(script)), "{path}: {page}");
        }
    }
    for path in ["/votes", "/roster", "/nowhere", "/admin/votes/new"] {
        let (_, page) = text(open(&http, path)).await;
        assert!(!page.contains("modulepreload"), "{path}: {page}");
    }
}

#[on_both]
async fn an_unknown_path_is_a_page_for_browsers_only(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    for path in [
        "/nowhere",
        "/index.html",
        "/preloads.json",
        "/votes/a/b",
        "/g",
        "/g/",
        "/g/gg/nowhere",
        "//",
        "/health",
        "/graphiql/x",
    ] {
        let (status, page) = text(open(&http, path)).await;
        assert!(status == StatusCode::NOT_FOUND && page.contains("id=\"app\""), "{path}: {status} {page}");
        for accept in ["", "*/*", "text/*", "application/json", "text/html;q=0", "image/avif,*/*"] {
            let (status, body) = text(http.client.get(http.url(path)).header("Accept", accept)).await;
            assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, ""), "{path} {accept}");
        }
    }
    for path in ["/assets/", "/assets/nothing.js", "/assets/app-Bx7_k2-Q.js.br"] {
        let (status, body) = text(open(&http, path)).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, ""), "{path}");
    }
    for (path, status) in [("/", 405), ("/votes", 405), (SCRIPT, 405), ("/nowhere", 404)] {
        let response = http.client.post(http.url(path)).header("Accept", "text/html").send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(header(response.headers(), "allow"), if status == 405 { "GET, HEAD" } else { "" });
    }
}

#[on_both]
async fn paths_that_leave_the_files_are_not_found(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    // A client library would normalize these paths.
    for target in [
        "/../Cargo.toml",
        "/assets/../index.html",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%00",
        "/assets//app-Bx7_k2-Q.js",
        "/assets\\app-Bx7_k2-Q.js",
        "/%",
        "/g/%2e%2e/votes/%ff%fe/x",
        "http://other.example/assets/none.js",
        "*",
    ] {
        let mut stream = TcpStream::connect(http.address).await.unwrap();
        let head = format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let status = response.split(' ').nth(1).unwrap();
        assert!(["400", "404"].contains(&status), "{target}: {response}");
    }
}

#[on_both]
async fn pages_have_a_strict_policy_and_are_revalidated(app: TestApp) {
    app.guild("gg").await;
    let http = app.serve().await;
    let page = open(&http, "/votes").send().await.unwrap();
    let headers = page.headers().clone();
    let policy: Vec<&str> = header(&headers, "content-security-policy").split("; ").collect();
    for directive in [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "font-src 'self'",
        "img-src 'self' data:",
        "manifest-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types guildhall",
        // The hashes are those of React Aria's two style elements, as `openssl dgst -sha256 -binary | base64` prints them.
        "style-src 'self' 'sha256-38RhXrc7EdReTKsOm23ZPOCUgniTUUcjky8QOOrQx6o=' 'sha256-gYiS/BvZvRcK27JIXTuwhZ3hs2+VJ1X+2gUlE+farlg='",
    ] {
        assert!(policy.contains(&directive), "no {directive} in {policy:?}");
    }
    assert_eq!(policy.len(), 13, "{policy:?}");
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-cache"),
        ("vary", "accept"),
    ] {
        assert_eq!(header(&headers, name), value, "{name}");
    }
    let (etag, length) = (header(&headers, "etag"), header(&headers, "content-length"));
    assert!(page.text().await.unwrap().starts_with(PAGE.split_once("</head>").unwrap().0));
    let head = http.client.head(http.url("/votes")).send().await.unwrap();
    assert_eq!((head.status(), header(head.headers(), "etag")), (StatusCode::OK, etag));
    assert_eq!(header(head.headers(), "content-length"), length);
    assert_eq!(head.text().await.unwrap(), "");
    for known in [etag, "*", &format!("W/{etag}"), &format!("\"other\", {etag}")] {
        let cached = open(&http, "/votes").header("If-None-Match", known).send().await.unwrap();
        assert_eq!((cached.status(), header(cached.headers(), "etag")), (StatusCode::NOT_MODIFIED, etag), "{known}");
        assert_eq!(cached.text().await.unwrap(), "");
    }
    let changed = open(&http, "/votes").header("If-None-Match", "\"other\"").send().await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    // A page that is not there is never "not modified".
    let missing = open(&http, "/nowhere").header("If-None-Match", etag).send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}

#[on_both]
async fn files_come_in_the_best_form_that_the_client_accepts(app: TestApp) {
    let http = app.serve().await;
    let get = async |path: &str, encodings: &str| -> Response {
        http.client.get(http.url(path)).header("Accept-Encoding", encodings).send().await.unwrap()
    };
    for (encodings, coding, content) in [
        ("gzip, deflate, br, zstd", "br", "brotli"),
        ("br;q=0.1, gzip", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("GZIP ; q=0.5", "gzip", "gzip"),
        ("br;q=0, gzip", "gzip", "gzip"),
        ("br;q=0.000, *", "gzip", "gzip"),
        ("*", "br", "brotli"),
        ("", "", "'plain'"),
        ("identity", "", "'plain'"),
        ("*;q=0", "", "'plain'"),
        ("deflate, zstd", "", "'plain'"),
    ] {
        let response = get(SCRIPT, encodings).await;
        let headers = response.headers().clone();
        assert_eq!(response.status(), StatusCode::OK);
        for (name, value) in [
            ("content-encoding", coding),
            ("content-type", "text/javascript; charset=utf-8"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("content-security-policy", "default-src 'none'; script-src 'self'"),
            ("vary", "accept-encoding"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(&headers, name), value, "{name} for {encodings}");
        }
        assert_eq!(response.text().await.unwrap(), content, "{encodings}");
        let etag = header(&headers, "etag");
        let cached = http.client.get(http.url(SCRIPT)).header("Accept-Encoding", encodings);
        let cached = cached.header("If-None-Match", etag).send().await.unwrap();
        assert_eq!((cached.status(), header(cached.headers(), "etag")), (StatusCode::NOT_MODIFIED, etag));
    }
    // Each form has its own tag.
    let tags = [get(SCRIPT, "br").await, get(SCRIPT, "gzip").await, get(SCRIPT, "").await];
    let tags = tags.map(|response| header(response.headers(), "etag").to_owned());
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");

    let font = get("/assets/font-C0ffee.woff2", "br").await;
    assert_eq!(
        (header(font.headers(), "content-type"), header(font.headers(), "content-encoding")),
        ("font/woff2", "")
    );
    let robots = get("/robots.txt", "br").await;
    assert_eq!(header(robots.headers(), "cache-control"), "no-cache", "its name has no hash");
    assert_eq!(robots.text().await.unwrap(), "User-agent: *");
    // A file that the program has only in gzip.
    let packed = "/assets/packed-D4ta.js";
    let [compressed, plain] = [get(packed, "gzip").await, get(packed, "").await];
    assert_eq!((header(compressed.headers(), "content-encoding"), compressed.status()), ("gzip", StatusCode::OK));
    assert_eq!((header(plain.headers(), "content-encoding"), header(plain.headers(), "content-length")), ("", "8"));
    assert_ne!(compressed.headers().get("etag"), plain.headers().get("etag"));
    assert_eq!(plain.text().await.unwrap(), "'packed'");
    // Parts are not offered, so the whole file is the response.
    let part = http.client.get(http.url(SCRIPT)).header("Range", "bytes=0-1").send().await.unwrap();
    assert_eq!((part.status(), part.text().await.unwrap().as_str()), (StatusCode::OK, "'plain'"));
    let head = http.client.head(http.url(SCRIPT)).send().await.unwrap();
    assert_eq!((head.status(), header(head.headers(), "content-length")), (StatusCode::OK, "7"));
}

#[on_both]
async fn a_preview_names_the_guild_and_what_a_visitor_may_see(app: TestApp) {
    let (guild, other) = (app.guild("gg").await, app.guild("other").await);
    let leader = guild.leader().await;
    let public = json!({ "title": "Where next?", "durationHours": 72, "minRankLevelToView": null });
    let vote = TestCampaign::live(&leader, 2, public.clone()).await;
    let hidden = TestCampaign::live(&leader, 2, json!({ "title": "Secret", "minRankLevelToView": 2 })).await;
    let draft = TestCampaign::draft(&leader, 2, json!({ "title": "Draft" })).await;
    let foreign = TestCampaign::live(&other.leader().await, 2, public).await;
    let http = app.serve().await;

    let name = "gg".to_owned();
    let home = text(open(&http, "/")).await;
    let texts = preview(&http, "/").await;
    assert_eq!((&texts.0, &texts.1), (&name, &name));
    let live = preview(&http, &format!("/votes/{}", vote.id)).await;
    assert_eq!(live, (name.clone(), "Where next?".to_owned(), "Voting closes in 3 days.".to_owned()));
    assert_eq!(preview(&http, &format!("/g/gg/votes/{}", vote.id)).await, live);
    let unknown = text(open(&http, "/votes/unknown")).await;
    assert_eq!(preview(&http, "/votes/unknown").await, texts);
    for id in [&hidden.id, &draft.id, &foreign.id, "%00", "a%22b", "-"] {
        assert_eq!(text(open(&http, &format!("/votes/{id}"))).await, unknown, "{id}");
    }
    assert_eq!(text(open(&http, &format!("/g/gg/votes/{}", hidden.id))).await, unknown);
    for path in ["/roster", "/login", "/votes/", &format!("/admin/votes/{}", vote.id)] {
        assert_eq!(text(open(&http, path)).await, home, "{path}");
    }
    let others = preview(&http, &format!("/g/other/votes/{}", foreign.id)).await;
    assert_eq!(others.1, "Where next?");
    assert_eq!(preview(&http, &format!("/g/other/votes/{}", vote.id)).await, preview(&http, "/g/other/").await);
    let (_, nowhere) = text(open(&http, "/g/nowhere/votes")).await;
    assert_eq!(property(&nowhere, "title"), "Guildhall");
    // The app shows no frame of a guild that does not exist.
    assert!(!nowhere.contains("og:site_name"), "{nowhere}");

    let etag = async || {
        let page = open(&http, &format!("/votes/{}", vote.id)).send().await.unwrap();
        header(page.headers(), "etag").to_owned()
    };
    let before = etag().await;
    for (hours, left) in [(24, "in 2 days"), (1, "in 47 hours"), (46, "in an hour")] {
        app.clock.advance(Duration::from_hours(hours));
        let (.., description) = preview(&http, &format!("/votes/{}", vote.id)).await;
        assert!(description.contains(left), "{left}: {description}");
    }
    assert_ne!(etag().await, before, "the tag covers the preview");
}

#[on_both]
async fn a_preview_names_the_winners_once_the_vote_is_closed(app: TestApp) {
    let guild = app.guild("gg").await;
    let (leader, voter) = (guild.leader().await, guild.member("voter", "Member").await);
    let http = app.serve().await;
    let public = json!({ "title": "<b>\"Q&A\"</b> 'n' {{nonce}} </head>", "minRankLevelToView": null });
    let vote = TestCampaign::live(&leader, 2, public).await;
    let path = format!("/votes/{}", vote.id);
    vote.vote(&voter, &[1]).await;
    let (_, page) = text(open(&http, &path)).await;
    assert_eq!(property(&page, "title"), "&lt;b&gt;&quot;Q&amp;A&quot;&lt;/b&gt; &#39;n&#39; {{nonce}} &lt;/head&gt;");
    assert_eq!(page.matches("</head>").count(), 1, "{page}");
    assert!(!page.contains("entry 1"), "{page}");
    vote.close(&leader).await;
    assert_eq!(preview(&http, &path).await.2, "Winner: entry 1");

    let tied = TestCampaign::live(&leader, 2, json!({ "minRankLevelToView": null })).await;
    tied.vote(&voter, &[0]).await;
    tied.vote(&leader, &[1]).await;
    let empty = TestCampaign::live(&leader, 2, json!({ "minRankLevelToView": null })).await;
    let cancelled = TestCampaign::live(&leader, 2, json!({ "minRankLevelToView": null })).await;
    cancelled.vote(&voter, &[1]).await;
    leader.ok(CANCEL_CAMPAIGN, json!({ "input": { "id": cancelled.id, "reason": "Wrong entries" } })).await;
    let (.., description) = preview(&http, &format!("/votes/{}", cancelled.id)).await;
    assert_eq!(description, "This vote was cancelled, so it has no result.");
    for (vote, description) in
        [(tied, "First place is shared: entry 0, entry 1"), (empty, "This vote closed without a ballot.")]
    {
        vote.close(&leader).await;
        assert_eq!(preview(&http, &format!("/votes/{}", vote.id)).await.2, description);
    }
}

#[on_both]
async fn the_apps_documents_fit_the_schema_and_run_by_id(app: TestApp) {
    app.guild("gg").await;
    // With default limits, and without introspection.
    let committed = Settings { manifest: Some(WEB.documents.to_owned()), introspection: false, ..Settings::default() };
    Graph::with(&committed).map(|_| ()).unwrap();

    let manifest = json!({ "app-1": "query App { guild { slug } }" }).to_string();
    let other = json!({ "other-1": "query Other { guild { name } }" }).to_string();
    let post = async |http: &TestServer, body: Value| -> Value {
        http.post(&body).send().await.unwrap().json().await.unwrap()
    };
    for manifest_of_operator in [None, Some(other)] {
        let is_restricted = manifest_of_operator.is_some();
        let settings = Settings {
            app_documents: Some(manifest.clone()),
            manifest: manifest_of_operator,
            introspection: false,
            ..Settings::default()
        };
        let http = TestServer::start_with(Arc::clone(&app.app), &settings, RequestRates::default()).await;
        for body in [
            json!({ "documentId": "app-1" }),
            json!({ "documentId": "sha256:app-1" }),
            json!({ "extensions": { "persistedQuery": { "version": 1, "sha256Hash": "app-1" } } }),
            json!({ "query": "", "documentId": "app-1" }),
            json!({ "query": "query App {\n  guild { slug }\n}", "documentId": "app-1" }),
            json!({ "query": "query App { guild { slug } }" }),
        ] {
            assert_eq!(post(&http, body.clone()).await["data"], json!({ "guild": { "slug": "gg" } }), "{body}");
        }
        let other = post(&http, json!({ "documentId": "other-1" })).await;
        assert_eq!(other["data"]["guild"]["name"] == json!("gg"), is_restricted, "{other}");
        let unknown = post(&http, json!({ "query": "{ guild { region } }" })).await;
        assert_eq!(unknown["data"].is_object(), !is_restricted, "{unknown}");
        let wrong = post(&http, json!({ "query": "{ guild { region } }", "documentId": "app-1" })).await;
        assert!(wrong["errors"].is_array(), "{wrong}");
    }
    for malformed in ["", "[]", "{\"a\": 1}"] {
        let settings = Settings { app_documents: Some(malformed.to_owned()), ..Settings::default() };
        assert!(Graph::with(&settings).is_err(), "{malformed}");
    }
}

#[test]
fn a_build_without_its_pages_is_refused() {
    let page: &[u8] = PAGE.as_bytes();
    let pages: [(&str, &[u8]); 3] = [("index.html", page), ("graphiql.html", page), ("preloads.json", b"{}")];
    let malformed: &'static [_] = Box::leak(Box::new([pages[0], pages[1], ("preloads.json", b"[]")]));
    let complete: &'static [_] = Box::leak(Box::new(pages));
    assert!(guildhall::http::WebApp::new(&WebFiles { files: complete, ..WEB }).is_ok());
    for web in [
        WebFiles { files: &[], ..WEB },
        WebFiles { files: malformed, ..WEB },
        WebFiles { routes: "{}", ..WEB },
        WebFiles { routes: "[\"/\"]", ..WEB },
    ] {
        assert!(guildhall::http::WebApp::new(&web).is_err(), "{web:?}");
    }
    assert!(guildhall::http::WebApp::new(&WEB).is_ok());
}
