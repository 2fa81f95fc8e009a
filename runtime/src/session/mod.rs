//! One connection from its upgrade to its end, in one task.
//!
//! Messages are handled in the order they came, one at a time. While a handler waits for something, what it and others
//! have sent leaves all the same, and the peer's control frames are answered. What goes wrong in a handler costs its own
//! connection only.

pub(crate) mod caught;
mod link;
pub(crate) mod opened;
pub(crate) mod route;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use wsgen_protocol::close::code;
use wsgen_protocol::{CloseReason, Escaped};
use wsgen_topics::ConnectionId;

use crate::codegen::{Decode, DecodeError, Endpoint};
use crate::handler::context::{Connection, Context};
use crate::handler::error::{Consequence, Error};
use crate::listen::socket::Socket;
use crate::observe::metrics::ChannelMetrics;
use crate::observe::telemetry;
use crate::observe::watchdog::{self, Watched};
use crate::session::caught::{Panicked, caught};
use crate::session::link::{End, Event, Link};
use crate::session::route::Served;

/// Serves a connection that `connect` has agreed to. `guards` are dropped at its end: its registration among the open
/// connections, and its places within the limits.
#[allow(
    clippy::manual_async_fn,
    reason = "an async fn keeps its arguments twice, and idle connections pay for it"
)]
pub(crate) fn run<E: Endpoint>(
    route: Arc<Served<E>>,
    mut session: E::Session,
    mut connection: Connection<E::Outbound>,
    mut link: Link<Socket>,
    guards: impl Send,
) -> impl Future<Output = ()> + Send {
    async move {
        let endpoint = &route.endpoint;
        let end = match begin(endpoint, &mut session, &mut connection, &mut link).await {
            Some(end) => end,
            None => converse(endpoint, &mut session, &mut connection, &mut link).await,
        };
        let end = link.first_end(end);
        log_end::<E>(connection.id(), &end.reason);
        connection.trace.end(&end.reason);
        // From here on nothing published reaches the connection.
        let topics = connection.topics.clone();
        drop(connection);
        let ended = route
            .endpoint
            .disconnected(session, end.reason.clone(), &topics);
        let ended = guarded("disconnected", &route.metrics, ended);
        // On the heap, so that open connections do not carry the room that closing takes.
        let _ = Box::pin(async { tokio::join!(link.finish(end), ended) }).await;
        drop(guards);
    }
}

/// Tells the handler that a connection which `connect` has agreed to was never upgraded.
#[cfg(feature = "tower")]
pub(crate) async fn never_opened<E: Endpoint>(
    route: Arc<Served<E>>,
    session: E::Session,
    connection: Connection<E::Outbound>,
) {
    let reason = "the upgrade failed".to_owned();
    let reason = CloseReason {
        code: None,
        reason,
        initiator: wsgen_protocol::Initiator::Peer,
    };
    let topics = connection.topics.clone();
    drop(connection);
    let ended = route.endpoint.disconnected(session, reason, &topics);
    let _ = guarded("disconnected", &route.metrics, ended).await;
}

/// Calls `connected`. Returns how the connection ends, if the handler ends it.
async fn begin<E: Endpoint>(
    endpoint: &E,
    session: &mut E::Session,
    connection: &mut Connection<E::Outbound>,
    link: &mut Link<Socket>,
) -> Option<End> {
    let running = Running {
        connection: connection.id(),
        handler: "connected",
    };
    let mut context = Context::new(session, connection);
    link.metrics().called(running.handler);
    let step = context.step(running.handler);
    let handler = pin!(step.around(endpoint.connected(&mut context)));
    handle::<E>(link, running, handler).await
}

/// Handles messages until something ends the connection.
async fn converse<E: Endpoint>(
    endpoint: &E,
    session: &mut E::Session,
    connection: &mut Connection<E::Outbound>,
    link: &mut Link<Socket>,
) -> End {
    let mut running = Running {
        connection: connection.id(),
        handler: INVALID,
    };
    let mut context = Context::new(session, connection);
    loop {
        let frame = match poll_fn(|cx| link.poll_event(cx)).await {
            Event::Frame(frame) => frame,
            Event::Topic(event) => {
                running.handler = "topic_event";
                link.metrics().called(running.handler);
                // On the heap, so that connections do not carry the room of what few handlers use.
                let mut handler = Box::pin(endpoint.topic_event(&mut context, event));
                if let Some(end) = handle::<E>(link, running, handler.as_mut()).await {
                    return end;
                }
                continue;
            }
            Event::End(end) => return end,
        };
        // In a block, so that open connections do not carry the room of a message twice.
        let handler = pin!({
            let decode = || E::Inbound::decode(frame);
            running.handler = "decode";
            let Ok(decoded) = catch_unwind(AssertUnwindSafe(decode)) else {
                return panicked::<E>(link, running);
            };
            running.handler = decoded.as_ref().map_or(INVALID, Decode::name);
            link.metrics().received(running.handler);
            let step = context.step(running.handler);
            step.around(dispatch(endpoint, &mut context, decoded))
        });
        if let Some(end) = handle::<E>(link, running, handler).await {
            return end;
        }
    }
}

