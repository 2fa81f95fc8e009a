//! Fan-out: topics, who joined them, and one encoding for all.

mod arrivals;
mod event;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod history;
mod hub;
mod position;
mod presence;
mod seen;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub(crate) use arrivals::PATIENCE;
pub use arrivals::Recovery;
pub use event::{Member, TopicEvent};
pub(crate) use history::{Bounds, Kept, Log, Logged};
pub(crate) use hub::{Hub, Joining, Keeps, Reach};
pub(crate) use position::{Position, returned};

use crate::broker::{Key, News};
use crate::codegen::Encode;
use crate::connections::ConnectionId;
use crate::metrics::ChannelMetrics;

/// The topics of one channel, on all servers that share a broker. Cheap to clone; publishing never waits.
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
    pub(crate) fn publish_except(
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
    pub(crate) fn new(metrics: Arc<ChannelMetrics>) -> Self {
        Self {
            hub: Arc::new(Hub::new(metrics)),
            messages: PhantomData,
        }
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// How many connections of this server have joined `topic`.
    pub fn members(&self, topic: &str) -> usize {
        self.hub.members(topic)
    }

    /// Everybody on a topic who joined to be seen ([`Context::join_as`](crate::Context::join_as)), on all servers; empty
    /// while nobody of this server did.
    pub fn seen(&self, topic: &str) -> Vec<Member> {
        self.hub.seen(topic)
    }

    /// Closes every connection of a principal, on all servers and channels. Codes as for
    /// [`Error::close`](crate::Error::close).
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
    fn kick(&self, principal: &str, code: u16, reason: &str) {
        if let Some(connections) = self.connections() {
            connections.kick(principal, code, reason);
        }
        if let Some(bridge) = self.bridge() {
            let news = News::Kick {
                principal: principal.to_owned(),
                code,
                reason: reason.to_owned(),
            };
            bridge.tell(Key::of_servers(), news);
        }
    }
}
