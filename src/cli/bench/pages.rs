//! `guildhall bench pages`.

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
use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Value, json};
use strum::VariantArray;

use super::{
    Failure,
    fanout::Fanout,
    filled::{self, Filled, Size},
    percentile, picks, say,
    server::{Asking, Prepared, Serving},
};
use crate::{
    app::App,
    auth::{self, Hasher, Keys},
    clock::Clock,
    db::{Conn, DatabaseUrl, Db, on, schema::ballots},
    id::EntryId,
    identity::Member,
    voting::{self, Campaign},
};

const ROSTER: &str = "query Roster { members(first: 50) { totalCount pageInfo { hasNextPage endCursor } nodes { \
    id displayName createdAt rank { name level } mainCharacter { name realm class spec role armoryUrl } } } }";
const CAMPAIGNS: &str = "query Campaigns { campaigns(first: 25) { pageInfo { hasNextPage endCursor } nodes { \
    id title status method closesAt createdBy { displayName } entries { id name } \
    turnout { eligible voted percent } viewerCanVote } } }";
const CAMPAIGN: &str = "query Campaign($id: ID!) { campaign(id: $id) { \
    id title description status method closesAt createdBy { displayName } \
    entries { id name description associatedMember { displayName } } turnout { eligible voted percent } \
    viewerCanVote viewerCannotVoteReason standings { place points entry { id name } } } }";
const STANDINGS: &str = "query Standings($id: ID!) { campaign(id: $id) { id status \
    turnout { eligible voted percent } standings { place points entry { id name } } } }";
const CAST: &str = "mutation Cast($input: CastBallotInput!) { castBallot(input: $input) { \
    ballot { receipt picks { id name } } campaign { id status } } }";

/// How long the tokens are good for.
const TOKEN_LIFETIME: Duration = Duration::from_hours(12);

#[derive(Args, Clone)]
pub(super) struct Pages {
    #[command(flatten)]
    size: Size,
    /// For how long each server is asked for each page, in all its turns together.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// How many turns the two servers take with each page: the figures are the medians.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    turns: u32,
    /// How many ask at the same time, each over a connection of their own.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    connections: u32,
    /// Most requests of a turn.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    requests: u32,
    /// Only this page.
    #[arg(long, value_name = "PAGE")]
    only: Option<Page>,
    /// How many watch a vote afterwards, as `bench fanout` has it; 0 leaves that out.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=25_000))]
    subscribers: u32,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum, VariantArray)]
enum Page {
    /// The first 50 members with their mains.
    Roster,
    /// The 25 newest campaigns with their entries and turnouts.
    Campaigns,
    /// A live campaign with its entries and standings.
    Campaign,
    /// The standings of that campaign.
    Standings,
    /// A ballot.
    CastBallot,
}

impl Page {
    const fn name(self) -> &'static str {
        match self {
            Self::Roster => "roster page",
            Self::Campaigns => "campaigns page",
            Self::Campaign => "campaign",
            Self::Standings => "standings",
            Self::CastBallot => "castBallot",
        }
    }
}

/// The two that are measured, in the order of their turns.
struct Servers {
    guildhall: Serving,
    plain: Serving,
}

/// Who asks whom for what: the same of both servers.
struct Asked {
    guildhall: Vec<Prepared>,
    plain: Vec<Prepared>,
    /// What each answers, where that is always the same.
    answers: Option<[Bytes; 2]>,
}

impl Pages {
    pub(super) async fn run(self, db: Db, url: &DatabaseUrl, max_connections: u32) -> Result<(), Failure> {
        let secret = format!("{:032x}", rand::random::<u128>());
        let app = Arc::new(App::new(db.clone(), Clock::system(), Keys::new(secret.as_bytes()), Hasher::owasp()?));
        let filling = Instant::now();
        let filled = filled::fill(&app, self.size).await?;
        settle(&app).await?;
        let seconds = filling.elapsed().as_secs_f64();
        say(&format!("On {url}, filled in {seconds:.0} s: {}.\n", filled.summary))?;
        let measured = self.measure(&app, &filled, url, max_connections, &secret).await;
        filled.ground.remove(&app).await?;
        measured?;
        if self.subscribers == 0 || self.only.is_some() {
            return Ok(());
        }
        say("\n")?;
        let fanout = Fanout { subscribers: self.subscribers, every: Duration::from_millis(50), ballots: 100 };
        fanout.run(db, url, max_connections).await
    }

