//! Database URLs, and migrations in both directions.

use guildhall::{
    db::{DatabaseUrl, Db},
    identity::{Region, create_guild},
    kernel::{clock::Timestamp, error, id::GuildId},
};

#[test]
fn displayed_urls_contain_no_password() {
    let url: Result<DatabaseUrl, _> = "postgres://guild:s3cr@t@db.example/guildhall".parse();
    assert_eq!(url.map(|url| url.to_string()), Ok("postgres://db.example/guildhall".to_owned()));
    let url: Result<DatabaseUrl, _> = "postgres://db.example/guildhall?user=guild&password=s3cr@t".parse();
    assert_eq!(url.map(|url| url.to_string()), Ok("postgres://db.example/guildhall".to_owned()));
    // Passwords with characters that are not percent-encoded, so that the parser finds the host elsewhere.
    for url in [
        "postgres://guild:s3cr@t/s3cr@db.example/guildhall",
        "postgres://guild:s3cr@t,s3cr@db.example/guildhall",
        "postgres://guild:s3cr@t?dbname=s3cr@db.example/guildhall",
        "postgres://db.example:5432/guildhall?password=s3cr@t",
        "postgres://guild:s3cr:t@db.example/guildhall",
        "postgres://guild@db.example/guildhall?password=s3cr",
    ] {
        let shown = format!("{:?}", url.parse::<DatabaseUrl>().unwrap());
        assert!(shown == "postgres://…" || shown == "postgres://db.example/guildhall", "{shown}");
    }
    for url in ["postgres://guild:s3cr@t:s3cr@db.example/guildhall", "postgres://guild:s3cr@t?s3cr=s3cr@db.example/x"] {
        let error = url.parse::<DatabaseUrl>().unwrap_err();
        assert!(error.contains("%40") && !error.contains("s3cr"), "{error}");
    }
}

#[test]
fn displayed_urls_name_hosts_and_database() {
    for (url, shown) in [
        ("postgresql://guild:p%40%3F@[::1]:6432/gh?sslmode=disable", "postgres://…"),
        ("postgresql://guild:p%40@[::1]:6432/gh?sslmode=disable", "postgres://[::1]:6432/gh"),
        ("postgres://guild@one:5433,two/gh", "postgres://one:5433,two/gh"),
        ("postgres://guild@%2Frun%2Fpostgresql/gh", "postgres://%2Frun%2Fpostgresql/gh"),
        ("postgres:///gh?host=/run/postgresql&port=5433", "postgres://%2Frun%2Fpostgresql:5433/gh"),
        // The parameter replaces the host, as in the URLs of a provider's proxy.
        ("postgres://guild:pw@localhost/gh?host=/cloudsql/one:two", "postgres://%2Fcloudsql%2Fone%3Atwo/gh"),
        ("postgres://localhost:5433/gh?host=/run/postgresql", "postgres://%2Frun%2Fpostgresql:5433/gh"),
        ("postgres://guild:p:ss@localhost:5433/gh?port=5434&host=db.example", "postgres://db.example:5434/gh"),
    ] {
        assert_eq!(url.parse::<DatabaseUrl>().map(|url| url.to_string()), Ok(shown.to_owned()));
    }
}

#[test]
fn postgresql_urls_are_checked_when_they_are_parsed() {
    let wrong = |url: &str| url.parse::<DatabaseUrl>().unwrap_err();
    let port = "the PostgreSQL URL is not valid: invalid value for option `port`";
    assert_eq!(wrong("postgres://guild:s3cr@db.example:port/gh"), port);
    assert!(wrong("postgres://db.example/gh?sslmode=always").contains("sslmode must be disable, allow, prefer,"));
    assert!(wrong("postgres://db.example/gh?sslcert=client.pem").ends_with("unknown option `sslcert`"));
    let weak = "sslrootcert=system needs sslmode=verify-full";
    assert!(wrong("postgres://db.example/gh?sslmode=require&sslrootcert=system").ends_with(weak));
    assert!(wrong("postgres://db.example/gh?ssl=true&sslrootcert=system").ends_with(weak));
    assert!(wrong("postgres://db.example/gh?pgbouncer=true").ends_with("unknown option `pgbouncer`"));
    assert!(wrong("postgres://db.example/gh?gssencmode=require").ends_with("unknown option `gssencmode`"));
    for parameters in [
        "",
        "?",
        "?sslmode=verify-full&sslrootcert=ca.pem",
        "?sslrootcert=system",
        "?connect_timeout=3&sslmode=allow",
        // As libpq and the drivers of other languages write them.
        "?ssl=true",
        "?ssl=true&sslmode=verify-full&sslrootcert=system",
        "?gssencmode=disable&keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=5",
        "?sslmode=require&channel_binding=require&options=endpoint%3Dep-cool-123456",
        "?target_session_attrs=primary",
        "?sslmode=require\n",
    ] {
        let url = format!("postgres://guild:p?ss@db.example/gh{parameters}").parse::<DatabaseUrl>();
        assert!(url.is_ok(), "{url:?}");
    }
}

#[test]
fn only_sqlite_files_and_postgresql_are_accepted() {
    assert!("mysql://localhost/x".parse::<DatabaseUrl>().is_err());
    assert!("sqlite://:memory:".parse::<DatabaseUrl>().is_err());
    assert_eq!("sqlite://100%/a b.db".parse(), Ok(DatabaseUrl::Sqlite("100%/a b.db".to_owned())));
    assert_eq!("sqlite:///tmp/g.db".parse(), Ok(DatabaseUrl::Sqlite("/tmp/g.db".to_owned())));
}

/// Founds a guild. A second one with the same slug fails, so success means that the tables are new.
async fn found(db: &Db) -> Result<(), Option<&'static str>> {
    let founded = db
        .write(async |conn| create_guild(conn, GuildId::new(), "gg", "GG", Region::Eu, Timestamp::default()).await)
        .await;
    founded.map(drop).map_err(|error| error.refusal().and_then(|refusal| refusal.reason))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_can_be_reverted_and_applied_again() -> error::Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("guildhall.db").display().to_string());
    assert_eq!(found(&Db::open(&url, 1).await?).await, Ok(()));
    assert_eq!(found(&Db::open(&url, 1).await?).await, Err(Some("SLUG_TAKEN")), "no migration is applied twice");
    assert_eq!(found(&Db::open_fresh(&url, 1).await?).await, Ok(()), "all migrations are reverted and applied");
    let url = DatabaseUrl::Sqlite(folder.path().join("new.db").display().to_string());
    assert_eq!(found(&Db::open_fresh(&url, 1).await?).await, Ok(()), "a new database has nothing to revert");
    Ok(())
}
