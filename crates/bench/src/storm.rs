//! `guildhall-bench storm`: many subscriptions start at once, and the latency of another client's page.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_graphql::ID;
use clap::Args;
use futures_util::{SinkExt, StreamExt, stream};
use guildhall::{
    app::App,
    auth::{self, Hasher, Keys},
    cli::BoxError,
    db::{DatabaseUrl, Db},
    kernel::clock::Clock,
};
use serde_json::json;
use tokio::{sync::watch, task::JoinSet};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    fanout::{CAST, WATCH},
    fill::{self, FilledGuild, GuildSize},
    guild::random_picks,
    page_client::{PageClient, ROSTER},
    pages::{TOKEN_LIFETIME, analyze},
    print,
    server::{self, HttpConnection, PreparedRequest, ServerProcess},
    socket::{self, BenchSocket},
};

/// Number of sockets that connect at the same time.
const CONNECT_AT_ONCE: usize = 64;
/// Longest time until all subscriptions have received a tally.
const MAX_WAIT: Duration = Duration::from_mins(5);
/// Number of ballots that are cast while all subscriptions run.
const BALLOTS: usize = 5;

#[derive(Args, Clone, Copy)]
pub(crate) struct Storm {
    #[command(flatten)]
    size: GuildSize,
    /// Number of WebSocket connections.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=25_000))]
    sockets: u32,
    /// Number of subscriptions that start at once on each of them.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    subscriptions: u32,
    /// Seconds for which the page is measured without a storm.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Gives each subscription a document of its own, which the server parses and keeps. Otherwise they share one.
    #[arg(long)]
    distinct: bool,
}

/// The subscribers, until dropped.
struct Subscribers {
    tasks: JoinSet<Result<(), BoxError>>,
    /// Number of tallies that have arrived.
    received: watch::Sender<usize>,
}

impl Storm {
    pub(crate) async fn run(self, db: Db, url: &DatabaseUrl, max_connections: u32) -> Result<(), BoxError> {
        rlimit::increase_nofile_limit(u64::MAX)?;
        let secret = format!("{:032x}", rand::random::<u128>());
        let app = Arc::new(App::new(db, Clock::system(), Keys::new(secret.as_bytes()), Hasher::owasp()?));
        let filled = fill::fill(&app, self.size).await?;
        analyze(&app).await?;
        print(&format!("On {url}: {}.\n\n", filled.summary))?;
        let server = ServerProcess::start(server::GUILDHALL, url, max_connections, &secret).await?;
        let measured = self.measure(&app, &filled, &server).await;
        filled.guild.remove(&app).await?;
        measured
    }

