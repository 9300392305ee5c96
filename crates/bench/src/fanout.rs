//! `guildhall-bench fanout`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_graphql::ID;
use clap::Args;
use futures_util::{SinkExt, StreamExt};
use guildhall::{
    app::App,
    auth::{self, Hasher, Keys},
    cli::BoxError,
    db::{DatabaseUrl, Db},
    kernel::{clock::Clock, id::EntryId},
    voting::Campaign,
};
use serde::Deserialize;
use serde_json::json;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::MissedTickBehavior,
};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    guild::{BenchGuild, random_picks},
    percentile, print,
    server::{self, HttpConnection, PreparedRequest, ServerProcess},
    socket::{self, BenchSocket},
};

/// Number of subscribers that connect at the same time.
const CONNECT_AT_ONCE: usize = 64;
/// Idle time of the server before its memory is read.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest time in which the last tally must reach all subscribers.
const LAST_TALLY_TIMEOUT: Duration = Duration::from_secs(30);
/// Time between two requests for the roster meanwhile.
const ROSTER_INTERVAL: Duration = Duration::from_millis(200);
/// Longest latency in the statistics, in milliseconds. Longer ones count as this one.
const MAX_LATENCY_MS: usize = 60_000;

pub(crate) const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { revision isFinal turnout { voted eligible } \
    standings { place points entry { id name } } } }";
pub(crate) const CAST: &str = "mutation($input: CastBallotInput!) { castBallot(input: $input) { ballot { receipt } } }";
const ROSTER: &str = "{ members(first: 25) { totalCount nodes { id displayName rank { name } characters { name } } } }";

#[derive(Args, Clone, Copy)]
pub(crate) struct Fanout {
    /// Number of subscribers, each with its own WebSocket.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=25_000))]
    pub(crate) subscribers: u32,
    /// Time between two ballots.
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = humantime::parse_duration)]
    pub(crate) every: Duration,
    /// Number of ballots to cast.
    #[arg(long, value_name = "N", default_value_t = 400)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) ballots: u32,
}

/// The times at which ballots were acknowledged, and the latencies with which subscribers received them.
struct Deliveries {
    /// Time of the acknowledgement of each ballot, in microseconds from the start; 0 before it.
    acknowledged: Vec<AtomicU64>,
    /// Number of deliveries by latency after the acknowledgement, in milliseconds.
    latencies: Vec<AtomicU32>,
    messages: AtomicU64,
    started: Instant,
}

impl Fanout {
    pub(crate) async fn run(self, db: Db, url: &DatabaseUrl, max_connections: u32) -> Result<(), BoxError> {
        // The client end of a socket is an open file, too.
        rlimit::increase_nofile_limit(u64::MAX)?;
        let secret = format!("{:032x}", rand::random::<u128>());
        let app = Arc::new(App::new(db, Clock::system(), Keys::new(secret.as_bytes()), Hasher::owasp()?));
        let guild = BenchGuild::create(&app, self.subscribers.max(self.ballots)).await?;
        let server = ServerProcess::start(server::GUILDHALL, url, max_connections, &secret).await?;
        let measured = self.measure(&app, &guild, &server, url).await;
        guild.remove(&app).await?;
        measured
    }

