//! The PostgreSQL server that the tests of a process share: a cluster of their own, or the one that the environment
//! variable `TEST_DATABASE_URL` names.

use std::sync::atomic::{AtomicU32, Ordering};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use guildhall::db::{DatabaseUrl, Db};
use tokio::sync::OnceCell;

use super::cluster::Cluster;

/// The migrated database of our own cluster, which the tests' databases are copied from.
const TEMPLATE: &str = "guildhall_template";

/// Creates a migrated database, and what drops it again if the server is not ours. `None` where there is no PostgreSQL.
pub async fn create_database() -> Option<(DatabaseUrl, Option<DropDatabase>)> {
    static SERVER: OnceCell<Option<Server>> = OnceCell::const_new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(Server::find).await.as_ref()?;
    let name = format!("guildhall_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    Some(match server {
        Server::Own(cluster) => {
            cluster.execute(&format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await;
            (cluster.url(&name).parse().unwrap(), None)
        }
        Server::Given { admin, host, query } => {
            let url = format!("{host}/{name}{query}").parse().unwrap();
            execute(admin, &format!("CREATE DATABASE {name}")).await;
            drop(Db::open(&url, 2).await.unwrap());
            (url, Some(DropDatabase { admin: admin.clone(), name }))
        }
    })
}

enum Server {
    Own(Cluster),
    Given {
        /// The URL of an existing database, from which others are created.
        admin: String,
        /// The parts of that URL before and after the database's name.
        host: String,
        query: String,
    },
}

impl Server {
    async fn find() -> Option<Self> {
        if let Ok(admin) = std::env::var("TEST_DATABASE_URL") {
            let (path, query) = admin.split_at(admin.find('?').unwrap_or(admin.len()));
            let (host, _) = path.rsplit_once('/').expect("TEST_DATABASE_URL must be postgres://HOST/NAME");
            let (host, query) = (host.to_owned(), query.to_owned());
            return Some(Self::Given { admin, host, query });
        }
        let cluster = Cluster::start().await?;
        cluster.execute(&format!("CREATE DATABASE {TEMPLATE}")).await;
        drop(Db::open(&cluster.url(TEMPLATE).parse().unwrap(), 2).await.unwrap());
        // A database with connections cannot be a template, and the pool's may take a moment to close.
        cluster.execute(&format!("ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")).await;
        let disconnect = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{TEMPLATE}'");
        cluster.execute(&disconnect).await;
        Some(Self::Own(cluster))
    }
}

/// Drops a database when it goes out of scope.
pub struct DropDatabase {
    admin: String,
    name: String,
}

impl Drop for DropDatabase {
    fn drop(&mut self) {
        let (admin, statement) = (self.admin.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // A thread with its own runtime: `drop` cannot wait on the runtime of the test.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&admin, &statement));
        });
        assert!(dropping.join().is_ok() || std::thread::panicking(), "the test's database could not be dropped");
    }
}

/// Runs a statement on a connection of its own.
pub async fn execute(url: &str, statement: &str) {
    let mut conn = AsyncPgConnection::establish(url).await.unwrap();
    conn.batch_execute(statement).await.unwrap();
}
