//! The other end: what generated clients are made of.
//!
//! A [`Target`] says where to and as whom; [`Target::connect`] makes a [`Connection`], whose task sends, receives, answers
//! pings and, if it is told to, connects again. Memory is bounded: a message by [`Target::message_size`], 64 messages may
//! wait each way, and a request is remembered for [`Target::request_timeout`]. Who does not call [`Connection::next`] stops
//! the connection, replies included.

mod closed;
mod connect;
mod reconnect;
mod target;
#[cfg(feature = "tls")]
mod tls;
mod worker;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use closed::{CloseCode, Closed};
pub use connect::ConnectError;
pub use reconnect::Reconnect;
pub use target::{Credential, Target};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;
use wsgen_protocol::{Decode, DecodeError, Encode, EncodeError, Message};

/// How many messages may wait each way.
const QUEUE: usize = 64;

/// An open connection that sends `O` and receives `I`. Dropping it closes it.
pub struct Connection<O, I> {
    orders: mpsc::Sender<Order<I>>,
    events: Mutex<mpsc::Receiver<Event<I>>>,
    is_open: Arc<AtomicBool>,
    request_timeout: Duration,
    sends: PhantomData<fn(O)>,
}

/// What happens on a connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<I> {
    /// A message that answers no request.
    Message(I),
    /// Something that is no message of this channel; the connection goes on.
    Undecodable(DecodeError),
    /// The connection was lost, and there is a new one: the server knows nothing of what was sent before, and what was on
    /// its way is lost.
    Reconnected,
    /// The connection is over: the last event.
    Closed(Closed),
}

/// Why something was not sent, or not answered.
#[derive(Debug)]
pub enum ClientError {
    /// The connection is closed, or lost and not there again yet.
    Disconnected,
    /// The message cannot be written.
    Encode(EncodeError),
    /// No reply came in time ([`Target::request_timeout`]).
    Timeout,
}

/// What the application wants of the connection's task.
enum Order<I> {
    /// Send the message, and offer what comes to whoever waits for a reply.
    Send(Message, Option<Waiting<I>>),
    Close,
}

/// Who waits for a reply: until it comes, or [`Target::request_timeout`] has passed.
struct Waiting<I> {
    since: Instant,
    known_by: KnownBy,
    /// Takes the reply, and gives back every other message.
    offer: Box<dyn FnMut(I) -> Option<I> + Send>,
}

/// What tells a reply from those to other requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KnownBy {
    /// An id in it.
    Content,
    /// Its place in the order of replies.
    Turn,
}

impl<O: Encode, I: Decode> Connection<O, I> {
    /// Sends a message; waits while too many wait already. `Ok` says that it is on its way, not that it has arrived.
    ///
    /// # Errors
    /// The connection is not open, or the message cannot be written.
    pub async fn send(&self, message: impl Into<O>) -> Result<(), ClientError> {
        self.order(message.into(), None).await
    }

    /// Sends a request and waits for the message that `answer` takes for its reply, by an id in it; `answer` gives back the
    /// others. A reply for which nobody waits any more is an event, like a message that answers nothing.
    ///
    /// # Errors
    /// As [`Connection::send`], or no reply in time.
    pub async fn request<R: Send + 'static>(
        &self,
        message: impl Into<O>,
        answer: impl Fn(I) -> Result<R, I> + Send + 'static,
    ) -> Result<R, ClientError> {
        self.ask(message.into(), KnownBy::Content, answer).await
    }

    /// As [`Connection::request`] where nothing in a reply says whose it is: the server answers in the order of the
    /// requests. Once a reply does not come in time, nobody can tell whose the next one is: the connection is given up, as
    /// if it were lost.
    ///
    /// # Errors
    /// As [`Connection::request`].
    pub async fn request_in_turn<R: Send + 'static>(
        &self,
        message: impl Into<O>,
        answer: impl Fn(I) -> Result<R, I> + Send + 'static,
    ) -> Result<R, ClientError> {
        self.ask(message.into(), KnownBy::Turn, answer).await
    }

    /// The next event; `None` once [`Event::Closed`] was told.
    pub async fn next(&self) -> Option<Event<I>> {
        self.events.lock().await.recv().await
    }

    /// Closes the connection with 1000; [`Connection::next`] tells when it is.
    pub async fn close(&self) {
        // Without a task there is nothing left to close.
        let _ = self.orders.send(Order::Close).await;
    }

    async fn ask<R: Send + 'static>(
        &self,
        message: O,
        known_by: KnownBy,
        answer: impl Fn(I) -> Result<R, I> + Send + 'static,
    ) -> Result<R, ClientError> {
        let (sender, reply) = oneshot::channel();
        let mut sender = Some(sender);
        let offer = Box::new(move |message| {
            let is_awaited = sender.as_ref().is_some_and(|sender| !sender.is_closed());
            if known_by == KnownBy::Content && !is_awaited {
                return Some(message);
            }
            match answer(message) {
                Ok(reply) => {
                    // A turn is over, be there somebody to hear the reply or not.
                    let _ = sender.take().map(|sender| sender.send(reply));
                    None
                }
                Err(other) => Some(other),
            }
        });
        let waiting = Waiting {
            since: Instant::now(),
            known_by,
            offer,
        };
        let exchange = async {
            self.order(message, Some(waiting)).await?;
            reply.await.map_err(|_| ClientError::Disconnected)
        };
        let reply = tokio::time::timeout(self.request_timeout, exchange).await;
        reply.unwrap_or(Err(ClientError::Timeout))
    }

    async fn order(&self, message: O, waiting: Option<Waiting<I>>) -> Result<(), ClientError> {
        let message = message.encode().map_err(ClientError::Encode)?;
        if !self.is_open.load(Ordering::Acquire) {
            return Err(ClientError::Disconnected);
        }
        let order = self.orders.send(Order::Send(message, waiting)).await;
        order.map_err(|_| ClientError::Disconnected)
    }
}

impl<O, I> fmt::Debug for Connection<O, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_open = self.is_open.load(Ordering::Acquire);
        f.debug_struct("Connection")
            .field("is_open", &is_open)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected => f.write_str("the connection is not open"),
            Self::Encode(error) => error.fmt(f),
            Self::Timeout => f.write_str("no reply came in time"),
        }
    }
}

impl std::error::Error for ClientError {}
