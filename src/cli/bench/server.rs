//! Servers in processes of their own, and connections to them.

use std::{path::PathBuf, process::Stdio, time::Duration};

use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    StatusCode,
    client::conn::http1,
    header,
    http::{Request, request::Parts},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
};

use super::Failure;
use crate::db::DatabaseUrl;

/// A server in a process of its own, killed when it is dropped.
pub(super) struct Serving {
    child: Child,
    pub(super) address: String,
}

impl Serving {
    /// Starts this program with a command that serves.
    pub(super) async fn start(
        command: &[&str],
        url: &DatabaseUrl,
        max_connections: u32,
        secret: &str,
    ) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(command)
            .args(["--bind", "127.0.0.1:0", "--max-connections", &max_connections.to_string()])
            .env("DATABASE_URL", url.reveal())
            .env("GUILDHALL_JWT_SECRET", secret)
            .env("RUST_LOG", "info")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let log = child.stderr.take().ok_or("the server has no log")?;
        let mut lines = BufReader::new(log).lines();
        while let Some(line) = lines.next_line().await? {
            let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            let message = line.pointer("/message").and_then(serde_json::Value::as_str).unwrap_or_default();
            if let Some(address) = message.strip_prefix("serving on http://") {
                let address = address.to_owned();
                // Read on, so that the server never waits for a full pipe.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { child, address });
            }
        }
        Err("the server did not start".into())
    }

    pub(super) fn pid(&self) -> Result<u32, Failure> {
        Ok(self.child.id().ok_or("the server has ended")?)
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        Ok(std::fs::read_to_string(PathBuf::from(format!("/proc/{}/{file}", self.pid()?)))?)
    }

    /// What it keeps in memory, in KiB.
    pub(super) fn memory(&self) -> Result<u64, Failure> {
        let status = self.proc("status")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|it| it.trim().strip_suffix(" kB")).and_then(|it| it.trim().parse().ok());
        kilobytes.ok_or_else(|| "the server's memory is not told".into())
    }

    /// How long it has computed, itself and in the kernel.
    pub(super) fn cpu_time(&self) -> Result<Duration, Failure> {
        // Linux tells it in hundredths of a second on every machine.
        const TICK: Duration = Duration::from_millis(10);
        let stat = self.proc("stat")?;
        // After the program's name, which may have spaces in it, the times are the 12th and the 13th.
        let (_, fields) = stat.rsplit_once(") ").ok_or("the server's CPU time is not told")?;
        let times = fields.split(' ').skip(11).take(2);
        let ticks = times.map(str::parse::<u32>).sum::<Result<u32, std::num::ParseIntError>>()?;
        Ok(TICK * ticks)
    }
}

/// A request that is made ready once, and sent as often as wanted.
#[derive(Clone)]
pub(super) struct Prepared {
    parts: Parts,
    body: Bytes,
}

impl Prepared {
    /// A request with a JSON body, or none.
    pub(super) fn new(
        server: &Serving,
        path: &str,
        guild: &str,
        token: Option<&str>,
        body: Option<&serde_json::Value>,
    ) -> Result<Self, Failure> {
        let mut request = Request::builder().uri(path).header(header::HOST, &server.address).header("x-guild", guild);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if body.is_some() {
            request = request.method("POST").header(header::CONTENT_TYPE, "application/json");
        }
        let (parts, ()) = request.body(())?.into_parts();
        Ok(Self { parts, body: body.map(|body| Bytes::from(body.to_string())).unwrap_or_default() })
    }
}

/// A connection for requests, one after the other.
pub(super) struct Asking(http1::SendRequest<Full<Bytes>>);

impl Asking {
    pub(super) async fn open(server: &Serving) -> Result<Self, Failure> {
        let stream = TcpStream::connect(&server.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Asks; what is answered, as it came.
    pub(super) async fn send(&mut self, request: Prepared) -> Result<Bytes, Failure> {
        self.0.ready().await?;
        let request = Request::from_parts(request.parts, Full::new(request.body));
        let answer = self.0.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status == StatusCode::OK { Ok(body) } else { Err(format!("{status}: {body:?}").into()) }
    }

    /// Asks; the data, and a failure if there are errors.
    pub(super) async fn data(&mut self, request: Prepared) -> Result<serde_json::Value, Failure> {
        let mut answer: serde_json::Value = serde_json::from_slice(&self.send(request).await?)?;
        match answer.get("errors") {
            None => Ok(answer.get_mut("data").map(serde_json::Value::take).unwrap_or_default()),
            Some(errors) => Err(errors.to_string().into()),
        }
    }
}
