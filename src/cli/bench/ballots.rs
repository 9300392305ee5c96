//! `guildhall bench ballots`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_graphql::{ID, Variables};
use clap::Args;
use serde_json::json;

use super::{Failure, Ground, percentile, picks, say};
use crate::{
    app::App,
    auth::{self, Hasher, Keys, Origin},
    clock::Clock,
    db::{DatabaseUrl, Db, Lock},
    graphql::{
        Graph, Operation, Wanted,
        caller::{Admitted, Credentials},
    },
    id::{EntryId, MemberId},
    identity::Member,
    voting::{self, Ballot, Campaign},
};

#[derive(Args, Clone, Copy)]
pub(super) struct Ballots {
    /// How many members vote.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    voters: u32,
    /// How many of them at the same time.
    #[arg(long, value_name = "N", default_value_t = 16)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    at_once: u32,
}

impl Ballots {
    pub(super) async fn run(self, db: Db, url: &DatabaseUrl) -> Result<(), Failure> {
        let app = Arc::new(App::new(db, Clock::system(), Keys::ephemeral(), Hasher::owasp()?));
        let ground = Ground::prepare(&app, self.voters).await?;
        let measured = async {
            let plain = measure(&ground, &app, self, Way::Plain).await?;
            let graphql = measure(&ground, &app, self, Way::GraphQl(Graph::new()?)).await?;
            Ok::<_, Failure>((plain, graphql))
        };
        let measured = measured.await;
        ground.remove(&app).await?;
        let (plain, graphql) = measured?;
        let Self { voters, at_once } = self;
        say(&format!("{voters} voters of one vote, {at_once} at once, on {url}\n\n"))?;
        say("                              ballots/s     p50 ms     p99 ms     max ms\n")?;
        say(&format!("castBallot through GraphQL {graphql}\n"))?;
        say(&format!("its SQL statements alone   {plain}\n"))?;
        say(&format!("ratio                      {:>12.2}\n", graphql.per_second() / plain.per_second()))
    }
}

/// How a ballot is cast.
#[derive(Clone)]
enum Way {
    /// The mutation, with all that belongs to it but the socket.
    GraphQl(Graph),
    /// The statements that it sends, in their order and transactions.
    Plain,
}

/// Lets every voter vote, in a vote of its own.
async fn measure(ground: &Ground, app: &Arc<App>, size: Ballots, way: Way) -> Result<Measured, Failure> {
    let (campaign, entries) = ground.vote(app).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let jobs: Arc<[(Member, String)]> = ground
        .voters
        .iter()
        .map(|voter| Ok((voter.clone(), auth::mint(app, voter, Duration::from_hours(1))?)))
        .collect::<Result<Vec<_>, Failure>>()?
        .into();
    let started = Instant::now();
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..size.at_once {
        let (app, way, next, jobs) = (Arc::clone(app), way.clone(), Arc::clone(&next), Arc::clone(&jobs));
        let (campaign, entries, slug, idle) = (campaign.clone(), entries.clone(), ground.slug.clone(), ground.idle);
        crowd.spawn(async move {
            let mut took = Vec::new();
            while let Some((voter, token)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let picks = picks(&entries);
                let began = Instant::now();
                match &way {
                    Way::GraphQl(graph) => through_graphql(&app, graph, &slug, token, &campaign, &picks).await?,
                    Way::Plain => plainly(&app, voter, idle, &campaign, picks).await?,
                }
                took.push(began.elapsed());
            }
            Ok::<_, Failure>(took)
        });
    }
    let mut took = Vec::with_capacity(ground.voters.len());
    while let Some(done) = crowd.join_next().await {
        took.extend(done??);
    }
    let whole = started.elapsed();
    took.sort_unstable();
    let (guild, id) = (ground.guild, campaign.id);
    let cast = app.db.read(async move |conn| Ok(voting::store::count_ballots(conn, guild, &[id]).await?)).await?;
    if usize::try_from(cast) != Ok(ground.voters.len()) {
        return Err(format!("{} voters, but {cast} ballots", ground.voters.len()).into());
    }
    Ok(Measured { took, whole })
}

async fn through_graphql(
    app: &Arc<App>,
    graph: &Graph,
    slug: &str,
    token: &str,
    campaign: &Campaign,
    picks: &[EntryId],
) -> Result<(), Failure> {
    let authorization = format!("Bearer {token}");
    let credentials = Credentials { guild: Some(slug), authorization: Some(&authorization) };
    let admitted = Admitted::admit(app, credentials, Origin { address: None, user_agent: None }).await?;
    let picks: Vec<String> = picks.iter().map(|pick| ID::from(*pick).0).collect();
    let query = "mutation($input: CastBallotInput!) { castBallot(input: $input) { ballot { receipt } } }";
    let operation = Operation {
        document: Wanted::Text(query.to_owned()),
        name: None,
        variables: Variables::from_json(json!({ "input": { "campaignId": ID::from(campaign.id).0, "picks": picks } })),
    };
    let prepared = graph.prepare(operation).map_err(|errors| format!("{errors:?}"))?;
    let answer = graph.execute(prepared, &admitted, "bench").await;
    answer.errors.first().map_or(Ok(()), |error| Err(error.message.clone().into()))
}

async fn plainly(
    app: &App,
    voter: &Member,
    idle: MemberId,
    campaign: &Campaign,
    picks: Vec<EntryId>,
) -> Result<(), Failure> {
    let (guild, member, id, now) = (voter.guild_id, voter.id, campaign.id, app.clock.now());
    let live = campaign.clone();
    let expiry = now + Duration::from_hours(1);
    // The voter is looked up when they are let in, and confirmed in the transaction.
    app.db.read(async move |conn| Ok(auth::store::viewer(conn, guild, member, None, expiry).await?)).await?;
    app.db
        .write_locked(voting::store::campaign_lock(guild, id, Lock::Shared), async move |conn| {
            auth::store::viewer(conn, guild, member, None, expiry).await?;
            voting::store::campaign(conn, guild, id).await?;
            let ballot = Ballot { campaign: id, member, picks, cast_at: now, nonce: voting::new_nonce() };
            Ok(voting::store::insert_ballots(conn, guild, &[ballot]).await?)
        })
        .await?;
    app.db.read(async move |conn| Ok(voting::store::is_waited_for(conn, &live, idle).await?)).await?;
    Ok(())
}

struct Measured {
    /// Shortest first.
    took: Vec<Duration>,
    whole: Duration,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "a figure for a person")]
    fn per_second(&self) -> f64 {
        self.took.len() as f64 / self.whole.as_secs_f64()
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percent| percentile(&self.took, percent));
        write!(f, "{:>12.0} {p50:>10.2} {p99:>10.2} {max:>10.2}", self.per_second())
    }
}
