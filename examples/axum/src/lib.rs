//! An axum application that serves a WebSocket API beside its own routes.

/// Made from `asyncapi.yaml` by `build.rs`.
pub mod generated {
    wsgen_runtime::include_api!("asyncapi.rs");
}
mod notices;

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::map_request;
use axum::routing::{get, post};
use generated::notices::{Outbound, Route};
use wsgen_runtime::{Mounted, Peer, Topics};

pub use notices::Notices;

/// The application's own routes, and the API of the document at `/ws/…`.
pub fn application(notices: Notices, api: Mounted) -> Router {
    let metrics = api.clone();
    let posting = Posting {
        topics: api.topics::<Route>(),
        notices,
    };
    Router::new()
        .route("/", get(|| async { "Notices\n" }))
        .route("/api/notices", post(post_notice))
        .route("/metrics", get(|| async move { metrics.metrics() }))
        .route_service("/ws/{*path}", api)
        .layer(map_request(tell_peer))
        .with_state(posting)
}

/// What it takes to post a notice.
#[derive(Clone)]
struct Posting {
    notices: Notices,
    topics: Topics<Outbound>,
}

/// Whose connection it is, for the API's limits of an address.
async fn tell_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(Peer(peer));
    request
}

async fn post_notice(State(posting): State<Posting>, text: String) -> String {
    let Posting { notices, topics } = posting;
    format!("{}\n", notices.post(&topics, text))
}
