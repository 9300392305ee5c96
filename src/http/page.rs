//! Any path without an endpoint: the app's page, or a file that the pages load.

use std::{borrow::Cow, time::Duration};

use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Response},
};

use super::{
    accept::MediaRanges,
    encoding::Codings,
    etag,
    origin::origin,
    response_body::OwnedBytes,
    server::Server,
    web::{APP_POLICY, Asset, FILE_POLICY, HASHED, HEADERS, PERMISSIONS, PagePath},
};
use crate::api::{LinkPreview, link_preview};

/// How long a page waits for its preview. Without the database, the app itself says what is wrong.
const PREVIEW_TIMEOUT: Duration = Duration::from_secs(2);

/// The response to a request for a path without an endpoint.
pub(super) async fn page_or_file(State(server): State<Server>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let path = parts.uri.path();
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    let asset = path.strip_prefix('/').and_then(|path| server.web.assets.get(path));
    let page = server.web.routes.find(path);
    let is_asset_path = path.strip_prefix('/').is_some_and(|path| path.starts_with(HASHED));
    match asset {
        Some(_) if !is_read => not_allowed(),
        None if page.is_listed && !is_read => not_allowed(),
        Some(asset) => file(asset, &parts.headers),
        None if page.is_listed => respond(&server, &parts, &page).await,
        None if is_read && !is_asset_path && accepts_html(&parts.headers) => respond(&server, &parts, &page).await,
        None => (StatusCode::NOT_FOUND, [(header::VARY, header::ACCEPT.as_str())]).into_response(),
    }
}

async fn respond(server: &Server, parts: &Parts, page: &PagePath<'_>) -> Response {
    let body = server.web.page.fill(&preview(server, parts, page).await, page.preloads);
    let etag = etag::of(body.as_bytes());
    let headers = [
        PERMISSIONS,
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, etag.as_str()),
        (header::VARY, header::ACCEPT.as_str()),
    ];
    let policy = (header::CONTENT_SECURITY_POLICY, APP_POLICY.clone());
    if !page.is_listed {
        return (StatusCode::NOT_FOUND, HEADERS, headers, [policy], Html(body)).into_response();
    }
    if etag::is_cached(&parts.headers, &etag) {
        return (StatusCode::NOT_MODIFIED, HEADERS, headers, [policy]).into_response();
    }
    (HEADERS, headers, [policy], Html(body)).into_response()
}

/// The preview of a page; one that names no guild if there is no such guild, or if the database does not respond.
async fn preview(server: &Server, parts: &Parts, page: &PagePath<'_>) -> LinkPreview {
    let origin = origin(&server.proxies, parts);
    // A page counts as a request, because its preview reads the database.
    if server.limiter.check(origin.address, None).is_err() {
        return LinkPreview::default();
    }
    let preview = link_preview(&server.app, origin, page.guild, page.vote);
    match server.app.clock.timeout(PREVIEW_TIMEOUT, preview).await {
        Some(Ok(preview)) => preview,
        Some(Err(error)) if error.refusal().is_some() => LinkPreview::default(),
        Some(Err(error)) => {
            tracing::warn!(%error, "a page has no preview");
            LinkPreview::default()
        }
        None => {
            tracing::warn!("a page has no preview, because the database did not respond in time");
            LinkPreview::default()
        }
    }
}

fn not_allowed() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response()
}

/// Whether the client is a browser that opens a page.
fn accepts_html(headers: &HeaderMap) -> bool {
    const HTML: &str = "text/html";
    MediaRanges::from_headers(headers).is_some_and(|ranges| ranges.names(HTML) && ranges.quality(HTML) > 0.0)
}

/// A file, in the best form that the client accepts.
fn file(asset: &Asset, request_headers: &HeaderMap) -> Response {
    let codings = Codings::from_headers(request_headers);
    let Some(form) = asset.best(|coding| codings.accept(coding)) else {
        return StatusCode::NOT_ACCEPTABLE.into_response();
    };
    let caching = [
        (header::CACHE_CONTROL, asset.caching),
        (header::ETAG, form.etag.as_str()),
        (header::VARY, header::ACCEPT_ENCODING.as_str()),
    ];
    if etag::is_cached(request_headers, &form.etag) {
        return (StatusCode::NOT_MODIFIED, HEADERS, caching).into_response();
    }
    let content = match form.content() {
        // A part of the program, so a client that reads slowly holds no memory.
        Ok(Cow::Borrowed(content)) => (Extension(OwnedBytes(0)), content).into_response(),
        Ok(Cow::Owned(content)) => content.into_response(),
        Err(error) => {
            tracing::error!(%error, "a file of the web app cannot be decompressed");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let types = [(header::CONTENT_TYPE, asset.content_type), (header::CONTENT_SECURITY_POLICY, FILE_POLICY)];
    let coding = form.coding.map(|coding| [(header::CONTENT_ENCODING, coding)]);
    (HEADERS, caching, types, coding, content).into_response()
}