    async fn measure(
        self,
        app: &Arc<App>,
        guild: &BenchGuild,
        server: &ServerProcess,
        url: &DatabaseUrl,
    ) -> Result<(), BoxError> {
        let (campaign, entries) = guild.create_vote(app).await?;
        let mint = |voter| auth::mint(&app.accounts, voter, Duration::from_hours(1));
        let tokens: Vec<String> = guild.voters.iter().map(mint).collect::<Result<_, _>>()?;
        let Self { subscribers, ballots, every } = self;
        print(&format!("{subscribers} subscribers, {ballots} ballots, one every {every:?}, on {url}\n\n"))?;

        // A first request, so that the memory it needs does not count as that of subscribers.
        let mut connection = HttpConnection::open(server).await?;
        let roster = PreparedRequest::new(server, "/graphql", &guild.slug, None, Some(&json!({ "query": ROSTER })))?;
        connection.data(roster.clone()).await?;
        let empty = server.memory()?;
        let deliveries = Arc::new(Deliveries {
            acknowledged: (0..=ballots).map(|_| AtomicU64::new(0)).collect(),
            latencies: (0..=MAX_LATENCY_MS).map(|_| AtomicU32::new(0)).collect(),
            messages: AtomicU64::new(0),
            started: Instant::now(),
        });
        let (reached, mut watchers) = (watch::Sender::new(0_u32), JoinSet::new());
        let connecting = Instant::now();
        let gate = Arc::new(Semaphore::new(CONNECT_AT_ONCE));
        for token in tokens.iter().take(usize::try_from(subscribers)?) {
            let permit = Arc::clone(&gate).acquire_owned().await?;
            let (address, slug, id) = (server.address.clone(), guild.slug.clone(), ID::from(campaign.id).0);
            let (token, deliveries, reached) = (token.clone(), Arc::clone(&deliveries), reached.clone());
            watchers.spawn(async move {
                let socket = connect(&address, &slug, &token, &id).await?;
                drop(permit);
                watch(socket, &deliveries, ballots, &reached).await
            });
        }
        wait_for(&reached, subscribers, &mut watchers).await?;
        print(&format!("connected in {:.1} s\n", connecting.elapsed().as_secs_f64()))?;
        tokio::time::sleep(PAUSE).await;
        let idle = server.memory()?;

        let (stop, stopped) = watch::channel(false);
        let queries = tokio::spawn(poll_roster(connection, roster, stopped));
        let messages_before = deliveries.messages.load(Ordering::Relaxed);
        let casting = Instant::now();
        let casts = self.cast(server, guild, &campaign, &entries, &tokens, &deliveries).await?;
        let all = wait_for(&reached, 2 * subscribers, &mut watchers);
        let all = tokio::time::timeout(LAST_TALLY_TIMEOUT, all).await;
        let duration = casting.elapsed();
        let messages = deliveries.messages.load(Ordering::Relaxed) - messages_before;
        stop.send_replace(true);
        let queries = queries.await??;
        let busy = server.memory()?;
        watchers.shutdown().await;
        tokio::time::sleep(PAUSE).await;
        let after = server.memory()?;

        let newest = *reached.borrow() - subscribers;
        print(&format!("reached the newest tally: {newest} of {subscribers}\n"))?;
        #[expect(clippy::cast_precision_loss, reason = "the result is rounded for display")]
        let rate = messages as f64 / duration.as_secs_f64();
        print(&format!("messages received: {messages}, {rate:.0} a second\n\n"))?;
        print("                                      p50 ms     p99 ms     max ms\n")?;
        let [p50, p99, max] = [50, 99, 100].map(|percent| deliveries.percentile(percent));
        print(&format!("acknowledgement to receipt      {p50:>12} {p99:>10} {max:>10}\n"))?;
        for (what, durations) in [("castBallot meanwhile", casts), ("a page of the roster meanwhile", queries)] {
            let [p50, p99, max] = [50, 99, 100].map(|percent| percentile(&durations, percent));
            print(&format!("{what:<31} {p50:>12.1} {p99:>10.1} {max:>10.1}\n"))?;
        }
        let each = idle.saturating_sub(empty) / u64::from(subscribers);
        print(&format!(
            "\nmemory of the server: {empty} KiB at first, {idle} with idle subscribers ({each} each), {busy} busy, \
            {after} after they disconnected\n"
        ))?;
        all.map_err(|_| format!("only {newest} of {subscribers} subscribers reached the newest tally"))?
    }

    /// Casts one ballot at each tick. Returns the durations, shortest first.
    async fn cast(
        self,
        server: &ServerProcess,
        guild: &BenchGuild,
        campaign: &Campaign,
        entries: &[EntryId],
        tokens: &[String],
        deliveries: &Deliveries,
    ) -> Result<Vec<Duration>, BoxError> {
        let mut connection = HttpConnection::open(server).await?;
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut durations = Vec::new();
        for (token, acknowledged) in tokens.iter().zip(deliveries.acknowledged.iter().skip(1)) {
            ticks.tick().await;
            let picks: Vec<String> = random_picks(entries).into_iter().map(|pick| ID::from(pick).0).collect();
            let input = json!({ "campaignId": ID::from(campaign.id).0, "picks": picks });
            let started = Instant::now();
            let body = json!({ "query": CAST, "variables": { "input": input } });
            connection.data(PreparedRequest::new(server, "/graphql", &guild.slug, Some(token), Some(&body))?).await?;
            durations.push(started.elapsed());
            acknowledged.store(deliveries.now(), Ordering::Relaxed);
        }
        durations.sort_unstable();
        Ok(durations)
    }
}

