//! `guildhall demo`.

pub mod fill;

use std::{fmt::Write, net::SocketAddr, sync::Arc, time::Duration};

use clap::Args;
use rand::{Rng, seq::IndexedRandom};

use self::fill::{DemoSize, Filled, PASSWORD};
use super::{
    output::{BoxError, say},
    serve,
};
use crate::{
    access::{self, Viewer},
    app::App,
    auth::{self, Hasher, Keys},
    cli::settings::{DatabaseSettings, Listen, PublicApi, Signing},
    db::{DatabaseUrl, Db},
    identity::{self, Member},
    kernel::{
        clock::Clock,
        id::{EntryId, GuildId},
    },
    voting::{self, Campaign},
};

const DEFAULT_DATABASE: &str = "sqlite://guildhall-demo.db";

/// "ghdemo" in ASCII. No other guild has it, so that nothing but a demo is ever started over.
const DEMO_GUILD: GuildId = GuildId(0x0000_6768_6465_6D6F);

/// How long the printed tokens are good for.
const TOKEN_LIFETIME: Duration = Duration::from_hours(24);

/// Serve a filled guild on a fresh database.
#[derive(Args)]
pub(super) struct Demo {
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    api: PublicApi,
    #[command(flatten)]
    size: DemoSize,
    /// Leave the live campaign alone: no simulated member votes.
    #[arg(long)]
    no_simulate: bool,
}

impl Demo {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let url = database.url_or(DEFAULT_DATABASE)?;
        // Bound first: a demo that runs already keeps its database.
        let listener = serve::listen(&self.listen).await?;
        let keys = match (&self.signing.jwt_secret, url.file()) {
            // No place to keep a secret, and the tokens of a demo need not outlive it.
            (None, None) => Keys::ephemeral(),
            _ => self.signing.keys(&url)?,
        };
        refuse_a_database_in_use(&url, database.max_connections).await?;
        let db = Db::open_fresh(&url, database.max_connections).await?;
        let app = Arc::new(App::new(db, Clock::system(), keys, Hasher::owasp()?));
        let started = std::time::Instant::now();
        let filled = fill::fill(&app, DEMO_GUILD, self.size).await?;
        tracing::info!(seconds = started.elapsed().as_secs_f64(), database = %url, "filled");
        say(&introduction(&app, &filled, listener.local_addr()?)?)?;
        let _simulation = (!self.no_simulate).then(|| {
            let mut task = tokio::task::JoinSet::new();
            task.spawn(simulate(Arc::clone(&app), filled));
            task
        });
        serve::serve(app, &[], &self.api, listener).await
    }
}

/// The demo starts its database over, so it takes none that holds anything else.
async fn refuse_a_database_in_use(url: &DatabaseUrl, max_connections: u32) -> Result<(), BoxError> {
    let db = Db::open(url, max_connections).await?;
    let guilds = db.read(async |conn| Ok(identity::store::all_guilds(conn).await?)).await?;
    if guilds.iter().all(|guild| *guild == DEMO_GUILD) {
        return Ok(());
    }
    Err(format!("{url} holds a real guild, and the demo would start it over. Give it another with --database-url.")
        .into())
}

/// What the demo says of itself.
fn introduction(app: &App, filled: &Filled, address: SocketAddr) -> Result<String, BoxError> {
    let mut text = String::new();
    let campaign = async_graphql::ID::from(filled.live.id).to_string();
    writeln!(text, "\n{}: {} members, {} campaigns\n", filled.guild.name, filled.members, filled.campaigns)?;
    writeln!(text, "  Console   http://{address}/graphiql")?;
    writeln!(text, "  GraphQL   http://{address}/graphql   (subscriptions: ws://{address}/graphql)\n")?;
    writeln!(text, "Accounts, all with the password {PASSWORD}, and access tokens good for a day:\n")?;
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
    writeln!(text, "To run things as one of the accounts, sign in at the console's top right.\n")?;
    writeln!(text, "From a shell:\n")?;
    writeln!(text, "  curl http://{address}/graphql -H 'Content-Type: application/json' \\")?;
    writeln!(text, "    -H 'Authorization: Bearer {officer}' \\")?;
    writeln!(
        text,
        "    -d '{{\"query\": \"{{ me {{ displayName rank {{ name }} }} campaigns {{ nodes {{ title status }} }} }}\"}}'\n"
    )?;
    writeln!(
        text,
        "The accounts above are yours to vote with; everyone else votes by themselves. Ctrl-C ends the demo.\n"
    )?;
    Ok(text)
}

/// Lets the members who have no printed account vote, one every second or so.
async fn simulate(app: Arc<App>, filled: Filled) {
    for voter in &filled.waiting {
        let pause = rand::rng().random_range(800..1_600);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        match cast(&app, &filled.live, &filled.entries, voter).await {
            Ok(()) => {}
            Err(error) if error.refusal().is_some() => {
                tracing::info!(%error, "a simulated member could not vote");
                // Closed, most likely, and then so it is for all.
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
