//! Databases for tests: SQLite files, and a PostgreSQL cluster that lives as long as the test process.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use guildhall::db::{DatabaseUrl, Db};
use tokio::sync::OnceCell;

/// A SQLite file with the newest schema and nothing in it, made once and then copied.
pub async fn sqlite_template() -> &'static Path {
    static TEMPLATE: OnceCell<(tempfile::TempDir, PathBuf)> = OnceCell::const_new();
    let made = TEMPLATE.get_or_init(|| async {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("template.db");
        let url: DatabaseUrl = format!("sqlite://{}", file.display()).parse().unwrap();
        drop(Db::open(&url, 2).await.unwrap());
        // All of it in the one file that is copied.
        let mut conn = <diesel::SqliteConnection as diesel::Connection>::establish(file.to_str().unwrap()).unwrap();
        diesel::connection::SimpleConnection::batch_execute(&mut conn, "PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        (folder, file)
    });
    &made.await.1
}

/// A database of one test.
pub struct Database {
    pub url: DatabaseUrl,
    /// Where to drop it again; the databases of our own cluster go with it.
    drop_at: Option<(String, String)>,
}

/// A migrated PostgreSQL database; `None` where there is no PostgreSQL.
pub async fn database() -> Option<Database> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    static SERVER: OnceCell<Option<PostgresServer>> = OnceCell::const_new();
    let server = SERVER.get_or_init(PostgresServer::find).await.as_ref()?;
    let name = format!("guildhall_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let url = server.url(&name).parse().unwrap();
    let drop_at = if server.is_ours() {
        server.execute(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await;
        None
    } else {
        server.execute(&format!("CREATE DATABASE {name}")).await;
        drop(Db::open(&url, 2).await.unwrap());
        Some((server.url(&server.admin), name))
    };
    Some(Database { url, drop_at })
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((admin, name)) = self.drop_at.take() else { return };
        // On a thread of its own, since the test's runtime cannot be waited on from within.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut conn = AsyncPgConnection::establish(&admin).await.unwrap();
                conn.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
            });
        });
        assert!(dropping.join().is_ok() || std::thread::panicking(), "the test's database could not be dropped");
    }
}

/// The migrated database that those of the tests are copied from.
const TEMPLATE: &str = "guildhall_template";

/// A cluster of one test alone, to be broken and mended.
pub struct Own {
    server: PostgresServer,
    bin: PathBuf,
    folder: PathBuf,
}

impl Own {
    /// `None` where there are no programs to start one with.
    pub async fn start() -> Option<Self> {
        let Some(bin) = server_binaries() else {
            leave_out();
            return None;
        };
        let (folder, cluster) = start(&bin);
        Some(Self { server: PostgresServer::at(&folder, cluster).await, bin, folder })
    }

    /// A migrated database.
    pub async fn database(&self) -> Database {
        self.server.execute("CREATE DATABASE guildhall").await;
        let url = self.server.url("guildhall").parse().unwrap();
        drop(Db::open(&url, 2).await.unwrap());
        Database { url, drop_at: None }
    }

    /// Ends it; those who are connected are cut off.
    pub fn stop(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts it again, with these options.
    pub fn start_again(&self, options: &str) {
        let all = format!("-k {} -c listen_addresses= -c fsync=off {options}", self.folder.display());
        self.control(&["-o", &all, "-l", "log", "start"]);
    }

    /// Stops all its processes where they are, as a machine does that hangs.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn control(&self, arguments: &[&str]) {
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", cluster_user(), "--"]).arg(self.bin.join("pg_ctl"));
            command
        } else {
            Command::new(self.bin.join("pg_ctl"))
        };
        let done = command.current_dir(&self.folder).args(["-D", "data", "-w", "-s"]).args(arguments).status();
        assert!(done.unwrap().success(), "pg_ctl {arguments:?}");
    }

    fn signal(&self, signal: &str) {
        let pid = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        let script = format!("kill -{signal} {pid} $(pgrep -P {pid})");
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // What is frozen does not end when it is told to.
        if std::thread::panicking() && self.folder.join("data/postmaster.pid").exists() {
            self.thaw();
        }
    }
}

struct PostgresServer {
    /// Everything of a URL before the database's name, and after it.
    around: (String, String),
    /// The administrative database.
    admin: String,
    /// Ends the cluster when its standard input closes: with this process, however it ends.
    cluster: Option<Child>,
}

