//! Connection pools.

use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{
    AsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod, bb8::Pool},
};

use futures_util::FutureExt;
use tokio::runtime::Handle;

use crate::kernel::error::{Error, Result};

/// Longest wait for a connection from the pool. Shorter than clients' timeouts, so that they receive an error.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// Creates a pool whose connections are opened by `connect` and then run the SQL `set_up`.
pub(super) async fn pool<C, F>(
    connect: impl Fn() -> F + Send + Sync + 'static,
    set_up: &str,
    max_size: u32,
) -> Result<Pool<C>>
where
    F: Future<Output = ConnectionResult<C>> + Send + 'static,
    C: PoolableConnection + AsyncConnection + 'static,
    AsyncDieselConnectionManager<C>:
        bb8::ManageConnection<Connection = C, Error = diesel_async::pooled_connection::PoolError>,
{
    let set_up = set_up.to_owned();
    let mut config = ManagerConfig::<C>::default();
    // Checks only the connection's state. The default check runs a statement, which would double the cost of short
    // queries.
    config.recycling_method = RecyclingMethod::CustomFunction(Box::new(|conn| {
        let result = if conn.is_broken() { Err(diesel::result::Error::BrokenTransactionManager) } else { Ok(()) };
        Box::pin(std::future::ready(result))
    }));
    config.custom_setup = Box::new(move |_| {
        let (set_up, connected, runtime) = (set_up.clone(), connect(), Handle::current());
        let connect = async move {
            let mut conn = connected.await?;
            conn.batch_execute(&set_up).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(conn)
        };
        // Opening a SQLite file blocks the thread.
        let connected = tokio::task::spawn_blocking(move || runtime.block_on(connect));
        connected.map(|it| it.map_err(|panic| ConnectionError::BadConnection(panic.to_string()))?).boxed()
    });
    Pool::builder()
        .max_size(max_size)
        .min_idle(1)
        .connection_timeout(CONNECTION_TIMEOUT)
        .build(AsyncDieselConnectionManager::new_with_config("", config))
        .await
        .map_err(Error::internal)
}
