//! `guildhall-bench pages`.

use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_graphql::ID;
use axum::body::Bytes;
use clap::{Args, ValueEnum};
use diesel_async::SimpleAsyncConnection;
use guildhall::{
    app::App,
    auth::{self, Hasher, Keys},
    cli::BoxError,
    db::{Conn, DatabaseUrl, Db},
    identity::Member,
    kernel::{clock::Clock, id::EntryId},
    voting::{Campaign, new_nonce},
};
use serde_json::{Value, json};
use strum::VariantArray;

use crate::{
    fanout::Fanout,
    fill::{self, FilledGuild, GuildSize},
    guild::random_picks,
    percentile, print,
    server::{self, HttpConnection, PreparedRequest, ServerProcess},
    sql::{self, sql},
};

const ROSTER: &str = "query Roster { members(first: 50) { pageInfo { hasNextPage endCursor } nodes { \
    id displayName rank { name level } characters { id name class spec role isMain } } } }";
const CAMPAIGNS: &str = "query Campaigns { campaigns(first: 20) { pageInfo { hasNextPage endCursor } nodes { \
    id title status closesAt entries { id name associatedMember { id displayName } } } } }";
const CAMPAIGN: &str = "query Campaign($id: ID!) { campaign(id: $id) { \
    id title description status method closesAt entries { id name associatedMember { id displayName } } } }";
const STANDINGS: &str = "query Standings($id: ID!) { campaign(id: $id) { id status \
    turnout { eligible voted percent } standings { place points entry { id name } } } }";
const CAST: &str = "mutation Cast($input: CastBallotInput!) { castBallot(input: $input) { \
    ballot { receipt picks { id name } } campaign { id status } } }";

/// Lifetime of the access tokens: longer than any run.
pub(crate) const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

#[derive(Args, Clone)]
pub(crate) struct Pages {
    #[command(flatten)]
    size: GuildSize,
    /// Seconds of requests to each server for each page, in all turns together.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// Number of turns of each server for each page. The results are the medians of the turns.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    turns: u32,
    /// Number of clients that send requests at the same time, each over its own connection.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// Maximum number of requests in a turn.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    requests: u32,
    /// The id of PostgreSQL's main process on this machine. Its CPU time is then part of that of a request.
    #[arg(long, value_name = "PID")]
    postgres: Option<u32>,
    /// Measure only this page.
    #[arg(long, value_name = "PAGE")]
    only: Option<BenchPage>,
    /// Number of subscribers of the `fanout` benchmark that runs afterwards; 0 skips it.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=25_000))]
    subscribers: u32,
}

/// A page or mutation to measure.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, VariantArray)]
enum BenchPage {
    /// The first 50 members with their ranks and characters.
    Roster,
    /// The 20 newest campaigns with their entries, and the members whom these are about.
    Campaigns,
    /// A live campaign with its entries.
    Campaign,
    /// The standings of a closed campaign.
    Result,
    /// The standings of a live campaign.
    Standings,
    /// A ballot.
    CastBallot,
}

impl BenchPage {
    const fn name(self) -> &'static str {
        match self {
            Self::Roster => "roster page",
            Self::Campaigns => "campaigns page",
            Self::Campaign => "campaign",
            Self::Result => "standings, closed",
            Self::Standings => "standings, live",
            Self::CastBallot => "castBallot",
        }
    }
}

/// The two servers that are compared.
struct Servers {
    guildhall: ServerProcess,
    plain: ServerProcess,
}

impl Servers {
    /// Both servers, in the order of their turns.
    const fn each(&self) -> [&ServerProcess; 2] {
        [&self.guildhall, &self.plain]
    }
}

/// The requests to one server.
struct Requests {
    requests: Vec<PreparedRequest>,
    /// The exact response to each request. `None` for requests that cast ballots, which are sent once each.
    expected: Option<Bytes>,
}

impl Pages {
    pub(crate) async fn run(self, db: Db, url: &DatabaseUrl, max_connections: u32) -> Result<(), BoxError> {
        let secret = format!("{:032x}", rand::random::<u128>());
        let app = Arc::new(App::new(db.clone(), Clock::system(), Keys::new(secret.as_bytes()), Hasher::owasp()?));
        let filling = Instant::now();
        let filled = fill::fill(&app, self.size).await?;
        analyze(&app).await?;
        let seconds = filling.elapsed().as_secs_f64();
        print(&format!("On {url}, filled in {seconds:.0} s: {}.\n", filled.summary))?;
        let measured = self.measure(&app, &filled, url, max_connections, &secret).await;
        filled.guild.remove(&app).await?;
        measured?;
        if self.subscribers == 0 || self.only.is_some() {
            return Ok(());
        }
        print("\n")?;
        let fanout = Fanout { subscribers: self.subscribers, every: Duration::from_millis(50), ballots: 100 };
        fanout.run(db, url, max_connections).await
    }

