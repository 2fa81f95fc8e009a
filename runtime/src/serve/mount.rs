//! The server inside an application that has a listener of its own: a tower service that answers upgrades.
//!
//! From the upgrade on a connection is the same as one of our own listener. What happens before is the application's:
//! accepting, TLS, the deadline and the size of a request's head.

use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::Body;
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use wsgen_authentication::Principal;
use wsgen_config::Config;
use wsgen_topics::Topics;

use crate::handler::channel::Channel;
use crate::handler::handle::Handle;
use crate::handler::reject::Reject;
use crate::listen::bind::NOWHERE;
use crate::listen::shares::Place;
use crate::listen::socket::{Socket, say_goodbye};
use crate::serve::running::Running;
use crate::service::{Phase, Service};
use crate::upgrade::http::Text;
use crate::upgrade::refusal::{self, Refusal};
use crate::upgrade::{self, Agreed, Identity};

/// A server that an application serves on its own listener; [`Server::mount`](crate::Server::mount) makes it.
///
/// It is a [`tower_service::Service`] for requests whose path is the whole one of the document, such as axum's
/// `route_service("/ws/{*path}", …)` and `fallback_service(…)` pass them. All clones are one server: the limits count for
/// all of them, and when the last one is dropped, the handlers' `background` ends.
///
/// Not enforced here is what happens before the upgrade: `[listen]`, `[admin]`, `[timeouts] request_head` and the sizes of
/// heads are the application's. Limits of an address hold where the application says whose a connection is ([`Peer`]).
///
/// Who connects may be the application's to say as well: with a [`Principal`] in the extensions of a request, by which the
/// application says that it has authenticated the client, no credential is asked for, and every scheme of the document counts
/// as shown.
#[derive(Clone)]
pub struct Mounted(Arc<Running>);

/// Whose connection it is: put it into the extensions of a request, or all clients are one without an address
/// (`0.0.0.0:0`), to which no limit of an address applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Mounted {
    pub(crate) fn new(running: Running) -> Self {
        Self(Arc::new(running))
    }

    /// What the rest of the application does with the server: it publishes, and addresses connections.
    pub fn handle(&self) -> Handle {
        self.0.service.handle.clone()
    }

    /// The topics of a channel: [`Handle::topics`].
    pub fn topics<C: Channel>(&self) -> Topics<C::Outbound> {
        self.0.service.handle.topics::<C>()
    }

    /// Ends the server: from now on [`Mounted::is_ready`] is false, after `drain.grace` no connection is let in and those
    /// that are open are closed with 1012, and after `drain.deadline` what is left is cut. The application goes on.
    pub async fn drain(&self) {
        self.0.drain().await;
    }

    /// Whether load balancers are to send connections here.
    pub fn is_ready(&self) -> bool {
        !self.0.service.progress.has_reached(Phase::Draining)
    }

    /// What is counted, in Prometheus' text format.
    pub fn metrics(&self) -> String {
        self.0.service.metrics_page()
    }
}

impl<B: Body> tower_service::Service<Request<B>> for Mounted {
    type Response = Response<Text>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.0.service.clone();
        let (head, body) = request.into_parts();
        let has_body = !body.is_end_stream();
        Box::pin(async move { Ok(answer(&service, head, has_body).await) })
    }
}

/// Answers a request, and begins the session once the application has upgraded the connection.
async fn answer(service: &Arc<Service>, mut head: Parts, has_body: bool) -> Response<Text> {
    let peer = head.extensions.get::<Peer>().copied();
    let principal = head.extensions.get::<Principal>().cloned();
    let on_upgrade = head.extensions.remove::<OnUpgrade>();
    let decided = match place(service, peer) {
        Ok(place) => {
            let peer = peer.map_or(NOWHERE, |Peer(address)| address);
            let identity = Identity {
                certificate: None,
                principal,
            };
            let answer = upgrade::answer(service, peer, identity, head, has_body).await;
            answer.map(|agreed| (agreed, place))
        }
        Err(reject) => {
            service.metrics.refused(reject.cause);
            Err(Refusal::new(&service.config, &head, has_body, &[], &reject))
        }
    };
    match (decided, on_upgrade) {
        (Err(Refusal::Http(answer)), _) => answer,
        (Err(Refusal::Close(answer, frame)), Some(on_upgrade)) => {
            tokio::spawn(close(service.config.clone(), on_upgrade, frame));
            answer.response()
        }
        (Ok((agreed, place)), Some(on_upgrade)) => {
            let answer = agreed.answer.response();
            tokio::spawn(open(service.clone(), on_upgrade, agreed, place));
            answer
        }
        (Ok((agreed, _)), None) => {
            agreed.abandon();
            not_upgradable(service)
        }
        (Err(Refusal::Close(..)), None) => not_upgradable(service),
    }
}

/// Begins the session on an upgraded connection.
async fn open(service: Arc<Service>, on_upgrade: OnUpgrade, agreed: Agreed, place: Place) {
    let patience = service.config.timeouts.request_head;
    match tokio::time::timeout(patience, on_upgrade).await {
        Ok(Ok(socket)) => {
            let socket = Socket::Upgraded(TokioIo::new(socket));
            // What was read ahead comes out of the socket first, and the application writes the answer.
            agreed.start(&service, socket, Bytes::new(), Vec::new(), place);
        }
        _ => agreed.abandon(),
    }
}

/// Ends an upgraded connection with a Close frame.
async fn close(config: Arc<Config>, on_upgrade: OnUpgrade, frame: Vec<u8>) {
    let patience = config.timeouts.request_head;
    let upgraded = tokio::time::timeout(patience, on_upgrade).await;
    if let Ok(Ok(socket)) = upgraded {
        say_goodbye(config.timeouts.close, TokioIo::new(socket), &frame).await;
    }
}

fn not_upgradable(service: &Service) -> Response<Text> {
    let reason = "this connection cannot become a WebSocket";
    let reject = Reject::status(501, reason).because("not_upgradable");
    service.metrics.refused(reject.cause);
    refusal::answer(&reject)
}

/// Room for one more connection, with a place among those of its address.
fn place(service: &Service, peer: Option<Peer>) -> Result<Place, Reject> {
    let place = Running::place(service)?;
    Ok(match peer {
        Some(Peer(peer)) => place.with_address(service.place_of_peer(peer.ip())?),
        None => place,
    })
}

impl fmt::Debug for Mounted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mounted").finish_non_exhaustive()
    }
}
