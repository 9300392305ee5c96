//! `guildhall bench fanout`.

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
use hyper::header;
use serde::Deserialize;
use serde_json::json;
use tokio::{
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::MissedTickBehavior,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use super::{
    Failure, Ground, percentile, picks, say,
    server::{Asking, Prepared, Serving},
};
use crate::{
    app::App,
    auth::{self, Hasher, Keys},
    clock::Clock,
    db::{DatabaseUrl, Db},
    id::EntryId,
    voting::Campaign,
};

/// How many connect at once.
const CONNECT_AT_ONCE: usize = 64;
/// How long the server is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(2);
/// How long the last tally may take to reach everyone.
const LAST_WITHIN: Duration = Duration::from_secs(30);
/// How often the roster is asked for meanwhile.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// Latencies are counted by the millisecond, up to this.
const LONGEST_MS: usize = 60_000;

const WATCH: &str = "subscription($id: ID!) { voteTally(campaignId: $id) { revision isFinal turnout { voted eligible } \
    standings { place points entry { id name } } } }";
const CAST: &str = "mutation($input: CastBallotInput!) { castBallot(input: $input) { ballot { receipt } } }";
const ROSTER: &str = "{ members(first: 25) { totalCount nodes { id displayName rank { name } characters { name } } } }";

#[derive(Args, Clone, Copy)]
pub(super) struct Fanout {
    /// How many watch, each over a socket of their own.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=25_000))]
    pub(super) subscribers: u32,
    /// A ballot every so often.
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = humantime::parse_duration)]
    pub(super) every: Duration,
    /// How many ballots.
    #[arg(long, value_name = "N", default_value_t = 400)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) ballots: u32,
}

/// What the watchers and the voters have seen.
struct Seen {
    /// When each ballot was acknowledged, in microseconds from the beginning; 0 is not yet.
    acknowledged: Vec<AtomicU64>,
    /// How many receipts took so many milliseconds from the acknowledgement.
    receipts: Vec<AtomicU32>,
    messages: AtomicU64,
    began: Instant,
}

impl Fanout {
    pub(super) async fn run(self, db: Db, url: &DatabaseUrl, max_connections: u32) -> Result<(), Failure> {
        // Our ends of the sockets are files too.
        rlimit::increase_nofile_limit(u64::MAX)?;
        let secret = format!("{:032x}", rand::random::<u128>());
        let app = Arc::new(App::new(db, Clock::system(), Keys::new(secret.as_bytes()), Hasher::owasp()?));
        let ground = Ground::prepare(&app, self.subscribers.max(self.ballots)).await?;
        let server = Serving::start(&["serve"], url, max_connections, &secret).await?;
        let measured = self.measure(&app, &ground, &server, url).await;
        ground.remove(&app).await?;
        measured
    }

