//! A temporary PostgreSQL cluster, which a test can stop, pause and restart.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use diesel_async::{AsyncConnection, AsyncPgConnection};
use guildhall::db::Db;

use super::{Database, Storage, postgres};

/// A cluster that listens only on a Unix socket. It ends with this process, however the process ends.
pub struct Cluster {
    /// The folder of PostgreSQL's server programs.
    programs: PathBuf,
    /// The cluster's data and socket.
    folder: PathBuf,
    /// Stops the cluster when its standard input closes.
    _process: Child,
}

/// A server's certificate and its key, in PEM.
pub struct Tls {
    pub certificate: String,
    pub key: String,
}

impl Cluster {
    /// Starts a cluster and waits until it accepts connections; `None` where PostgreSQL is not installed.
    pub async fn start() -> Option<Self> {
        let Some(programs) = server_programs() else {
            report_missing_postgres();
            return None;
        };
        let (folder, process) = spawn(&programs);
        let cluster = Self { programs, folder, _process: process };
        cluster.wait_until_ready().await;
        Some(cluster)
    }

    async fn wait_until_ready(&self) {
        let mut pause = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..400 {
            pause.tick().await;
            if AsyncPgConnection::establish(&self.url("postgres")).await.is_ok() {
                return;
            }
        }
        panic!("PostgreSQL did not start within 20 seconds");
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.folder.to_str().unwrap().replace('/', "%2F"))
    }

    /// Runs a statement in the database `postgres`.
    pub async fn execute(&self, statement: &str) {
        postgres::execute(&self.url("postgres"), statement).await;
    }

    /// Creates a migrated database, for a test with a cluster of its own.
    pub async fn database(&self) -> Database {
        self.execute("CREATE DATABASE guildhall").await;
        let url = self.url("guildhall").parse().unwrap();
        drop(Db::open(&url, 2).await.unwrap());
        Database { url, _storage: Storage::Cluster }
    }

    /// Stops the cluster and closes its connections.
    pub fn stop(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts the stopped cluster with these options of `postgres`.
    pub fn restart(&self, options: &str) {
        let all = format!("-k {} -c listen_addresses= -c fsync=off {options}", self.folder.display());
        self.control(&["-o", &all, "-l", "log", "start"]);
    }

    /// Restarts the cluster so that it listens on a port of the loopback address, and returns the port. The line of
    /// `pg_hba.conf` says who may connect there.
    pub fn listen(&self, tls: Option<&Tls>, line: &str) -> u16 {
        self.stop();
        let data = self.folder.join("data");
        std::fs::write(data.join("pg_hba.conf"), format!("local all all trust\n{line}\n")).unwrap();
        if let Some(Tls { certificate, key }) = tls {
            std::fs::write(data.join("server.crt"), certificate).unwrap();
            std::fs::write(data.join("server.key"), key).unwrap();
            assert!(Command::new("chmod").arg("600").arg(data.join("server.key")).status().unwrap().success());
            if is_root() {
                let files = [data.join("server.key"), data.join("server.crt")];
                assert!(Command::new("chown").arg(cluster_user()).args(files).status().unwrap().success());
            }
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let ssl = if tls.is_some() { "on" } else { "off" };
        self.restart(&format!("-c listen_addresses=127.0.0.1 -c port={port} -c ssl={ssl}"));
        port
    }

    /// Suspends all of the cluster's processes, as on a machine that hangs.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn control(&self, arguments: &[&str]) {
        let pg_ctl = self.programs.join("pg_ctl");
        let mut command = as_cluster_user(pg_ctl.to_str().unwrap());
        let status = command.current_dir(&self.folder).args(["-D", "data", "-w", "-s"]).args(arguments).status();
        assert!(status.unwrap().success(), "pg_ctl {arguments:?}");
    }

    fn signal(&self, signal: &str) {
        assert!(self.try_signal(signal), "kill -{signal}");
    }

    /// Returns whether all processes received the signal.
    fn try_signal(&self, signal: &str) -> bool {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        let script = format!("kill -{signal} {pid} $(pgrep -P {pid})");
        Command::new("sh").args(["-c", &script]).status().unwrap().success()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A failed test may have left the processes suspended, and then they would not stop.
        if std::thread::panicking() && self.folder.join("data/postmaster.pid").exists() {
            self.try_signal("CONT");
        }
    }
}

/// The folder of PostgreSQL's server programs, which Debian keeps off the path.
fn server_programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions.into_iter().rev().chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").exists())
}

/// Initialises and starts a cluster in a new folder.
fn spawn(programs: &Path) -> (PathBuf, Child) {
    let folder = tempfile::Builder::new().prefix("guildhall-pg-").tempdir().unwrap().keep();
    if is_root() {
        assert!(Command::new("chown").arg(cluster_user()).arg(&folder).status().unwrap().success());
    }
    assert!(Command::new("chmod").arg("755").arg(&folder).status().unwrap().success());
    // `cat` returns when this process ends, since that closes the other end of its pipe.
    let script = format!(
        "cd {folder} && {programs}/initdb -D data -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >log 2>&1 &&
         {programs}/postgres -D data -k {folder} -c listen_addresses= -c fsync=off -c max_connections=400 \
             >>log 2>&1 </dev/null &
         server=$!; cat >/dev/null; kill -INT $(head -n 1 {folder}/data/postmaster.pid) 2>/dev/null; wait $server
         rm -rf {folder}",
        folder = folder.display(),
        programs = programs.display(),
    );
    let process = as_cluster_user("sh").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
    (folder, process)
}

/// A command that runs as the clusters' user: PostgreSQL refuses to run as root.
fn as_cluster_user(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", cluster_user(), "--", program]);
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// The owner of the clusters when root runs the tests.
fn cluster_user() -> &'static str {
    let has_postgres = Command::new("id").arg("postgres").output().is_ok_and(|output| output.status.success());
    if has_postgres { "postgres" } else { "nobody" }
}

/// Prints a note that half of the suite does not run, even where the output of tests is captured. With `CI` set, fails.
fn report_missing_postgres() {
    assert!(std::env::var_os("CI").is_none(), "with CI set, the PostgreSQL half must run: install postgresql");
    let _ = writeln!(
        std::io::stderr(),
        "note: PostgreSQL is not installed, so the PostgreSQL half of the suite does nothing. Run \
         `apt-get install postgresql`, or set TEST_DATABASE_URL=postgres://…, and run the tests again."
    );
}
