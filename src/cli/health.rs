//! `guildhall health`: a health check for containers, whose images have no curl.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use clap::Args;
use reqwest::{Client, redirect::Policy};

use super::output::{BoxError, print};
use crate::cli::settings::{ListenSettings, lifetime};

/// Check whether a server is ready.
#[derive(Args)]
pub(super) struct Health {
    /// URL of the server, such as `http://127.0.0.1:8080`.
    ///
    /// Default: the server on this machine that listens on `--bind`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Longest time to wait for the response.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = lifetime)]
    timeout: Duration,
    // Last, because its help heading would apply to the flags after it.
    #[command(flatten)]
    listen: ListenSettings,
}

impl Health {
    pub(super) async fn run(self) -> Result<(), BoxError> {
        let url = match self.url {
            Some(url) => url,
            None if self.listen.bind.port() == 0 => {
                return Err("--bind has no port: give the server's URL with --url".into());
            }
            None => local_url(self.listen.bind),
        };
        print(&format!("{}\n", check_readiness(&url, self.timeout).await?))
    }
}

/// The URL of a server that listens on this address, for clients on the same machine.
pub(super) fn local_url(bind: SocketAddr) -> String {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, bind.port()))
}

/// Requests the readiness of a server and returns its status.
///
/// # Errors
/// A message if the server does not respond or is not ready.
pub(super) async fn check_readiness(server: &str, limit: Duration) -> Result<String, String> {
    let url = format!("{}/health/ready", server.trim_end_matches('/'));
    let describe = |error: reqwest::Error| {
        let why = if error.is_timeout() {
            "no response in time"
        } else if error.is_connect() {
            "cannot connect"
        } else if error.is_builder() {
            "not a valid URL"
        } else {
            "not a valid HTTP response"
        };
        format!("{url}: {why}")
    };
    // The check must reach the server itself, not a proxy.
    let client = Client::builder().timeout(limit).no_proxy().redirect(Policy::none()).build().map_err(describe)?;
    let response = client.get(&url).send().await.map_err(describe)?;
    let status = response.status();
    let body: serde_json::Value = response.json().await.unwrap_or_default();
    match body.get("status").and_then(serde_json::Value::as_str) {
        Some(readiness) if status.is_success() => Ok(readiness.to_owned()),
        Some(readiness) => Err(format!("{url}: {readiness} (HTTP {})", status.as_u16())),
        None => Err(format!("{url}: HTTP {}, without a readiness status", status.as_u16())),
    }
}