    async fn measure(
        self,
        app: &Arc<App>,
        ground: &Ground,
        server: &Serving,
        url: &DatabaseUrl,
    ) -> Result<(), Failure> {
        let (campaign, entries) = ground.vote(app).await?;
        let mint = |voter| auth::mint(app, voter, Duration::from_hours(1));
        let tokens: Vec<String> = ground.voters.iter().map(mint).collect::<Result<_, _>>()?;
        let Self { subscribers, ballots, every } = self;
        say(&format!("{subscribers} subscribers, {ballots} ballots, one every {every:?}, on {url}\n\n"))?;

        // What the first requests take is not the subscribers'.
        let mut asking = Asking::open(server).await?;
        let roster = Prepared::new(server, "/graphql", &ground.slug, None, Some(&json!({ "query": ROSTER })))?;
        asking.data(roster.clone()).await?;
        let empty = server.memory()?;
        let seen = Arc::new(Seen {
            acknowledged: (0..=ballots).map(|_| AtomicU64::new(0)).collect(),
            receipts: (0..=LONGEST_MS).map(|_| AtomicU32::new(0)).collect(),
            messages: AtomicU64::new(0),
            began: Instant::now(),
        });
        let (reached, mut watchers) = (watch::Sender::new(0_u32), JoinSet::new());
        let connecting = Instant::now();
        let gate = Arc::new(Semaphore::new(CONNECT_AT_ONCE));
        for token in tokens.iter().take(usize::try_from(subscribers)?) {
            let place = Arc::clone(&gate).acquire_owned().await?;
            let (address, slug, id) = (server.address.clone(), ground.slug.clone(), ID::from(campaign.id).0);
            let (token, seen, reached) = (token.clone(), Arc::clone(&seen), reached.clone());
            watchers.spawn(async move {
                let socket = connect(&address, &slug, &token, &id).await?;
                drop(place);
                watch(socket, &seen, ballots, &reached).await
            });
        }
        wait_for(&reached, subscribers, &mut watchers).await?;
        say(&format!("connected in {:.1} s\n", connecting.elapsed().as_secs_f64()))?;
        tokio::time::sleep(SETTLE).await;
        let idle = server.memory()?;

        let (stop, stopped) = watch::channel(false);
        let queries = tokio::spawn(ask_again_and_again(asking, roster, stopped));
        let messages_before = seen.messages.load(Ordering::Relaxed);
        let casting = Instant::now();
        let casts = self.cast(server, ground, &campaign, &entries, &tokens, &seen).await?;
        let all = wait_for(&reached, 2 * subscribers, &mut watchers);
        let all = tokio::time::timeout(LAST_WITHIN, all).await;
        let took = casting.elapsed();
        let messages = seen.messages.load(Ordering::Relaxed) - messages_before;
        stop.send_replace(true);
        let queries = queries.await??;
        let busy = server.memory()?;
        watchers.shutdown().await;
        tokio::time::sleep(SETTLE).await;
        let after = server.memory()?;

        let newest = *reached.borrow() - subscribers;
        say(&format!("reached the newest tally: {newest} of {subscribers}\n"))?;
        #[expect(clippy::cast_precision_loss, reason = "a figure for a person")]
        let rate = messages as f64 / took.as_secs_f64();
        say(&format!("messages received: {messages}, {rate:.0} a second\n\n"))?;
        say("                                      p50 ms     p99 ms     max ms\n")?;
        let [p50, p99, max] = [50, 99, 100].map(|percent| seen.percentile(percent));
        say(&format!("acknowledgement to receipt      {p50:>12} {p99:>10} {max:>10}\n"))?;
        for (what, took) in [("castBallot meanwhile", casts), ("a page of the roster meanwhile", queries)] {
            let [p50, p99, max] = [50, 99, 100].map(|percent| percentile(&took, percent));
            say(&format!("{what:<31} {p50:>12.1} {p99:>10.1} {max:>10.1}\n"))?;
        }
        let each = idle.saturating_sub(empty) / u64::from(subscribers);
        say(&format!(
            "\nthe server's memory: {empty} KiB empty, {idle} with idle subscribers ({each} each), {busy} busy, \
            {after} without them again\n"
        ))?;
        all.map_err(|_| format!("only {newest} of {subscribers} subscribers reached the newest tally"))?
    }

    /// Casts the ballots, each at its time; how long each took.
    async fn cast(
        self,
        server: &Serving,
        ground: &Ground,
        campaign: &Campaign,
        entries: &[EntryId],
        tokens: &[String],
        seen: &Seen,
    ) -> Result<Vec<Duration>, Failure> {
        let mut asking = Asking::open(server).await?;
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut took = Vec::new();
        for (token, acknowledged) in tokens.iter().zip(seen.acknowledged.iter().skip(1)) {
            ticks.tick().await;
            let picks: Vec<String> = picks(entries).into_iter().map(|pick| ID::from(pick).0).collect();
            let input = json!({ "campaignId": ID::from(campaign.id).0, "picks": picks });
            let began = Instant::now();
            let body = json!({ "query": CAST, "variables": { "input": input } });
            asking.data(Prepared::new(server, "/graphql", &ground.slug, Some(token), Some(&body))?).await?;
            took.push(began.elapsed());
            acknowledged.store(seen.now(), Ordering::Relaxed);
        }
        took.sort_unstable();
        Ok(took)
    }
}

