//! What a handler holds of its connection.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::value::to_raw_value;
use wsgen_authentication::{Admission, Principal};
use wsgen_config::InvalidMessage;
use wsgen_protocol::Escaped;
use wsgen_protocol::close::code;
use wsgen_topics::{ConnectionId, Member, Membership, Outbox, Recovery, SendError, Topics};

use crate::handler::error::Error;
use crate::handler::handle::Handle;
use crate::observe::telemetry::{Step, Trace};
use wsgen_protocol::{DecodeError, Encode, EncodeError};

/// What a member may say of itself, in bytes of JSON.
const LONGEST_INFO: usize = 1024;

/// A connection in the hands of its handler: its session, and what can be done with the peer.
///
/// `S` is the handler's session type, `Out` what this server may send on this channel.
pub struct Context<'a, S, Out> {
    /// What the handler keeps for this connection.
    pub session: &'a mut S,
    connection: &'a mut Connection<Out>,
}

/// What the runtime keeps for one connection.
pub(crate) struct Connection<Out> {
    pub(crate) peer: SocketAddr,
    pub(crate) admission: Admission,
    pub(crate) membership: Arc<Membership>,
    pub(crate) topics: Topics<Out>,
    pub(crate) server: Handle,
    pub(crate) invalid: InvalidMessage,
    pub(crate) trace: Trace,
}

impl<Out> Connection<Out> {
    /// When the principal's credential ends, if it does.
    pub(crate) fn expires(&self) -> Option<SystemTime> {
        self.admission.principal.as_ref()?.expires
    }

    pub(crate) fn id(&self) -> ConnectionId {
        self.membership.id()
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        self.membership.outbox()
    }
}

impl<Out> Drop for Connection<Out> {
    fn drop(&mut self) {
        self.membership.end();
    }
}

impl<'a, S, Out: Encode> Context<'a, S, Out> {
    pub(crate) fn new(session: &'a mut S, connection: &'a mut Connection<Out>) -> Self {
        Self {
            session,
            connection,
        }
    }

    /// Begins the span of a handler.
    pub(crate) fn step(&self, name: &'static str) -> Step {
        self.connection.trace.step(name)
    }

    /// Sends a message to the peer; waits while the connection's send queue is full.
    ///
    /// Messages leave in order. Returning says that the message is queued, not that it arrived.
    ///
    /// # Errors
    /// The connection is closing, or the message cannot be encoded. Pass it on with `?`.
    pub async fn send(&mut self, message: impl Into<Out>) -> Result<(), Error> {
        let message = message.into();
        let name = message.name();
        let outbox = self.connection.outbox();
        let queued = match outbox.push_from_session(message.encode()?, name) {
            // Seldom; on the heap, so that connections do not carry the room of a wait.
            Err((SendError::Full, back)) => Box::pin(outbox.wait_from_session(back, name)).await,
            done => done.map_err(|(error, _)| error),
        };
        queued.map_err(|_| Error::disconnected())
    }

    /// Joins a topic: what is published there, on any server, from when this is done reaches this connection until it
    /// leaves or ends.
    ///
    /// Waits for the broker, if there is one: a moment, and never longer than 2 s. On channels of `resume.channels` a client
    /// that comes back gets what it missed.
    pub fn join<T: AsRef<str>>(
        &self,
        topic: T,
    ) -> impl Future<Output = Recovery> + Send + use<S, Out, T> {
        let (membership, topic) = (self.connection.membership.clone(), owned(topic));
        // On the heap, so that connections do not carry the room of a wait.
        Box::pin(async move { membership.join(&topic).await })
    }

    /// [`Context::join`], and wants to be seen: [`Context::seen`] lists this connection with `info` on all servers, and
    /// handlers of others that are seen are told ([`TopicEvent`](crate::TopicEvent)). Again with another `info`, it
    /// replaces the one before.
    ///
    /// # Errors
    /// `info` cannot be encoded, or is over 1 KiB.
    pub fn join_as<T: AsRef<str>, I: Serialize>(
        &self,
        topic: T,
        info: &I,
    ) -> impl Future<Output = Result<Recovery, Error>> + Send + use<S, Out, T, I> {
        let (membership, topic) = (self.connection.membership.clone(), owned(topic));
        let principal = self.connection.admission.principal.clone();
        let info = to_raw_value(info);
        Box::pin(async move {
            let info = info?;
            if info.get().len() > LONGEST_INFO {
                return Err(Error::internal(format!(
                    "what a member says of itself is at most {LONGEST_INFO} bytes"
                )));
            }
            let principal = principal.as_deref();
            Ok(membership.join_as(&topic, principal, info).await)
        })
    }

    /// Everybody on a topic who joined by [`Context::join_as`], on all servers; empty while nobody of this server did.
    pub fn seen(&self, topic: impl AsRef<str>) -> Vec<Member> {
        self.connection.topics.seen(topic.as_ref())
    }

    /// Leaves a topic.
    pub fn leave(&self, topic: impl AsRef<str>) {
        self.connection.membership.leave(topic.as_ref());
    }

    /// Sends a message to every member of a topic, this connection too if it joined; to how many of this server. Those of
    /// others get it by the broker.
    ///
    /// A message that cannot be encoded reaches nobody, and is logged.
    pub fn publish(&self, topic: impl AsRef<str>, message: impl Into<Out>) -> usize {
        self.connection.topics.publish(topic, message)
    }

    /// [`Context::publish`] to everyone but this connection.
    pub fn publish_except_self(&self, topic: impl AsRef<str>, message: impl Into<Out>) -> usize {
        let connection = &self.connection;
        connection
            .topics
            .publish_except(topic.as_ref(), message, connection.id())
    }