    async fn measure(
        &self,
        app: &Arc<App>,
        filled: &Filled,
        url: &DatabaseUrl,
        max_connections: u32,
        secret: &str,
    ) -> Result<(), Failure> {
        let servers = Servers {
            guildhall: Serving::start(&["serve"], url, max_connections, secret).await?,
            plain: Serving::start(&["bench", "plain"], url, max_connections, secret).await?,
        };
        tracing::info!(guildhall = servers.guildhall.pid()?, plain = servers.plain.pid()?, "started");
        let cores = std::thread::available_parallelism()?;
        say(&format!("{} connections, {} turns of each, {cores} cores for all.\n\n", self.connections, self.turns))?;
        say(
            "| | Guildhall a second | p50 ms | p99 ms | CPU µs | plain SQL a second | p50 ms | p99 ms | CPU µs | share of \
             the limit | by CPU |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        )?;
        let voters: Vec<(&Member, String)> = filled
            .ground
            .voters
            .iter()
            .map(|voter| Ok((voter, auth::mint(app, voter, TOKEN_LIFETIME)?)))
            .collect::<Result<_, Failure>>()?;
        for page in Page::VARIANTS.iter().filter(|page| self.only.is_none_or(|only| only == **page)) {
            let row = match page {
                Page::CastBallot => self.cast(app, filled, &servers, &voters).await?,
                _ => self.read(app, filled, &servers, *page).await?,
            };
            say(&row.line(page.name())?)?;
        }
        let [guildhall, plain] = [servers.guildhall.memory()?, servers.plain.memory()?].map(|kib| kib / 1_024);
        say(&format!("\nIn memory at the end: Guildhall {guildhall} MiB, plain SQL {plain} MiB.\n"))
    }

    /// Asks both for a page, again and again.
    async fn read(&self, app: &App, filled: &Filled, servers: &Servers, page: Page) -> Result<Row, Failure> {
        let token = auth::mint(app, &filled.viewer, TOKEN_LIFETIME)?;
        let id = ID::from(filled.tallied.id).0;
        let (query, variables, path) = match page {
            Page::Roster => (ROSTER, json!({}), "/roster".to_owned()),
            Page::Campaigns => (CAMPAIGNS, json!({}), "/campaigns".to_owned()),
            Page::Campaign => (CAMPAIGN, json!({ "id": id }), format!("/campaigns/{id}")),
            _ => (STANDINGS, json!({ "id": id }), format!("/campaigns/{id}/standings")),
        };
        let (slug, token) = (&filled.ground.slug, Some(token.as_str()));
        let body = json!({ "query": query, "variables": variables });
        let guildhall = Prepared::new(&servers.guildhall, "/graphql", slug, token, Some(&body))?;
        let plain = Prepared::new(&servers.plain, &path, slug, token, None)?;
        let answers = [
            Asking::open(&servers.guildhall).await?.send(guildhall.clone()).await?,
            Asking::open(&servers.plain).await?.send(plain.clone()).await?,
        ];
        compare(page, &answers)?;
        let asked = Arc::new(Asked { guildhall: vec![guildhall], plain: vec![plain], answers: Some(answers) });
        let mut row = Row::default();
        for turn in 0..=self.turns {
            // The first one warms up.
            let limit = if turn == 0 { self.turn() / 2 } else { self.turn() };
            for (side, server) in [&servers.guildhall, &servers.plain].into_iter().enumerate() {
                let measured = self.ask(server, &asked, side, limit).await?;
                if turn > 0 {
                    row.add(side, measured);
                }
            }
        }
        Ok(row)
    }

    /// Casts ballots with both, each voter's only one in a vote that is new in each turn.
    async fn cast(
        &self,
        app: &App,
        filled: &Filled,
        servers: &Servers,
        voters: &[(&Member, String)],
    ) -> Result<Row, Failure> {
        same_ballot(app, filled, servers, voters).await?;
        let mut row = Row::default();
        for turn in 0..=self.turns {
            let limit = if turn == 0 { self.turn() / 2 } else { self.turn() };
            for (side, server) in [&servers.guildhall, &servers.plain].into_iter().enumerate() {
                let (campaign, entries) = filled.ground.vote(app).await?;
                let requests = voters
                    .iter()
                    .map(|(_, token)| {
                        let ballot = ballot(servers, filled, &campaign, &picks(&entries), token, None)?;
                        ballot.into_iter().nth(side).ok_or_else(|| Failure::from("there are two servers"))
                    })
                    .collect::<Result<Vec<_>, Failure>>()?;
                let asked = match side {
                    0 => Asked { guildhall: requests, plain: Vec::new(), answers: None },
                    _ => Asked { guildhall: Vec::new(), plain: requests, answers: None },
                };
                let measured = self.ask(server, &Arc::new(asked), side, limit).await?;
                let (guild, id, wanted) = (filled.ground.guild, campaign.id, measured.took.len());
                let cast =
                    app.db.read(async move |conn| Ok(voting::store::count_ballots(conn, guild, &[id]).await?)).await?;
                if usize::try_from(cast)? != wanted {
                    return Err(format!("{wanted} ballots were taken, and {cast} are there").into());
                }
                if turn > 0 {
                    row.add(side, measured);
                }
            }
        }
        Ok(row)
    }

    fn turn(&self) -> Duration {
        Duration::from_secs(self.seconds.into()) / self.turns
    }

    /// A turn of one server: everyone asks, and asks again once they are answered.
    async fn ask(
        &self,
        server: &Serving,
        asked: &Arc<Asked>,
        side: usize,
        limit: Duration,
    ) -> Result<Measured, Failure> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(Asking::open(server).await?);
        }
        let (next, most) = (Arc::new(AtomicUsize::new(0)), usize::try_from(self.requests)?);
        let (before, started) = (server.cpu_time()?, Instant::now());
        let mut crowd = tokio::task::JoinSet::new();
        for mut connection in connections {
            let (asked, next) = (Arc::clone(asked), Arc::clone(&next));
            crowd.spawn(async move {
                let requests = if side == 0 { &asked.guildhall } else { &asked.plain };
                let answer = asked.answers.as_ref().and_then(|answers| answers.get(side));
                let mut took = Vec::new();
                while started.elapsed() < limit {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let at = if answer.is_some() { number % requests.len() } else { number };
                    let Some(request) = requests.get(at).filter(|_| number < most) else { break };
                    let began = Instant::now();
                    let got = connection.send(request.clone()).await?;
                    took.push(began.elapsed());
                    match answer {
                        Some(answer) if got == answer => {}
                        None if got.starts_with(b"{\"data\":{\"castBallot\":{") => {}
                        _ => return Err(format!("an answer is not like the first: {got:?}").into()),
                    }
                }
                Ok::<_, Failure>(took)
            });
        }
        let mut took = Vec::new();
        while let Some(done) = crowd.join_next().await {
            took.extend(done??);
        }
        let (whole, cpu) = (started.elapsed(), server.cpu_time()?.saturating_sub(before));
        took.sort_unstable();
        Ok(Measured { took, whole, cpu })
    }
}

