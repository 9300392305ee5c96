//! What `bench pages` holds Guildhall against: its usual answers from endpoints written by hand for nothing but them, in as
//! few statements of plain SQL as seem good, without GraphQL.
//!
//! The endpoints do no more than is asked of them: they know weighted votes alone, and do not close a vote when all have voted.

mod cast;
mod roster;
mod sql;
mod votes;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;

use super::Failure;
use crate::{
    app::App,
    auth::{Hasher, Keys},
    clock::{Clock, Instant},
    db::Db,
    error::Error,
    id::{GuildId, MemberId},
};

#[derive(Args)]
pub(super) struct Plain {
    #[arg(long, value_name = "ADDRESS")]
    bind: SocketAddr,
    #[arg(long, env = "GUILDHALL_JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    jwt_secret: String,
}

impl Plain {
    pub(super) async fn run(self, db: Db) -> Result<(), Failure> {
        let app = Arc::new(App::new(db, Clock::system(), Keys::new(self.jwt_secret.as_bytes()), Hasher::owasp()?));
        let router = Router::new()
            .route("/roster", get(roster::roster))
            .route("/campaigns", get(votes::campaigns))
            .route("/campaigns/{id}", get(votes::campaign))
            .route("/campaigns/{id}/standings", get(votes::standings))
            .route("/campaigns/{id}/ballots", post(cast::cast))
            .with_state(app);
        let listener = TcpListener::bind(self.bind).await?;
        tracing::info!("serving on http://{}", listener.local_addr()?);
        // Nothing waits for more to send, as Guildhall's sockets do not.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        Ok(axum::serve(listener, router).await?)
    }
}

/// Who asks, by a token that is signed and not expired.
struct Viewer {
    guild: GuildId,
    member: MemberId,
}

impl FromRequestParts<Arc<App>> for Viewer {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Oops> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let token = header.and_then(|it| it.strip_prefix("Bearer ")).ok_or(Oops::Refused("Sign in."))?;
        let claims = app.keys.read(token, app.clock.now()).ok_or(Oops::Refused("Sign in anew."))?;
        Ok(Self { guild: claims.guild, member: claims.member })
    }
}

/// What goes wrong.
enum Oops {
    Refused(&'static str),
    Broken(Error),
}

impl From<Error> for Oops {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl IntoResponse for Oops {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(why) => (StatusCode::CONFLICT, why).into_response(),
            Self::Broken(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

type Answer<T> = Result<Json<Data<T>>, Oops>;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

const fn answer<T>(data: T) -> Json<Data<T>> {
    Json(Data { data })
}

fn rfc3339(at: Instant) -> String {
    at.and_utc().to_rfc3339()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}
