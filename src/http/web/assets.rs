//! The files that the pages load.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, Read},
};

use flate2::read::GzDecoder;

use crate::http::etag;

/// The folder of files whose names contain a hash of their content.
pub const HASHED: &str = "assets/";
/// The file with the scripts of each page, which the server itself reads.
pub const PRELOADS: &str = "preloads.json";

/// A file.
pub struct Asset {
    /// Its media type.
    pub content_type: &'static str,
    /// The value of its `Cache-Control` header.
    pub caching: &'static str,
    /// The smallest first. The last one has no coding.
    forms: Vec<Form>,
}

/// A form of a file.
pub struct Form {
    /// The value of `Content-Encoding`, if the form is compressed.
    pub coding: Option<&'static str>,
    pub etag: String,
    stored: &'static [u8],
    /// Whether the program has the file only in gzip.
    is_packed: bool,
}

impl Asset {
    /// The smallest form of which the client accepts the coding.
    pub fn best(&self, accepts: impl Fn(&str) -> bool) -> Option<&Form> {
        self.forms.iter().find(|form| form.coding.is_none_or(&accepts))
    }
}

impl Form {
    /// The content. It is a part of the program, unless it must be decompressed.
    ///
    /// # Errors
    /// If the build has written no gzip.
    pub fn content(&self) -> io::Result<Cow<'static, [u8]>> {
        if !self.is_packed {
            return Ok(self.stored.into());
        }
        let mut content = Vec::new();
        GzDecoder::new(self.stored).read_to_end(&mut content)?;
        Ok(content.into())
    }
}

/// Collects the files by their paths, except those that the server itself reads.
pub(super) fn collect(files: &'static [(&'static str, &'static [u8])]) -> HashMap<&'static str, Asset> {
    let by_path: HashMap<&str, &'static [u8]> = files.iter().copied().collect();
    let form = |path: &'static str, coding: Option<&'static str>, end: &str| {
        let (own_path, gzip) = (format!("{path}{end}"), format!("{path}.gz"));
        let own = by_path.get(own_path.as_str());
        // Every browser accepts gzip, so the program need not have the plain form, too.
        let packed = by_path.get(gzip.as_str()).filter(|_| coding.is_none());
        let stored = *own.or(packed)?;
        // The hash in a name is the content's, so it can be its tag too.
        let etag = if path.starts_with(HASHED) {
            format!("\"{own_path}\"")
        } else if own.is_some() {
            etag::of(stored)
        } else {
            etag::of(&[stored, b"plain"].concat())
        };
        Some(Form { coding, etag, stored, is_packed: own.is_none() })
    };
    let asset = |path: &'static str| {
        let forms = [form(path, Some("br"), ".br"), form(path, Some("gzip"), ".gz"), form(path, None, "")];
        let asset = Asset {
            content_type: content_type(path),
            caching: if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" },
            forms: forms.into_iter().flatten().collect(),
        };
        (path, asset)
    };
    let original = |path: &'static str| path.strip_suffix(".gz").or_else(|| path.strip_suffix(".br")).unwrap_or(path);
    let is_read = |path: &str| extension(path) == Some("html") || path == PRELOADS;
    files.iter().map(|(path, _)| original(path)).filter(|path| !is_read(path)).map(asset).collect()
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