/// The name under which messages are counted that did not decode.
const INVALID: &str = "(invalid)";

async fn dispatch<E: Endpoint>(
    endpoint: &E,
    context: &mut Context<'_, E::Session, E::Outbound>,
    decoded: Result<E::Inbound, DecodeError>,
) -> Result<(), Error> {
    let handled = match decoded {
        Ok(message) => endpoint.receive(context, message).await,
        Err(error) => endpoint.invalid(context, error).await,
    };
    if handled.as_ref().is_err_and(Error::is_fault) {
        telemetry::note_failure();
    }
    handled
}

fn log_end<E: Endpoint>(connection: ConnectionId, end: &CloseReason) {
    let CloseReason {
        code,
        reason,
        initiator,
    } = end;
    let reason = Escaped(reason);
    tracing::debug!(channel = E::CHANNEL, %connection, code, %initiator, %reason, "closed");
}

/// Which handler runs, for the log: `receive` is called by the message that it has.
#[derive(Clone, Copy)]
struct Running {
    connection: ConnectionId,
    handler: &'static str,
}

/// How a handler came to its end.
enum Outcome {
    Returned(Result<(), Error>),
    Panicked,
    /// It was dropped.
    Cut(End),
}

/// Runs a handler and polls the link beside it. Returns how the connection ends, if it does.
async fn handle<E: Endpoint>(
    link: &mut Link<Socket>,
    running: Running,
    mut handler: Pin<&mut impl Future<Output = Result<(), Error>>>,
) -> Option<End> {
    link.handler_begins();
    let outcome = poll_fn(|cx| {
        // After a panic the handler is never polled again, and the session only sees its `disconnected`.
        let watched = Watched::begin(link.metrics().handler());
        let step = catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx)));
        drop(watched);
        match step {
            Ok(Poll::Ready(result)) => Poll::Ready(Outcome::Returned(result)),
            Ok(Poll::Pending) => link.poll_beside_handler(cx).map(Outcome::Cut),
            Err(_) => Poll::Ready(Outcome::Panicked),
        }
    })
    .await;
    link.handler_done();
    match outcome {
        Outcome::Returned(Ok(())) => None,
        Outcome::Returned(Err(error)) => consequence::<E>(running, error),
        Outcome::Panicked => Some(panicked::<E>(link, running)),
        Outcome::Cut(end) => {
            let reason = &end.reason.reason;
            tracing::error!(
                channel = E::CHANNEL,
                handler = running.handler,
                connection = %running.connection,
                reason,
                "a handler was dropped before its end"
            );
            Some(end)
        }
    }
}

fn panicked<E: Endpoint>(link: &mut Link<Socket>, running: Running) -> End {
    let Running {
        connection,
        handler,
    } = running;
    tracing::error!(channel = E::CHANNEL, handler, %connection, "a handler panicked");
    link.metrics().panicked();
    End::closed(code::INTERNAL_ERROR, "internal error")
}

/// What comes of a handler's error.
fn consequence<E: Endpoint>(running: Running, error: Error) -> Option<End> {
    match error.consequence() {
        Consequence::Close {
            code,
            reason,
            cause,
        } => {
            if let Some(cause) = cause {
                let Running {
                    connection,
                    handler,
                } = running;
                let error = Escaped(&cause);
                tracing::error!(channel = E::CHANNEL, handler, %connection, %error, "a handler failed");
            }
            Some(End::closed(code, reason))
        }
        Consequence::NotImplemented(what) => {
            tracing::warn!(channel = E::CHANNEL, handler = what, "not implemented");
            None
        }
        // The close is queued already.
        Consequence::Nothing => None,
    }
}

/// Runs a handler whose panic concerns no connection, or none any more; counts and logs the panic.
pub(crate) async fn guarded(
    handler: &'static str,
    metrics: &ChannelMetrics,
    future: impl Future<Output = ()>,
) -> Result<(), Panicked> {
    let watched = watchdog::watch(metrics.mark(handler), future);
    caught(watched).await.inspect_err(|_| {
        tracing::error!(handler, "a handler panicked");
        metrics.panics.add(1);
    })
}