impl PostgresServer {
    async fn find() -> Option<Self> {
        if let Ok(url) = std::env::var("TEST_DATABASE_URL") {
            let (path, query) =
                url.split_once('?').map_or((&*url, String::new()), |(path, it)| (path, format!("?{it}")));
            let (before, name) = path.rsplit_once('/').expect("TEST_DATABASE_URL is postgres://HOST/NAME");
            return Some(Self { around: (before.to_owned(), query), admin: name.to_owned(), cluster: None });
        }
        let Some(bin) = server_binaries() else {
            leave_out();
            return None;
        };
        let (socket, cluster) = start(&bin);
        let server = Self::at(&socket, cluster).await;
        server.execute(&format!("CREATE DATABASE {TEMPLATE}")).await;
        drop(Db::open(&server.url(TEMPLATE).parse().unwrap(), 2).await.unwrap());
        // A database with connections cannot be a template; the pool's may take a moment to be gone.
        server.execute(&format!("ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")).await;
        let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}'");
        server.execute(&end).await;
        Some(server)
    }

    /// A cluster that was just started, once it answers.
    async fn at(socket: &Path, cluster: Child) -> Self {
        let host = socket.to_str().unwrap().replace('/', "%2F");
        let around = (format!("postgres://postgres@{host}"), String::new());
        let server = Self { around, admin: "postgres".to_owned(), cluster: Some(cluster) };
        server.wait_until_ready().await;
        server
    }

    const fn is_ours(&self) -> bool {
        self.cluster.is_some()
    }

    fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.around.0, self.around.1)
    }

    async fn connect(&self) -> diesel::ConnectionResult<AsyncPgConnection> {
        AsyncPgConnection::establish(&self.url(&self.admin)).await
    }

    async fn execute(&self, sql: &str) {
        self.connect().await.unwrap().batch_execute(sql).await.unwrap();
    }

    async fn wait_until_ready(&self) {
        let mut pause = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..400 {
            pause.tick().await;
            if self.connect().await.is_ok() {
                return;
            }
        }
        panic!("PostgreSQL did not start within 20 seconds");
    }
}

/// Where PostgreSQL's server programs are: Debian keeps them off the path.
fn server_binaries() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    versions.into_iter().rev().chain(std::env::split_paths(&path)).find(|bin| bin.join("initdb").exists())
}

/// Starts a throwaway cluster that listens only on a Unix socket; the folder of that socket.
fn start(bin: &Path) -> (PathBuf, Child) {
    let folder = tempfile::Builder::new().prefix("guildhall-pg-").tempdir().unwrap().keep();
    let bin = bin.to_str().unwrap();
    // Ends with this process: `cat` returns when our end of the pipe closes.
    let script = format!(
        "cd {folder} && {bin}/initdb -D data -A trust -U postgres -E UTF8 --locale=C.UTF-8 --no-sync >log 2>&1 &&
         {bin}/postgres -D data -k {folder} -c listen_addresses= -c fsync=off -c max_connections=400 \
             >>log 2>&1 </dev/null &
         server=$!; cat >/dev/null; kill -INT $(head -n 1 {folder}/data/postmaster.pid) 2>/dev/null; wait $server
         rm -rf {folder}",
        folder = folder.display(),
    );
    let mut command = if is_root() {
        // PostgreSQL refuses to run as root.
        let user = cluster_user();
        assert!(Command::new("chown").arg(user).arg(&folder).status().unwrap().success());
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--", "sh", "-c", &script]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", &script]);
        command
    };
    assert!(Command::new("chmod").arg("755").arg(&folder).status().unwrap().success());
    let child = command.stdin(Stdio::piped()).spawn().unwrap();
    (folder, child)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// Who owns the clusters of root's tests.
fn cluster_user() -> &'static str {
    if user_exists("postgres") { "postgres" } else { "nobody" }
}

fn user_exists(name: &str) -> bool {
    Command::new("id").arg(name).output().is_ok_and(|output| output.status.success())
}

/// Says once, past the capture of test output, that half of the suite does not run. Where it must run, that is a failure.
fn leave_out() {
    assert!(std::env::var_os("CI").is_none(), "with CI set, the PostgreSQL half must run: install postgresql");
    let _ = writeln!(
        std::io::stderr(),
        "note: no PostgreSQL here, so the PostgreSQL half is left out. `apt-get install postgresql`, or set \
         TEST_DATABASE_URL=postgres://…, and run again."
    );
}
