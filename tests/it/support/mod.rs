//! A guild of its own for every test, on a database of its own.

mod client;
pub mod cluster;
pub mod discord;
mod drafts;
mod http;
pub mod process;
pub mod sdl;

use std::{sync::Arc, time::Duration};

use async_graphql::ID;
use chrono::{DateTime, TimeZone, Utc};
use diesel_async::SimpleAsyncConnection;
use guildhall::{
    api::Graph,
    app::{App, Options},
    auth::{self, Hasher, Keys},
    db::{Conn, DatabaseUrl, Db},
    discord::Bot,
    identity::{self, Member, Rank, Region},
    kernel::{
        clock::{Clock, Timestamp},
        id::GuildId,
    },
};
use serde_json::Value;

pub use guildhall_macros::on_both;

pub use self::{
    client::{Client, Responses, next, refusal_in},
    discord::LocalDiscord,
    drafts::{CAST, Draft, campaign},
    http::{Http, Socket},
};

/// The password of every registered member.
pub const PASSWORD: &str = "correct horse battery";

/// Every permission there is, in the schema's order.
pub const PERMISSIONS: [&str; 7] = [
    "RANKS_MANAGE",
    "MEMBERS_MANAGE",
    "MEMBERS_INVITE",
    "CAMPAIGNS_MANAGE",
    "DISCORD_MANAGE",
    "AUDIT_VIEW",
    "GUILD_MANAGE",
];

/// A server without a socket, on a database of its own, with a clock that stands still.
pub struct TestApp {
    pub app: Arc<App>,
    pub clock: Clock,
    pub database: DatabaseUrl,
    graph: Graph,
    secret: [u8; 32],
    _home: Home,
}

enum Home {
    Sqlite { _folder: tempfile::TempDir },
    Postgres { _database: cluster::Database },
}

/// When every test begins.
pub fn beginning() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 1, 20, 0, 0).unwrap()
}

impl TestApp {
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("guildhall.db");
        std::fs::copy(cluster::sqlite_template().await, &file).unwrap();
        let url = format!("sqlite://{}", file.display()).parse().unwrap();
        Self::new(url, Home::Sqlite { _folder: folder }).await
    }

    /// `None` where there is no PostgreSQL: that half of the suite is then left out, and the run says so.
    pub async fn on_postgres() -> Option<Self> {
        let database = cluster::database().await?;
        let url = database.url.clone();
        Some(Self::new(url, Home::Postgres { _database: database }).await)
    }

    /// On a cluster that the test may break.
    pub async fn on_cluster(cluster: &cluster::Own) -> Self {
        let database = cluster.database().await;
        let url = database.url.clone();
        Self::new(url, Home::Postgres { _database: database }).await
    }

    async fn new(database: DatabaseUrl, home: Home) -> Self {
        let clock = Clock::manual(beginning());
        let secret = [7; 32];
        let hasher = Hasher::cheap().unwrap();
        let app = App::with(connect(&database).await, clock.clone(), Keys::new(&secret), hasher, options());
        let app = Arc::new(app);
        Self { app, clock, database, graph: Graph::new().unwrap(), secret, _home: home }
    }

    /// The same with a Discord bot.
    pub async fn with_bot(self, discord: &LocalDiscord) -> Self {
        let bot = bot(&self.clock, discord);
        self.with(|options| options.bot = Some(bot)).await
    }

    /// The same, set up otherwise.
    pub async fn with(self, set_up: impl FnOnce(&mut Options)) -> Self {
        let app = self.server_with(set_up).await;
        Self { app, ..self }
    }

    /// Another server on the same database.
    pub async fn another_server(&self) -> Arc<App> {
        self.server_with(|_| ()).await
    }

    /// Another server on the same database, set up otherwise.
    pub async fn server_with(&self, set_up: impl FnOnce(&mut Options)) -> Arc<App> {
        let mut options = options();
        set_up(&mut options);
        let db = connect(&self.database).await;
        self.server_on(db, options)
    }

    /// Another server on the same database, with a bot of its own.
    pub async fn another_bot(&self, discord: &LocalDiscord) -> Arc<App> {
        let bot = bot(&self.clock, discord);
        self.server_with(|options| options.bot = Some(bot)).await
    }

    /// Another server over these connections.
    pub fn server_on(&self, db: Db, options: Options) -> Arc<App> {
        Arc::new(App::with(db, self.clock.clone(), Keys::new(&self.secret), Hasher::cheap().unwrap(), options))
    }

    /// A guild with the seed's ladder, led by a registered `leader`.
    pub async fn guild(&self, slug: &str) -> TestGuild<'_> {
        let (name, now) = (slug.to_owned(), self.clock.now());
        let (guild, ranks) = self
            .app
            .db
            .write(async move |conn| identity::create_guild(conn, GuildId::new(), &name, &name, Region::Us, now).await)
            .await
            .unwrap();
        // So that the first one made is the oldest.
        self.clock.advance(Duration::from_secs(1));
        let guild = TestGuild { test: self, id: guild.id, slug: guild.slug, ranks };
        guild.member("leader", "Guild Leader").await;
        guild
    }

    /// Serves on a loopback socket until the test ends.
    pub async fn serve(&self) -> Http {
        Http::serve(Arc::clone(&self.app)).await
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The flags of a command that is to work on the same database as another server.
    pub fn flags(&self) -> [String; 4] {
        let secret = String::from_utf8(self.secret.to_vec()).unwrap();
        let database = match &self.database {
            DatabaseUrl::Postgres { url, .. } => url.reveal().to_owned(),
            DatabaseUrl::Sqlite(path) => format!("sqlite://{path}"),
        };
        ["--database-url".to_owned(), database, "--jwt-secret".to_owned(), secret]
    }

    /// How many rows a table has, of all guilds.
    pub async fn rows_of(&self, table: &str) -> i64 {
        let query = format!("SELECT count(*) AS number FROM {table}");
        let count = async move |conn: &mut Conn| Ok(number(conn, query).await);
        self.app.db.read(count).await.unwrap()
    }

    /// Changes the database behind the server's back.
    pub async fn sql(&self, statement: &str) {
        let statement = statement.to_owned();
        let change = async move |conn: &mut Conn| {
            match conn {
                Conn::Sqlite(conn) => conn.batch_execute(&statement).await?,
                Conn::Postgres(conn) => conn.batch_execute(&statement).await?,
            }
            Ok(())
        };
        self.app.db.write(change).await.unwrap();
    }
}

