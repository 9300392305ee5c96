//! Database URLs, and migrations there and back.

use guildhall::{
    db::{DatabaseUrl, Db},
    identity::{Region, found_guild},
    kernel::{clock::Timestamp, error, id::GuildId},
};

#[test]
fn displayed_urls_contain_no_password() {
    let url: Result<DatabaseUrl, _> = "postgres://guild:s3cr@t@db.example/guildhall".parse();
    assert_eq!(url.map(|url| url.to_string()), Ok("postgres://db.example/guildhall".to_owned()));
    let url: Result<DatabaseUrl, _> = "postgres://db.example/guildhall?user=guild&password=s3cr@t".parse();
    assert_eq!(url.map(|url| url.to_string()), Ok("postgres://…".to_owned()));
}

#[test]
fn only_sqlite_files_and_postgresql_are_accepted() {
    assert!("mysql://localhost/x".parse::<DatabaseUrl>().is_err());
    assert!("sqlite://:memory:".parse::<DatabaseUrl>().is_err());
    assert_eq!("sqlite:///tmp/g.db".parse(), Ok(DatabaseUrl::Sqlite("/tmp/g.db".to_owned())));
}

/// Founds a guild, which works once in each newly created table.
async fn found(db: &Db) -> Result<(), Option<&'static str>> {
    let founded = db
        .write(async |conn| found_guild(conn, GuildId::new(), "gg", "GG", Region::Eu, Timestamp::default()).await)
        .await;
    founded.map(drop).map_err(|error| error.refusal().and_then(|refusal| refusal.reason))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_can_be_reverted_and_applied_again() -> error::Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("guildhall.db").display().to_string());
    assert_eq!(found(&Db::open(&url, 1).await?).await, Ok(()));
    assert_eq!(found(&Db::open(&url, 1).await?).await, Err(Some("SLUG_TAKEN")), "nothing was left to apply");
    assert_eq!(found(&Db::open_fresh(&url, 1).await?).await, Ok(()), "all were reverted and applied again");
    let url = DatabaseUrl::Sqlite(folder.path().join("new.db").display().to_string());
    assert_eq!(found(&Db::open_fresh(&url, 1).await?).await, Ok(()), "there was nothing to revert");
    Ok(())
}