    async fn measure(
        &self,
        app: &Arc<App>,
        filled: &FilledGuild,
        url: &DatabaseUrl,
        max_connections: u32,
        secret: &str,
    ) -> Result<(), BoxError> {
        let servers = Servers {
            guildhall: ServerProcess::start(server::GUILDHALL, url, max_connections, secret).await?,
            plain: ServerProcess::start(server::PLAIN, url, max_connections, secret).await?,
        };
        tracing::info!(guildhall = servers.guildhall.pid(), plain = servers.plain.pid(), "started both servers");
        let cores = std::thread::available_parallelism()?;
        print(&format!("{} connections, {} turns of each, {cores} cores for all.\n\n", self.connections, self.turns))?;
        print(
            "| | Guildhall a second | p50 ms | p99 ms | CPU µs | plain SQL a second | p50 ms | p99 ms | CPU µs | share of \
             the limit | by CPU |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        )?;
        let voters: Vec<(&Member, String)> = filled
            .guild
            .voters
            .iter()
            .map(|voter| Ok((voter, auth::mint(&app.accounts, voter, TOKEN_LIFETIME)?)))
            .collect::<Result<_, BoxError>>()?;
        for page in BenchPage::VARIANTS.iter().filter(|page| self.only.is_none_or(|only| only == **page)) {
            let row = match page {
                BenchPage::CastBallot => self.cast(app, filled, &servers, &voters).await?,
                _ => self.read(app, filled, &servers, *page).await?,
            };
            print(&row.line(page.name())?)?;
        }
        let [guildhall, plain] = [servers.guildhall.memory()?, servers.plain.memory()?].map(|kib| kib / 1_024);
        print(&format!("\nIn memory at the end: Guildhall {guildhall} MiB, plain SQL {plain} MiB.\n"))
    }

    /// Measures a page on both servers.
    async fn read(
        &self,
        app: &App,
        filled: &FilledGuild,
        servers: &Servers,
        page: BenchPage,
    ) -> Result<PageMeasurements, BoxError> {
        let token = auth::mint(&app.accounts, &filled.viewer, TOKEN_LIFETIME)?;
        let id = ID::from(if page == BenchPage::Result { filled.closed.id } else { filled.tallied.id }).0;
        let (query, variables, path) = match page {
            BenchPage::Roster => (ROSTER, json!({}), "/roster".to_owned()),
            BenchPage::Campaigns => (CAMPAIGNS, json!({}), "/campaigns".to_owned()),
            BenchPage::Campaign => (CAMPAIGN, json!({ "id": id }), format!("/campaigns/{id}")),
            _ => (STANDINGS, json!({ "id": id }), format!("/campaigns/{id}/standings")),
        };
        let (slug, token) = (&filled.guild.slug, Some(token.as_str()));
        let body = json!({ "query": query, "variables": variables });
        let guildhall = PreparedRequest::new(&servers.guildhall, "/graphql", slug, token, Some(&body))?;
        let plain = PreparedRequest::new(&servers.plain, &path, slug, token, None)?;
        let responses = [
            HttpConnection::open(&servers.guildhall).await?.send(guildhall.clone()).await?,
            HttpConnection::open(&servers.plain).await?.send(plain.clone()).await?,
        ];
        compare(page, &responses)?;
        let [guildhall_response, plain_response] = responses;
        let requests = [
            Arc::new(Requests { requests: vec![guildhall], expected: Some(guildhall_response) }),
            Arc::new(Requests { requests: vec![plain], expected: Some(plain_response) }),
        ];
        let mut row = PageMeasurements::default();
        for turn in 0..=self.turns {
            for ((server, requests), turns) in servers.each().into_iter().zip(&requests).zip(&mut row.0) {
                let measured = self.measure_turn(server, requests, self.duration(turn)).await?;
                if turn > 0 {
                    turns.push(measured);
                }
            }
        }
        Ok(row)
    }

    /// Casts ballots with both servers, in a new campaign in each turn, so that each voter can vote again.
    async fn cast(
        &self,
        app: &App,
        filled: &FilledGuild,
        servers: &Servers,
        voters: &[(&Member, String)],
    ) -> Result<PageMeasurements, BoxError> {
        compare_ballot(app, filled, servers, voters).await?;
        let mut row = PageMeasurements::default();
        for turn in 0..=self.turns {
            for (side, (server, turns)) in servers.each().into_iter().zip(&mut row.0).enumerate() {
                let (campaign, entries) = filled.guild.create_vote(app).await?;
                let requests = voters
                    .iter()
                    .map(|(_, token)| {
                        let ballot = ballot(servers, filled, &campaign, &random_picks(&entries), token, None)?;
                        ballot.into_iter().nth(side).ok_or_else(|| BoxError::from("there are two servers"))
                    })
                    .collect::<Result<Vec<_>, BoxError>>()?;
                let requests = Arc::new(Requests { requests, expected: None });
                let measured = self.measure_turn(server, &requests, self.duration(turn)).await?;
                filled.guild.check_ballots(app, campaign.id, measured.sorted.len()).await?;
                if turn > 0 {
                    turns.push(measured);
                }
            }
        }
        Ok(row)
    }

    /// The duration of a turn. Turn 0 warms up and is half as long.
    fn duration(&self, turn: u32) -> Duration {
        let duration = Duration::from_secs(self.seconds.into()) / self.turns;
        if turn == 0 { duration / 2 } else { duration }
    }

    /// Measures a turn of one server. Each client sends its next request after the response to the last.
    async fn measure_turn(
        &self,
        server: &ServerProcess,
        requests: &Arc<Requests>,
        limit: Duration,
    ) -> Result<Measurement, BoxError> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(HttpConnection::open(server).await?);
        }
        let (next, most) = (Arc::new(AtomicUsize::new(0)), usize::try_from(self.requests)?);
        let (before, started) = (self.cpu_time(server)?, Instant::now());
        let mut tasks = tokio::task::JoinSet::new();
        for mut connection in connections {
            let (requests, next) = (Arc::clone(requests), Arc::clone(&next));
            tasks.spawn(async move {
                let Requests { requests, expected } = &*requests;
                let mut durations = Vec::new();
                while started.elapsed() < limit {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let at = if expected.is_some() { number % requests.len() } else { number };
                    let Some(request) = requests.get(at).filter(|_| number < most) else { break };
                    let request_started = Instant::now();
                    let response = connection.send(request.clone()).await?;
                    durations.push(request_started.elapsed());
                    match expected {
                        Some(expected) if response == expected => {}
                        None if response.starts_with(b"{\"data\":{\"castBallot\":{") => {}
                        _ => return Err(format!("a response differs from the first: {response:?}").into()),
                    }
                }
                Ok::<_, BoxError>(durations)
            });
        }
        let mut durations = Vec::new();
        while let Some(done) = tasks.join_next().await {
            durations.extend(done??);
        }
        let (total, cpu) = (started.elapsed(), self.cpu_time(server)?.saturating_sub(before));
        durations.sort_unstable();
        Ok(Measurement { sorted: durations, total, cpu })
    }

    /// CPU time of a server and of its database since their start.
    fn cpu_time(&self, server: &ServerProcess) -> Result<Duration, BoxError> {
        let database = self.postgres.map_or(Ok(Duration::ZERO), server::postgres_cpu_time)?;
        Ok(server.cpu_time()? + database)
    }
}

