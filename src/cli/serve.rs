//! `guildhall serve`.

use std::{sync::Arc, time::Duration};

use clap::Args;
use ipnet::IpNet;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use super::{offline::DEFAULT_DATABASE, output::BoxError};
use crate::{
    api::Graph,
    app::{App, Options},
    auth::Hasher,
    bot,
    cli::settings::{DatabaseSettings, DiscordSettings, Listen, PublicApi, Serving, Signing},
    db::Db,
    http,
    kernel::clock::Clock,
};

/// How long requests under way are waited for when the process is told to end.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Serve the guilds of a database.
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) listen: Listen,
    #[command(flatten)]
    pub(super) signing: Signing,
    #[command(flatten)]
    pub(super) serving: Serving,
    #[command(flatten)]
    pub(super) api: PublicApi,
    #[command(flatten)]
    pub(super) discord: DiscordSettings,
}

impl Serve {
    pub(super) async fn run(self, database: &DatabaseSettings) -> Result<(), BoxError> {
        let url = database.url_or(DEFAULT_DATABASE)?;
        let keys = self.signing.keys(&url)?;
        let listener = listen(&self.listen).await?;
        let db = Db::open(&url, database.max_connections).await?;
        let clock = Clock::system();
        let options = Options {
            default_guild: self.serving.default_guild.clone().filter(|slug| !slug.is_empty()),
            lifetimes: self.serving.lifetimes(),
            limits: self.serving.attempts(),
            bot: self.discord.bot(&clock)?,
            ..Options::default()
        };
        let app = App::with(db, clock, keys, Hasher::owasp()?, options);
        if app.guilds.find(&app.db, None).await.is_err_and(|error| error.refusal().is_some()) {
            let slug = app.guilds.default_guild.as_deref().unwrap_or("SLUG");
            tracing::warn!("no guild to serve yet; make it with `guildhall bootstrap --guild {slug} --leader …`");
        }
        tracing::info!(database = %url, "opened");
        serve(Arc::new(app), &self.serving.trusted_proxies, &self.api, listener).await
    }
}

/// Takes the address, before anything else is touched.
pub(super) async fn listen(listen: &Listen) -> Result<TcpListener, BoxError> {
    let bound = TcpListener::bind(listen.bind).await;
    Ok(bound.map_err(|error| format!("cannot listen on {}: {error} (choose another with --bind)", listen.bind))?)
}

/// Serves until the process is told to end.
pub(super) async fn serve(
    app: Arc<App>,
    proxies: &[IpNet],
    api: &PublicApi,
    listener: TcpListener,
) -> Result<(), BoxError> {
    let graph = Graph::with(&api.settings()?).map_err(|error| format!("the trusted documents: {error}"))?;
    let background = bot::start(&app);
    let (end, shutdown) = watch::channel(false);
    let limiter = Arc::new(http::RequestLimiter::new(api.budgets.rates(), &app.clock));
    let max_body = api.limits.max_body;
    let cors = http::Cors::new(&api.browsers.cors_origins);
    let server =
        http::Server { app: Arc::clone(&app), graph, proxies: proxies.into(), cors, max_body, limiter, shutdown };
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tracing::info!("serving on http://{}", listener.local_addr()?);
    let mut shutdown_requested = async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    tokio::spawn(http::serve(listener, server));
    shutdown_requested().await;
    tracing::info!("ending: requests under way are answered first");
    end.send_replace(true);
    let done = async {
        // All connections, and operations whose clients disconnected before the response.
        end.closed().await;
        app.mutations.closed().await;
    };
    tokio::select! {
        () = done => {}
        // A client may never finish its request, and an operator may not want to wait.
        () = tokio::time::sleep(ANSWER_WITHIN) => {}
        () = shutdown_requested() => {}
    }
    drop(background);
    bot::release(&app).await;
    Ok(())
}
