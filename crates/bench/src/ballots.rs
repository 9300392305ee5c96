//! `guildhall-bench ballots`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_graphql::{ID, Variables};
use clap::Args;
use guildhall::{
    api::{
        DocumentRef, Graph, Operation,
        auth_context::{AuthContext, Credentials},
    },
    app::App,
    auth::{self, Hasher, Keys},
    cli::BoxError,
    db::{AdvisoryLock, DatabaseUrl, Db, LockMode},
    engine::Origin,
    identity::Member,
    kernel::{
        clock::Clock,
        id::{EntryId, MemberId},
    },
    voting::{Ballot, Campaign, new_nonce},
};
use serde_json::json;

use crate::{
    guild::{BenchGuild, random_picks},
    percentile, plain, print,
    sql::{UnreadRow, Value, sql},
};

#[derive(Args, Clone, Copy)]
pub(crate) struct Ballots {
    /// Number of members who vote.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    voters: u32,
    /// Number of members who vote at the same time.
    #[arg(long, value_name = "N", default_value_t = 16)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    at_once: u32,
}

impl Ballots {
    pub(crate) async fn run(self, db: Db, url: &DatabaseUrl) -> Result<(), BoxError> {
        let app = Arc::new(App::new(db, Clock::system(), Keys::ephemeral(), Hasher::owasp()?));
        let guild = BenchGuild::create(&app, self.voters).await?;
        let measured = async {
            let plain = measure(&guild, &app, self, CastPath::Sql).await?;
            let graphql = measure(&guild, &app, self, CastPath::GraphQl(Graph::new()?)).await?;
            Ok::<_, BoxError>((plain, graphql))
        };
        let measured = measured.await;
        guild.remove(&app).await?;
        let (plain, graphql) = measured?;
        let Self { voters, at_once } = self;
        print(&format!("{voters} voters of one vote, {at_once} at once, on {url}\n\n"))?;
        print("                              ballots/s     p50 ms     p99 ms     max ms\n")?;
        print(&format!("castBallot through GraphQL {graphql}\n"))?;
        print(&format!("its SQL statements alone   {plain}\n"))?;
        print(&format!("ratio                      {:>12.2}\n", graphql.per_second() / plain.per_second()))
    }
}

/// The way in which ballots are cast.
#[derive(Clone)]
enum CastPath {
    /// By the mutation, without HTTP.
    GraphQl(Graph),
    /// By the statements that the mutation sends, in the same order and transactions.
    Sql,
}

/// Creates a campaign and casts a ballot for every voter.
async fn measure(
    guild: &BenchGuild,
    app: &Arc<App>,
    size: Ballots,
    path: CastPath,
) -> Result<BallotDurations, BoxError> {
    let (campaign, entries) = guild.create_vote(app).await?;
    let next = Arc::new(AtomicUsize::new(0));
    let jobs: Arc<[(Member, String)]> = guild
        .voters
        .iter()
        .map(|voter| Ok((voter.clone(), auth::mint(&app.accounts, voter, Duration::from_hours(1))?)))
        .collect::<Result<Vec<_>, BoxError>>()?
        .into();
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..size.at_once {
        let (app, path, next, jobs) = (Arc::clone(app), path.clone(), Arc::clone(&next), Arc::clone(&jobs));
        let (campaign, entries, slug, non_voter) =
            (campaign.clone(), entries.clone(), guild.slug.clone(), guild.non_voter);
        tasks.spawn(async move {
            let mut durations = Vec::new();
            while let Some((voter, token)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let picks = random_picks(&entries);
                let cast_started = Instant::now();
                match &path {
                    CastPath::GraphQl(graph) => {
                        cast_through_graphql(&app, graph, &slug, token, &campaign, &picks).await?;
                    }
                    CastPath::Sql => cast_by_sql(&app, voter, non_voter, &campaign, picks).await?,
                }
                durations.push(cast_started.elapsed());
            }
            Ok::<_, BoxError>(durations)
        });
    }
    let mut durations = Vec::with_capacity(guild.voters.len());
    while let Some(done) = tasks.join_next().await {
        durations.extend(done??);
    }
    let total = started.elapsed();
    durations.sort_unstable();
    guild.check_ballots(app, campaign.id, guild.voters.len()).await?;
    Ok(BallotDurations { sorted: durations, total })
}

