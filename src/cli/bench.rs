//! `guildhall bench`: what this machine and this database can do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_graphql::{ID, Variables};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{Failure, say};
use crate::{
    app::App,
    auth::{self, Hasher, Keys, Origin},
    clock::Clock,
    config::Database,
    db::{Db, Lock},
    error::Error,
    graphql::{
        Graph, Operation, Wanted,
        caller::{Admitted, Credentials},
    },
    id::{EntryId, GuildId, MemberId},
    identity::{self, Member, NewMember, Region},
    voting::{
        self, AnnouncementLevel, Ballot, Campaign, CampaignStatus, Entry, NewCampaign, NewEntry, ResultsVisibility,
        VotingMethod,
    },
};

/// How many entries the vote has, and how many of them a ballot names.
const ENTRIES: usize = 10;
const PICKS: usize = 3;

/// Measure what this machine and this database can do.
#[derive(Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Cast ballots in one vote, many at once, beside the same SQL statements without anything around them.
    ///
    /// In a guild of its own (`bench-…`), which is removed afterwards unless the bench is interrupted; unless --database-url says otherwise, in a new SQLite database
    /// in the directory for temporary files.
    Ballots(Ballots),
}

#[derive(Args, Clone, Copy)]
struct Ballots {
    /// How many members vote.
    #[arg(long, value_name = "N", default_value_t = 5_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    voters: u32,
    /// How many of them at the same time.
    #[arg(long, value_name = "N", default_value_t = 16)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    at_once: u32,
}

impl Bench {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let What::Ballots(size) = self.what;
        let folder = std::env::temp_dir().join(format!("guildhall-bench-{:016x}", rand::random::<u64>()));
        let scratch = format!("sqlite://{}", folder.join("bench.db").display());
        let url = database.url_or(&scratch)?;
        if database.database_url.is_none() {
            std::fs::create_dir(&folder)?;
        }
        let done = ballots(Db::open(&url, database.max_connections).await?, size, &url.to_string()).await;
        if database.database_url.is_none() {
            std::fs::remove_dir_all(&folder)?;
        }
        done
    }
}

async fn ballots(db: Db, size: Ballots, called: &str) -> Result<(), Failure> {
    let app = Arc::new(App::new(db, Clock::system(), Keys::ephemeral(), Hasher::owasp()?));
    let ground = Ground::prepare(&app, size).await?;
    let id = ground.guild;
    let measured = async {
        let plain = ground.measure(&app, size, Way::Plain).await?;
        let graphql = ground.measure(&app, size, Way::GraphQl(Graph::new()?)).await?;
        Ok::<_, Failure>((plain, graphql))
    };
    let measured = measured.await;
    app.db.write(async move |conn| Ok(identity::store::delete_guild(conn, id).await?)).await?;
    let (plain, graphql) = measured?;
    let Ballots { voters, at_once } = size;
    say(&format!("{voters} voters of one vote, {at_once} at once, on {called}\n\n"))?;
    say("                              ballots/s     p50 ms     p99 ms     max ms\n")?;
    say(&format!("castBallot through GraphQL {graphql}\n"))?;
    say(&format!("its SQL statements alone   {plain}\n"))?;
    say(&format!("ratio                      {:>12.2}\n", graphql.per_second() / plain.per_second()))
}

/// How a ballot is cast.
#[derive(Clone)]
enum Way {
    /// The mutation, with all that belongs to it but the socket.
    GraphQl(Graph),
    /// The statements that it sends, in their order and transactions.
    Plain,
}

/// A guild with voters, and a vote for each way.
struct Ground {
    guild: GuildId,
    slug: String,
    voters: Vec<Member>,
    /// Who never votes, so that no vote is ever complete.
    idle: MemberId,
}

impl Ground {
    async fn prepare(app: &App, size: Ballots) -> Result<Self, Failure> {
        let (guild, slug) = (GuildId::new(), format!("bench-{:08x}", rand::random::<u32>()));
        let (now, name) = (app.clock.now(), slug.clone());
        let (voters, idle) = app
            .db
            .write(async move |conn| {
                let (_, ranks) = identity::found_guild(conn, guild, &name, &name, Region::Us, now).await?;
                let rank = ranks.last().ok_or_else(|| Error::internal("a guild has ranks"))?;
                let voter = |number| {
                    let new = NewMember {
                        discord_username: format!("voter{number}"),
                        discord_id: None,
                        display_name: None,
                        rank: None,
                    };
                    let row = new.into_row(rank, now)?;
                    Ok::<_, Error>(Member { registered_at: Some(now), ..row })
                };
                let mut members = (0..=size.voters).map(voter).collect::<Result<Vec<Member>, _>>()?;
                identity::store::insert_members(conn, members.clone()).await?;
                let idle = members.pop().ok_or_else(|| Error::internal("there is one more than voters"))?;
                Ok((members, idle.id))
            })
            .await?;
        Ok(Self { guild, slug, voters, idle })
    }

