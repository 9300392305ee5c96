//! `guildhall demo`.

pub mod fill;

use std::{fmt::Write, net::SocketAddr, sync::Arc, time::Duration};

use clap::Args;
use rand::{Rng, seq::IndexedRandom};

use self::fill::{DemoSize, Filled, PASSWORD};
use super::{
    database::lock_for_server,
    output::{BoxError, print},
    serve,
    signals::Signals,
};
use crate::{
    access::{self, Viewer},
    app::App,
    auth::{self, Hasher, Keys},
    cli::{
        api_settings::ApiSettings,
        settings::{DatabaseSettings, ListenSettings, SigningSettings},
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

/// Lifetime of the printed tokens.
const TOKEN_LIFETIME: Duration = Duration::from_hours(24);

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
            refuse_real_data(&url, database).await?;
            let db = database.open_fresh(&url).await?;
            // On PostgreSQL there is no file next to which to store a secret, and a demo's tokens need not outlive it.
            let keys = if has_secret { self.signing.keys(&url)? } else { Keys::ephemeral() };
            let app = Arc::new(App::new(db, Clock::system(), keys, Hasher::owasp()?));
            let started = std::time::Instant::now();
            let filled = fill::fill(&app, DEMO_GUILD, self.size).await?;
            tracing::info!(seconds = started.elapsed().as_secs_f64(), database = %url, "filled");
            Ok::<_, BoxError>((app, filled))
        });
        let (app, filled) = filled.await?;
        print(&introduction(&app, &filled, listener.local_addr()?)?)?;
        let _simulation = (!self.no_simulate).then(|| {
            let mut task = tokio::task::JoinSet::new();
            task.spawn(simulate(Arc::clone(&app), filled));
            task
        });
        serve::serve(app, &[], &self.api, graph, web, listener, signals).await
    }
}

/// Rejects a database that contains another guild, because the demo deletes everything in its database.
async fn refuse_real_data(url: &DatabaseUrl, database: &DatabaseSettings) -> Result<(), BoxError> {
    let db = Db::open(url, database.max_connections).await?;
    let guilds = db.read(async |conn| Ok(identity::store::all_guilds(conn).await?)).await?;
    if guilds.iter().all(|guild| *guild == DEMO_GUILD) {
        return Ok(());
    }
    Err(format!("{url} holds a real guild, and the demo would delete it. Choose another database with --database-url.")
        .into())
}

/// The text that the demo prints at the start.
fn introduction(app: &App, filled: &Filled, address: SocketAddr) -> Result<String, BoxError> {
    let mut text = String::new();
    let campaign = async_graphql::ID::from(filled.live.id).to_string();
    writeln!(text, "\n{}: {} members, {} campaigns\n", filled.guild.name, filled.members, filled.campaigns)?;
    writeln!(text, "  Web app   http://{address}/")?;
    writeln!(text, "  Console   http://{address}/graphiql")?;
    writeln!(text, "  GraphQL   http://{address}/graphql   (subscriptions: ws://{address}/graphql)\n")?;
    writeln!(text, "Accounts, all with the password {PASSWORD}, and access tokens valid for a day:\n")?;
    let mut officer = String::new();
    for member in &filled.accounts {
        let token = auth::mint(&app.accounts, member, TOKEN_LIFETIME)?;
        writeln!(text, "  {:<9} {token}\n", member.discord_username)?;
        if member.discord_username == "officer" {
            officer = token;
        }
    }
    writeln!(text, "Paste into the console; the live vote is \"{}\":\n", filled.live.title)?;
    writeln!(text, "  subscription {{ voteTally(campaignId: \"{campaign}\") {{ revision isFinal")?;
    writeln!(text, "    turnout {{ voted eligible percent }} standings {{ place points entry {{ name }} }} }} }}\n")?;
    writeln!(
        text,
        "  {{ members(first: 50) {{ totalCount nodes {{ displayName rank {{ name }} characters {{ name }} }} }} }}\n"
    )?;
    writeln!(text, "To run operations as one of the accounts, sign in at the console's top right.\n")?;
    writeln!(text, "From a shell:\n")?;
    writeln!(text, "  curl http://{address}/graphql -H 'Content-Type: application/json' \\")?;
    writeln!(text, "    -H 'Authorization: Bearer {officer}' \\")?;
    writeln!(
        text,
        "    -d '{{\"query\": \"{{ me {{ displayName rank {{ name }} }} campaigns {{ nodes {{ title status }} }} }}\"}}'\n"
    )?;
    writeln!(text, "Vote with the accounts above; all other members vote automatically. Ctrl-C ends the demo.\n")?;
    Ok(text)
}

/// Casts the ballots of the members without a printed account, about one per second.
async fn simulate(app: Arc<App>, filled: Filled) {
    for voter in &filled.simulated_voters {
        let pause = rand::rng().random_range(800..1_600);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        match cast(&app, &filled.live, &filled.entries, voter).await {
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