/// Collects PostgreSQL's statistics now, because autovacuum would do so during the measurement.
pub(crate) async fn analyze(app: &App) -> Result<(), BoxError> {
    let work = async |conn: &mut Conn| match conn {
        Conn::Postgres(conn) => Ok(conn.batch_execute("VACUUM ANALYZE").await?),
        Conn::Sqlite(_) => Ok(()),
    };
    Ok(app.db.read(work).await?)
}

/// Fails unless both servers responded with the same data.
fn compare(page: BenchPage, responses: &[Bytes; 2]) -> Result<(), BoxError> {
    let [guildhall, plain] = responses;
    let (left, right): (Value, Value) = (serde_json::from_slice(guildhall)?, serde_json::from_slice(plain)?);
    if left == right && left.get("data").is_some_and(|data| !data.is_null()) {
        return Ok(());
    }
    Err(format!("the responses differ for the {}:\nGuildhall {left}\nplain SQL {right}", page.name()).into())
}

/// The requests that cast a ballot at Guildhall and at the other server.
fn ballot(
    servers: &Servers,
    filled: &FilledGuild,
    campaign: &Campaign,
    picks: &[EntryId],
    token: &str,
    nonce: Option<&str>,
) -> Result<[PreparedRequest; 2], BoxError> {
    let (slug, id) = (&filled.guild.slug, ID::from(campaign.id).0);
    let picks: Vec<String> = picks.iter().map(|pick| ID::from(*pick).0).collect();
    let input = json!({ "campaignId": id, "picks": picks, "nonce": nonce });
    let body = json!({ "query": CAST, "variables": { "input": input } });
    let plain = json!({ "picks": picks, "nonce": nonce });
    let path = format!("/campaigns/{id}/ballots");
    Ok([
        PreparedRequest::new(&servers.guildhall, "/graphql", slug, Some(token), Some(&body))?,
        PreparedRequest::new(&servers.plain, &path, slug, Some(token), Some(&plain))?,
    ])
}

