//! The server that `pages` compares Guildhall with. Its endpoints are hand-written for the responses of the benchmark,
//! with few statements of plain SQL and without GraphQL.
//!
//! The endpoints support only what the benchmark requests: they count weighted picks only, and do not close a campaign
//! when all members have voted.

mod campaigns;
mod cast;
mod roster;
mod standings;

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
use guildhall::{
    app::App,
    auth::{Hasher, Keys},
    cli::BoxError,
    db::Db,
    kernel::{
        clock::{Clock, Timestamp},
        error::Error,
        id::{GuildId, MemberId},
    },
};
use serde::Serialize;
use tokio::net::TcpListener;

pub(crate) use self::cast::insert_ballot;

#[derive(Args)]
pub(crate) struct Plain {
    #[arg(long, value_name = "ADDRESS")]
    bind: SocketAddr,
    #[arg(long, env = "GUILDHALL_JWT_SECRET", hide_env_values = true, value_name = "SECRET")]
    jwt_secret: String,
}

impl Plain {
    pub(crate) async fn run(self, db: Db) -> Result<(), BoxError> {
        let app = Arc::new(App::new(db, Clock::system(), Keys::new(self.jwt_secret.as_bytes()), Hasher::owasp()?));
        let router = Router::new()
            .route("/roster", get(roster::roster))
            .route("/campaigns", get(campaigns::campaigns))
            .route("/campaigns/{id}", get(campaigns::campaign))
            .route("/campaigns/{id}/standings", get(standings::standings))
            .route("/campaigns/{id}/ballots", post(cast::cast))
            .with_state(app);
        let listener = TcpListener::bind(self.bind).await?;
        tracing::info!("serving on http://{}", listener.local_addr()?);
        // As in Guildhall: TCP segments do not wait for more data.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        Ok(axum::serve(listener, router).await?)
    }
}

/// The member that a signed, unexpired token names.
struct TokenViewer {
    guild: GuildId,
    member: MemberId,
}

impl FromRequestParts<Arc<App>> for TokenViewer {
    type Rejection = PlainError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, PlainError> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
        let token = header.and_then(|it| it.strip_prefix("Bearer ")).ok_or(PlainError::Refused("Sign in."))?;
        let claims = app.accounts.keys.verify(token, app.clock.now()).ok_or(PlainError::Refused("Sign in again."))?;
        Ok(Self { guild: claims.guild, member: claims.member })
    }
}

/// Why a request failed.
enum PlainError {
    /// The request was refused.
    Refused(&'static str),
    /// The server failed.
    Internal(Error),
}

impl From<Error> for PlainError {
    fn from(error: Error) -> Self {
        Self::Internal(error)
    }
}

impl IntoResponse for PlainError {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(message) => (StatusCode::CONFLICT, message).into_response(),
            Self::Internal(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

/// A response in the shape of GraphQL's.
type DataResult<T> = Result<Json<Data<T>>, PlainError>;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

const fn data<T>(data: T) -> Json<Data<T>> {
    Json(Data { data })
}

fn rfc3339(at: Timestamp) -> String {
    at.and_utc().to_rfc3339()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfoJson {
    has_next_page: bool,
    end_cursor: Option<String>,
}
