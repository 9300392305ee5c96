//! `source_digest!`.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use sha2::{Digest, Sha256};
use syn::{Error, Result};

/// Everything that the server's library is compiled from, below the root of the workspace.
const SOURCES: [&str; 6] = ["Cargo.lock", "crates/count/src", "crates/macros/src", "data", "migrations", "src"];
/// Number of bytes of the digest.
const LENGTH: usize = 6;

pub fn expand(arguments: &TokenStream) -> Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new(Span::call_site(), "`source_digest!` takes no arguments"));
    }
    let digest =
        digest().map_err(|error| Error::new(Span::call_site(), format!("cannot read the sources: {error}")))?;
    Ok(quote!(#digest))
}

fn digest() -> io::Result<String> {
    let root = root()?;
    let mut digest = Sha256::new();
    for source in SOURCES {
        add(&mut digest, &root, &root.join(source))?;
    }
    let start: Vec<u8> = digest.finalize().into_iter().take(LENGTH).collect();
    Ok(base16ct::lower::encode_string(&start))
}

/// The root of the workspace, which has the lock file.
fn root() -> io::Result<PathBuf> {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = package.ancestors().find(|folder| folder.join("Cargo.lock").is_file());
    root.map(Path::to_owned).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "there is no Cargo.lock"))
}

/// Adds a file, or all files of a folder, with their paths. Hidden ones, such as an editor's, are left out.
fn add(digest: &mut Sha256, root: &Path, path: &Path) -> io::Result<()> {
    if path.is_dir() {
        let mut entries = fs::read_dir(path)?.map(|entry| entry.map(|it| it.path())).collect::<io::Result<Vec<_>>>()?;
        entries.retain(|entry| entry.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
        entries.sort();
        return entries.iter().try_for_each(|entry| add(digest, root, entry));
    }
    let content = fs::read(path)?;
    let name: Vec<_> =
        path.strip_prefix(root).unwrap_or(path).components().map(|it| it.as_os_str().to_string_lossy()).collect();
    // With the lengths, so that no two sets of files have the same digest.
    let name = name.join("/");
    digest.update((name.len() as u64).to_be_bytes());
    digest.update(name);
    digest.update((content.len() as u64).to_be_bytes());
    digest.update(content);
    Ok(())
}
