//! A server under test, without a socket.

use std::{sync::Arc, time::Duration};

use guildhall::{
    api::Graph,
    app::{App, Options},
    auth::{Hasher, Keys},
    db::{DatabaseUrl, Db},
    discord::Bot,
    kernel::clock::{Clock, Timestamp},
};

use super::{
    LocalDiscord, TestServer,
    clock::start_time,
    databases::{Database, cluster::Cluster},
};

/// A server on a database of its own, with a clock that only the test moves.
pub struct TestApp {
    pub app: Arc<App>,
    pub clock: Clock,
    pub database: DatabaseUrl,
    pub(super) graph: Graph,
    secret: [u8; 32],
    // The last field: the database is removed after its connections are closed.
    _database: Database,
}

impl TestApp {
    pub async fn on_sqlite() -> Self {
        Self::on(Database::on_sqlite().await).await
    }

    /// `None` where there is no PostgreSQL: that half of the suite then does nothing, and the run prints a note.
    pub async fn on_postgres() -> Option<Self> {
        Some(Self::on(Database::on_postgres().await?).await)
    }

    /// On a cluster that the test can stop and pause.
    pub async fn on_cluster(cluster: &Cluster) -> Self {
        Self::on(cluster.database().await).await
    }

    async fn on(database: Database) -> Self {
        let (clock, url, secret) = (Clock::manual(start_time()), database.url.clone(), [7; 32]);
        let db = connect(&url).await;
        let app = App::with(db, clock.clone(), Keys::new(&secret), Hasher::cheap().unwrap(), test_options());
        Self { app: Arc::new(app), clock, database: url, graph: Graph::new().unwrap(), secret, _database: database }
    }

    /// The same test with a server that has a Discord bot.
    pub async fn with_bot(self, discord: &LocalDiscord) -> Self {
        let bot = discord_bot(&self.clock, discord);
        self.with_options(|options| options.bot = Some(bot)).await
    }

    /// The same test with a server that has other options.
    pub async fn with_options(self, change: impl FnOnce(&mut Options)) -> Self {
        let app = self.another_server_with(change).await;
        Self { app, ..self }
    }

    /// Another server on the same database.
    pub async fn another_server(&self) -> Arc<App> {
        self.another_server_with(|_| ()).await
    }

    /// Another server on the same database, with a Discord bot of its own.
    pub async fn another_bot(&self, discord: &LocalDiscord) -> Arc<App> {
        let bot = discord_bot(&self.clock, discord);
        self.another_server_with(|options| options.bot = Some(bot)).await
    }

    /// Another server on the same database, with other options.
    pub async fn another_server_with(&self, change: impl FnOnce(&mut Options)) -> Arc<App> {
        let mut options = test_options();
        change(&mut options);
        self.another_server_on(connect(&self.database).await, options)
    }

    /// Another server that uses these connections.
    pub fn another_server_on(&self, db: Db, options: Options) -> Arc<App> {
        Arc::new(App::with(db, self.clock.clone(), Keys::new(&self.secret), Hasher::cheap().unwrap(), options))
    }

    /// Serves on a loopback socket until the test ends.
    pub async fn serve(&self) -> TestServer {
        TestServer::start(Arc::clone(&self.app)).await
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The flags with which the program uses the same database and signing key.
    pub fn flags(&self) -> [String; 4] {
        let secret = String::from_utf8(self.secret.to_vec()).unwrap();
        let database = match &self.database {
            DatabaseUrl::Postgres { url, .. } => url.reveal().to_owned(),
            DatabaseUrl::Sqlite(path) => format!("sqlite://{path}"),
        };
        ["--database-url".to_owned(), database, "--jwt-secret".to_owned(), secret]
    }
}

/// A bot of a local Discord.
pub fn discord_bot(clock: &Clock, discord: &LocalDiscord) -> Bot {
    Bot::new(LocalDiscord::TOKEN, &discord.base(), clock).unwrap()
}

/// The options of a server under test. Its lease is short, because a revocation waits for it in real time.
pub fn test_options() -> Options {
    Options { lease: Duration::from_millis(20), ..Options::default() }
}

async fn connect(database: &DatabaseUrl) -> Db {
    Db::connect(database, 4).await.unwrap()
}
