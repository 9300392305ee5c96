//! The address of the web app, for people.

use std::net::SocketAddr;

use super::health::local_url;
use crate::cli::settings::HttpSettings;

/// The public address, or else that of a server on this machine which listens on `bind`.
pub(super) fn site(http: &HttpSettings, bind: SocketAddr) -> String {
    http.public_url.as_ref().map_or_else(|| local_url(bind), ToString::to_string)
}