async fn cast_through_graphql(
    app: &Arc<App>,
    graph: &Graph,
    slug: &str,
    token: &str,
    campaign: &Campaign,
    picks: &[EntryId],
) -> Result<(), BoxError> {
    let authorization = format!("Bearer {token}");
    let credentials = Credentials { guild: Some(slug), authorization: Some(&authorization) };
    let auth_context = AuthContext::authenticate(app, credentials, Origin::default()).await?;
    let picks: Vec<String> = picks.iter().map(|pick| ID::from(*pick).0).collect();
    let query = "mutation($input: CastBallotInput!) { castBallot(input: $input) { ballot { receipt } } }";
    let operation = Operation {
        document: DocumentRef::Text(query.to_owned()),
        name: None,
        variables: Variables::from_json(json!({ "input": { "campaignId": ID::from(campaign.id).0, "picks": picks } })),
    };
    let prepared = graph.prepare(operation).map_err(|errors| format!("{errors:?}"))?;
    let response = graph.execute(prepared, &auth_context, "bench").await;
    response.errors.first().map_or(Ok(()), |error| Err(error.message.clone().into()))
}

/// The voter with their rank and session; no session has the id 0.
const VIEWER: &str = "
    SELECT r.id, r.name, r.level, r.permissions, m.registered_at IS NOT NULL, s.id, m.credentials_version
    FROM members m
    JOIN ranks r ON r.guild_id = m.guild_id AND r.id = m.rank_id
    LEFT JOIN sessions s ON s.guild_id = m.guild_id AND s.member_id = m.id AND s.id = 0 AND s.revoked_at IS NULL
    WHERE m.guild_id = ? AND m.id = ? AND m.is_active
    LIMIT 1";

/// Whether a member can still vote.
const CAN_VOTE: &str = "
    SELECT EXISTS (
            SELECT 1 FROM members
            WHERE guild_id = ? AND rank_level >= ? AND is_active AND registered_at IS NOT NULL AND id = ?)
        AND NOT EXISTS (SELECT 1 FROM ballots WHERE guild_id = ? AND campaign_id = ? AND member_id = ?)";

async fn cast_by_sql(
    app: &App,
    voter: &Member,
    non_voter: MemberId,
    campaign: &Campaign,
    picks: Vec<EntryId>,
) -> Result<(), BoxError> {
    let (guild, member, id, now) = (voter.guild_id, voter.id, campaign.id, app.clock.now());
    let min_level = campaign.min_rank_level_to_vote;
    let viewer = move || sql(VIEWER, [guild.0, member.0].map(Value::Number));
    // The server reads the voter when it authenticates the request, and again in the transaction.
    app.db.read(async move |conn| Ok(viewer().load::<UnreadRow>(conn).await?)).await?;
    app.db
        .write_locked(AdvisoryLock { key: guild.0 ^ id.0, mode: LockMode::Shared }, async move |conn| {
            viewer().load::<UnreadRow>(conn).await?;
            let campaign = "SELECT * FROM campaigns WHERE guild_id = ? AND id = ? LIMIT 1";
            sql(campaign, [guild.0, id.0].map(Value::Number)).load::<UnreadRow>(conn).await?;
            let ballot = Ballot { campaign: id, member, picks, cast_at: now, nonce: new_nonce() };
            Ok(plain::insert_ballot(conn, guild, &ballot).await?)
        })
        .await?;
    // The check for an early close: a member who has not voted keeps the campaign open.
    let values = [guild.0, min_level, non_voter.0, guild.0, id.0, non_voter.0].map(Value::Number);
    app.db.read(async move |conn| Ok(sql(CAN_VOTE, values).load::<UnreadRow>(conn).await?)).await?;
    Ok(())
}

struct BallotDurations {
    /// Shortest first.
    sorted: Vec<Duration>,
    /// Time from the first ballot to the last.
    total: Duration,
}

impl BallotDurations {
    #[expect(clippy::cast_precision_loss, reason = "the result is rounded for display")]
    fn per_second(&self) -> f64 {
        self.sorted.len() as f64 / self.total.as_secs_f64()
    }
}

impl std::fmt::Display for BallotDurations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percent| percentile(&self.sorted, percent));
        write!(f, "{:>12.0} {p50:>10.2} {p99:>10.2} {max:>10.2}", self.per_second())
    }
}
