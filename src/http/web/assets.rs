//! The files that the pages load.

use std::collections::HashMap;

use crate::http::etag;

/// The folder of files whose names contain a hash of their content.
pub const HASHED: &str = "assets/";

/// A file, with its compressed forms.
pub struct Asset {
    /// Its media type.
    pub content_type: &'static str,
    /// The value of its `Cache-Control` header.
    pub caching: &'static str,
    pub plain: Form,
    pub gzip: Option<Form>,
    pub brotli: Option<Form>,
}

/// A form of a file.
pub struct Form {
    pub content: &'static [u8],
    pub etag: String,
}

/// Collects the files by their paths, except the pages.
pub(super) fn collect(files: &'static [(&'static str, &'static [u8])]) -> HashMap<&'static str, Asset> {
    let by_path: HashMap<&str, &'static [u8]> = files.iter().copied().collect();
    let is_compressed = |path: &str| {
        let original = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".br"));
        original.is_some_and(|original| by_path.contains_key(original))
    };
    let form = |path: &str| {
        let content = *by_path.get(path)?;
        // The hash in a name is the content's, so it can be its tag too.
        let etag = if path.starts_with(HASHED) { format!("\"{path}\"") } else { etag::of(content) };
        Some(Form { content, etag })
    };
    let asset = |path: &'static str| {
        let asset = Asset {
            content_type: content_type(path),
            caching: if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" },
            plain: form(path)?,
            gzip: form(&format!("{path}.gz")),
            brotli: form(&format!("{path}.br")),
        };
        Some((path, asset))
    };
    let is_page = |path: &str| extension(path) == Some("html");
    let paths = files.iter().map(|(path, _)| *path).filter(|path| !is_page(path) && !is_compressed(path));
    paths.filter_map(asset).collect()
}

/// The media type of a file, by the end of its name.
fn content_type(path: &str) -> &'static str {
    match extension(path) {
        Some("css") => "text/css; charset=utf-8",
        Some("ico") => "image/x-icon",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("ttf") => "font/ttf",
        Some("txt") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn extension(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(_, extension)| extension)
}
