//! The name of the server's build, by which a page that was loaded from an earlier one knows that it is out of date.

use axum::http::{HeaderName, HeaderValue};
use guildhall_macros::source_digest;
use sha2::{Digest, Sha256};

/// The header of the build's name.
pub(super) const X_GUILDHALL_BUILD: HeaderName = HeaderName::from_static("x-guildhall-build");

/// Number of hexadecimal digits of the digest in a name.
const DIGITS: usize = 12;

/// The name of a build: the version, and a digest of the server's sources and the embedded files, such as
/// `0.2.0+1c5f09d2a7e3`. Servers of equal builds have equal names.
pub(super) struct Build {
    /// The name.
    pub(super) name: String,
    /// The value of its header.
    pub(super) header: HeaderValue,
}

impl Build {
    /// The build of this library with these files, each with its path and content.
    ///
    /// # Errors
    /// A message if the version cannot be in a header.
    pub(super) fn new<'f>(files: impl Iterator<Item = (&'f str, &'f [u8])>) -> Result<Self, String> {
        let mut files: Vec<_> = files.collect();
        files.sort_unstable();
        let mut digest = Sha256::new();
        digest.update(source_digest!());
        for (path, content) in files {
            // Of equal length each, so that no two sets of files have the same digest.
            digest.update(Sha256::digest(path));
            digest.update(Sha256::digest(content));
        }
        let mut digits = base16ct::lower::encode_string(&digest.finalize());
        digits.truncate(DIGITS);
        let name = format!("{}+{digits}", env!("CARGO_PKG_VERSION"));
        let header = HeaderValue::from_str(&name).map_err(|error| format!("the build has no name: {error}"))?;
        Ok(Self { name, header })
    }
}