impl Deliveries {
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Records that a subscriber receives these ballots now.
    fn receive(&self, ballots: std::ops::RangeInclusive<u32>) {
        let now = self.now();
        for acknowledged in ballots.filter_map(|ballot| self.acknowledged.get(usize::try_from(ballot).ok()?)) {
            let latency = match acknowledged.load(Ordering::Relaxed) {
                // Received before the acknowledgement.
                0 => 0,
                at => now.saturating_sub(at) / 1_000,
            };
            let at = usize::try_from(latency).unwrap_or(MAX_LATENCY_MS).min(MAX_LATENCY_MS);
            if let Some(count) = self.latencies.get(at) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn percentile(&self, percent: u64) -> usize {
        let counts: Vec<u64> = self.latencies.iter().map(|it| u64::from(it.load(Ordering::Relaxed))).collect();
        let target = counts.iter().sum::<u64>() * percent / 100;
        let mut sum = 0;
        let found = counts.iter().position(|count| {
            sum += count;
            *count > 0 && sum >= target
        });
        found.unwrap_or_default()
    }
}

/// Waits until `reached` is at least `count`. Fails if a subscriber fails before.
async fn wait_for(
    reached: &watch::Sender<u32>,
    count: u32,
    watchers: &mut JoinSet<Result<(), BoxError>>,
) -> Result<(), BoxError> {
    let mut reached = reached.subscribe();
    loop {
        tokio::select! {
            () = async { drop(reached.wait_for(|reached| *reached >= count).await) } => return Ok(()),
            Some(ended) = watchers.join_next() => ended??,
        }
    }
}

/// Opens a socket, authenticates and subscribes.
async fn connect(address: &str, slug: &str, token: &str, campaign: &str) -> Result<BenchSocket, BoxError> {
    let mut socket = socket::open(address, slug, token).await?;
    socket.send(socket::subscribe("1", WATCH, campaign)).await?;
    Ok(socket)
}

/// Reads tallies until it is dropped. Increments `reached` with the first tally, and again with the last.
async fn watch(
    mut socket: BenchSocket,
    deliveries: &Deliveries,
    ballots: u32,
    reached: &watch::Sender<u32>,
) -> Result<(), BoxError> {
    #[derive(Deserialize)]
    struct Next {
        payload: NextPayload,
    }
    #[derive(Deserialize)]
    struct NextPayload {
        data: NextData,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct NextData {
        vote_tally: NextTally,
    }
    #[derive(Deserialize)]
    struct NextTally {
        revision: i64,
        turnout: NextTurnout,
    }
    #[derive(Deserialize)]
    struct NextTurnout {
        voted: u32,
    }
    let (mut revision, mut voted) = (-1, None);
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        let next: Next = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        let tally = next.payload.data.vote_tally;
        if tally.revision <= revision {
            return Err(format!("revision {} after {revision}", tally.revision).into());
        }
        revision = tally.revision;
        deliveries.messages.fetch_add(1, Ordering::Relaxed);
        if let Some(before) = voted {
            deliveries.receive(before + 1..=tally.turnout.voted);
        } else {
            reached.send_modify(|reached| *reached += 1);
        }
        if tally.turnout.voted == ballots && voted != Some(ballots) {
            reached.send_modify(|reached| *reached += 1);
        }
        voted = Some(tally.turnout.voted);
    }
    Err("the server closed a socket".into())
}

/// Requests the roster at an interval until `stop` changes. Returns the durations, shortest first.
async fn poll_roster(
    mut connection: HttpConnection,
    roster: PreparedRequest,
    mut stop: watch::Receiver<bool>,
) -> Result<Vec<Duration>, BoxError> {
    let mut ticks = tokio::time::interval(ROSTER_INTERVAL);
    let mut durations = Vec::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            _ = ticks.tick() => {
                let started = Instant::now();
                connection.data(roster.clone()).await?;
                durations.push(started.elapsed());
            }
        }
    }
    durations.sort_unstable();
    Ok(durations)
}
