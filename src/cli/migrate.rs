//! `guildhall migrate`: to the newest schema, or from SQLite to PostgreSQL.

use std::{fmt::Write, fs, path::Path};

use clap::Args;

use super::{
    offline::DEFAULT_DATABASE,
    output::{BoxError, listed, say},
};
use crate::{
    cli::settings::DatabaseSettings,
    db::{
        self, Db, TransferredTable,
        file::{self, with_suffix},
    },
    kernel::error::Refusal,
    voting,
};

/// Bring the database to the newest schema; or copy a SQLite database to PostgreSQL.
#[derive(Args)]
pub(super) struct Migrate {
    /// Copy everything from the SQLite file to this PostgreSQL database, <postgres://USER:PASSWORD@HOST/NAME>, which holds no
    /// guild yet: all of it or nothing, read again and recounted before it counts. No server may be running on the file.
    // There is no variable: this says that the value is secret.
    #[arg(long, hide_env_values = true, value_name = "URL")]
    to: Option<db::DatabaseUrl>,
}

impl Migrate {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let Some(to) = self.to else {
            let url = database.url_or(DEFAULT_DATABASE)?;
            Db::open(&url, database.max_connections).await?;
            return say(&format!("{url} has the newest schema.\n"));
        };
        let url = DatabaseSettings { direct_url: None, ..database.clone() }.url_or(DEFAULT_DATABASE)?;
        let (Some(source), None) = (url.file(), to.file()) else {
            return Err(
                "--to copies from SQLite (--database-url sqlite://FILE) to PostgreSQL (--to postgres://…)".into()
            );
        };
        let to = DatabaseSettings { database_url: Some(to), ..database.clone() }.url_or(DEFAULT_DATABASE)?;
        if !source.exists() {
            return Err(format!("{}: No such file", source.display()).into());
        }
        // Nobody writes to it until all is copied.
        let mut held = file::open_exclusive(&source)?;
        file::check(&mut held, &source)?;
        file::migrate(&mut held)?;
        let target = Db::open(&to, database.max_connections).await?;
        let copied = target.write(async move |conn| {
            let (tables, held) = db::transfer(held, conn).await?;
            conn.prefer_hash_joins().await?;
            let recounts = voting::recount_all(conn).await?;
            let problems: Vec<String> = recounts.iter().flatten().cloned().collect();
            if !problems.is_empty() {
                let message = format!("stored results are not what the ballots say:\n{}", listed(&problems));
                return Err(Refusal::conflict("RESULT_DIFFERS", message).into());
            }
            Ok((tables, recounts.len(), held))
        });
        // Kept until here.
        let (tables, recounted, _held) =
            copied.await.map_err(|error| format!("{error}\nNothing was copied: {to} holds no guild of it."))?;
        say(&report(&tables, recounted)?)?;
        say(&format!("{url} is copied to {to}. Put the file away, so that no server is started on it again.\n"))?;
        say(&about_the_key(&with_suffix(&source, ".key"))?)
    }
}

fn report(tables: &[TransferredTable], recounted: usize) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for TransferredTable { table, rows } in tables {
        writeln!(text, "{table:<20}{rows:>12}")?;
    }
    let rows: u64 = tables.iter().map(|table| table.rows).sum();
    writeln!(text, "{} tables, {rows} rows: the same numbers and digests on both sides.", tables.len())?;
    writeln!(text, "{recounted} results recounted: each is what its ballots say.")?;
    Ok(text)
}

/// How tokens stay good.
fn about_the_key(key: &Path) -> Result<String, BoxError> {
    if !key.exists() {
        return Ok(
            "Start the servers with the GUILDHALL_JWT_SECRET that the former had: tokens stay good.\n".to_owned()
        );
    }
    let displayed = key.display();
    let bytes = fs::read(key).map_err(|error| format!("{displayed}: {error}"))?;
    // A variable holds text without NUL, and the shell takes newlines from its end.
    let fits = std::str::from_utf8(&bytes).is_ok_and(|text| !text.contains('\0') && !text.ends_with('\n'));
    Ok(if fits {
        format!(
            "Give the servers the same signing key, so that tokens stay good:\n\
             export GUILDHALL_JWT_SECRET=\"$(cat '{displayed}')\"\n"
        )
    } else {
        format!(
            "{displayed} was not made by Guildhall, and cannot be given as a variable (it is not text, or ends with a \
             newline). With a new GUILDHALL_JWT_SECRET everyone has to sign in again.\n"
        )
    })
}
