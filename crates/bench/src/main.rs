//! `guildhall-bench`: benchmarks of the Guildhall server.
//!
//! - [`ballots`], [`costs`], [`fanout`], [`pages`] and [`storm`] are the benchmarks, a file for each.
//! - [`plain`] is the hand-written server that [`pages`] compares Guildhall with.
//! - [`guild`] creates and removes a benchmark's guild, [`fill`] fills it, [`server`] starts servers, and [`sql`] runs
//!   SQL. [`page_client`] measures the latency of a page, and [`socket`] opens WebSocket connections.

mod ballots;
mod costs;
mod fanout;
mod fill;
mod guild;
mod page_client;
mod pages;
mod plain;
mod server;
mod socket;
mod sql;
mod storm;

use std::{io::Write, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use guildhall::{
    cli::settings::DatabaseSettings,
    cli::{self, BoxError},
    db::{DatabaseUrl, Db},
    http::WebFiles,
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Benchmark Guildhall on this machine and this database.
///
/// A benchmark creates its own guild (`bench-…`) and removes it afterwards, unless it is interrupted. Without
/// --database-url it uses a new SQLite database in the directory for temporary files.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 110)]
struct BenchCli {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(subcommand)]
    benchmark: Benchmark,
}

#[derive(Subcommand)]
enum Benchmark {
    /// Cast ballots in one campaign concurrently, and compare with the same SQL statements alone.
    Ballots(ballots::Ballots),
    /// Send the most costly requests that are permitted, and measure the latency of another client's page.
    Costs(costs::Costs),
    /// Let many clients watch one campaign over WebSocket while ballots are cast. The server runs in its own process.
    Fanout(fanout::Fanout),
    /// Request the usual pages and cast ballots over HTTP, and compare with hand-written endpoints in plain SQL that
    /// return the same responses.
    Pages(pages::Pages),
    /// Start many subscriptions on many WebSocket connections at once, and measure the latency of another
    /// client's page.
    Storm(storm::Storm),
    /// Serve the hand-written endpoints.
    #[command(hide = true)]
    Plain(plain::Plain),
}

fn main() -> ExitCode {
    // The server under test is this program, started again as `guildhall serve`.
    if std::env::args_os().nth(1).is_some_and(|command| command == server::GUILDHALL) {
        return cli::main(WebFiles {
            files: guildhall_web::FILES,
            routes: guildhall_web::ROUTES,
            documents: guildhall_web::DOCUMENTS,
        });
    }
    cli::launch(cli::parse::<BenchCli>, BenchCli::run)
}

impl BenchCli {
    async fn run(self) -> Result<(), BoxError> {
        let folder = std::env::temp_dir().join(format!("guildhall-bench-{:016x}", rand::random::<u64>()));
        let is_temporary = self.database.database_url.is_none();
        if is_temporary {
            std::fs::create_dir(&folder)?;
        }
        let url = self.database.url_or(&format!("sqlite://{}", folder.join("bench.db").display()))?;
        let result = self.benchmark.run(&url, self.database.max_connections).await;
        if is_temporary {
            std::fs::remove_dir_all(&folder)?;
        }
        result
    }
}

impl Benchmark {
    async fn run(self, url: &DatabaseUrl, max_connections: u32) -> Result<(), BoxError> {
        let db = Db::open(url, max_connections).await?;
        match self {
            Self::Ballots(ballots) => ballots.run(db, url).await,
            Self::Costs(costs) => costs.run(db, url, max_connections).await,
            Self::Fanout(fanout) => fanout.run(db, url, max_connections).await,
            Self::Pages(pages) => pages.run(db, url, max_connections).await,
            Self::Storm(storm) => storm.run(db, url, max_connections).await,
            Self::Plain(plain) => plain.run(db).await,
        }
    }
}

/// Prints to standard output. A closed pipe is an error like any other.
fn print(text: &str) -> Result<(), BoxError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// A percentile of sorted durations, in milliseconds.
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or_default().as_secs_f64() * 1_000.0
}
