//! `guildhall-bench costs`: the most costly requests of one client, and the latency of another client's page.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;
use guildhall::{
    app::App,
    auth::{self, Hasher, Keys},
    cli::BoxError,
    db::{DatabaseUrl, Db},
    kernel::clock::Clock,
};
use serde_json::json;

use crate::{
    fill::{self, FilledGuild, GuildSize},
    page_client::{PageClient, ROSTER},
    pages::{TOKEN_LIFETIME, analyze},
    print,
    server::{self, HttpConnection, PreparedRequest, ServerProcess},
};

/// Longest acceptable 99th percentile of the other client's page, in milliseconds.
const MAX_P99: f64 = 100.0;

#[derive(Args, Clone)]
pub(crate) struct Costs {
    #[command(flatten)]
    size: GuildSize,
    /// Seconds of each kind of costly request.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Number of costly requests at the same time, each over its own connection.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    at_once: u32,
}

/// A query with this many aliases of one field.
fn aliases(number: usize, field: impl Fn(usize) -> String) -> String {
    let fields: Vec<String> = (0..number).map(|number| format!("a{number}: {}", field(number))).collect();
    format!("{{ {} }}", fields.join(" "))
}

/// The most costly requests that the default limits permit, by name.
fn costly() -> Vec<(&'static str, String)> {
    let search = |text: &str| format!("characters(filter: {{ search: \"{text}\" }}) {{ totalCount }}");
    vec![
        ("one search and count, 50 aliases", aliases(50, |_| search("nowhere"))),
        ("9 different searches and counts", aliases(9, |number| search(&format!("no{number}where")))),
        (
            "19 different searches",
            aliases(19, |number| format!("members(filter: {{ search: \"no{number}where\" }}) {{ nodes {{ id }} }}")),
        ),
        (
            "45 different counts",
            aliases(45, |number| {
                let class = if number % 2 == 0 { "MAGE" } else { "DRUID" };
                let role = if number % 3 == 0 { "TANK" } else { "HEALER" };
                format!(
                    "members(filter: {{ class: {class}, role: {role}, rankLevelAtLeast: {number} }}) {{ totalCount }}"
                )
            }),
        ),
    ]
}

impl Costs {
    pub(crate) async fn run(self, db: Db, url: &DatabaseUrl, max_connections: u32) -> Result<(), BoxError> {
        let secret = format!("{:032x}", rand::random::<u128>());
        let app = Arc::new(App::new(db.clone(), Clock::system(), Keys::new(secret.as_bytes()), Hasher::owasp()?));
        let filled = fill::fill(&app, self.size).await?;
        analyze(&app).await?;
        print(&format!("On {url}: {}.\n\n", filled.summary))?;
        let measured = self.measure(&app, &filled, url, max_connections, &secret).await;
        filled.guild.remove(&app).await?;
        measured
    }

    async fn measure(
        &self,
        app: &App,
        filled: &FilledGuild,
        url: &DatabaseUrl,
        max_connections: u32,
        secret: &str,
    ) -> Result<(), BoxError> {
        let server = ServerProcess::start(server::GUILDHALL, url, max_connections, secret).await?;
        let token = auth::mint(&app.accounts, &filled.viewer, TOKEN_LIFETIME)?;
        let other = filled.guild.voters.iter().find(|voter| voter.id != filled.viewer.id);
        let other = auth::mint(&app.accounts, other.ok_or("the guild has one voter")?, TOKEN_LIFETIME)?;
        let slug = &filled.guild.slug;
        let request = |query: &str, token: &str| {
            PreparedRequest::new(&server, "/graphql", slug, Some(token), Some(&json!({ "query": query })))
        };
        let page = request(ROSTER, &token)?;
        print(&format!(
            "| {} requests at once of another client | costly requests a second | roster pages | p50 ms | p99 ms | max ms \
             |\n|---|--:|--:|--:|--:|--:|\n",
            self.at_once
        ))?;
        let watched = async || {
            let started = Instant::now();
            let client = PageClient::start(server.address.clone(), page.clone());
            tokio::time::sleep(Duration::from_secs(self.seconds.into())).await;
            let latencies = client.take();
            client.stop()?;
            Ok::<_, BoxError>((latencies, started.elapsed().as_secs_f64()))
        };
        // Meanwhile the database writes back what the fill has written.
        watched().await?;
        let mut slowest: f64 = 0.0;
        for (name, query) in [("none", None)].into_iter().chain(costly().into_iter().map(|(name, it)| (name, Some(it))))
        {
            let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
            let mut clients = Vec::new();
            if let Some(query) = &query {
                let costly = request(query, &other)?;
                // Fails if the request is not permitted.
                HttpConnection::open(&server).await?.data(costly.clone()).await?;
                for _ in 0..self.at_once {
                    let (mut connection, costly) = (HttpConnection::open(&server).await?, costly.clone());
                    let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
                    clients.push(tokio::spawn(async move {
                        while !stop.load(Ordering::Relaxed) {
                            // A client that asks too much may be told to come back later.
                            drop(connection.send(costly.clone()).await);
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                    }));
                }
            }
            let (latencies, seconds) = watched().await?;
            stop.store(true, Ordering::Relaxed);
            let requests = done.load(Ordering::Relaxed);
            for client in clients {
                client.await?;
            }
            if query.is_some() {
                slowest = slowest.max(latencies.p99());
            }
            #[expect(clippy::cast_precision_loss, reason = "far fewer requests than 2^52")]
            let rate = requests as f64 / seconds;
            print(&format!("| {name} | {rate:.1} | {} |\n", latencies.cells()))?;
        }
        let verdict = if slowest > MAX_P99 { "above" } else { "within" };
        print(&format!(
            "\nThe slowest 99th percentile during costly requests, {slowest:.0} ms, is {verdict} the goal of {MAX_P99} ms.\n"
        ))
    }
}
