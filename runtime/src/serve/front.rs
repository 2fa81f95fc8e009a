//! The public listener: accepts sockets, speaks HTTP until the upgrade, then hands over to the session.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use wsgen_config::Config;

use crate::handler::reject::Reject;
use crate::listen::accept::accept_all;
use crate::listen::bind::Listener;
use crate::listen::proxy;
use crate::listen::shares::Place;
use crate::listen::socket::{Socket, say_goodbye};
use crate::observe::metrics::ServerMetrics;
use crate::serve::admin;
use crate::serve::held_back::HeldBack;
use crate::service::{Phase, Service};
use crate::upgrade::refusal::Refusal;
use crate::upgrade::{self, Agreed, Identity, http};

/// hyper's smallest buffer.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// Accepts connections until the service stops.
pub(crate) async fn run(service: &Arc<Service>, listeners: Vec<Listener>) {
    let mut accepting = JoinSet::new();
    for listener in listeners {
        let service = service.clone();
        accepting.spawn(async move {
            let errors = &service.metrics.accept_errors;
            let accepted = |socket, peer| admit(&service, socket, peer);
            accept_all(&listener, errors, admin::DESCRIPTORS, accepted).await;
        });
    }
    service.progress.reached(Phase::Stopping).await;
    accepting.shutdown().await;
}

/// hyper as both listeners want it: one request a connection, its head bounded in time, size and count.
pub(crate) fn http1_builder(config: &Config) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(config.timeouts.request_head)
        .max_headers(config.limits.headers)
        .max_header_size(config.limits.head_size)
        .max_buf_size(config.limits.head_size.max(SMALLEST_BUFFER))
        .keep_alive(false)
        .half_close(false);
    http
}

/// Gives the connection a task, if there is room; a few over the limit still get an answer that says so.
fn admit(service: &Arc<Service>, socket: Socket, peer: SocketAddr) {
    let service = service.clone();
    if let Ok(permit) = service.permits.clone().try_acquire_owned() {
        tokio::spawn(async move { greet(&service, socket, peer, permit).await });
    } else {
        service.metrics.refused("connection_limit");
        tokio::spawn(async move { turn_away(&service, socket, peer).await });
    }
}

/// Tells a connection for which there is no room so, behind what comes before HTTP.
async fn turn_away(service: &Service, mut socket: Socket, peer: SocketAddr) {
    let Ok(_permit) = service.refusals.try_acquire() else {
        return;
    };
    if client(service, &mut socket, peer).await.is_some() {
        refuse(service, socket, &Reject::no_room("connection_limit")).await;
    }
}

/// Tells a connection to come again later.
async fn refuse(service: &Service, socket: Socket, reject: &Reject) {
    let Some(socket) = encrypted(service, socket).await else {
        return;
    };
    let config = &service.config;
    let decide = |head: Parts, has_body| {
        let refusal = Refusal::new(config, &head, has_body, &[], reject);
        std::future::ready(Err(refusal))
    };
    let outcome = serve_http(service, socket, decide).await;
    let last_words = match outcome.negotiated {
        Negotiated::Close(last_words) => last_words,
        Negotiated::NoUpgrade(Err(error)) => fault(config, &error, &outcome.output),
        Negotiated::Upgrade(_) | Negotiated::NoUpgrade(Ok(())) => outcome.output,
    };
    say_goodbye(config.timeouts.close, outcome.socket, &last_words).await;
}

/// Whose the connection is, as far as can be told before HTTP.
async fn client(service: &Service, socket: &mut Socket, peer: SocketAddr) -> Option<SocketAddr> {
    let client = proxy::from_protocol(&service.config.proxy, socket, peer);
    let client = tokio::time::timeout(service.config.timeouts.request_head, client).await;
    client.ok()?.ok()
}

/// The connection behind the TLS handshake, where there is TLS.
async fn encrypted(service: &Service, socket: Socket) -> Option<Socket> {
    match (&service.tls, socket) {
        // What does not leave this machine is in the clear.
        (Some(tls), Socket::Plain(socket)) => {
            let deadline = service.config.timeouts.tls_handshake;
            let socket = tokio::time::timeout(deadline, tls.accept(socket)).await;
            socket.ok()?.ok()
        }
        (_, socket) => Some(socket),
    }
}

/// Finds out whose the connection is, and whether that one has room.
async fn greet(
    service: &Arc<Service>,
    mut socket: Socket,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
) {
    socket.send_at_once();
    let Some(peer) = client(service, &mut socket, peer).await else {
        service.metrics.refused("proxy_header");
        return tracing::debug!(%peer, "no PROXY header");
    };
    let address = match service.place_of_peer(peer.ip()) {
        Ok(address) => address,
        Err(reject) => {
            service.metrics.refused(reject.cause);
            drop(permit);
            if let Ok(_permit) = service.refusals.try_acquire() {
                refuse(service, socket, &reject).await;
            }
            return;
        }
    };
    let place = Place::new(permit, address);
    let Some(socket) = encrypted(service, socket).await else {
        service.metrics.refused("tls");
        return tracing::debug!(%peer, "no TLS handshake");
    };
    serve(service, socket, peer, place).await;
}

