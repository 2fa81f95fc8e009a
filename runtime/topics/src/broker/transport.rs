//! What a broker must do to carry topics from one server to the others. Redis and NATS are two; a program may bring its own.

use std::sync::Arc;

use bytes::Bytes;

use super::bridge::Outgoing;
use super::cluster::Cluster;
use super::key::Key;
use super::wire::NodeId;
use crate::{Bounds, Log};

/// A broker that servers share. What is published on one of them reaches the members on all.
///
/// An implementation connects once, and carries frames of bytes that it does not look into: at most once each, those of one
/// server on one topic in order. The runtime connects anew when a connection is lost, decides what is published meanwhile,
/// and tells handlers what may have been missed.
///
/// ```
/// # extern crate wsgen_topics as wsgen_runtime;
/// use wsgen_runtime::broker::{Broker, BrokerError, Connection, Inbox, Key, Outgoing};
///
/// /// Carries nothing: a server alone.
/// struct Loopback;
///
/// impl Broker for Loopback {
///     type Connection = Self;
///
///     fn name(&self) -> String {
///         "loopback".to_owned()
///     }
///
///     async fn connect(&self, _: Inbox) -> Result<Self, BrokerError> {
///         Ok(Self)
///     }
/// }
///
/// impl Connection for Loopback {
///     async fn subscribe(&mut self, _: &[Key]) -> Result<(), BrokerError> {
///         Ok(())
///     }
///
///     async fn unsubscribe(&mut self, _: &[Key]) -> Result<(), BrokerError> {
///         Ok(())
///     }
///
///     async fn publish(&mut self, _: &[Outgoing]) -> Result<(), BrokerError> {
///         Ok(())
///     }
///
///     async fn closed(&mut self) -> BrokerError {
///         std::future::pending().await
///     }
/// }
/// ```
pub trait Broker: Send + Sync + 'static {
    /// An open connection.
    type Connection: Connection;

    /// Whether the broker keeps a log of each topic that `resume.channels` names. If it does not, a server keeps its own, and
    /// clients that come back to another server start anew.
    const KEEPS_LOGS: bool = false;

    /// What the broker is called in the log of the server, without secrets.
    fn name(&self) -> String;

    /// Connects, and subscribes to [`Key::of_servers`]. What arrives goes to `inbox`, frames of one topic in the order in
    /// which they arrive.
    ///
    /// # Errors
    /// No connection. The runtime tries again.
    fn connect(
        &self,
        inbox: Inbox,
    ) -> impl Future<Output = Result<Self::Connection, BrokerError>> + Send;
}

/// An open connection to a [`Broker`]. An error ends it.
pub trait Connection: Send {
    /// Subscribes to topics. What is published once this has returned arrives.
    ///
    /// # Errors
    /// The connection is lost.
    fn subscribe(&mut self, topics: &[Key])
    -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// Ends subscriptions to topics.
    ///
    /// # Errors
    /// The connection is lost.
    fn unsubscribe(
        &mut self,
        topics: &[Key],
    ) -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// Publishes these, in this order. Returns when the broker has them.
    ///
    /// # Errors
    /// The connection is lost. Whether the broker has them is unknown then, and they are not published again.
    fn publish(
        &mut self,
        batch: &[Outgoing],
    ) -> impl Future<Output = Result<(), BrokerError>> + Send;

    /// Reads logs of topics, each after an epoch and an offset; without those only where the log is. One answer for each.
    ///
    /// # Errors
    /// The connection is lost, or the broker keeps no logs.
    fn read_logs(
        &mut self,
        _logs: &[(Key, Option<(u64, u64)>)],
    ) -> impl Future<Output = Result<Vec<Log>, BrokerError>> + Send {
        async { Err(BrokerError::new("it keeps no logs")) }
    }

    /// Starts those logs anew that lack one of these messages of this server, each known by its sequence. Returns for each whether it was
    /// started anew.
    ///
    /// # Errors
    /// The connection is lost, or the broker keeps no logs.
    fn repair_logs(
        &mut self,
        _logs: &[(Key, Vec<u64>)],
    ) -> impl Future<Output = Result<Vec<bool>, BrokerError>> + Send {
        async { Err(BrokerError::new("it keeps no logs")) }
    }

    /// Waits until the connection is lost. May be dropped and called again.
    fn closed(&mut self) -> impl Future<Output = BrokerError> + Send;
}

/// Where what a broker carries arrives. Cheap to clone.
#[derive(Clone)]
pub struct Inbox(pub(super) Arc<Cluster>);

impl Inbox {
    /// This server's own number among all that share the broker.
    pub fn node(&self) -> NodeId {
        self.0.bridge.us
    }

    /// How much of a topic's log is kept.
    pub fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    /// A frame arrived on the topic with this [`Key::name`].
    pub fn deliver(&self, topic: &str, frame: &Bytes) {
        self.0.received(topic, frame, None);
    }

    /// A frame of a topic's log arrived: of this epoch, at this offset. The first of an epoch has the offset 1.
    pub fn deliver_logged(&self, topic: &str, frame: &Bytes, epoch: u64, offset: u64) {
        self.0.received(topic, frame, Some((epoch, offset)));
    }

    /// Frames were dropped on their way here, for instance because this server reads too slowly.
    pub fn fell_behind(&self) {
        self.0.fell_behind();
    }

    /// These will not reach the other servers, though the connection is good: for instance because they are too large.
    pub fn lost(&self, batch: &[Outgoing]) {
        self.0.bridge.lost(batch);
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Inbox").field(&self.node()).finish()
    }
}

/// Why a connection to a broker cannot be had, or ended. Any error becomes one by `?`.
#[derive(Debug)]
pub struct BrokerError(String);

impl BrokerError {
    /// An error with this text.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl std::fmt::Display for BrokerError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for BrokerError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