    /// A handle with which other tasks send to this connection.
    pub fn sender(&self) -> Sender<Out> {
        Sender {
            outbox: self.connection.outbox().clone(),
            messages: PhantomData,
        }
    }

    /// The topics of this route, to be kept by other tasks.
    pub fn topics(&self) -> &Topics<Out> {
        &self.connection.topics
    }

    /// The server: topics of other routes, and other connections.
    pub fn server(&self) -> &Handle {
        &self.connection.server
    }

    /// Closes the connection after what was sent before. Codes as for [`Error::close`].
    pub fn close(&self, code: u16, reason: impl Into<String>) {
        self.connection
            .outbox()
            .close_from_session(code, reason.into());
    }

    /// Whether the connection is closing: the peer has closed it or is gone, the server drains, or somebody has called
    /// [`Context::close`] or [`Sender::close`].
    ///
    /// A handler that takes long asks now and then, or races its work with [`Context::closed`].
    pub fn is_closing(&self) -> bool {
        self.connection.outbox().is_closing()
    }

    /// Waits until [`Context::is_closing`], from which on the work of a handler may be in vain. It borrows nothing of the
    /// context, so that a handler can go on with it.
    ///
    /// ```
    /// # use wsgen_runtime::{Context, Error, codegen::Encode};
    /// # async fn expensive() -> String { String::new() }
    /// # async fn handler<Out: Encode + From<String>>(cx: &mut Context<'_, (), Out>) -> Result<(), Error> {
    /// tokio::select! {
    ///     () = cx.closed() => Ok(()),
    ///     answer = expensive() => cx.send(answer).await,
    /// }
    /// # }
    /// ```
    pub fn closed(&self) -> impl Future<Output = ()> + Send + use<S, Out> {
        let outbox = self.connection.outbox().clone();
        async move { outbox.closing().await }
    }

    /// Deals with a message that did not decode as the setting `messages.invalid` says: closes the connection (1007 for
    /// what is not even JSON, else 1008), or drops the message with a line in the log.
    ///
    /// # Errors
    /// The close, to be returned by the handler.
    pub fn refuse(&self, error: DecodeError) -> Result<(), Error> {
        let text = error.to_string();
        tracing::info!(connection = %self.connection.id(), error = %Escaped(&text), "invalid message");
        match self.connection.invalid {
            InvalidMessage::Close => Err(error.into()),
            InvalidMessage::Ignore => Ok(()),
        }
    }

    /// The client's address; behind a trusted proxy what the proxy says.
    pub fn peer(&self) -> SocketAddr {
        self.connection.peer
    }

    /// The connection's number, unique in this process.
    pub fn id(&self) -> ConnectionId {
        self.connection.id()
    }

    /// Checks what an operation asks for: one of `alternatives`, each a list of security schemes (by their names in the
    /// document) that are all needed. Which credentials are good was decided when the connection was opened.
    ///
    /// # Errors
    /// The close with 1008 that ends the connection. Pass it on with `?`.
    pub fn require(&self, alternatives: &[&[&str]]) -> Result<(), Error> {
        let schemes = &self.connection.admission.schemes;
        let holds = |all: &&[&str]| all.iter().all(|scheme| schemes.contains(scheme));
        match alternatives.iter().any(holds) {
            true => Ok(()),
            false => Err(Error::close(code::POLICY_VIOLATION, "not authorized")),
        }
    }

    /// Who is there, if the document asks for security.
    pub fn principal(&self) -> Option<&Principal> {
        self.connection.admission.principal.as_deref()
    }
}

/// Sends to one connection from any task. Cheap to clone; does not keep the connection open.
pub struct Sender<Out> {
    outbox: Arc<Outbox>,
    messages: PhantomData<fn(Out)>,
}

impl<Out: Encode> Sender<Out> {
    /// Sends a message; waits while the connection's send queue is full.
    ///
    /// # Errors
    /// The connection is closed, or the message cannot be encoded.
    pub async fn send(&self, message: impl Into<Out>) -> Result<(), SendError> {
        let message = message.into();
        let name = message.name();
        let encoded = message.encode().map_err(not_encoded)?;
        self.outbox.push(encoded, name).await
    }

    /// Sends a message if there is room in the send queue now.
    ///
    /// # Errors
    /// The queue is full, the connection is closed, or the message cannot be encoded.
    pub fn try_send(&self, message: impl Into<Out>) -> Result<(), SendError> {
        let message = message.into();
        let name = message.name();
        let encoded = message.encode().map_err(not_encoded)?;
        self.outbox.push_now(encoded, name)
    }
}

impl<Out> Sender<Out> {
    /// Whether the connection is closing, or is closed.
    pub fn is_closing(&self) -> bool {
        self.outbox.is_closing()
    }

    /// Waits until [`Sender::is_closing`].
    pub async fn closed(&self) {
        self.outbox.closing().await;
    }

    /// Closes the connection after what was sent before. Codes as for [`Error::close`].
    pub fn close(&self, code: u16, reason: impl Into<String>) {
        self.outbox.close(code, reason.into());
    }
}

impl<Out> Clone for Sender<Out> {
    fn clone(&self) -> Self {
        Self {
            outbox: self.outbox.clone(),
            messages: PhantomData,
        }
    }
}

fn not_encoded(error: EncodeError) -> SendError {
    tracing::error!(%error, "a message was not sent");
    SendError::Encoding
}

fn owned(topic: impl AsRef<str>) -> Box<str> {
    topic.as_ref().into()
}

impl<S, Out> fmt::Debug for Context<'_, S, Out> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Context")
            .field("id", &self.connection.id())
            .finish_non_exhaustive()
    }
}

impl<Out> fmt::Debug for Sender<Out> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sender").finish_non_exhaustive()
    }
}
