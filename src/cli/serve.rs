//! `guildhall serve`.

use std::sync::Arc;

use clap::Args;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{DEFAULT_DATABASE, Failure};
use crate::{
    app::App,
    auth::Hasher,
    clock::Clock,
    config::{Database, Listen, Serving, Signing},
    db::Db,
    graphql::{Graph, http},
};

/// Serve the guilds of a database.
#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    signing: Signing,
    #[command(flatten)]
    serving: Serving,
}

impl Serve {
    pub(super) async fn run(self, database: &Database) -> Result<(), Failure> {
        let url = database.url_or(DEFAULT_DATABASE)?;
        let keys = self.signing.keys(&url)?;
        let listener = listen(&self.listen).await?;
        let db = Db::open(&url, database.max_connections).await?;
        let mut app = App::new(db, Clock::system(), keys, Hasher::owasp()?);
        app.default_guild = self.serving.default_guild.clone();
        app.lifetimes = self.serving.lifetimes();
        if app.guild(None).await.is_err() {
            tracing::warn!("no guild to serve yet; make one with `guildhall bootstrap`");
        }
        tracing::info!(database = %url, "serving on http://{}", listener.local_addr()?);
        serve(Arc::new(app), listener).await
    }
}

/// Takes the address, before anything else is touched.
pub(super) async fn listen(listen: &Listen) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(listen.bind).await;
    Ok(bound.map_err(|error| format!("cannot listen on {}: {error} (choose another with --bind)", listen.bind))?)
}

/// Serves until the process is told to end.
pub(super) async fn serve(app: Arc<App>, listener: TcpListener) -> Result<(), Failure> {
    let _background = app.start();
    let router = http::router(Arc::clone(&app), Graph::new()?);
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let told_to_end = async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("ending");
    };
    Ok(axum::serve(listener, router).with_graceful_shutdown(told_to_end).await?)
}
