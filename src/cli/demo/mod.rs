//! `guildhall demo`.

mod campaigns;
mod fill;
mod generated;
mod introduction;
mod kept;
mod roster;

use std::{sync::Arc, time::Duration};

use clap::Args;
use rand::{Rng, seq::IndexedRandom};

pub use self::{
    campaigns::{ballots, store},
    generated::Generated,
    roster::roster,
};
use self::{
    fill::{DemoSize, LiveVote},
    introduction::{TOKEN_LIFETIME, introduction},
};
use super::{
    database::lock_for_server,
    output::{BoxError, print},
    serve,
    signals::Signals,
};
use crate::{
    access::{self, Viewer},
    app::App,
    auth::{Hasher, Keys},
    cli::{
        api_settings::ApiSettings,
        settings::{DatabaseSettings, ListenSettings, SigningSettings, lifetime},
    },
    db::{DatabaseUrl, Db},
    http::{WebApp, WebFiles},
    identity::{self, Member},
    kernel::{
        clock::Clock,
        id::{EntryId, GuildId},
    },
    voting::{self, Campaign},
};

const DEFAULT_DATABASE: &str = "sqlite://guildhall-demo.db";

/// "ghdemo" in ASCII. No other guild has this id, so the demo recognizes its own database and deletes no other.
const DEMO_GUILD: GuildId = GuildId(0x0000_6768_6465_6D6F);

/// Serve a sample guild on a new database.
#[derive(Args)]
pub(super) struct Demo {
    #[command(flatten)]
    listen: ListenSettings,
    #[command(flatten)]
    signing: SigningSettings,
    #[command(flatten)]
    api: ApiSettings,
    #[command(flatten)]
    size: DemoSize,
    /// Let no simulated members vote in the live campaign.
    #[arg(long, help_heading = "Demo")]
    no_simulate: bool,
    /// Average time between two ballots of simulated members.
    #[arg(long, value_name = "TIME", default_value = "4s", value_parser = lifetime, help_heading = "Demo")]
    pace: Duration,
    /// Keep the data of the last demo, so that ids, sessions and tokens stay valid.
    ///
    /// The flags for sizes then have no effect. If the live campaign is over, the demo adds another. On PostgreSQL,
    /// tokens stay valid only with `GUILDHALL_JWT_SECRET`.
    #[arg(long, help_heading = "Demo")]
    keep: bool,
}

impl Demo {
    pub(super) async fn run(self, database: &DatabaseSettings, web: &WebFiles) -> Result<(), BoxError> {
        let mut signals = Signals::new()?;
        let url = database.url_or(DEFAULT_DATABASE)?;
        // Everything that can be wrong is checked before a database is created or replaced.
        let has_secret = self.signing.jwt_secret.is_some() || url.file().is_some();
        if has_secret {
            self.signing.check(&url)?;
        }
        let (graph, web) = (serve::graph(&self.api, web)?, WebApp::new(web)?);
        // The address is bound first, so that a second demo fails before it deletes the database of the first.
        let listener = serve::listen(&self.listen).await?;
        let filled = signals.or_stop(async {
            lock_for_server(&url)?;
            let is_kept = has_demo(&url, database).await? && self.keep;
            let db = if is_kept { database.open(&url).await? } else { database.open_fresh(&url).await? };
            // On PostgreSQL there is no file next to which to store a secret, and a demo's tokens need not outlive it.
            let keys = if has_secret { self.signing.keys(&url)? } else { Keys::ephemeral() };
            let app = Arc::new(App::new(db, Clock::system(), keys, Hasher::owasp()?));
            let started = std::time::Instant::now();
            let filled = if is_kept {
                kept::read(&app, DEMO_GUILD).await?
            } else {
                fill::fill(&app, DEMO_GUILD, self.size).await?
            };
            tracing::info!(seconds = started.elapsed().as_secs_f64(), database = %url, "filled");
            Ok::<_, BoxError>((app, filled))
        });
        let (app, filled) = filled.await?;
        print(&introduction(&app, &filled, listener.local_addr()?)?)?;
        let _simulation = (!self.no_simulate).then(|| {
            let mut task = tokio::task::JoinSet::new();
            task.spawn(simulate(Arc::clone(&app), filled.live, self.pace));
            task
        });
        serve::serve(app, &[], &self.api, graph, web, listener, signals).await
    }
}

/// Whether the database has a demo. Rejects a database that contains another guild, because the demo deletes everything
/// in its database.
async fn has_demo(url: &DatabaseUrl, database: &DatabaseSettings) -> Result<bool, BoxError> {
    let db = Db::open(url, database.max_connections).await?;
    let guilds = db.read(async |conn| Ok(identity::store::all_guilds(conn).await?)).await?;
    if guilds.iter().all(|guild| *guild == DEMO_GUILD) {
        return Ok(!guilds.is_empty());
    }
    Err(format!("{url} holds a real guild, and the demo would delete it. Choose another database with --database-url.")
        .into())
}

/// Casts the ballots of the members without a printed account, one after the other.
async fn simulate(app: Arc<App>, live: LiveVote, pace: Duration) {
    for voter in &live.simulated_voters {
        let pause = pace.mul_f64(rand::rng().random_range(0.5..1.5));
        tokio::time::sleep(pause).await;
        match cast(&app, &live.campaign, &live.entries, voter).await {
            Ok(()) => {}
            Err(error) if error.refusal().is_some() => {
                tracing::info!(%error, "a simulated member could not vote");
                // If the campaign is closed, no further member can vote either.
                if error.refusal().is_some_and(|refusal| refusal.reason == Some("CAMPAIGN_NOT_LIVE")) {
                    return;
                }
            }
            Err(error) => tracing::error!(%error, "a simulated member could not vote"),
        }
    }
    tracing::info!("every simulated member has voted");
}

async fn cast(
    app: &Arc<App>,
    live: &Campaign,
    entries: &[EntryId],
    voter: &Member,
) -> crate::kernel::error::Result<()> {
    let (guild, id) = (live.guild_id, voter.id);
    let expires_at = app.clock.now() + TOKEN_LIFETIME;
    let viewer: Option<Viewer> =
        app.db.read(async move |conn| Ok(access::store::viewer(conn, guild, id, None, expires_at).await?)).await?;
    let Some(viewer) = viewer else { return Ok(()) };
    let picks = usize::try_from(live.picks_per_voter).unwrap_or_default();
    let picks = entries.choose_multiple(&mut rand::rng(), picks).copied().map(Some).collect();
    voting::cast_ballot(&app.voting, &viewer, live.id, picks, None).await.map(|_| ())
}
