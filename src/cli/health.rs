//! `guildhall health`: for containers, whose health is asked for by a command and which have no curl.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use clap::Args;
use reqwest::{Client, redirect::Policy};

use super::output::{BoxError, say};
use crate::cli::settings::{Listen, lifetime};

/// Ask a server whether it is ready.
#[derive(Args)]
pub(super) struct Health {
    #[command(flatten)]
    listen: Listen,
    /// The server, such as <http://127.0.0.1:8080>; unless given, the one here that listens as --bind says.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How long it may take to answer.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = lifetime)]
    timeout: Duration,
}

impl Health {
    pub(super) async fn run(self) -> Result<(), BoxError> {
        let url = match self.url {
            Some(url) => url,
            None if self.listen.bind.port() == 0 => return Err("--bind names no port: say where by --url".into()),
            None => nearest(self.listen.bind),
        };
        say(&format!("{}\n", check_readiness(&url, self.timeout).await?))
    }
}

/// Where a server that listens so is reached from its own machine.
pub(super) fn nearest(bind: SocketAddr) -> String {
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
/// A sentence, when there is none or it is another.
pub(super) async fn check_readiness(server: &str, within: Duration) -> Result<String, String> {
    let url = format!("{}/health/ready", server.trim_end_matches('/'));
    let no_answer = |error: reqwest::Error| {
        let why = if error.is_timeout() {
            "no answer in time"
        } else if error.is_connect() {
            "nobody listens there"
        } else if error.is_builder() {
            "that is no URL"
        } else {
            "no answer that is understood"
        };
        format!("{url}: {why}")
    };
    // What is asked is the server itself, not a proxy.
    let client = Client::builder().timeout(within).no_proxy().redirect(Policy::none()).build().map_err(no_answer)?;
    let answer = client.get(&url).send().await.map_err(no_answer)?;
    let status = answer.status();
    let said: serde_json::Value = answer.json().await.unwrap_or_default();
    match said.get("status").and_then(serde_json::Value::as_str) {
        Some(standing) if status.is_success() => Ok(standing.to_owned()),
        Some(standing) => Err(format!("{url}: {standing} (HTTP {})", status.as_u16())),
        None => Err(format!("{url}: HTTP {}, and no word of being ready", status.as_u16())),
    }
}
