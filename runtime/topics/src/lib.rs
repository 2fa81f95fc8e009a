//! Fan-out for servers that `wsgen` generated: from who publishes to the send queues of those who have joined, on this
//! server and on the others.
//!
//! - `outbox`: the send queue of one connection; `send_queues` bounds all of them together, and `connections` knows them;
//! - `hub`: the topics of one route and their members here; `history` and `position` are for clients that come back,
//!   `presence` for those who want to know who is there;
//! - [`broker`]: the other servers, by Redis, NATS, or a [`Broker`](broker::Broker) of yours.
//!
//! Publishing never waits: members here get a message under the lock of its topic, which no other topic waits for, and the
//! broker takes it by a bounded queue.

mod arrivals;
mod attendance;
pub mod broker;
mod connections;
mod event;
#[cfg(fuzzing)]
pub mod fuzzing;
mod history;
mod hub;
mod membership;
mod metrics;
mod outbox;
mod position;
mod presence;
mod send_error;
mod send_queues;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub use arrivals::{JOIN_TIMEOUT, Recovery};
use broker::{Key, News};
pub use connections::{ConnectionId, Connections, Registration};
pub use event::{Member, TopicEvent};
pub use history::{Bounds, Kept, Log, Logged};
pub use hub::{Hub, Keeps, Reach};
pub use membership::Membership;
pub use metrics::{BrokerMetrics, Counter, FanOutMetrics};
pub use outbox::{Delivery, Next, Outbox, POSITION, Published};
pub use position::{Position, returned};
pub use send_error::SendError;
pub use send_queues::SendQueues;
use wsgen_protocol::Encode;

/// The topics of one route, on all servers that share a broker. Cheap to clone; publishing never waits.
///
/// For a member whose send queue is full, `limits.send_queue_full` says what is done: by default it is disconnected with
/// 1013, if the queue stays full. So one slow reader costs the others nothing, and a burst costs nobody anything who reads.
/// Messages of one publisher on one topic arrive in order, each at most once.
pub struct Topics<Out> {
    hub: Arc<Hub>,
    messages: PhantomData<fn(Out)>,
}

impl<Out: Encode> Topics<Out> {
    /// Sends `message` to every member of `topic`, encoded once; to how many of this server. Those of others get it by the
    /// broker.
    ///
    /// A message that cannot be encoded reaches nobody, and is logged.
    pub fn publish(&self, topic: impl AsRef<str>, message: impl Into<Out>) -> usize {
        self.deliver(topic.as_ref(), message.into(), None)
    }

    /// [`Topics::publish`] without one member.
    pub fn publish_except(
        &self,
        topic: &str,
        message: impl Into<Out>,
        except: ConnectionId,
    ) -> usize {
        self.deliver(topic, message.into(), Some(except))
    }

    fn deliver(&self, topic: &str, message: Out, except: Option<ConnectionId>) -> usize {
        let name = message.name();
        match message.encode() {
            Ok(encoded) => self.hub.publish(topic, &encoded, name, except),
            Err(error) => {
                tracing::error!(message = name, %error, "cannot be encoded");
                0
            }
        }
    }
}

impl<Out> Topics<Out> {
    /// The topics of a route of this channel.
    pub fn new(channel: &'static str, metrics: Arc<FanOutMetrics>) -> Self {
        Self::of(Arc::new(Hub::new(channel, metrics)))
    }

    /// The topics that a hub has; `Out` is what its channel sends.
    pub fn of(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            messages: PhantomData,
        }
    }

    /// What the topics of a channel have on this server.
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// How many connections of this server have joined `topic`.
    pub fn members(&self, topic: &str) -> usize {
        self.hub.members(topic)
    }

    /// Everybody on a topic who joined to be seen (`Context::join_as`), on all servers; empty
    /// while nobody of this server did.
    pub fn seen(&self, topic: &str) -> Vec<Member> {
        self.hub.seen(topic)
    }

    /// Closes every connection of a principal, on all servers and channels. Codes as for
    /// `Error::close`.
    pub fn kick(&self, principal: &str, code: u16, reason: &str) {
        self.hub.kick(principal, code, reason);
    }
}

impl<Out> fmt::Debug for Topics<Out> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Topics").finish_non_exhaustive()
    }
}

impl<Out> Clone for Topics<Out> {
    fn clone(&self) -> Self {
        Self {
            hub: self.hub.clone(),
            messages: PhantomData,
        }
    }
}

impl Hub {
    /// Closes every connection of a principal, on all servers and channels.
    pub fn kick(&self, principal: &str, code: u16, reason: &str) {
        if let Some(connections) = self.connections() {
            connections.kick(principal, code, reason);
        }
        if let Some(bridge) = self.bridge() {
            let news = News::Kick {
                principal: principal.to_owned(),
                code,
                reason: reason.to_owned(),
            };
            bridge.announce(Key::of_servers(), news);
        }
    }
}