    async fn measure(self, app: &App, filled: &FilledGuild, server: &ServerProcess) -> Result<(), BoxError> {
        let FilledGuild { guild, viewer, .. } = filled;
        let (campaign, entries) = guild.create_vote(app).await?;
        let campaign = ID::from(campaign.id).0;
        let token = auth::mint(&app.accounts, viewer, TOKEN_LIFETIME)?;
        let others = guild.voters.iter().filter(|voter| voter.id != viewer.id);
        let mint = |voter| auth::mint(&app.accounts, voter, TOKEN_LIFETIME);
        let tokens: Vec<String> =
            others.take(BALLOTS.max(self.sockets.try_into()?)).map(mint).collect::<Result<_, _>>()?;
        let page =
            PreparedRequest::new(server, "/graphql", &guild.slug, Some(&token), Some(&json!({ "query": ROSTER })))?;
        let total = usize::try_from(self.sockets * self.subscriptions)?;

        print("| | pages | p50 ms | p99 ms | max ms |\n|---|--:|--:|--:|--:|\n")?;
        let client = PageClient::start(server.address.clone(), page);
        let sockets = self.connect(server, &guild.slug, &tokens).await?;
        drop(client.take());
        tokio::time::sleep(Duration::from_secs(self.seconds.into())).await;
        let before = client.take();
        let empty = server.memory()?;
        print(&format!("| {} idle sockets | {} |\n", self.sockets, before.cells()))?;

        let started = Instant::now();
        let mut subscribers = self.subscribe(sockets, &campaign);
        let result = subscribers.receive(total).await;
        let seconds = started.elapsed().as_secs_f64();
        let during = client.take();
        print(&format!("| {total} subscriptions start, in {seconds:.1} s | {} |\n", during.cells()))?;
        result?;
        tokio::time::sleep(Duration::from_secs(self.seconds.into())).await;
        print(&format!("| they run | {} |\n", client.take().cells()))?;
        let full = server.memory()?;

        let mut connection = HttpConnection::open(server).await?;
        let casting = Instant::now();
        for (number, token) in tokens.iter().take(BALLOTS).enumerate() {
            let picks: Vec<String> = random_picks(&entries).into_iter().map(|pick| ID::from(pick).0).collect();
            let input = json!({ "campaignId": campaign, "picks": picks });
            let body = json!({ "query": CAST, "variables": { "input": input } });
            connection.data(PreparedRequest::new(server, "/graphql", &guild.slug, Some(token), Some(&body))?).await?;
            subscribers.receive((number + 2) * total).await?;
        }
        let seconds = casting.elapsed().as_secs_f64();
        print(&format!("| {BALLOTS} ballots reach them, in {seconds:.1} s | {} |\n", client.take().cells()))?;
        client.stop()?;
        let each = full.saturating_sub(empty) * 1_024 / u64::try_from(total)?;
        print(&format!(
            "\nMemory of the server: {empty} KiB before, {full} KiB with the subscriptions, {each} bytes for each.\n\
             While they started, the page took {:.1} times as long at the 99th percentile.\n",
            during.p99() / before.p99()
        ))
    }

    async fn connect(
        self,
        server: &ServerProcess,
        slug: &str,
        tokens: &[String],
    ) -> Result<Vec<BenchSocket>, BoxError> {
        let tokens = tokens.iter().cycle().take(self.sockets.try_into()?);
        let opened = tokens.map(|token| socket::open(&server.address, slug, token));
        let opened: Vec<_> = stream::iter(opened).buffer_unordered(CONNECT_AT_ONCE).collect().await;
        opened.into_iter().collect()
    }

    /// Starts all subscriptions at once, and counts the tallies that they receive.
    fn subscribe(self, sockets: Vec<BenchSocket>, campaign: &str) -> Subscribers {
        let (mut tasks, received) = (JoinSet::new(), watch::Sender::new(0));
        for (number, mut socket) in sockets.into_iter().enumerate() {
            let (campaign, received) = (campaign.to_owned(), received.clone());
            tasks.spawn(async move {
                for id in 0..self.subscriptions {
                    let query = if self.distinct {
                        WATCH.replacen("subscription", &format!("subscription S{number}x{id}"), 1)
                    } else {
                        WATCH.to_owned()
                    };
                    socket.feed(socket::subscribe(&id.to_string(), &query, &campaign)).await?;
                }
                socket.flush().await?;
                while let Some(message) = socket.next().await {
                    let Message::Text(text) = message? else { continue };
                    if !text.starts_with(r#"{"type":"next""#) {
                        return Err(format!("a subscription ended: {text}").into());
                    }
                    received.send_modify(|received| *received += 1);
                }
                Err("the server closed a socket".into())
            });
        }
        Subscribers { tasks, received }
    }
}

impl Subscribers {
    /// Waits until this number of tallies has arrived. Fails if a subscription ends before.
    async fn receive(&mut self, number: usize) -> Result<(), BoxError> {
        let mut received = self.received.subscribe();
        tokio::select! {
            // Cannot fail: the sender lives as long as the subscribers.
            _ = received.wait_for(|received| *received >= number) => Ok(()),
            Some(ended) = self.tasks.join_next() => ended?,
            () = tokio::time::sleep(MAX_WAIT) => {
                Err(format!("only {} of {number} tallies arrived", *self.received.borrow()).into())
            }
        }
    }
}