impl Seen {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Notes that a watcher has received these ballots now.
    fn receive(&self, ballots: std::ops::RangeInclusive<u32>) {
        let now = self.now();
        for acknowledged in ballots.filter_map(|ballot| self.acknowledged.get(usize::try_from(ballot).ok()?)) {
            let took = match acknowledged.load(Ordering::Relaxed) {
                // Received before the voter knew.
                0 => 0,
                at => now.saturating_sub(at) / 1_000,
            };
            let at = usize::try_from(took).unwrap_or(LONGEST_MS).min(LONGEST_MS);
            if let Some(count) = self.receipts.get(at) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn percentile(&self, percent: u64) -> usize {
        let counts: Vec<u64> = self.receipts.iter().map(|it| u64::from(it.load(Ordering::Relaxed))).collect();
        let wanted = counts.iter().sum::<u64>() * percent / 100;
        let mut sum = 0;
        let found = counts.iter().position(|count| {
            sum += count;
            *count > 0 && sum >= wanted
        });
        found.unwrap_or_default()
    }
}

/// Waits until so many have been reached, unless a watcher fails before that.
async fn wait_for(
    reached: &watch::Sender<u32>,
    count: u32,
    watchers: &mut JoinSet<Result<(), Failure>>,
) -> Result<(), Failure> {
    let mut reached = reached.subscribe();
    loop {
        tokio::select! {
            () = async { drop(reached.wait_for(|reached| *reached >= count).await) } => return Ok(()),
            Some(ended) = watchers.join_next() => ended??,
        }
    }
}

type Socket = WebSocketStream<TcpStream>;

/// Opens a socket, is let in, and subscribes.
async fn connect(address: &str, slug: &str, token: &str, campaign: &str) -> Result<Socket, Failure> {
    let mut request = format!("ws://{address}/graphql").into_client_request()?;
    request
        .headers_mut()
        .insert(header::SEC_WEBSOCKET_PROTOCOL, header::HeaderValue::from_static("graphql-transport-ws"));
    let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let init =
        json!({ "type": "connection_init", "payload": { "guild": slug, "authorization": format!("Bearer {token}") } });
    socket.send(Message::text(init.to_string())).await?;
    match socket.next().await {
        Some(Ok(Message::Text(text))) if text.contains("connection_ack") => {}
        other => return Err(format!("not let in: {other:?}").into()),
    }
    let payload = json!({ "query": WATCH, "variables": { "id": campaign } });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload });
    socket.send(Message::text(subscribe.to_string())).await?;
    Ok(socket)
}

/// Reads tallies until dropped: counts itself when it has the first, and again when it has the last.
async fn watch(mut socket: Socket, seen: &Seen, ballots: u32, reached: &watch::Sender<u32>) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Next {
        payload: Payload,
    }
    #[derive(Deserialize)]
    struct Payload {
        data: Data,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        vote_tally: Tally,
    }
    #[derive(Deserialize)]
    struct Tally {
        revision: i64,
        turnout: Turnout,
    }
    #[derive(Deserialize)]
    struct Turnout {
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
        seen.messages.fetch_add(1, Ordering::Relaxed);
        if let Some(before) = voted {
            seen.receive(before + 1..=tally.turnout.voted);
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

/// Asks for the roster until told to stop; how long each time took.
async fn ask_again_and_again(
    mut asking: Asking,
    roster: Prepared,
    mut stop: watch::Receiver<bool>,
) -> Result<Vec<Duration>, Failure> {
    let mut ticks = tokio::time::interval(ASK_EVERY);
    let mut took = Vec::new();
    loop {
        tokio::select! {
            _ = stop.changed() => break,
            _ = ticks.tick() => {
                let began = Instant::now();
                asking.data(roster.clone()).await?;
                took.push(began.elapsed());
            }
        }
    }
    took.sort_unstable();
    Ok(took)
}
