//! SQLite: a migrated file is made once per process, and each test gets a copy.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use guildhall::db::{DatabaseUrl, Db};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Copies the template; the copy goes with the returned folder.
pub async fn copy_template() -> (DatabaseUrl, TempDir) {
    static TEMPLATE: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
    let (_, template) = TEMPLATE.get_or_init(create_template).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guildhall.db");
    std::fs::copy(template, &file).unwrap();
    (format!("sqlite://{}", file.display()).parse().unwrap(), folder)
}

async fn create_template() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("template.db");
    let url: DatabaseUrl = format!("sqlite://{}", file.display()).parse().unwrap();
    drop(Db::open(&url, 2).await.unwrap());
    // Only the main file is copied, so the write-ahead log is moved into it.
    let mut conn = <diesel::SqliteConnection as diesel::Connection>::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    (folder, file)
}
