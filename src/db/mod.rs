//! The database: SQLite or PostgreSQL, chosen at run time by its URL.
//!
//! Stores are functions over a [`Conn`]; inside, [`on!`] expands a query once for each backend, so that each is
//! type-checked against its own connection and all of diesel's query language stays usable. Whole operations run in
//! [`Db::read`], [`Db::snapshot`] or [`Db::write`].

mod conn;
pub mod file;
mod migrate;
mod outage;
mod pool;
mod probe;
#[expect(missing_docs, reason = "generated; the migrations tell what the columns are")]
pub mod schema;
mod text;
mod transfer;
mod unique;
mod url;
mod usage;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection, pooled_connection::bb8::Pool};
use tokio::runtime::Handle;
use tracing::Instrument;

use self::{conn::Access, pool::pool, url::bounded, usage::StatementCounter};
pub use self::{
    conn::{Conn, Lock, SqliteConn, Turn},
    outage::is_outage,
    probe::{Probe, Schema},
    transfer::{Transferred, transfer},
    unique::violated,
    url::DatabaseUrl,
    usage::Usage,
};
pub(crate) use self::{
    conn::{first_locked, insert_all, insert_few, on},
    text::{stored_as_text, text_enum},
};
use crate::error::{Error, Result};

/// A handle on the database. Clones share the connections.
#[derive(Clone)]
pub struct Db {
    pools: Pools,
    max_connections: u32,
    statements: Arc<AtomicU64>,
}

#[derive(Clone)]
enum Pools {
    Postgres {
        pool: Pool<AsyncPgConnection>,
        /// Around the pooler, if there is one.
        direct: Arc<str>,
    },
    /// One writer, since SQLite has only one; several readers, which see what was last committed.
    Sqlite { writer: Pool<SqliteConn>, readers: Pool<SqliteConn> },
}

/// Something for the other servers to hear.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Who listens on this channel hears it.
    pub channel: &'static str,
    /// What is said.
    pub payload: String,
}

/// An `async |conn| …` closure whose future may move between threads. Bounds on the future of an `AsyncFnOnce` cannot be
/// written yet; this trait is how to say it meanwhile (as diesel-async does).
pub trait Work<T, R>: AsyncFnOnce(T) -> R + FnOnce(T) -> <Self as Work<T, R>>::Fut {
    /// The closure's future.
    type Fut: Future<Output = R>;
}

impl<F, T, Fut, R> Work<T, R> for F
where
    F: AsyncFnOnce(T) -> R + FnOnce(T) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

impl Db {
    /// Opens the database, creating a SQLite file that is not there and migrating to the newest schema.
    ///
    /// # Errors
    /// When it cannot be reached, created or migrated.
    pub async fn open(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        migrate::run_pending(url).await?;
        let db = Self::connect(url, max_connections).await?;
        if let Err(error) = db.tend().await {
            // A full disk, for one: it is read all the same.
            tracing::warn!(%error, "could not tend the database");
        }
        Ok(db)
    }

    /// Opens a database of nothing but empty tables: whatever ours were there are dropped.
    ///
    /// # Errors
    /// When it cannot be reached, created or migrated.
    pub async fn open_fresh(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        migrate::start_over(url).await?;
        Self::connect(url, max_connections).await
    }