/// PostgreSQL gets by now the statistics that it would have gathered by itself before long, rather than meanwhile.
async fn settle(app: &App) -> Result<(), Failure> {
    let work = async |conn: &mut Conn| match conn {
        Conn::Postgres(conn) => Ok(conn.batch_execute("VACUUM ANALYZE").await?),
        Conn::Sqlite(_) => Ok(()),
    };
    Ok(app.db.read(work).await?)
}

/// Fails unless both have answered with the same data.
fn compare(page: Page, answers: &[Bytes; 2]) -> Result<(), Failure> {
    let [guildhall, plain] = answers;
    let (left, right): (Value, Value) = (serde_json::from_slice(guildhall)?, serde_json::from_slice(plain)?);
    if left == right && left.get("data").is_some_and(|data| !data.is_null()) {
        return Ok(());
    }
    Err(format!("the answers differ for the {}:\nGuildhall {left}\nplain SQL {right}", page.name()).into())
}

/// The request for a ballot, to Guildhall and to the other.
fn ballot(
    servers: &Servers,
    filled: &Filled,
    campaign: &Campaign,
    picks: &[EntryId],
    token: &str,
    nonce: Option<&str>,
) -> Result<[Prepared; 2], Failure> {
    let (slug, id) = (&filled.ground.slug, ID::from(campaign.id).0);
    let picks: Vec<String> = picks.iter().map(|pick| ID::from(*pick).0).collect();
    let input = json!({ "campaignId": id, "picks": picks, "nonce": nonce });
    let body = json!({ "query": CAST, "variables": { "input": input } });
    let plain = json!({ "picks": picks, "nonce": nonce });
    let path = format!("/campaigns/{id}/ballots");
    Ok([
        Prepared::new(&servers.guildhall, "/graphql", slug, Some(token), Some(&body))?,
        Prepared::new(&servers.plain, &path, slug, Some(token), Some(&plain))?,
    ])
}

