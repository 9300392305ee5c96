//! Servers in their own processes, and HTTP requests to them.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStderr, Command, Stdio},
    time::Duration,
};

use axum::body::Bytes;
use guildhall::{cli::BoxError, db::DatabaseUrl};
use http_body_util::{BodyExt, Full};
use hyper::{
    StatusCode,
    client::conn::http1,
    header,
    http::{Request, request::Parts},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::oneshot};

/// The subcommand of this program that runs Guildhall's own server.
pub(crate) const GUILDHALL: &str = "serve";
/// The subcommand of this program that serves the endpoints in plain SQL.
pub(crate) const PLAIN: &str = "plain";

/// A server in its own process. Dropping it kills the process.
pub(crate) struct ServerProcess {
    child: Child,
    pub(crate) address: String,
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

/// Kills a process and waits for its end, so that it does not stay a zombie.
fn kill(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

impl ServerProcess {
    /// Starts this program as a server on a free port, and waits until it accepts connections.
    pub(crate) async fn start(
        subcommand: &str,
        url: &DatabaseUrl,
        max_connections: u32,
        secret: &str,
    ) -> Result<Self, BoxError> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(subcommand)
            .args(["--bind", "127.0.0.1:0", "--max-connections", &max_connections.to_string()])
            .env("DATABASE_URL", url.reveal())
            .env("GUILDHALL_JWT_SECRET", secret)
            .env("RUST_LOG", "info")
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, address) = oneshot::channel();
        if let Some(log) = child.stderr.take() {
            std::thread::spawn(move || read_log(log, sender));
        }
        if let Ok(address) = address.await {
            return Ok(Self { child, address });
        }
        kill(&mut child);
        Err("the server did not start".into())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn proc(&self, file: &str) -> Result<String, BoxError> {
        Ok(std::fs::read_to_string(PathBuf::from(format!("/proc/{}/{file}", self.pid())))?)
    }

    /// Resident memory, in KiB.
    pub(crate) fn memory(&self) -> Result<u64, BoxError> {
        let status = self.proc("status")?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|it| it.trim().strip_suffix(" kB")).and_then(|it| it.trim().parse().ok());
        kib.ok_or_else(|| "/proc does not show the server's memory".into())
    }

    /// CPU time since the start, in user and in system mode.
    pub(crate) fn cpu_time(&self) -> Result<Duration, BoxError> {
        Ok(ProcessTimes::parse(&self.proc("stat")?).ok_or("/proc does not show the server's CPU time")?.own)
    }
}

/// CPU time of PostgreSQL's processes since its start: of this main process, and of all that it started.
pub(crate) fn postgres_cpu_time(main: u32) -> Result<Duration, BoxError> {
    let mut total = Duration::ZERO;
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // A process may end meanwhile. Its time is then that of a child that has ended.
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        match ProcessTimes::parse(&stat) {
            Some(times) if pid == main => total += times.own + times.ended_children,
            Some(times) if times.parent == main => total += times.own,
            _ => {}
        }
    }
    Ok(total)
}

/// CPU times of a process in user and in system mode together, from `/proc/PID/stat`.
struct ProcessTimes {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl ProcessTimes {
    fn parse(stat: &str) -> Option<Self> {
        // Linux reports hundredths of a second on every machine.
        const TICK: Duration = Duration::from_millis(10);
        // After the program's name, which may contain spaces, the parent is the second field, and the times are the 12th
        // to the 15th.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        let number = |index: usize| fields.get(index)?.parse::<u32>().ok();
        Some(Self {
            parent: number(1)?,
            own: TICK * (number(11)? + number(12)?),
            ended_children: TICK * (number(13)? + number(14)?),
        })
    }
}

/// Reads a server's log to its end, so that the pipe never fills up, and sends the address once the server accepts
/// connections.
fn read_log(log: ChildStderr, address: oneshot::Sender<String>) {
    let mut address = Some(address);
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let message = line.pointer("/message").and_then(serde_json::Value::as_str).unwrap_or_default();
        if let Some(found) = message.strip_prefix("serving on http://")
            && let Some(address) = address.take()
        {
            drop(address.send(found.to_owned()));
        }
    }
}

/// A request that is built once and sent many times.
#[derive(Clone)]
pub(crate) struct PreparedRequest {
    parts: Parts,
    body: Bytes,
}

impl PreparedRequest {
    /// A GET request, or a POST request if there is a JSON body.
    pub(crate) fn new(
        server: &ServerProcess,
        path: &str,
        guild: &str,
        token: Option<&str>,
        body: Option<&serde_json::Value>,
    ) -> Result<Self, BoxError> {
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

/// A connection that sends one request after the other.
pub(crate) struct HttpConnection(http1::SendRequest<Full<Bytes>>);

impl HttpConnection {
    pub(crate) async fn open(server: &ServerProcess) -> Result<Self, BoxError> {
        Self::open_to(&server.address).await
    }

    pub(crate) async fn open_to(address: &str) -> Result<Self, BoxError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    /// Sends a request and returns the body of the response.
    pub(crate) async fn send(&mut self, request: PreparedRequest) -> Result<Bytes, BoxError> {
        self.0.ready().await?;
        let request = Request::from_parts(request.parts, Full::new(request.body));
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if status == StatusCode::OK { Ok(body) } else { Err(format!("{status}: {body:?}").into()) }
    }

    /// Sends a GraphQL request and returns the response's data. Fails if the response has errors.
    pub(crate) async fn data(&mut self, request: PreparedRequest) -> Result<serde_json::Value, BoxError> {
        let mut response: serde_json::Value = serde_json::from_slice(&self.send(request).await?)?;
        match response.get("errors") {
            None => Ok(response.get_mut("data").map(serde_json::Value::take).unwrap_or_default()),
            Some(errors) => Err(errors.to_string().into()),
        }
    }
}