    /// Opens a database that is migrated already.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn connect(url: &DatabaseUrl, max_connections: u32) -> Result<Self> {
        let pools = match url {
            DatabaseUrl::Postgres { url, direct } => {
                // To compile a statement takes longer than any of ours; and without nested loops the planner thinks all
                // the world of what the unavoidable ones cost.
                let set_up =
                    "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'; SET jit = off;";
                let pool = pool(&bounded(url), set_up, max_connections).await?;
                Pools::Postgres { pool, direct: bounded(direct.as_ref().unwrap_or(url)).into() }
            }
            DatabaseUrl::Sqlite(path) => {
                let set_up = "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA cache_size = -8192;";
                let read_only = format!("{set_up} PRAGMA query_only = ON;");
                Pools::Sqlite {
                    writer: pool(path, set_up, 1).await?,
                    readers: pool(path, &read_only, max_connections).await?,
                }
            }
        };
        Ok(Self { pools, max_connections, statements: Arc::default() })
    }

    /// Keeps the database up to what it holds by now: to be called from time to time.
    ///
    /// # Errors
    /// The database's.
    pub async fn tend(&self) -> Result<()> {
        if self.is_shared() {
            return Ok(());
        }
        self.write(async move |conn| Ok(conn.learn().await?)).await
    }

    /// Whether several servers can share this database.
    pub const fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres { .. })
    }

    /// The pools by name: the most connections of each, and how it stands.
    pub fn pools(&self) -> Vec<(&'static str, u32, bb8::State)> {
        match &self.pools {
            Pools::Postgres { pool, .. } => vec![("postgres", self.max_connections, pool.state())],
            Pools::Sqlite { writer, readers } => {
                vec![("writer", 1, writer.state()), ("readers", self.max_connections, readers.state())]
            }
        }
    }

    /// How many statements have been sent since the database was opened.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs `work` on a connection for reading, each statement by itself.
    ///
    /// # Errors
    /// Those of `work`; internal when there is no connection to be had.
    pub async fn read<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Read, |_| None, work).await
    }

    /// Runs `work` on a connection whose statements all see the database at one and the same moment.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn snapshot<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Snapshot, |_| None, work).await
    }

    /// Runs `work` in a transaction: committed when it returns `Ok`, rolled back otherwise.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn write<R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Write(None), |_| None, work).await
    }

    /// As [`Db::write`], once it is its turn: before anything is read.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn write_in_turn<R, F>(&self, turn: Turn, work: F) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Write(Some(turn)), |_| None, work).await
    }

    /// As [`Db::write`], and the servers that listen hear what `tell` makes of the result, if and as soon as it is committed.
    ///
    /// # Errors
    /// As for [`Db::read`].
    pub async fn write_and_tell<R, F>(
        &self,
        tell: impl FnOnce(&R) -> Option<Notice> + Send + 'static,
        work: F,
    ) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        self.run(Access::Write(None), tell, work).await
    }

    /// Always on a task of its own, on SQLite on a thread of its own: whoever waits may go away (a client that hangs up), the
    /// work still comes to its end, so that no transaction is left open and no connection is torn from a statement.
    async fn run<R, F>(
        &self,
        access: Access,
        tell: impl FnOnce(&R) -> Option<Notice> + Send + 'static,
        work: F,
    ) -> Result<R>
    where
        R: Send + 'static,
        F: for<'c> AsyncFnOnce(&'c mut Conn) -> Result<R>
            + for<'c> Work<&'c mut Conn, Result<R>, Fut: Send>
            + Send
            + 'static,
    {
        // Boxed: who waits for it holds no more than what is to be done, and there are hundreds of them in a request.
        Box::pin(async move {
            let (pools, request) = (self.pools.clone(), Usage::of_request());
            let _under_way = request.begin();
            let span = tracing::debug_span!("database", access = %access, "otel.kind" = "client");
            if request.is_gone() {
                return Err(Error::unavailable("the request has waited for a connection before"));
            }
            let got = pools.get(access).instrument(span.clone()).await;
            let mut conn = got.inspect_err(|_| request.gone())?;
            let counter = StatementCounter { all: Arc::clone(&self.statements), request };
            let blocks = matches!(conn, Conn::Sqlite(_));
            let task = async move {
                conn.count_by(counter);
                if access == Access::Read {
                    return work(&mut conn).await;
                }
                conn.begin(access).await?;
                let mut result = work(&mut conn).await;
                if let Some(Notice { channel, payload }) = result.as_ref().ok().and_then(tell)
                    && let Err(error) = conn.notify(channel, vec![payload]).await
                {
                    result = Err(error.into());
                }
                match &result {
                    Ok(_) => conn.commit().await?,
                    // A connection that cannot roll back is broken, and the pool drops it; the first error says more.
                    Err(_) => conn.roll_back().await.unwrap_or_else(|error| tracing::warn!(%error, "rollback failed")),
                }
                result
            }
            .instrument(span);
            let done = if blocks {
                let runtime = Handle::current();
                tokio::task::spawn_blocking(move || runtime.block_on(task))
            } else {
                tokio::spawn(task)
            };
            done.await.map_err(Error::internal)?
        })
        .await
    }

    /// A connection outside the pool that hears what [`Conn::notify`] says; `None` on SQLite, which one server has alone.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn listener(&self, channel: &str) -> Result<Option<AsyncPgConnection>> {
        let Pools::Postgres { direct, .. } = &self.pools else { return Ok(None) };
        let mut conn = AsyncPgConnection::establish(direct).await.map_err(Error::unavailable)?;
        conn.batch_execute(&format!("LISTEN {channel}")).await?;
        Ok(Some(conn))
    }
}

impl Pools {
    async fn get(&self, access: Access) -> Result<Conn> {
        Ok(match (self, access) {
            (Self::Postgres { pool, .. }, _) => Conn::Postgres(pool.get_owned().await.map_err(Error::unavailable)?),
            (Self::Sqlite { writer, .. }, Access::Write(_)) => {
                Conn::Sqlite(writer.get_owned().await.map_err(Error::unavailable)?)
            }
            (Self::Sqlite { readers, .. }, _) => Conn::Sqlite(readers.get_owned().await.map_err(Error::unavailable)?),
        })
    }
}