/// Speaks HTTP on a new connection, and begins the session if both agree on one.
async fn serve(service: &Arc<Service>, socket: Socket, peer: SocketAddr, place: Place) {
    let certificate = socket.certificate();
    let decide = |head, has_body| {
        let identity = Identity {
            certificate: certificate.clone(),
            principal: None,
        };
        upgrade::answer(service, peer, identity, head, has_body)
    };
    let HttpOutcome {
        negotiated,
        socket,
        read_ahead,
        output,
    } = serve_http(service, socket, decide).await;
    let last_words = match negotiated {
        Negotiated::Upgrade(agreed) => {
            // A task of its own, so that an open connection does not carry the room that HTTP takes.
            let head = agreed.answer.head();
            return agreed.start(service, socket, read_ahead, head, place);
        }
        Negotiated::Close(last_words) => last_words,
        Negotiated::NoUpgrade(Ok(())) => output,
        Negotiated::NoUpgrade(Err(error)) => {
            tracing::debug!(%peer, %error, "no whole request came through");
            count(&service.metrics, &error);
            fault(&service.config, &error, &output)
        }
    };
    say_goodbye(service.config.timeouts.close, socket, &last_words).await;
}

/// What came of HTTP on a connection, which is free for something else.
struct HttpOutcome<S> {
    negotiated: Negotiated,
    socket: S,
    /// What came behind the request.
    read_ahead: Bytes,
    /// What hyper would write.
    output: Vec<u8>,
}

/// Speaks HTTP until `decide` says what becomes of the connection's request, or the service stops.
async fn serve_http<S, F>(
    service: &Service,
    socket: S,
    decide: impl Fn(Parts, bool) -> F,
) -> HttpOutcome<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = Result<Agreed, Refusal>>,
{
    let decided = &Mutex::new(None);
    let decide = &decide;
    let answer = service_fn(|request: Request<Incoming>| {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let has_body = !body.is_end_stream();
            let negotiated = match decide(head, has_body).await {
                Err(Refusal::Http(answer)) => return Ok::<_, Infallible>(answer),
                Err(Refusal::Close(answer, frame)) => {
                    Negotiated::Close([answer.head(), frame].concat())
                }
                Ok(agreed) => Negotiated::Upgrade(Box::new(agreed)),
            };
            *lock(decided) = Some(negotiated);
            // The connection is taken from hyper, which answers by HTTP only.
            std::future::pending().await
        })
    });
    let io = TokioIo::new(HeldBack::new(socket));
    let mut connection = http1_builder(&service.config).serve_connection(io, answer);
    let exchange = poll_fn(|cx| {
        let negotiated = connection.poll_without_shutdown(cx);
        match lock(decided).take() {
            Some(negotiated) => Poll::Ready(negotiated),
            None => negotiated.map(Negotiated::NoUpgrade),
        }
    });
    let negotiated = tokio::select! {
        () = service.progress.reached(Phase::Stopping) => Negotiated::NoUpgrade(Ok(())),
        negotiated = exchange => negotiated,
    };
    let http1::Parts { io, read_buf, .. } = connection.into_parts();
    let HeldBack { socket, output } = io.into_inner();
    HttpOutcome {
        negotiated,
        socket,
        read_ahead: read_buf,
        output,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of HTTP on a connection.
enum Negotiated {
    /// A session is to begin.
    Upgrade(Box<Agreed>),
    /// A request was refused, or none came through.
    NoUpgrade(hyper::Result<()>),
    /// A page was refused: this is the upgrade and the Close frame that tell it.
    Close(Vec<u8>),
}

/// Counts a connection on which no request came through.
fn count(metrics: &ServerMetrics, error: &hyper::Error) {
    if error.is_timeout() {
        metrics.refused("request_timeout");
    } else if error.is_parse() {
        metrics.refused("malformed");
    } else {
        metrics.refused("lost");
    }
}

/// The answer to a request that hyper did not understand; empty when nobody waits for one.
///
/// `bare` is what hyper says itself: a head without a reason, or nothing.
fn fault(config: &Config, error: &hyper::Error, bare: &[u8]) -> Vec<u8> {
    if error.is_timeout() {
        let reason = "the request's head took too long: send it at once";
        return http::written(StatusCode::REQUEST_TIMEOUT, reason);
    }
    if !error.is_parse() {
        return Vec::new();
    }
    let status = bare.get("HTTP/1.1 ".len()..).and_then(|rest| rest.get(..3));
    let status = status.and_then(|status| StatusCode::from_bytes(status).ok());
    match status {
        Some(StatusCode::BAD_REQUEST) => http::written(
            StatusCode::BAD_REQUEST,
            "this is not a request in HTTP/1.1: connect with a WebSocket client",
        ),
        Some(too_large) => {
            let (size, headers) = (config.limits.head_size, config.limits.headers);
            let reason = format!(
                "the request's head is too large: at most {size} bytes and {headers} headers are read"
            );
            http::written(too_large, &reason)
        }
        // The preface of HTTP/2.
        None => http::written(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            upgrade::WRONG_VERSION,
        ),
    }
}
