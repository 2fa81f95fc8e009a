//! One connection from its upgrade to its end, in one task.
//!
//! Messages are handled in the order they came, one at a time; while a handler waits for something, what it and others
//! have sent leaves all the same. What goes wrong in a handler costs its own connection only.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use tokio::net::TcpStream;

use crate::close::code;
use crate::codegen::{Decode, Endpoint};
use crate::context::Connection;
use crate::error::Consequence;
use crate::link::{End, Event, Link};
use crate::{CloseReason, Context, Error, Initiator, log};

/// Serves a connection that `connect` has agreed to. Without a link the upgrade failed, and only the end is told.
pub(crate) async fn run<E: Endpoint>(
    endpoint: &E,
    mut session: E::Session,
    mut connection: Connection<E::Outbound>,
    link: Option<Link<TcpStream>>,
) {
    let id = connection.id;
    let Some(mut link) = link else {
        let reason = CloseReason {
            code: None,
            reason: "the upgrade failed".to_owned(),
            initiator: Initiator::Peer,
        };
        drop(connection);
        return told(endpoint.disconnected(session, reason)).await;
    };
    let end = converse(endpoint, &mut session, &mut connection, &mut link).await;
    let CloseReason {
        code,
        reason,
        initiator,
    } = end.reason.clone();
    tracing::debug!(channel = E::CHANNEL, connection = %id, code, %initiator, reason = %log::Escaped(&reason), "closed");
    // From here on nothing published reaches the connection.
    drop(connection);
    let ended = told(endpoint.disconnected(session, end.reason.clone()));
    // On the heap, so that open connections do not carry the room that closing takes.
    Box::pin(async { tokio::join!(link.finish(end), ended) }).await;
}

/// Handles messages until something ends the connection.
async fn converse<E: Endpoint>(
    endpoint: &E,
    session: &mut E::Session,
    connection: &mut Connection<E::Outbound>,
    link: &mut Link<TcpStream>,
) -> End {
    let mut context = Context::new(session, connection);
    if let Some(end) = handle::<E>(link, endpoint.connected(&mut context)).await {
        return end;
    }
    loop {
        let frame = match std::future::poll_fn(|cx| link.poll_event(cx)).await {
            Event::Frame(frame) => frame,
            Event::End(end) => return end,
        };
        let handled = handle::<E>(link, async {
            match E::Inbound::decode(&frame) {
                Ok(message) => endpoint.receive(&mut context, message).await,
                Err(error) => endpoint.invalid(&mut context, error).await,
            }
        });
        if let Some(end) = handled.await {
            return end;
        }
    }
}

/// How a handler came to its end.
enum Outcome {
    Returned(Result<(), Error>),
    Panicked,
    /// It was dropped.
    Cut(End),
}

/// Runs a handler while the link goes on; the end of the connection, if that is what comes of it.
async fn handle<E: Endpoint>(
    link: &mut Link<TcpStream>,
    handler: impl Future<Output = Result<(), Error>>,
) -> Option<End> {
    let mut handler = pin!(handler);
    let outcome = std::future::poll_fn(|cx| {
        // After a panic the handler is never polled again, and the session only sees its `disconnected`.
        match catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx))) {
            Ok(Poll::Ready(result)) => Poll::Ready(Outcome::Returned(result)),
            Ok(Poll::Pending) => link.poll_beside_handler(cx).map(Outcome::Cut),
            Err(_) => Poll::Ready(Outcome::Panicked),
        }
    })
    .await;
    link.handler_done();
    match outcome {
        Outcome::Returned(Ok(())) => None,
        Outcome::Returned(Err(error)) => consequence::<E>(error),
        Outcome::Panicked => {
            tracing::error!(channel = E::CHANNEL, "a handler panicked");
            Some(closed_by_us(
                code::INTERNAL_ERROR,
                "internal error".to_owned(),
            ))
        }
        Outcome::Cut(end) => Some(end),
    }
}

/// What comes of a handler's error.
fn consequence<E: Endpoint>(error: Error) -> Option<End> {
    match error.consequence() {
        Consequence::Close {
            code,
            reason,
            cause,
        } => {
            if let Some(cause) = cause {
                tracing::error!(channel = E::CHANNEL, error = %log::Escaped(&cause), "a handler failed");
            }
            Some(closed_by_us(code, reason))
        }
        Consequence::NotImplemented(what) => {
            tracing::warn!(channel = E::CHANNEL, handler = what, "not implemented");
            None
        }
        // The close is queued already.
        Consequence::Nothing => None,
    }
}

fn closed_by_us(code: u16, reason: String) -> End {
    End::by_us(CloseReason {
        code: Some(code),
        reason,
        initiator: Initiator::Server,
    })
}

/// Runs `disconnected`, whose panic concerns nobody any more.
async fn told(handler: impl Future<Output = ()>) {
    let mut handler = pin!(handler);
    std::future::poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx))).unwrap_or_else(|_| {
            tracing::error!("a handler panicked in `disconnected`");
            Poll::Ready(())
        })
    })
    .await;
}