/// Fails unless both answer the same ballot alike: it is taken back in between.
async fn same_ballot(
    app: &App,
    filled: &Filled,
    servers: &Servers,
    voters: &[(&Member, String)],
) -> Result<(), Failure> {
    let (voter, token) = voters.first().ok_or("nobody votes")?;
    let (campaign, entries) = filled.ground.vote(app).await?;
    let nonce = voting::new_nonce();
    let [guildhall, plain] = ballot(servers, filled, &campaign, &picks(&entries), token, Some(&nonce))?;
    let first = Asking::open(&servers.guildhall).await?.send(guildhall).await?;
    let (guild, id, member) = (filled.ground.guild, campaign.id, voter.id);
    let cast = async move |conn: &mut Conn| {
        let ballot = diesel::delete(ballots::table.find((guild, id, member)));
        Ok(on!(conn, c => ballot.execute(c))?)
    };
    if app.db.write(cast).await? != 1 {
        return Err(format!("the ballot was not cast: {first:?}").into());
    }
    let second = Asking::open(&servers.plain).await?.send(plain).await?;
    compare(Page::CastBallot, &[first, second])
}

/// A turn.
struct Measured {
    /// Shortest first.
    took: Vec<Duration>,
    whole: Duration,
    cpu: Duration,
}

/// The turns of both with a page.
#[derive(Default)]
struct Row([Vec<Measured>; 2]);

impl Row {
    fn add(&mut self, side: usize, measured: Measured) {
        if let Some(turns) = self.0.get_mut(side) {
            turns.push(measured);
        }
    }

    fn line(&self, name: &str) -> Result<String, Failure> {
        let mut line = format!("| {name} |");
        let [[rate, cpu], [limit, least]] = self.0.each_ref().map(|turns| {
            let figures = [Measured::per_second, Measured::cpu_each].map(|figure| median(turns, figure));
            let [rate, cpu] = figures;
            let [p50, p99] = [50, 99].map(|percent| median(turns, |turn| percentile(&turn.took, percent)));
            // Writing to a string does not fail.
            let _ = write!(line, " {rate:.0} | {p50:.2} | {p99:.2} | {cpu:.0} |");
            figures
        });
        let share = |of: f64, limit: f64| if limit > 0.0 { 100.0 * of / limit } else { 0.0 };
        writeln!(line, " {:.0} % | {:.0} % |", share(rate, limit), share(least, cpu))?;
        Ok(line)
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person")]
impl Measured {
    fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.whole.as_secs_f64()
    }

    /// What a request takes of the server's process, in microseconds.
    fn cpu_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1_000_000.0 / self.took.len().max(1) as f64
    }
}

fn median(turns: &[Measured], figure: impl Fn(&Measured) -> f64) -> f64 {
    let mut figures: Vec<f64> = turns.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