/// A bot of a local Discord.
pub fn bot(clock: &Clock, discord: &LocalDiscord) -> Bot {
    Bot::new(LocalDiscord::TOKEN, &discord.base(), clock).unwrap()
}

/// The options of a server under test: revocations wait for a short lease only.
pub fn options() -> Options {
    Options { lease: Duration::from_millis(20), ..Options::default() }
}

async fn connect(database: &DatabaseUrl) -> Db {
    Db::connect(database, 4).await.unwrap()
}

/// A guild under test.
pub struct TestGuild<'t> {
    pub test: &'t TestApp,
    pub id: GuildId,
    pub slug: String,
    pub ranks: Vec<Rank>,
}

impl<'t> TestGuild<'t> {
    pub fn rank(&self, name: &str) -> &Rank {
        self.ranks.iter().find(|rank| rank.name == name).unwrap()
    }

    /// Adds an active, registered member.
    pub async fn member(&self, username: &str, rank: &str) -> Client<'t> {
        let member = self.row(username, rank, true).await;
        self.add(vec![member]).await.remove(0)
    }

    /// Adds an active member without an account.
    pub async fn unregistered(&self, username: &str, rank: &str) -> Client<'t> {
        let member = self.row(username, rank, false).await;
        self.add(vec![member]).await.remove(0)
    }

    /// A member's row, to be changed at will before it is added.
    pub async fn row(&self, username: &str, rank: &str, registered: bool) -> Member {
        let new = identity::NewMember {
            discord_username: username.to_owned(),
            discord_id: None,
            display_name: None,
            rank: None,
        };
        let mut member = new.into_row(self.rank(rank), self.test.now()).unwrap();
        if registered {
            member.password_hash = Some(self.test.app.accounts.hasher.hash(PASSWORD.to_owned()).await.unwrap());
            member.registered_at = Some(self.test.now());
        }
        member
    }

    /// Adds members as they stand.
    pub async fn add(&self, members: Vec<Member>) -> Vec<Client<'t>> {
        let (rows, guild) = (members.clone(), self.id);
        self.test
            .app
            .db
            .write(async move |conn| {
                identity::store::bump_roster_version(conn, guild).await?;
                Ok(identity::store::insert_members(conn, rows).await?)
            })
            .await
            .unwrap();
        members.iter().map(|member| self.client_of(member)).collect()
    }

    fn client_of(&self, member: &Member) -> Client<'t> {
        let token = auth::mint(&self.test.app.accounts, member, Duration::from_hours(9600)).unwrap();
        Client { test: self.test, slug: self.slug.clone(), id: ID::from(member.id).to_string(), token: Some(token) }
    }

    /// The leader that every guild has.
    pub async fn leader(&self) -> Client<'t> {
        let guild = self.id;
        let leader = self
            .test
            .app
            .db
            .read(async move |conn| Ok(identity::store::member_by_username(conn, guild, "leader").await?))
            .await
            .unwrap();
        self.client_of(&leader.unwrap())
    }

    /// Someone who is not signed in.
    pub fn anyone(&self) -> Client<'t> {
        Client { test: self.test, slug: self.slug.clone(), id: String::new(), token: None }
    }
}

/// Runs `work`, and moves the clock meanwhile: whenever at least `tasks` tasks sleep on it and the first of them wakes in at
/// most `within`, to that moment.
pub async fn while_time_passes<T>(clock: &Clock, tasks: usize, within: Duration, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            output = &mut work => return output,
            wake = clock.next_wake(tasks, within) => clock.set(wake),
        }
    }
}

/// The strings found by a JSON pointer in each item of a list.
pub fn strings(list: &Value, pointer: &str) -> Vec<String> {
    let string = |item: &Value| item.pointer(pointer).and_then(Value::as_str).unwrap_or("null").to_owned();
    list.as_array().unwrap_or_else(|| panic!("not a list: {list}")).iter().map(string).collect()
}

/// Runs a statement within a transaction on PostgreSQL.
pub async fn execute(conn: &mut Conn, statement: &str) {
    let Conn::Postgres(conn) = conn else { panic!("on PostgreSQL only: SQLite's writers never meet") };
    conn.batch_execute(statement).await.unwrap();
}

/// How many transactions on PostgreSQL wait for a lock that another one holds.
pub async fn waiting_for_locks(server: &App) -> i64 {
    let query = "SELECT count(*) AS number FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    server.db.read(async |conn| Ok(number(conn, query.to_owned()).await)).await.unwrap()
}

async fn number(conn: &mut Conn, query: String) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct CountRow {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        number: i64,
    }
    use diesel_async::RunQueryDsl;
    let query = diesel::sql_query(query);
    let found: CountRow = match conn {
        Conn::Sqlite(conn) => query.get_result(&mut **conn).await.unwrap(),
        Conn::Postgres(conn) => query.get_result(&mut **conn).await.unwrap(),
    };
    found.number
}