    /// Lets every voter vote, in a vote of its own.
    async fn measure(&self, app: &Arc<App>, size: Ballots, way: Way) -> Result<Measured, Failure> {
        let (campaign, entries) = self.vote(app).await?;
        let next = Arc::new(AtomicUsize::new(0));
        let jobs: Arc<[(Member, String)]> = self
            .voters
            .iter()
            .map(|voter| Ok((voter.clone(), auth::mint(app, voter, Duration::from_hours(1))?)))
            .collect::<Result<Vec<_>, Failure>>()?
            .into();
        let started = Instant::now();
        let mut crowd = tokio::task::JoinSet::new();
        for _ in 0..size.at_once {
            let (app, way, next, jobs) = (Arc::clone(app), way.clone(), Arc::clone(&next), Arc::clone(&jobs));
            let (campaign, entries, slug, idle) = (campaign.clone(), entries.clone(), self.slug.clone(), self.idle);
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
        let mut took = Vec::with_capacity(self.voters.len());
        while let Some(done) = crowd.join_next().await {
            took.extend(done??);
        }
        let whole = started.elapsed();
        took.sort_unstable();
        let (guild, id) = (self.guild, campaign.id);
        let cast = app.db.read(async move |conn| Ok(voting::store::count_ballots(conn, guild, &[id]).await?)).await?;
        if usize::try_from(cast) != Ok(self.voters.len()) {
            return Err(format!("{} voters, but {cast} ballots", self.voters.len()).into());
        }
        Ok(Measured { took, whole })
    }

    /// A live vote.
    async fn vote(&self, app: &App) -> Result<(Campaign, Vec<EntryId>), Failure> {
        let now = app.clock.now();
        let entry = |number: usize| NewEntry {
            name: format!("entry {number}"),
            description: None,
            image_url: None,
            associated_member: None,
        };
        let new = NewCampaign {
            title: "bench".to_owned(),
            description: None,
            method: VotingMethod::Weighted,
            picks_per_voter: i64::try_from(PICKS)?,
            seats: 1,
            min_rank_level_to_vote: 1,
            min_rank_level_to_view: None,
            start_at: Some(now),
            duration_hours: 24,
            early_close_if_all_voted: true,
            results_visibility: ResultsVisibility::Always,
            announcements: AnnouncementLevel::Off,
            discord_channel_id: None,
            entries: (0..ENTRIES).map(entry).collect(),
        };
        let (campaign, entries): (Campaign, Vec<Entry>) = new.into_rows(self.guild, None, now)?;
        let campaign = Campaign { status: CampaignStatus::Live, ..campaign };
        let (row, order) = (campaign.clone(), entries.iter().map(|entry| entry.id).collect());
        app.db
            .write(async move |conn| {
                voting::store::insert_campaigns(conn, vec![row]).await?;
                Ok(voting::store::insert_entries(conn, entries).await?)
            })
            .await?;
        Ok((campaign, order))
    }
}

fn picks(entries: &[EntryId]) -> Vec<EntryId> {
    use rand::seq::IndexedRandom;
    entries.choose_multiple(&mut rand::rng(), PICKS).copied().collect()
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
    let prepared = graph.prepare(operation).map_err(|error| error.message)?;
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
        .write(async move |conn| {
            auth::store::viewer(conn, guild, member, None, expiry).await?;
            voting::store::lock_campaign(conn, guild, id, Lock::Shared).await?;
            voting::store::entry_ids(conn, guild, id).await?;
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

    fn percentile(&self, percent: usize) -> f64 {
        let at = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took.get(at).copied().unwrap_or_default().as_secs_f64() * 1_000.0
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [50, 99, 100].map(|percent| self.percentile(percent));
        write!(f, "{:>12.0} {p50:>10.2} {p99:>10.2} {max:>10.2}", self.per_second())
    }
}
