//! `guildhall serve`.

use std::{sync::Arc, time::Duration};

use clap::Args;
use ipnet::IpNet;
use tokio::{net::TcpListener, sync::watch};

use super::{
    database::lock_for_server, offline::DEFAULT_DATABASE, output::BoxError, signals::Signals, site::site, systemd,
};
use crate::{
    api::{self, Graph},
    app::{App, Options},
    auth::Hasher,
    bot,
    cli::{
        api_settings::ApiSettings,
        settings::{
            AccountSettings, DatabaseSettings, DiscordSettings, HttpSettings, ListenSettings, RetentionSettings,
            SigningSettings,
        },
    },
    db::{DatabaseUrl, Db},
    http::{self, WebApp, WebFiles},
    identity::store,
    kernel::clock::Clock,
};

/// How long a shutdown waits for running requests.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Serve the guilds of a database.
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    pub(super) listen: ListenSettings,
    #[command(flatten)]
    pub(super) http: HttpSettings,
    #[command(flatten)]
    pub(super) signing: SigningSettings,
    #[command(flatten)]
    pub(super) accounts: AccountSettings,
    #[command(flatten)]
    pub(super) retention: RetentionSettings,
    #[command(flatten)]
    pub(super) api: ApiSettings,
    #[command(flatten)]
    pub(super) discord: DiscordSettings,
}

impl Serve {
    pub(super) async fn run(self, database: &DatabaseSettings, web: &WebFiles) -> Result<(), BoxError> {
        let mut signals = Signals::new()?;
        let url = database.url_or(DEFAULT_DATABASE)?;
        // Everything that can be wrong is checked before a file is created.
        self.signing.check(&url)?;
        let (graph, web) = (graph(&self.api, web)?, WebApp::new(web)?);
        let clock = Clock::system();
        let options = Options {
            default_guild: self.http.default_guild.clone().filter(|slug| !slug.is_empty()),
            lifetimes: self.accounts.lifetimes(),
            limits: self.accounts.login_limits(),
            retention: self.retention.retention(),
            bot: self.discord.bot(&clock)?,
            public_url: self.http.public_url.clone(),
            ..Options::default()
        };
        let listener = listen(&self.listen).await?;
        let app = signals.or_stop(self.open(database, &url, options, clock)).await?;
        tracing::info!("the web app is at {}/", site(&self.http, listener.local_addr()?));
        tracing::info!(database = %url, "opened");
        serve(Arc::new(app), &self.http.trusted_proxies, &self.api, graph, web, listener, signals).await
    }

    /// Opens the database and builds the server's parts.
    async fn open(
        &self,
        database: &DatabaseSettings,
        url: &DatabaseUrl,
        options: Options,
        clock: Clock,
    ) -> Result<App, BoxError> {
        lock_for_server(url)?;
        let db = database.open(url).await?;
        check_default_guild(&db, options.default_guild.as_deref()).await?;
        Ok(App::with(db, clock, self.signing.keys(url)?, Hasher::owasp()?, options))
    }
}

/// Checks that the default guild exists. If the database has no guild yet, only warns: the guild is created while the
/// server runs.
async fn check_default_guild(db: &Db, slug: Option<&str>) -> Result<(), BoxError> {
    let (named, query) = (slug.unwrap_or("SLUG"), slug.map(str::to_owned));
    let (is_known, has_guilds) = db
        .read(async move |conn| {
            let is_known = match query {
                Some(slug) => store::guild_by_slug(conn, &slug).await?.is_some(),
                None => true,
            };
            Ok((is_known, store::oldest_guild(conn).await?.is_some()))
        })
        .await?;
    if !has_guilds {
        tracing::warn!(
            "there is no guild to serve yet; create it with `guildhall bootstrap --guild {named} --leader …`, which prints \
             the code with which the leader registers"
        );
    } else if !is_known {
        let message = format!(
            "there is no guild {named}, which GUILDHALL_DEFAULT_GUILD names: correct the setting, or create the guild \
             with `guildhall guilds create {named}`"
        );
        return Err(message.into());
    }
    Ok(())
}

/// Builds the schema and reads the trusted documents.
pub(super) fn graph(api: &ApiSettings, web: &WebFiles) -> Result<Graph, BoxError> {
    Ok(Graph::with(&api::Settings { app_documents: Some(web.documents.to_owned()), ..api.settings()? })?)
}

/// Binds the address. Commands do this first, so that they change nothing if the address is in use.
pub(super) async fn listen(listen: &ListenSettings) -> Result<TcpListener, BoxError> {
    let bound = TcpListener::bind(listen.bind).await;
    Ok(bound.map_err(|error| format!("cannot listen on {}: {error} (choose another with --bind)", listen.bind))?)
}

/// Serves until the process receives SIGINT or SIGTERM.
pub(super) async fn serve(
    app: Arc<App>,
    proxies: &[IpNet],
    api: &ApiSettings,
    graph: Graph,
    web: WebApp,
    listener: TcpListener,
    mut signals: Signals,
) -> Result<(), BoxError> {
    let background = bot::start(&app);
    let (shutdown_sender, shutdown) = watch::channel(false);
    let limiter = Arc::new(http::RequestLimiter::new(api.rates.rates(), &app.clock));
    let max_body = api.limits.max_body;
    let cors = http::Cors::new(&api.cors.cors_origins);
    let server = http::Server {
        app: Arc::clone(&app),
        graph,
        proxies: proxies.into(),
        cors,
        max_body,
        limiter,
        web: Arc::new(web),
        shutdown,
    };
    tracing::info!("serving on http://{}", listener.local_addr()?);
    tokio::spawn(http::serve(listener, server));
    systemd::notify(systemd::READY);
    let watchdog = systemd::start_watchdog();
    signals.next().await;
    systemd::notify(systemd::STOPPING);
    tracing::info!("shutting down; waiting for running requests");
    shutdown_sender.send_replace(true);
    let done = async {
        // All connections, and operations whose clients disconnected before the response.
        shutdown_sender.closed().await;
        app.mutations.closed().await;
    };
    tokio::select! {
        () = done => {}
        // A client may never finish its request. A second signal ends the wait.
        () = tokio::time::sleep(SHUTDOWN_TIMEOUT) => {}
        () = signals.next() => {}
    }
    drop((background, watchdog));
    bot::release(&app).await;
    Ok(())
}