/// Casts the same ballot at both servers and deletes it in between. Fails unless both respond with the same data.
async fn compare_ballot(
    app: &App,
    filled: &FilledGuild,
    servers: &Servers,
    voters: &[(&Member, String)],
) -> Result<(), BoxError> {
    let (voter, token) = voters.first().ok_or("the guild has no voters")?;
    let (campaign, entries) = filled.guild.create_vote(app).await?;
    let nonce = new_nonce();
    let [guildhall, plain] = ballot(servers, filled, &campaign, &random_picks(&entries), token, Some(&nonce))?;
    let first = HttpConnection::open(&servers.guildhall).await?.send(guildhall).await?;
    let key = [filled.guild.id.0, campaign.id.0, voter.id.0].map(sql::Value::Number);
    let delete = async move |conn: &mut Conn| {
        let delete = "DELETE FROM ballots WHERE guild_id = ? AND campaign_id = ? AND member_id = ?";
        Ok(sql(delete, key).execute(conn).await?)
    };
    if app.db.write(delete).await? != 1 {
        return Err(format!("the ballot was not cast: {first:?}").into());
    }
    let second = HttpConnection::open(&servers.plain).await?.send(plain).await?;
    compare(BenchPage::CastBallot, &[first, second])
}

/// The measurement of one server in one turn.
struct Measurement {
    /// Durations of the requests, shortest first.
    sorted: Vec<Duration>,
    /// Time from the first request to the last.
    total: Duration,
    /// CPU time of the server and of its database in the turn.
    cpu: Duration,
}

/// The measurements of a page on both servers, in the order of [`Servers::each`].
#[derive(Default)]
struct PageMeasurements([Vec<Measurement>; 2]);

impl PageMeasurements {
    fn line(&self, name: &str) -> Result<String, BoxError> {
        let mut line = format!("| {name} |");
        let [[rate, cpu], [limit_rate, limit_cpu]] = self.0.each_ref().map(|turns| {
            let figures = [Measurement::per_second, Measurement::cpu_per_request].map(|figure| median(turns, figure));
            let [rate, cpu] = figures;
            let [p50, p99] = [50, 99].map(|percent| median(turns, |turn| percentile(&turn.sorted, percent)));
            // Writing to a string does not fail.
            let _ = write!(line, " {rate:.0} | {p50:.2} | {p99:.2} | {cpu:.0} |");
            figures
        });
        let share = |of: f64, limit: f64| if limit > 0.0 { 100.0 * of / limit } else { 0.0 };
        writeln!(line, " {:.0} % | {:.0} % |", share(rate, limit_rate), share(limit_cpu, cpu))?;
        Ok(line)
    }
}

#[expect(clippy::cast_precision_loss, reason = "the results are rounded for display")]
impl Measurement {
    fn per_second(&self) -> f64 {
        self.sorted.len() as f64 / self.total.as_secs_f64()
    }

    /// CPU time of the server and of its database per request, in microseconds.
    fn cpu_per_request(&self) -> f64 {
        self.cpu.as_secs_f64() * 1_000_000.0 / self.sorted.len().max(1) as f64
    }
}

fn median(turns: &[Measurement], figure: impl Fn(&Measurement) -> f64) -> f64 {
    let mut figures: Vec<f64> = turns.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
